//! Options and references, parsed from whatever was passed.

use std::rc::Rc;

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::client::{Credentials, Exchange, Limits, Source, Token};
use crate::error::{Code, Error};
use crate::platform::{Fetch, Signal, TokenSource, is_url, page_origin};
use crate::policy::{Cadence, Millis};
use crate::reference::{BaseUrl, Given, Invalid, TaskRef};

/// The options of `connect`.
pub fn connection(options: &JsValue) -> Result<Exchange, Error> {
    let options = Options::new("options", options)?;
    Ok(Exchange {
        base_url: base_url(&options)?,
        fetch: Fetch::new(function(&options, "fetch")?),
        credentials: credentials(&options)?,
        request_timeout: options.millis("requestTimeout")?.unwrap_or(Exchange::REQUEST_TIMEOUT),
    })
}

/// A task's reference, or its URL.
pub fn task_ref(value: &JsValue) -> Result<TaskRef, Error> {
    if let Some(url) = value.as_string() {
        return Ok(TaskRef::from_url(&url)?);
    }
    if !value.is_object() {
        let expected = "a reference { workspaceId, modelId, exportId, taskId } or a task's URL";
        return Err(Invalid::new("ref", expected, kind(value)).into());
    }
    let field = |name: &str| match Reflect::get(value, &JsValue::from_str(name)) {
        Ok(id) => given(&id),
        Err(_) => Given::Other("a property that throws"),
    };
    Ok(TaskRef::from_fields(&field)?)
}

/// `signal` and `timeout`.
pub fn limits(options: &JsValue) -> Result<Limits, Error> {
    let options = Options::new("options", options)?;
    let signal = options.get("signal")?;
    let signal = if is_missing(&signal) {
        None
    } else {
        let refused = Invalid::new("signal", "an AbortSignal", kind(&signal));
        Some(Signal::new(signal).ok_or(refused)?)
    };
    Ok(Limits { signal, timeout: options.millis("timeout")?, ..Limits::default() })
}

/// `interval` and `maxInterval`.
pub fn watching(options: &JsValue) -> Result<Cadence, Error> {
    let options = Options::new("options", options)?;
    Ok(Cadence::new(options.millis("interval")?, options.millis("maxInterval")?))
}

fn base_url(options: &Options<'_>) -> Result<BaseUrl, Error> {
    const EXPECTED: &str = "a string or a URL";
    let value = options.get("baseUrl")?;
    let text = match given(&value) {
        Given::Missing => BaseUrl::DEFAULT.to_owned(),
        Given::Text(text) => text,
        // A `URL`, of whatever realm.
        Given::Other(kind) => Reflect::get(&value, &JsValue::from_str("href"))
            .ok()
            .and_then(|href| href.as_string())
            .ok_or_else(|| Invalid::new("baseUrl", EXPECTED, kind))?,
    };
    let base_url = BaseUrl::parse("baseUrl", &text, page_origin().as_deref())?;
    if is_url(&base_url.to_string()) {
        Ok(base_url)
    } else {
        Err(Invalid::new("baseUrl", "a URL", "an impossible host").into())
    }
}

fn credentials(options: &Options<'_>) -> Result<Credentials, Error> {
    const EXPECTED: &str = "a token or a function that gives one";
    let value = options.get("auth")?;
    match given(&value) {
        Given::Missing => Ok(Credentials::None),
        Given::Text(token) => Ok(Credentials::Fixed(Token::parse(&token)?)),
        Given::Other(kind) => match value.dyn_into::<Function>() {
            Ok(ask) => Ok(Credentials::Source(Rc::new(Source::new(TokenSource::new(ask))))),
            Err(_) => Err(Invalid::new("auth", EXPECTED, kind).into()),
        },
    }
}

fn function(options: &Options<'_>, name: &'static str) -> Result<Option<Function>, Error> {
    let value = options.get(name)?;
    if is_missing(&value) {
        return Ok(None);
    }
    let kind = kind(&value);
    value.dyn_into().map(Some).map_err(|_| Invalid::new(name, "a function", kind).into())
}

/// An object of options, or nothing.
struct Options<'a>(&'a JsValue);

impl<'a> Options<'a> {
    fn new(name: &'static str, value: &'a JsValue) -> Result<Self, Error> {
        if is_missing(value) || (value.is_object() && !value.is_array()) {
            return Ok(Self(value));
        }
        Err(Invalid::new(name, "an object", kind(value)).into())
    }

    fn get(&self, name: &str) -> Result<JsValue, Error> {
        if is_missing(self.0) {
            return Ok(JsValue::UNDEFINED);
        }
        Reflect::get(self.0, &JsValue::from_str(name))
            .map_err(|_| Error::new(Code::InvalidArgument, format!("{name}: reading it throws")))
    }

    fn millis(&self, name: &'static str) -> Result<Option<Millis>, Error> {
        const EXPECTED: &str = "a finite number of milliseconds, not negative";
        let value = self.get(name)?;
        if is_missing(&value) {
            return Ok(None);
        }
        match value.as_f64() {
            Some(millis) if millis.is_finite() && millis >= 0.0 => Ok(Some(millis)),
            Some(millis) if millis < 0.0 => {
                Err(Invalid::new(name, EXPECTED, "a negative number").into())
            }
            Some(_) => Err(Invalid::new(name, EXPECTED, "one that is not finite").into()),
            None => Err(Invalid::new(name, EXPECTED, kind(&value)).into()),
        }
    }
}

fn given(value: &JsValue) -> Given {
    match value.as_string() {
        Some(text) => Given::Text(text),
        None if is_missing(value) => Given::Missing,
        None => Given::Other(kind(value)),
    }
}

fn is_missing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// What sort of value it is, in words.
fn kind(value: &JsValue) -> &'static str {
    if is_missing(value) {
        "nothing"
    } else if value.is_string() {
        "a string"
    } else if value.as_f64().is_some() {
        "a number"
    } else if value.as_bool().is_some() {
        "a boolean"
    } else if value.is_function() {
        "a function"
    } else if value.is_array() {
        "an array"
    } else if value.is_object() {
        "an object"
    } else {
        "another value"
    }
}
