//! JavaScript values that are only carried: reasons, causes.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::spawn::spawn;
use crate::error::holds;

/// Something of the caller's, handed back as it is: the reason of an abort, the cause of an error.
#[derive(Clone)]
pub struct Opaque(pub JsValue);

impl Opaque {
    /// What it says of itself: its message, and that of its cause, where Node hides the reason why
    /// a fetch failed.
    pub fn describe(&self) -> String {
        let mut text = message(&self.0);
        let cause = property(&self.0, "cause");
        let inner = Some(message(&cause)).filter(|m| !m.is_empty());
        let inner = inner.or_else(|| property(&cause, "code").as_string());
        if let Some(inner) = inner.filter(|inner| !holds(&text, inner)) {
            if text.is_empty() {
                text = inner;
            } else {
                text = text + " (" + &inner + ")";
            }
        }
        text
    }

    /// The code by which Node, Deno and Bun say why a fetch failed, unless they say, too, that it was
    /// a connection that had been made.
    pub fn system_code(&self) -> Option<String> {
        let code = |value: &JsValue| {
            let call = property(value, "syscall").as_string();
            let is_made = matches!(call.as_deref(), Some("read" | "write"));
            property(value, "code").as_string().filter(|_| !is_made)
        };
        code(&property(&self.0, "cause")).or_else(|| code(&self.0))
    }

    /// An error that says this and no more.
    pub fn error(text: &str) -> Self {
        Self(js_sys::Error::new(text).into())
    }
}

/// A property, `undefined` where there is none or reading it throws.
pub fn property(value: &JsValue, name: &str) -> JsValue {
    if !value.is_object() && !value.is_function() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// A method's answer, or what it threw.
pub fn call(value: &JsValue, name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    match property(value, name).dyn_into::<js_sys::Function>() {
        Ok(method) => method.call1(value, argument),
        Err(_) => Err(js_sys::TypeError::new(&format!("no method {name}")).into()),
    }
}

/// A promise of the host's own for whatever was handed in: a value, a promise, or what passes for
/// one and throws. `race` catches that; `Promise.resolve` hands a foreign promise on as it is.
pub fn promised(value: &JsValue) -> JsFuture {
    JsFuture::from(Promise::race(&Array::of1(value)))
}

/// What a function of the caller's gave, and nobody waits for: should it be a promise that rejects,
/// one that nobody heard would end a Node process.
pub fn hear_out(given: JsValue) {
    if given.is_object() {
        spawn(async move {
            let _ = promised(&given).await;
        });
    }
}

fn message(value: &JsValue) -> String {
    property(value, "message").as_string().or_else(|| value.as_string()).unwrap_or_default()
}
