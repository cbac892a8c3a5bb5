//! A function of the caller's that is told something.

use js_sys::{Function, Reflect};
use wasm_bindgen::JsValue;

use super::json;
use super::value::{Opaque, promised};

/// A function that takes one thing, and may give a promise.
pub struct Callback(Function);

impl Callback {
    /// Takes the function.
    pub fn new(function: Function) -> Self {
        Self(function)
    }

    /// Tells it a text, and waits until it is done with that.
    pub async fn tell(&self, text: &str) -> Result<(), Opaque> {
        self.call(&JsValue::from_str(text)).await.map_err(Opaque)
    }

    /// Tells it an object of texts, and of one time.
    pub async fn tell_fields(
        &self,
        texts: &[(&str, &str)],
        time: (&str, f64),
    ) -> Result<(), Opaque> {
        let object = json::object(texts);
        // On an object just made, this cannot fail.
        let _ = Reflect::set(&object, &time.0.into(), &time.1.into());
        self.call(&object).await.map_err(Opaque)
    }

    async fn call(&self, argument: &JsValue) -> Result<(), JsValue> {
        let given = self.0.call1(&JsValue::UNDEFINED, argument)?;
        promised(&given).await.map(|_| ())
    }
}
