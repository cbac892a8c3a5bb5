//! Bytes, which stay on JavaScript's side: only handles to them pass through here.

use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::value::{Opaque, call, hear_out, promised, property};

/// Some bytes.
#[derive(Clone)]
pub struct Bytes(JsValue);

impl Bytes {
    /// Takes what is a view of bytes, of whatever realm.
    pub fn new(value: JsValue) -> Option<Self> {
        property(&value, "byteLength").as_f64().map(|_| Self(value))
    }

    /// How many.
    pub fn length(&self) -> f64 {
        property(&self.0, "byteLength").as_f64().unwrap_or_default()
    }

    /// Those after the first `skip`: another view, not a copy.
    #[must_use]
    pub fn after(self, skip: f64) -> Self {
        if skip <= 0.0 {
            return self;
        }
        match call(&self.0, "subarray", &JsValue::from_f64(skip)) {
            Ok(rest) => Self(rest),
            Err(_) => Self(Uint8Array::new_with_length(0).into()),
        }
    }

    /// For JavaScript.
    pub fn into_js(self) -> JsValue {
        self.0
    }

    pub(super) fn as_js(&self) -> &JsValue {
        &self.0
    }
}

/// Reads a stream. Dropping it before the end ends what the stream comes from.
pub struct Reader {
    reader: JsValue,
    read: Function,
    is_done: bool,
}

impl Reader {
    /// Of a stream, unless it is `null`: there is no body, then.
    pub fn new(stream: &Opaque) -> Option<Self> {
        let reader = call(&stream.0, "getReader", &JsValue::UNDEFINED).ok()?;
        let read = property(&reader, "read").dyn_into().ok()?;
        Some(Self { reader, read, is_done: false })
    }

    /// The next bytes; `None` at the end.
    pub async fn read(&mut self) -> Result<Option<Bytes>, Opaque> {
        let result = self.next().await;
        self.is_done = !matches!(result, Ok(Some(_)));
        result.map_err(Opaque)
    }

    async fn next(&self) -> Result<Option<Bytes>, JsValue> {
        let promise = self.read.call0(&self.reader)?;
        let result = match promise.dyn_into::<Promise>() {
            Ok(promise) => JsFuture::from(promise).await?,
            Err(other) => promised(&other).await?,
        };
        if property(&result, "done").as_bool() == Some(true) {
            return Ok(None);
        }
        Bytes::new(property(&result, "value"))
            .map(Some)
            .ok_or_else(|| js_sys::TypeError::new("a stream gave something else than bytes").into())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.is_done
            && let Ok(given) = call(&self.reader, "cancel", &JsValue::UNDEFINED)
        {
            hear_out(given);
        }
    }
}
