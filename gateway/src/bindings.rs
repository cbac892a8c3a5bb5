//! The JavaScript face: options in, answers out.

use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use anaplan_tasks::bindings::options::{Options, exchange, function, is_missing, kind, per_minute};
use anaplan_tasks::bindings::outcome::{outcome, settled};
use anaplan_tasks::bindings::panic;
use anaplan_tasks::client::{Gate, Slots};
use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::platform::property;
use anaplan_tasks::policy::{Rate, Retry};
use anaplan_tasks::reference::{Given, Id, Invalid};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;

use crate::allow::{Allow, Ids, Rule};
use crate::asked::Operation;
use crate::clients::Clients;
use crate::incoming::Incoming;
use crate::origin::{Origins, Sender};
use crate::reply::{HEADERS, Reply};
use crate::server::{Answer, Answered, Glance, Guest, Server};
use crate::shared::Shared;
use crate::starts::Starts;
use crate::store::Store;
use crate::upstream::Upstream;

/// All there are. Another is a mistake, which could leave a door open that was to be shut.
const OPTIONS: [&str; 17] = [
    "allow",
    "auth",
    "authorize",
    "baseUrl",
    "fetch",
    "hosts",
    "instances",
    "limits",
    "onEvent",
    "origins",
    "prefix",
    "programs",
    "region",
    "requestTimeout",
    "requestsPerMinute",
    "store",
    "wasm",
];

/// What an export gives: see the client's.
type Exported = Result<JsValue, JsValue>;

/// Has `report` called with a text should the core ever panic.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(report: Function) {
    panic::report_to(report);
}

/// Opens a gateway. The value is a [`Gateway`].
#[wasm_bindgen(js_name = openGateway)]
pub fn open_gateway(options: &JsValue) -> Exported {
    Ok(outcome(server(options).map(|server| Gateway(Rc::new(server)).into())))
}

/// The stream of a file's bytes. It counts as under way until this is freed.
#[wasm_bindgen]
pub struct Passage(#[expect(dead_code, reason = "its end is what counts")] Option<Guest>);

/// See [`Server`].
#[wasm_bindgen]
pub struct Gateway(Rc<Server>);

#[wasm_bindgen]
impl Gateway {
    /// The value that [`handle`](Self::handle) would give, at once, where all that it takes is known
    /// already; else `undefined`. For requests without the header `Origin`; `line` is the method and
    /// the address, `site` the header `Sec-Fetch-Site`.
    pub fn known(&self, line: &str, site: Option<String>, address: Option<String>) -> Exported {
        let known = line.split_once(' ').and_then(|(method, url)| {
            let sender = Sender { site: site.as_deref(), origin: None };
            let glance = Glance { method, url, sender, address: address.as_deref() };
            self.0.known(&glance, |reply| flat(reply, Array::new()))
        });
        Ok(known.unwrap_or_default())
    }

    /// The value is `[status, body, headers, passage]`. The headers are a flat list of those that the
    /// answer has beside [`headers`](Self::headers). Instead of the status there may be a `Response`
    /// of the host application's. Where there is a [`Passage`], the body is a stream.
    pub fn handle(&self, request: JsValue, address: Option<String>) -> Exported {
        let server = Rc::clone(&self.0);
        let work = async move {
            let answered = server.handle(Incoming::new(request), address).await;
            settled(Ok(written(answered)))
        };
        Ok(future_to_promise(work).into())
    }

    /// The headers that all answers have.
    pub fn headers(&self) -> Exported {
        let headers = Object::new();
        for (name, value) in HEADERS.into_iter().chain([("Content-Type", "application/json")]) {
            // On an object just made, this cannot fail.
            let _ = Reflect::set(&headers, &name.into(), &value.into());
        }
        Ok(headers.into())
    }

    /// Takes no more requests. The promise resolves when all that were under way are answered.
    pub fn close(&self) -> Exported {
        let server = Rc::clone(&self.0);
        let work = async move {
            server.close().await;
            settled(Ok(JsValue::UNDEFINED))
        };
        Ok(future_to_promise(work).into())
    }
}

fn written(answered: Answered) -> JsValue {
    let headers = Array::new();
    let add = |name: &str, value: &str| {
        headers.push(&name.into());
        headers.push(&value.into());
    };
    if let Some(origin) = &answered.origin {
        add("Access-Control-Allow-Origin", origin);
        add("Access-Control-Allow-Credentials", "true");
        add("Access-Control-Expose-Headers", "Age, Date, Retry-After");
    }
    match answered.answer {
        Answer::Theirs(response) => Array::of3(&response, &JsValue::UNDEFINED, &headers).into(),
        Answer::Reply(reply) => flat(&reply, headers),
        Answer::Stream(stream, length) => {
            add("Content-Type", "application/octet-stream");
            if let Some(length) = length {
                add("Content-Length", &(length as u64).to_string());
            }
            let passage = JsValue::from(Passage(answered.guest));
            Array::of4(&200.into(), &stream.0, &headers, &passage).into()
        }
    }
}

fn flat(reply: &Reply, headers: Array) -> JsValue {
    for (name, value) in &reply.headers {
        headers.push(&(*name).into());
        headers.push(&value.into());
    }
    let has_none = reply.body.is_empty();
    let body = if has_none { JsValue::NULL } else { JsValue::from_str(&reply.body) };
    Array::of3(&reply.status.into(), &body, &headers).into()
}

fn server(options: &JsValue) -> Result<Server, Error> {
    const INSTANCES: &str = "a whole number of processes, at least 1";
    const COUNT: &str = "a whole number, at least 1";
    let options = Options::new("options", options)?;
    options.only(&OPTIONS)?;
    let allow = Rc::new(allow(&options.get("allow")?)?);
    let prefix = prefix(&options)?;
    let origins = Origins::new(origins(&options)?, options.get("programs")?.is_truthy());
    let on_event = function(&options, "onEvent")?;
    let exchange = exchange(&options, Retry::ATTEMPTS)?;
    let per_minute = per_minute(&options)?;
    let instances = options.whole("instances", INSTANCES)?.unwrap_or(4.0);
    let share = Gate::new(per_minute / instances, Rc::clone(&exchange.line.events));
    let store = store(&options, on_event.clone())?;
    let rate = Rate::of(per_minute);
    let name = name(&exchange.base_url.to_string(), &allow);
    let upstream = Rc::new(Upstream { name, exchange, store, rate, share, line: Slots::new(1) });
    let shared = Rc::new(Shared::new(Rc::clone(&upstream)));
    let starts = Rc::new(Starts::new(Rc::clone(&upstream), Rc::clone(&shared)));
    let limits = options.get("limits")?;
    let limits = Options::new("limits", &limits)?;
    limits.only(&["requests", "requestsPerClient", "timeout", "bodySize"])?;
    let most = limits.whole("limits.requests", COUNT)?.unwrap_or(10_000.0);
    let most_each = limits.whole("limits.requestsPerClient", COUNT)?.unwrap_or(1_000.0);
    Ok(Server {
        prefix,
        allow,
        origins,
        hosts: hosts(&options)?,
        authorize: function(&options, "authorize")?,
        body_size: limits.whole("limits.bodySize", COUNT)?.unwrap_or(16_384.0),
        timeout: limits.millis("limits.timeout")?.unwrap_or(25_000.0),
        clients: RefCell::new(Clients::new(most, most_each)),
        shared,
        starts,
        upstream,
        on_event,
        is_closed: Cell::default(),
        answered: Default::default(),
    })
}

fn allow(value: &JsValue) -> Result<Allow, Error> {
    const EXPECTED: &str =
        "a rule { workspaces, models, actions, operations }, or an array of them";
    if !value.is_object() {
        return Err(Invalid::new("allow", EXPECTED, kind(value)).into());
    }
    let rules = if value.is_array() { items("allow", value)? } else { vec![value.clone()] };
    Ok(Allow::new(rules.iter().map(rule).collect::<Result<_, _>>()?))
}

/// What is in an array, which may throw: in here, that would break everything down.
fn items(name: &str, array: &JsValue) -> Result<Vec<JsValue>, Error> {
    let throws = |_| Error::new(Code::InvalidArgument, format!("{name}: reading it throws"));
    let length = Reflect::get(array, &"length".into()).map_err(throws)?.as_f64();
    let length = length.unwrap_or_default() as u32;
    (0..length).map(|at| Reflect::get_u32(array, at).map_err(throws)).collect()
}

fn rule(value: &JsValue) -> Result<Rule, Error> {
    if !value.is_object() {
        let expected = "a rule { workspaces, models, actions, operations }";
        return Err(Invalid::new("allow", expected, kind(value)).into());
    }
    let rule = Options::new("allow", value)?;
    rule.only(&["workspaces", "models", "actions", "operations"])?;
    Ok(Rule {
        workspaces: ids(&rule, "workspaces", "allow.workspaces")?,
        models: ids(&rule, "models", "allow.models")?,
        actions: ids(&rule, "actions", "allow.actions")?,
        operations: operations(&rule)?,
    })
}

fn ids(rule: &Options<'_>, name: &'static str, argument: &'static str) -> Result<Ids, Error> {
    const EXPECTED: &str = "an array of ids, or \"*\" for all";
    let Some(given) = items_or_all(&rule.get(name)?, argument, EXPECTED)? else {
        return Ok(Ids::All);
    };
    let (mut ids, mut all) = (Vec::new(), false);
    for id in given {
        match id.as_string() {
            Some(text) if text == "*" => all = true,
            Some(text) => ids.push(Id::parse(argument, Given::Text(text))?),
            None => return Err(Invalid::new(argument, EXPECTED, kind(&id)).into()),
        }
    }
    Ok(if all { Ids::All } else { Ids::These(ids) })
}

fn operations(rule: &Options<'_>) -> Result<Vec<Operation>, Error> {
    const ARGUMENT: &str = "allow.operations";
    const EXPECTED: &str =
        "an array of status, cancel, start, tasks, list and download, or \"*\" for all";
    let Some(words) = items_or_all(&rule.get("operations")?, ARGUMENT, EXPECTED)? else {
        return Ok(Operation::ALL.to_vec());
    };
    let operation = |word: JsValue| {
        let text = word.as_string();
        let known = Operation::ALL.into_iter().find(|one| text.as_deref() == Some(one.as_str()));
        let found = || if text.is_some() { "another word" } else { kind(&word) };
        known.ok_or_else(|| Invalid::new(ARGUMENT, EXPECTED, found()).into())
    };
    words.into_iter().map(operation).collect()
}

/// What is in an array; `None` where `"*"` stands in its place.
fn items_or_all(
    value: &JsValue,
    argument: &'static str,
    expected: &'static str,
) -> Result<Option<Vec<JsValue>>, Error> {
    if value.as_string().as_deref() == Some("*") {
        return Ok(None);
    }
    if !value.is_array() {
        let found = if value.is_string() { "another string" } else { kind(value) };
        return Err(Invalid::new(argument, expected, found).into());
    }
    items(argument, value).map(Some)
}

/// The origins that are named, as browsers write them.
fn origins(options: &Options<'_>) -> Result<Vec<String>, Error> {
    const EXPECTED: &str = "origins like \"https://planning.example\": scheme, host and, where it is \
         not the usual one, port; no path, no \"*\"";
    let named = texts(options, "origins", EXPECTED)?.unwrap_or_default();
    let is_web = |text: &String| {
        (text.starts_with("https://") || text.starts_with("http://")) && !text.contains('*')
    };
    if named.iter().all(|text| is_web(text) && url(text, "origin").as_ref() == Some(text)) {
        return Ok(named);
    }
    Err(Invalid::new("origins", EXPECTED, "something else").into())
}

/// The names by which requests may come, as addresses write them.
fn hosts(options: &Options<'_>) -> Result<Option<Vec<String>>, Error> {
    const EXPECTED: &str = "host names like \"planning.example\" or \"localhost:8080\"";
    let Some(names) = texts(options, "hosts", EXPECTED)? else {
        return Ok(None);
    };
    let is_host = |name: &String| {
        if name.contains('*') {
            return false;
        }
        // Behind https, 443 is the usual port, and 80 is not.
        let read = |scheme: &str| url(&format!("{scheme}{name}"), "host");
        read("http://").is_some_and(|host| host.eq_ignore_ascii_case(name))
            || read("https://").is_some_and(|host| host.eq_ignore_ascii_case(name))
    };
    match names.iter().all(is_host) {
        true => Ok(Some(names)),
        false => Err(Invalid::new("hosts", EXPECTED, "something else").into()),
    }
}

/// A part of an address, as the host understands it.
fn url(text: &str, part: &str) -> Option<String> {
    let class: Function = property(&js_sys::global(), "URL").dyn_into().ok()?;
    let url = Reflect::construct(&class, &Array::of1(&text.into())).ok()?;
    property(&url, part).as_string()
}

/// What tells a gateway from another one in the same store: where it leads, and its rules.
fn name(base_url: &str, allow: &Allow) -> String {
    let mut hasher = DefaultHasher::new();
    (base_url, format!("{allow:?}")).hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

fn prefix(options: &Options<'_>) -> Result<String, Error> {
    const EXPECTED: &str = "a path like \"/anaplan\", of letters, digits, '-', '_' and '.'";
    let value = options.get("prefix")?;
    if is_missing(&value) {
        return Ok("/anaplan".to_owned());
    }
    let refuse = |found| Error::from(Invalid::new("prefix", EXPECTED, found));
    let text = value.as_string().ok_or_else(|| refuse(kind(&value)))?;
    let path = text.strip_suffix('/').unwrap_or(&text);
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let mut segments = path.split('/');
    if segments.next() != Some("") || !segments.all(is_segment) {
        return Err(refuse("something else"));
    }
    Ok(path.to_owned())
}

fn texts(
    options: &Options<'_>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<Vec<String>>, Error> {
    let value = options.get(name)?;
    if is_missing(&value) {
        return Ok(None);
    }
    if !value.is_array() {
        return Err(Invalid::new(name, expected, kind(&value)).into());
    }
    let text = |item: JsValue| {
        item.as_string().ok_or_else(|| Error::from(Invalid::new(name, expected, kind(&item))))
    };
    items(name, &value)?.into_iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn store(options: &Options<'_>, on_event: Option<Function>) -> Result<Option<Rc<Store>>, Error> {
    let value = options.get("store")?;
    if is_missing(&value) {
        return Ok(None);
    }
    let kind = kind(&value);
    match Store::new(value, on_event) {
        Some(store) => Ok(Some(Rc::new(store))),
        None => Err(Invalid::new("store", Store::EXPECTED, kind).into()),
    }
}
