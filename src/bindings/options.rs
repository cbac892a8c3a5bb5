//! Options and references, parsed from whatever was passed.

use std::rc::Rc;

use js_sys::{Array, Function, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use super::outcome::to_js;
use crate::client::{
    self, After, Client, Credentials, Event, Events, Exchange, Format, Gate, Giver, Histories,
    Identity, Limits, Line, Login, OAuth, Reading, Registration, Source, Token,
};
use crate::error::{Code, Error};
use crate::platform::{
    Bytes, Callback, Fetch, HistoryStore, Signal, TokenSource, hear_out, is_url, page_origin,
};
use crate::policy::{Budget, Cadence, Millis, Retry, Transfer, Watcher, WhenHidden};
use crate::reference::{ActionRef, BaseUrl, FileRef, Given, Id, Invalid, Kind, ModelRef, TaskRef};
use crate::region::{Region, Service};
use crate::wire::is_locale;

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
    let region = region(options)?;
    Ok(Exchange {
        base_url: address(options, "baseUrl", region, Service::Api)?,
        credentials: credentials(options, region)?,
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
    let locale = options.text("localeName")?.unwrap_or_else(|| "en_US".to_owned());
    if !is_locale(&locale) {
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
                let text = if is_needed { Some(one.needed_text(name)?) } else { one.text(name)? };
                if let Some(text) = text {
                    set(&parameter, name, &text.into());
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

/// `region`.
fn region(options: &Options<'_>) -> Result<Region, Error> {
    let name = options.text("region")?;
    Ok(name.map_or(Ok(Region::default()), |name| Region::parse(&name))?)
}

/// An address, or where a service of the region's is.
fn address(
    options: &Options<'_>,
    name: &'static str,
    region: Region,
    service: Service,
) -> Result<BaseUrl, Error> {
    Ok(base_url(options, name)?.unwrap_or_else(|| region.base_url(service)))
}

fn credentials(options: &Options<'_>, region: Region) -> Result<Credentials, Error> {
    let value = options.get("auth")?;
    let giver = match given(&value) {
        Given::Missing => return Ok(Credentials::None),
        Given::Text(token) => return Ok(Credentials::Fixed(Token::parse(&token)?)),
        Given::Other(kind) => match value.dyn_into::<Function>() {
            Ok(ask) => Giver::Function(TokenSource::new(ask)),
            Err(value) => service(&value, kind, region)?,
        },
    };
    Ok(Credentials::Source(Rc::new(Source::new(giver))))
}

fn service(value: &JsValue, kind: &'static str, region: Region) -> Result<Giver, Error> {
    const EXPECTED: &str = "a token, a function that gives one, or an object with one of basic, \
         certificate and oauth";
    let refuse = |found| Error::from(Invalid::new("auth", EXPECTED, found));
    if kind != "an object" {
        return Err(refuse(kind));
    }
    let auth = Options(value);
    let all = [auth.get("basic")?, auth.get("certificate")?, auth.get("oauth")?];
    if all.iter().filter(|one| !is_missing(one)).count() > 1 {
        return Err(refuse("more than one"));
    }
    let [basic, certificate, oauth] = &all;
    let identity = if !is_missing(basic) {
        self::basic(&Options::new("auth.basic", basic)?)?
    } else if !is_missing(certificate) {
        self::certificate(&Options::new("auth.certificate", certificate)?)?
    } else if !is_missing(oauth) {
        let registration = registration(&Options::new("auth.oauth", oauth)?)?;
        // As below.
        let oauth_url = address(&auth, "oauthUrl", region, Service::OAuth)?;
        let oauth_url = oauth_url.without("/token").without("/oauth");
        return Ok(Giver::OAuth(Rc::new(OAuth::new(registration, oauth_url)?)));
    } else {
        return Err(refuse("another object"));
    };
    // The paths begin with `/token`, and an address may do so already.
    let auth_url = address(&auth, "authUrl", region, Service::Auth)?.without("/token");
    let logs_out = auth.get("logout")?.is_truthy();
    Ok(Giver::Login(Login { identity, auth_url, logs_out }))
}

fn basic(basic: &Options<'_>) -> Result<Identity, Error> {
    let user = basic.needed_text("auth.basic.user")?;
    Ok(client::basic(&user, &basic.needed_text("auth.basic.password")?)?)
}

fn certificate(options: &Options<'_>) -> Result<Identity, Error> {
    const FORMAT: &str = "\"v1\" or \"v2\"";
    const UNIT: &str = "\"seconds\" or \"milliseconds\"";
    let certificate = options.pem("auth.certificate.certificate")?;
    let private_key = options.pem("auth.certificate.privateKey")?;
    let is_v1 = options.choice("auth.certificate.format", ["v1", "v2"], FORMAT)? == Some(0);
    let unit = options.choice("auth.certificate.timestamp", ["seconds", "milliseconds"], UNIT)?;
    let format = match unit {
        _ if is_v1 => Format::V1,
        Some(1) => Format::V2(1.0),
        _ => Format::V2(1_000.0),
    };
    Ok(client::certificate(&certificate, &private_key, format)?)
}

fn registration(options: &Options<'_>) -> Result<Registration, Error> {
    let callback = |name| Ok::<_, Error>(function(options, name)?.map(Callback::new));
    Ok(Registration {
        client_id: options.needed_text("auth.oauth.clientId")?,
        client_secret: options.text("auth.oauth.clientSecret")?,
        refresh_token: options.text("auth.oauth.refreshToken")?,
        on_refresh_token: callback("auth.oauth.onRefreshToken")?,
        on_user_code: callback("auth.oauth.onUserCode")?,
    })
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

    /// A text of one line, if there is one.
    fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        let found = match given(&self.get(name)?) {
            Given::Missing => return Ok(None),
            Given::Text(text) if text.is_empty() => "an empty string",
            Given::Text(text) if text.contains(|c: char| c.is_control()) => {
                "a control character in it"
            }
            Given::Text(text) => return Ok(Some(text)),
            Given::Other(kind) => kind,
        };
        Err(Invalid::new(name, "a string", found).into())
    }

    /// The same where there must be one.
    fn needed_text(&self, name: &'static str) -> Result<String, Error> {
        self.text(name)?.ok_or_else(|| Invalid::new(name, "a string", "nothing").into())
    }

    /// A text of several lines.
    fn pem(&self, name: &'static str) -> Result<String, Error> {
        match given(&self.get(name)?) {
            Given::Text(text) => Ok(text),
            Given::Missing => Err(Invalid::new(name, "a text in PEM", "nothing").into()),
            Given::Other(kind) => Err(Invalid::new(name, "a text in PEM", kind).into()),
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
