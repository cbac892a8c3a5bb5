//! JSON, parsed and written by the host.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::value::{call, property};
use crate::wire::Json;

/// What `text` says, or `None` where it is not JSON.
pub(super) fn parse(text: &JsValue) -> Option<Json> {
    // Not `JSON::parse`, which takes the text through wasm memory and back.
    let json = property(&js_sys::global(), "JSON");
    call(&json, "parse", text).ok().map(|value| read(&value, Json::DEEPEST))
}

/// An object of texts.
pub(super) fn object(fields: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // On an object just made, this cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object
}

/// The same as JSON.
pub fn json_of(fields: &[(&str, &str)]) -> String {
    let json = property(&js_sys::global(), "JSON");
    let text = call(&json, "stringify", &object(fields)).ok();
    text.and_then(|text| text.as_string()).unwrap_or_default()
}

/// Reads what `JSON.parse` gave. It does not go through `serde_wasm_bindgen::from_value`, whose
/// errors, which cannot happen here, bring along the printing of numbers: a tenth of the core.
fn read(value: &JsValue, depth_left: u8) -> Json {
    if let Some(text) = value.as_string() {
        return Json::Text(text);
    }
    if let Some(number) = value.as_f64() {
        return Json::Number(number);
    }
    if let Some(flag) = value.as_bool() {
        return Json::Flag(flag);
    }
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Json::Null;
    };
    if let Some(list) = value.dyn_ref::<Array>() {
        return Json::List(list.iter().map(|item| read(&item, depth_left)).collect());
    }
    let Some(object) = value.dyn_ref::<Object>() else {
        return Json::Null;
    };
    let field = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        Some((entry.get(0).as_string()?, read(&entry.get(1), depth_left)))
    };
    Json::Object(Object::entries(object).iter().filter_map(field).collect())
}
