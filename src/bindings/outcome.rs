//! Results as JavaScript sees them.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::client::Failure;
use crate::error::{Code, Error};
use crate::platform::Opaque;

/// `{ value }` or `{ failure }`.
pub fn outcome(result: Result<JsValue, Error>) -> JsValue {
    match result {
        Ok(value) => object("value", &value),
        Err(error) => failed(&error, None),
    }
}

/// What a promise settles with: an outcome, or the reason of an abort.
pub fn settled(result: Result<JsValue, Failure>) -> Result<JsValue, JsValue> {
    match result {
        Ok(value) => Ok(object("value", &value)),
        Err(Failure::Aborted(reason) | Failure::Closed(reason)) => Err(reason.0),
        Err(Failure::Failed(error, cause) | Failure::Tokenless(error, cause)) => {
            Ok(failed(&error, cause))
        }
    }
}

/// Plain data as a plain object.
pub fn to_js(value: &impl Serialize) -> Result<JsValue, Error> {
    value
        .serialize(&Serializer::json_compatible())
        .map_err(|_| Error::new(Code::Internal, "a value could not be handed to JavaScript"))
}

fn failed(error: &Error, cause: Option<Opaque>) -> JsValue {
    let failure = to_js(error).unwrap_or_else(|_| JsValue::from_str(&error.message));
    if let Some(cause) = cause {
        // On an object just made, this cannot fail.
        let _ = Reflect::set(&failure, &JsValue::from_str("cause"), &cause.0);
    }
    object("failure", &failure)
}

fn object(key: &str, value: &JsValue) -> JsValue {
    let object = Object::new();
    // As above.
    let _ = Reflect::set(&object, &JsValue::from_str(key), value);
    object.into()
}
