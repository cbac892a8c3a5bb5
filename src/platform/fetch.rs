//! One HTTP request, body and all.

use js_sys::{Function, JsString, Object, Reflect, TypeError};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RequestCache, RequestInit, RequestRedirect};

use super::abort::AbortOnDrop;
use super::json;
use super::stream::Bytes;
use super::value::{Opaque, call, promised, property};
use crate::wire::Json;

/// The caller's `fetch`, or the host's.
pub struct Fetch(Option<Function>);

/// What is sent.
pub struct Request<'a> {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'static str,
    /// The whole address.
    pub url: &'a str,
    /// Names and values.
    pub headers: &'a [(&'static str, &'a str)],
    /// What goes along.
    pub payload: Payload<'a>,
    /// Whether the bytes of a success are handed on rather than read.
    pub streams: bool,
}

/// What a request carries.
#[derive(Clone, Copy, Default)]
pub enum Payload<'a> {
    /// Nothing.
    #[default]
    None,
    /// JSON.
    Json(&'a str),
    /// Bytes, and what they are.
    Bytes(&'a Bytes, &'static str),
}

impl Payload<'_> {
    /// The value of the header `Content-Type`.
    pub fn media_type(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json"),
            Self::Bytes(_, media_type) => Some(media_type),
        }
    }
}

/// What came back. The text stays on JavaScript's side until somebody looks at it.
pub struct Body {
    /// The HTTP status; `None` for a redirect that the browser hides.
    pub status: Option<u16>,
    headers: JsValue,
    text: JsString,
    stream: JsValue,
}

impl Fetch {
    /// With a function, that one; without, `globalThis.fetch` as it is at each call.
    pub fn new(function: Option<Function>) -> Self {
        Self(function)
    }

    /// Whether it is another than the host's.
    pub fn is_foreign(&self) -> bool {
        self.0.is_some()
    }

    /// Sends `request` and reads the whole answer, unless it is one that streams. Dropping it ends
    /// the request.
    pub async fn send(&self, request: &Request<'_>) -> Result<Body, Opaque> {
        self.exchange(request).await.map_err(Opaque)
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Body, JsValue> {
        let abort = AbortOnDrop::new()?;
        let headers = Object::new();
        for (name, value) in request.headers {
            Reflect::set(&headers, &JsValue::from_str(name), &JsValue::from_str(value))?;
        }
        let init = RequestInit::new();
        init.set_method(request.method);
        init.set_headers(&headers);
        match &request.payload {
            Payload::None => {}
            Payload::Json(json) => init.set_body(&JsValue::from_str(json)),
            Payload::Bytes(bytes, _) => init.set_body(bytes.as_js()),
        }
        init.set_cache(RequestCache::NoStore);
        // Not followed: the Authorization header could end up on another host.
        init.set_redirect(RequestRedirect::Manual);
        // A signal of its own for every request also keeps frameworks from sharing answers.
        init.set_signal(abort.signal().as_ref());

        let fetch = match &self.0 {
            Some(function) => function.clone(),
            None => property(&js_sys::global(), "fetch")
                .dyn_into()
                .map_err(|_| TypeError::new("there is no fetch here; pass one to connect()"))?,
        };
        let response = fetch.call2(&JsValue::UNDEFINED, &request.url.into(), &init)?;
        let response = promised(&response).await?;
        let hidden = property(&response, "type").as_string().as_deref() == Some("opaqueredirect");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let status = property(&response, "status").as_f64().map_or(0, |status| status as u16);
        let (mut text, mut stream) = (JsString::from(""), JsValue::NULL);
        if request.streams && (200..=299).contains(&status) {
            stream = property(&response, "body");
        } else {
            text = promised(&call(&response, "text", &JsValue::UNDEFINED)?).await?.dyn_into()?;
        }
        // Whoever has the stream ends the request by cancelling that.
        abort.finish();
        let headers = property(&response, "headers");
        Ok(Body { status: (!hidden).then_some(status), headers, text, stream })
    }
}

impl Body {
    /// The body as JSON; `None` where it is no object, or more than anybody needs to say.
    pub fn json(&self) -> Option<Json> {
        /// Reading takes a tenth of a second for as many characters, in which nothing else goes on.
        const MOST: u32 = 4_000_000;
        // What is thrown and caught leaves a little behind each time (wasm-bindgen keeps a place for
        // the value that never came), so what cannot be an object is not even tried.
        let is_object = self.text.trim_start().char_code_at(0) == f64::from(b'{');
        if !is_object || self.text.length() > MOST {
            return None;
        }
        json::parse(&self.text)
    }

    /// A header's value, where there is one and the browser lets us see it.
    pub fn header(&self, name: &str) -> Option<String> {
        let get: Function = property(&self.headers, "get").dyn_into().ok()?;
        get.call1(&self.headers, &JsValue::from_str(name)).ok()?.as_string()
    }

    /// The bytes of a success that streams.
    pub fn stream(&self) -> Opaque {
        Opaque(self.stream.clone())
    }

    /// How many characters its text has.
    pub fn size(&self) -> f64 {
        self.text.length().into()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.trim().length() == 0
    }

    /// The beginning of the text. Where that cuts it, as much is left out before as a token may be
    /// long, so that no half of one is left.
    pub fn beginning(&self) -> String {
        const ENOUGH: u32 = 20_000;
        const TOKEN: u32 = 8_000;
        let end = if self.text.length() > ENOUGH { ENOUGH - TOKEN } else { ENOUGH };
        self.text.slice(0, end).into()
    }
}
