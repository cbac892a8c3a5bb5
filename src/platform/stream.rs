//! Bytes, which stay on JavaScript's side: only handles to them pass through here.

use std::pin::pin;

use futures_util::future::{Either, select};
use js_sys::{Array, Function, Promise, TypeError};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::timer::sleep;
use super::value::{Opaque, call, hear_out, promised, property};

#[wasm_bindgen]
extern "C" {
    /// What a reader or a stream gave, whatever it is. It is looked at for each few kilobytes of a
    /// file, so by getters of JavaScript's own, which need no text from here.
    #[wasm_bindgen(js_name = Object)]
    type Given;
    #[wasm_bindgen(method, getter, structural, catch)]
    fn done(this: &Given) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    fn value(this: &Given) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = byteLength)]
    fn byte_length(this: &Given) -> Result<JsValue, JsValue>;
}

/// Some bytes: a view of them, or a list of views.
#[derive(Clone)]
pub struct Bytes {
    value: JsValue,
    length: f64,
}

impl Bytes {
    /// Takes what is a view of bytes, of whatever realm.
    pub fn new(value: JsValue) -> Option<Self> {
        let length = length_of(&value)?;
        Some(Self { value, length })
    }

    /// How many.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// Those of a list after the first `skip`: other views, not copies.
    #[must_use]
    pub fn after(self, skip: f64) -> Self {
        if skip <= 0.0 {
            return self;
        }
        let (rest, mut left) = (Array::new(), skip);
        for view in Array::from(&self.value) {
            let length = length_of(&view).unwrap_or_default();
            if left <= 0.0 {
                rest.push(&view);
            } else if left < length
                && let Ok(view) = call(&view, "subarray", &JsValue::from_f64(left))
            {
                rest.push(&view);
            }
            left -= length;
        }
        Self { value: rest.into(), length: (self.length - skip).max(0.0) }
    }

    /// For JavaScript.
    pub fn into_js(self) -> JsValue {
        self.value
    }

    pub(super) fn as_js(&self) -> &JsValue {
        &self.value
    }
}

/// Reads a stream. Dropping it before the end ends what the stream comes from.
pub struct Reader {
    reader: JsValue,
    read: Function,
    /// What was asked for and has not come yet.
    next: Option<JsFuture>,
    is_done: bool,
}

impl Reader {
    /// Of a stream, unless it is `null`: there is no body, then.
    pub fn new(stream: &Opaque) -> Result<Option<Self>, Opaque> {
        if !stream.0.is_object() {
            return Ok(None);
        }
        let reader = call(&stream.0, "getReader", &JsValue::UNDEFINED).map_err(Opaque)?;
        let read = property(&reader, "read").dyn_into().map_err(Opaque)?;
        Ok(Some(Self { reader, read, next: None, is_done: false }))
    }

    /// The next bytes, in a list of views; `None` at the end. Hosts give them in pieces of a few
    /// kilobytes, and the way of each to the caller costs more than its bytes: so what comes within
    /// a moment is one list.
    pub async fn read(&mut self) -> Result<Option<Bytes>, Opaque> {
        const ENOUGH: f64 = 1_048_576.0;
        const MOMENT: f64 = 10.0;
        let (list, mut length) = (Array::new(), 0.0);
        let mut moment = pin!(sleep(MOMENT));
        while length < ENOUGH && !self.is_done {
            let next = self.next.take().map_or_else(|| self.begin(), Ok);
            let result = match next {
                Ok(next) if length > 0.0 => match select(next, moment.as_mut()).await {
                    Either::Left((result, _)) => result,
                    Either::Right(((), next)) => {
                        self.next = Some(next);
                        break;
                    }
                },
                Ok(next) => next.await,
                Err(thrown) => Err(thrown),
            };
            match result.and_then(piece) {
                Ok(None) => self.is_done = true,
                Ok(Some(bytes)) => {
                    length += bytes.length;
                    list.push(&bytes.value);
                }
                // First what has come; the same error is there the next time.
                Err(_) if length > 0.0 => break,
                Err(error) => return Err(Opaque(error)),
            }
        }
        Ok((length > 0.0).then(|| Bytes { value: list.into(), length }))
    }

    fn begin(&self) -> Result<JsFuture, JsValue> {
        let promise = self.read.call0(&self.reader)?;
        Ok(match promise.dyn_into::<Promise>() {
            Ok(promise) => JsFuture::from(promise),
            Err(other) => promised(&other),
        })
    }
}

/// The bytes of what a reader gave; `None` at the end.
fn piece(result: JsValue) -> Result<Option<Bytes>, JsValue> {
    let result: Given = result.unchecked_into();
    if result.done()?.as_bool() == Some(true) {
        return Ok(None);
    }
    Bytes::new(result.value()?)
        .map(Some)
        .ok_or_else(|| TypeError::new("a stream gave something else than bytes").into())
}

fn length_of(value: &JsValue) -> Option<f64> {
    value.unchecked_ref::<Given>().byte_length().ok()?.as_f64()
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
