//! Addresses, and the page around us.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::value::property;

/// The origin of the page or worker, where there is one.
pub fn origin() -> Option<String> {
    let location = property(&js_sys::global(), "location");
    property(&location, "origin").as_string().filter(|origin| origin.starts_with("http"))
}

/// Whether the host takes this for a URL.
pub fn is_url(text: &str) -> bool {
    let class = property(&js_sys::global(), "URL").dyn_into::<Function>();
    class.is_ok_and(|class| {
        Reflect::construct(&class, &Array::of1(&JsValue::from_str(text))).is_ok()
    })
}
