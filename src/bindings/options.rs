//! Options and references, parsed from whatever was passed.

use std::rc::Rc;

use js_sys::{Array, Function, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use super::outcome::to_js;
use crate::client::{
    After, Client, Credentials, Event, Events, Exchange, Gate, Giver, Histories, Limits, Line,
    Login, Reading, Source, Token,
};
use crate::error::{Code, Error};
use crate::platform::{
    Bytes, Fetch, HistoryStore, Signal, TokenSource, hear_out, is_url, page_origin,
};
use crate::policy::{Budget, Cadence, Millis, Retry, Transfer, Watcher, WhenHidden};
use crate::reference::{ActionRef, BaseUrl, FileRef, Given, Id, Invalid, Kind, ModelRef, TaskRef};

/// The options of `connect`.
pub fn connection(options: &JsValue) -> Result<Client, Error> {
    const ATTEMPTS: &str = "a whole number of attempts, at least 1";
    let options = Options::new("options", options)?;
    let attempts = options.whole("attempts", ATTEMPTS)?.unwrap_or(Retry::ATTEMPTS);
    let exchange = exchange(&options, attempts)?;
    Ok(Client::new(exchange, Histories::new(history(&options)?)))
}

/// The options that say how Anaplan is reached, and as whom.
pub fn exchange(options: &Options<'_>, attempts: f64) -> Result<Exchange, Error> {
    let events = Rc::new(Events::new(function(options, "onEvent")?.map(listener)));
    let per_minute = per_minute(options)?;
    Ok(Exchange {
        base_url: base_url(options, "baseUrl")?.unwrap_or(BaseUrl::api()),
        credentials: credentials(options)?,
        line: Rc::new(Line {
            fetch: Fetch::new(function(options, "fetch")?),
            gate: Gate::new(per_minute, Rc::clone(&events)),
            events,
            request_timeout: options.millis("requestTimeout")?.unwrap_or(Line::REQUEST_TIMEOUT),
            attempts,
        }),
    })
}

/// `requestsPerMinute`.
pub fn per_minute(options: &Options<'_>) -> Result<f64, Error> {
    const PER_MINUTE: &str = "a finite number of requests, at least 1";
    let given = options.number("requestsPerMinute", 1.0, PER_MINUTE)?;
    Ok(given.unwrap_or(Budget::<()>::PER_MINUTE))
}

/// A task's reference, or its URL.
pub fn task_ref(value: &JsValue) -> Result<TaskRef, Error> {
    if let Some(url) = value.as_string() {
        return Ok(TaskRef::from_url(&url)?);
    }
    let expected = "a reference { workspaceId, modelId, exportId, taskId } or a task's URL";
    Ok(TaskRef::from_fields(&fields("ref", value, expected)?)?)
}

/// An action's reference, or its URL.
pub fn action_ref(value: &JsValue) -> Result<ActionRef, Error> {
    if let Some(url) = value.as_string() {
        return Ok(ActionRef::from_url(&url)?);
    }
    let expected = "a reference { workspaceId, modelId, exportId } or an action's URL";
    Ok(ActionRef::from_fields(&fields("ref", value, expected)?)?)
}

/// A model's reference.
pub fn model_ref(value: &JsValue) -> Result<ModelRef, Error> {
    Ok(ModelRef::from_fields(&fields("model", value, "a reference { workspaceId, modelId }")?)?)
}

/// A file's reference.
pub fn file_ref(value: &JsValue) -> Result<FileRef, Error> {
    let expected = "a reference { workspaceId, modelId, fileId }";
    Ok(FileRef::from_fields(&fields("ref", value, expected)?)?)
}

fn fields<'a>(
    argument: &'static str,
    value: &'a JsValue,
    expected: &'static str,
) -> Result<impl Fn(&str) -> Given + use<'a>, Error> {
    if !value.is_object() {
        return Err(Invalid::new(argument, expected, kind(value)).into());
    }
    Ok(|name: &str| match Reflect::get(value, &JsValue::from_str(name)) {
        Ok(id) => given(&id),
        Err(_) => Given::Other("a property that throws"),
    })
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
    let on_abort = options.choice("onAbort", ["detach", "cancel"], "\"detach\" or \"cancel\"")?;
    let timeout = options.millis("timeout")?;
    Ok(Limits { signal, timeout, cancels: on_abort == Some(1), ..Limits::default() })
}

/// `interval`, `maxInterval` and `whenHidden`.
pub fn watching(options: &JsValue) -> Result<Watcher, Error> {
    const WHEN_HIDDEN: &str = "\"slow\", \"pause\" or \"normal\"";
    let options = Options::new("options", options)?;
    let cadence = Cadence::new(options.millis("interval")?, options.millis("maxInterval")?);
    let when_hidden =
        match options.choice("whenHidden", ["slow", "pause", "normal"], WHEN_HIDDEN)? {
            Some(1) => WhenHidden::Pause,
            Some(2) => WhenHidden::Normal,
            _ => WhenHidden::Slow,
        };
    Ok(Watcher::new(cadence, when_hidden))
}

/// `localeName` and `mappingParameters`, as the body of a start. Anaplan wants them in this order.
pub fn start_body(options: &JsValue) -> Result<String, Error> {
    const LOCALE: &str = "a locale such as \"en_US\"";
    const MAPPING: &str = "an array of { entityType, entityName, importId }";
    let options = Options::new("options", options)?;
    let locale = options.text("localeName", LOCALE)?.unwrap_or_else(|| "en_US".to_owned());
    let is_locale = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if locale.is_empty() || locale.len() > 35 || !locale.chars().all(is_locale) {
        return Err(Invalid::new("localeName", LOCALE, "another string").into());
    }
    let body = Object::new();
    set(&body, "localeName", &locale.into());
    let given = options.get("mappingParameters")?;
    if !is_missing(&given) {
        let refuse = || Invalid::new("mappingParameters", MAPPING, kind(&given));
        let list: &Array = given.dyn_ref().ok_or_else(refuse)?;
        let parameters = Array::new();
        for one in list.iter() {
            let one = Options::new("mappingParameters", &one)?;
            let parameter = Object::new();
            for (name, is_needed) in
                [("entityType", true), ("entityName", true), ("importId", false)]
            {
                match one.text(name, "a string")? {
                    Some(text) => set(&parameter, name, &text.into()),
                    None if is_needed => {
                        return Err(Invalid::new(name, "a string", "nothing").into());
                    }
                    None => {}
                }
            }
            parameters.push(&parameter);
        }
        set(&body, "mappingParameters", &parameters);
    }
    let text = js_sys::JSON::stringify(&body).ok().and_then(|text| text.as_string());
    text.ok_or_else(|| Error::new(Code::Internal, "the body of a start could not be written"))
}

/// On an object just made, this cannot fail.
fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}

/// How to read an export's file.
pub fn export(action: &ActionRef, options: &JsValue) -> Result<Reading, Error> {
    if action.kind != Kind::Export {
        let expected = "an export, for no other action writes a file";
        return Err(Invalid::new("ref", expected, "another action").into());
    }
    let after = Options::new("options", options)?.get("after")?;
    let after = if is_missing(&after) { None } else { Some(run(action, &after)?) };
    Ok(Reading { after, is_export: true, ..reading(options)? })
}

/// The rows that a task refused.
pub fn dump(task: TaskRef, options: &JsValue) -> Result<FileRef, Error> {
    const IMPORTS: &str = "an import's task, or a process's with the objectId of a step";
    let object = Options::new("options", options)?.get("objectId")?;
    Ok(match (task.action.kind, given(&object)) {
        (Kind::Process, object) => FileRef::StepDump(task, Id::parse("objectId", object)?),
        (Kind::Import, Given::Missing) => FileRef::Dump(task),
        (Kind::Import, _) => {
            return Err(Invalid::new("objectId", "nothing, for an import", "something").into());
        }
        _ => return Err(Invalid::new("ref", IMPORTS, "another action's").into()),
    })
}

/// `concurrency`.
pub fn reading(options: &JsValue) -> Result<Reading, Error> {
    const CONCURRENCY: &str = "a whole number of chunks, at least 1";
    let concurrency = Options::new("options", options)?.whole("concurrency", CONCURRENCY)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let concurrency = concurrency.map_or(Transfer::CONCURRENCY, |number| number as usize);
    Ok(Reading { concurrency, after: None, is_export: false })
}

/// A status of one of the action's tasks.
fn run(action: &ActionRef, status: &JsValue) -> Result<After, Error> {
    const STATUS: &str = "a status of a task of this export, that has ended";
    let refuse = |found| Error::from(Invalid::new("after", STATUS, found));
    let status = Options::new("after", status)?;
    let task = task_ref(&status.get("ref")?).map_err(|_| refuse("something else"))?;
    if task.action != *action {
        return Err(refuse("one of another action's"));
    }
    if status.get("done")?.as_bool() != Some(true) {
        return Err(refuse("one that has not ended"));
    }
    let succeeded = status.get("phase")?.as_string().as_deref() == Some("succeeded");
    Ok(After { task, succeeded, creation_time: status.get("creationTime")?.as_f64() })
}

/// For how many chunks a file is prepared.
pub fn announced(more: &JsValue) -> Result<Option<u32>, Error> {
    Ok(more.as_f64().map(whole))
}

/// Which chunk is put, its bytes, and whether they are compressed.
pub fn put(more: &JsValue) -> Result<(u32, Bytes, bool), Error> {
    let more = Options::new("chunk", more)?;
    let bytes = Bytes::new(more.get("bytes")?);
    let bytes = bytes.ok_or_else(|| Invalid::new("chunk", "bytes", "something else"))?;
    let number = more.get("number")?.as_f64().map_or(0, whole);
    Ok((number, bytes, more.get("gzip")?.is_truthy()))
}

fn whole(number: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    {
        number as u32
    }
}

fn base_url(options: &Options<'_>, name: &'static str) -> Result<Option<BaseUrl>, Error> {
    const EXPECTED: &str = "a string or a URL";
    let value = options.get(name)?;
    let text = match given(&value) {
        Given::Missing => return Ok(None),
        Given::Text(text) => text,
        // A `URL`, of whatever realm.
        Given::Other(kind) => Reflect::get(&value, &JsValue::from_str("href"))
            .ok()
            .and_then(|href| href.as_string())
            .ok_or_else(|| Invalid::new(name, EXPECTED, kind))?,
    };
    let base_url = BaseUrl::parse(name, &text, page_origin().as_deref())?;
    if is_url(&base_url.to_string()) {
        Ok(Some(base_url))
    } else {
        Err(Invalid::new(name, "a URL", "an impossible host").into())
    }
}

fn credentials(options: &Options<'_>) -> Result<Credentials, Error> {
    let value = options.get("auth")?;
    let giver = match given(&value) {
        Given::Missing => return Ok(Credentials::None),
        Given::Text(token) => return Ok(Credentials::Fixed(Token::parse(&token)?)),
        Given::Other(kind) => match value.dyn_into::<Function>() {
            Ok(ask) => Giver::Function(TokenSource::new(ask)),
            Err(value) => Giver::Login(login(&value, kind)?),
        },
    };
    Ok(Credentials::Source(Rc::new(Source::new(giver))))
}

fn login(value: &JsValue, kind: &'static str) -> Result<Login, Error> {
    const EXPECTED: &str = "a token, a function that gives one, or { basic: { user, password } }";
    let refuse = |found| Invalid::new("auth", EXPECTED, found);
    if kind != "an object" {
        return Err(refuse(kind).into());
    }
    let auth = Options(value);
    let basic = auth.get("basic")?;
    if is_missing(&basic) {
        return Err(refuse("another object").into());
    }
    let basic = Options::new("auth.basic", &basic)?;
    let text = |name, argument| match given(&basic.get(name)?) {
        Given::Text(text) => Ok(text),
        Given::Missing => Err(Error::from(Invalid::new(argument, "a string", "nothing"))),
        Given::Other(kind) => Err(Invalid::new(argument, "a string", kind).into()),
    };
    let user = text("user", "auth.basic.user")?;
    let password = text("password", "auth.basic.password")?;
    // The paths begin with `/token`, and an address may do so already.
    let auth_url = base_url(&auth, "authUrl")?.unwrap_or(BaseUrl::auth()).without("/token");
    let logs_out = auth.get("logout")?.is_truthy();
    Ok(Login::new(&user, &password, auth_url, logs_out)?)
}

fn history(options: &Options<'_>) -> Result<Option<HistoryStore>, Error> {
    const EXPECTED: &str = "an object with the methods load and save";
    let value = options.get("history")?;
    if is_missing(&value) {
        return Ok(None);
    }
    let kind = kind(&value);
    let store = HistoryStore::new(value);
    store.map(Some).ok_or_else(|| Invalid::new("history", EXPECTED, kind).into())
}

fn listener(function: Function) -> Box<dyn Fn(&Event<'_>)> {
    Box::new(move |event| tell(&function, event))
}

/// Tells a listener. What it throws is its own affair.
pub fn tell(listener: &Function, event: &impl Serialize) {
    if let Ok(event) = to_js(event)
        && let Ok(given) = listener.call1(&JsValue::UNDEFINED, &event)
    {
        hear_out(given);
    }
}

/// A function, if it was given.
pub fn function(options: &Options<'_>, name: &'static str) -> Result<Option<Function>, Error> {
    let value = options.get(name)?;
    if is_missing(&value) {
        return Ok(None);
    }
    let kind = kind(&value);
    value.dyn_into().map(Some).map_err(|_| Invalid::new(name, "a function", kind).into())
}

/// An object of options, or nothing.
pub struct Options<'a>(&'a JsValue);

impl<'a> Options<'a> {
    /// Takes it, by the name it goes by.
    pub fn new(name: &'static str, value: &'a JsValue) -> Result<Self, Error> {
        if is_missing(value) || (value.is_object() && !value.is_array()) {
            return Ok(Self(value));
        }
        Err(Invalid::new(name, "an object", kind(value)).into())
    }

    /// Refuses all others.
    pub fn only(&self, names: &[&str]) -> Result<(), Error> {
        let Some(object) = self.0.dyn_ref::<Object>() else {
            return Ok(());
        };
        let keys = Reflect::own_keys(object).unwrap_or_default();
        match keys
            .iter()
            .filter_map(|key| key.as_string())
            .find(|key| !names.contains(&key.as_str()))
        {
            None => Ok(()),
            Some(key) => {
                let text =
                    format!("{key}: there is no such option; there are {}", names.join(", "));
                Err(Error::new(Code::InvalidArgument, text))
            }
        }
    }

    /// One of them, whatever it is; of `limits.timeout`, the last part.
    pub fn get(&self, name: &str) -> Result<JsValue, Error> {
        if is_missing(self.0) {
            return Ok(JsValue::UNDEFINED);
        }
        let key = name.rsplit('.').next().unwrap_or(name);
        Reflect::get(self.0, &JsValue::from_str(key))
            .map_err(|_| Error::new(Code::InvalidArgument, format!("{name}: reading it throws")))
    }

    /// A string.
    fn text(&self, name: &str, expected: &'static str) -> Result<Option<String>, Error> {
        let value = self.get(name)?;
        match given(&value) {
            Given::Text(text) => Ok(Some(text)),
            Given::Missing => Ok(None),
            Given::Other(kind) => Err(Error::new(
                Code::InvalidArgument,
                format!("{name}: expected {expected}, found {kind}"),
            )),
        }
    }

    /// A time.
    pub fn millis(&self, name: &'static str) -> Result<Option<Millis>, Error> {
        self.number(name, 0.0, "a finite number of milliseconds, not negative")
    }

    /// A whole number, at least 1.
    pub fn whole(&self, name: &'static str, expected: &'static str) -> Result<Option<f64>, Error> {
        let number = self.number(name, 1.0, expected)?;
        match number {
            Some(number) if number.fract() != 0.0 => {
                Err(Invalid::new(name, expected, "a fraction").into())
            }
            number => Ok(number),
        }
    }

    /// A finite number.
    pub fn number(
        &self,
        name: &'static str,
        least: f64,
        expected: &'static str,
    ) -> Result<Option<f64>, Error> {
        let value = self.get(name)?;
        if is_missing(&value) {
            return Ok(None);
        }
        let found = match value.as_f64() {
            Some(number) if number.is_finite() && number >= least => return Ok(Some(number)),
            Some(number) if number < 0.0 => "a negative number",
            Some(number) if number.is_finite() => "a smaller one",
            Some(_) => "one that is not finite",
            None => kind(&value),
        };
        Err(Invalid::new(name, expected, found).into())
    }

    /// Which of several words.
    fn choice<const N: usize>(
        &self,
        name: &'static str,
        words: [&str; N],
        expected: &'static str,
    ) -> Result<Option<usize>, Error> {
        let value = self.get(name)?;
        if is_missing(&value) {
            return Ok(None);
        }
        let word = value.as_string();
        let found = words.iter().position(|known| word.as_deref() == Some(*known));
        let kind = || if word.is_some() { "another word" } else { kind(&value) };
        found.map(Some).ok_or_else(|| Invalid::new(name, expected, kind()).into())
    }
}

fn given(value: &JsValue) -> Given {
    match value.as_string() {
        Some(text) => Given::Text(text),
        None if is_missing(value) => Given::Missing,
        None => Given::Other(kind(value)),
    }
}

/// Whether it is `undefined` or `null`.
pub fn is_missing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// What sort of value it is, in words.
pub fn kind(value: &JsValue) -> &'static str {
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
