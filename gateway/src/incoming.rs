//! A request as a server hands it in: whatever looks like a `Request`.

use anaplan_tasks::platform::{Opaque, Signal, call, hear_out, promised, property};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// The request.
pub struct Incoming {
    request: JsValue,
    headers: JsValue,
    get: Option<Function>,
}

/// Why there is no body.
pub enum BodyError {
    /// There is more than is allowed.
    TooLarge,
    /// It broke off.
    Broken,
}

impl Incoming {
    /// Takes it.
    pub fn new(request: JsValue) -> Self {
        let headers = property(&request, "headers");
        let get = property(&headers, "get").dyn_into().ok();
        Self { request, headers, get }
    }

    /// The request itself.
    pub fn request(&self) -> &JsValue {
        &self.request
    }

    /// The method, as it was spelled.
    pub fn method(&self) -> String {
        property(&self.request, "method").as_string().unwrap_or_default()
    }

    /// The whole address.
    pub fn url(&self) -> String {
        property(&self.request, "url").as_string().unwrap_or_default()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<String> {
        let get = self.get.as_ref()?;
        get.call1(&self.headers, &JsValue::from_str(name)).ok()?.as_string()
    }

    /// Aborts when whoever asked has gone.
    pub fn signal(&self) -> Option<Signal> {
        Signal::new(property(&self.request, "signal"))
    }

    /// A copy whose body can be read without this one losing its own.
    pub fn copy(&self) -> Result<Self, Opaque> {
        call(&self.request, "clone", &JsValue::UNDEFINED).map(Self::new).map_err(Opaque)
    }

    /// Whoever sends the body need not go on. Of a body that was copied, both must want no more.
    pub fn let_go(&self) {
        if let Ok(gone) = call(&property(&self.request, "body"), "cancel", &JsValue::UNDEFINED) {
            hear_out(gone);
        }
    }

    /// The body, if it has no more than `most` bytes; the rest is not waited for.
    pub async fn body(&self, most: f64) -> Result<Vec<u8>, BodyError> {
        let said = self.header("content-length").and_then(|length| length.parse::<f64>().ok());
        if said.is_some_and(|length| length > most) {
            return Err(BodyError::TooLarge);
        }
        let body = property(&self.request, "body");
        if !body.is_object() {
            return Ok(Vec::new());
        }
        self.read(&body, most).await.unwrap_or(Err(BodyError::Broken))
    }

    async fn read(&self, body: &JsValue, most: f64) -> Result<Result<Vec<u8>, BodyError>, JsValue> {
        let reader = call(body, "getReader", &JsValue::UNDEFINED)?;
        let mut bytes = Vec::new();
        loop {
            let piece = promised(&call(&reader, "read", &JsValue::UNDEFINED)?).await?;
            if property(&piece, "done").is_truthy() {
                return Ok(Ok(bytes));
            }
            let piece: Uint8Array = property(&piece, "value").dyn_into()?;
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53")]
            let have = bytes.len() as f64;
            if have + f64::from(piece.length()) > most {
                // Whatever becomes of it.
                hear_out(call(&reader, "cancel", &JsValue::UNDEFINED)?);
                return Ok(Err(BodyError::TooLarge));
            }
            bytes.extend(piece.to_vec());
        }
    }
}
