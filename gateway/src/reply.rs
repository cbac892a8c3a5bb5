//! What is answered, in the shapes that Anaplan's answers have.

#![forbid(unsafe_code)]

use std::rc::Rc;

use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::policy::Millis;
use anaplan_tasks::reference::{Given, Id, Kind, ModelRef};
use anaplan_tasks::wire::{Json, Task};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use crate::allow::Allow;
use crate::asked::Part;

/// An answer, before headers that depend on who asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON; empty where there is none.
    pub body: Rc<str>,
    /// What it has beside the headers that all have.
    pub headers: Vec<(&'static str, String)>,
    /// Whether no later answer will differ.
    pub is_final: bool,
    /// What Anaplan's clock showed, for what tells times by that.
    pub dated: Option<Dated>,
}

/// A look at Anaplan's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dated {
    /// What the header `Date` says, in milliseconds since the epoch, cut to a whole second.
    pub date: f64,
    /// When the question left, by the clock of `platform::monotonic`.
    pub left_at: Millis,
}

/// The headers of every answer. Nothing may be kept, guessed at, framed or read by other sites.
pub const HEADERS: [(&str, &str); 5] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Vary", "Origin, Sec-Fetch-Site"),
];

impl Reply {
    /// JSON as it is.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        // What is serialized here has text for keys, and nothing that can fail.
        let body = serde_json::to_string(body).unwrap_or_default().into();
        Self { status, body, headers: Vec::new(), is_final: false, dated: None }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, body: "".into(), headers: Vec::new(), is_final: false, dated: None }
    }

    /// A refusal or a failure, in the shape of Anaplan's own.
    pub fn error(status: u16, message: impl Into<String>) -> Self {
        Self::json(status, &json!({ "status": { "code": status, "message": message.into() } }))
    }

    /// The same error with another status, and with one more sentence.
    #[must_use]
    pub fn instead(self, status: u16, more: &str) -> Self {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let said = body.pointer("/status/message").and_then(Value::as_str).unwrap_or_default();
        let said = said.trim_end_matches('.');
        Self { headers: self.headers, ..Self::error(status, format!("{said}. {more}")) }
    }

    /// With another header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// To be asked again after so many milliseconds.
    #[must_use]
    pub fn retry_after(self, millis: f64) -> Self {
        let seconds = (millis / 1_000.0).ceil().max(1.0) as u64;
        self.with("Retry-After", seconds.to_string())
    }

    /// What failed on the way to Anaplan, or what Anaplan refused, in its own words where they are
    /// for whoever asked.
    pub fn failed(error: &Error) -> Self {
        let (status, message) = match (error.code, error.status) {
            // It is the gateway that Anaplan did not let in. Whoever asks can do nothing about it.
            (Code::Unauthorized, _) => (502, "Anaplan does not accept the gateway's credentials"),
            (Code::RateLimited, _) => {
                (429, "The tenant's budget of requests is used up. Ask again after Retry-After.")
            }
            (Code::Timeout, _) => (504, "Anaplan did not answer in time"),
            (Code::Network, _) => (502, "Anaplan cannot be reached from the gateway"),
            (Code::Internal, _) => (500, "A fault of the gateway"),
            (Code::Server, Some(status)) => (status, "The fault is on Anaplan's side"),
            (_, Some(status @ (400 | 403 | 404 | 409 | 410 | 422..=425))) => {
                let said = if error.said.is_empty() { "Anaplan refused" } else { &error.said };
                (status, said)
            }
            _ => (502, "What answered the gateway is not Anaplan"),
        };
        Self::error(status, message).wanting(error.retry_after)
    }

    /// The gateway has no token to ask with. What its sign-in was told is not for whoever asks.
    pub fn tokenless(error: &Error) -> Self {
        let (status, message) = match error.code {
            Code::RateLimited => (503, "Anaplan gives the gateway no token for now"),
            Code::Timeout => (504, "Anaplan gave the gateway no token in time"),
            _ => (502, "The gateway has no token for Anaplan"),
        };
        Self::error(status, message).wanting(error.retry_after)
    }

    /// To be asked again no earlier than after so many milliseconds, whatever else it says.
    #[must_use]
    pub fn no_earlier_than(mut self, millis: f64) -> Self {
        let name = "Retry-After";
        let said = self.headers.iter().position(|(header, _)| *header == name);
        let said = said.map(|at| self.headers.remove(at).1);
        let seconds = said.and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        self.retry_after(millis.max(seconds * 1_000.0))
    }

    fn wanting(self, retry_after: Option<f64>) -> Self {
        match retry_after {
            Some(millis) => self.retry_after(millis),
            None => self,
        }
    }

    /// A task.
    pub fn task(task: &Task) -> Self {
        let is_over = matches!(task.task_state.as_deref(), Some("COMPLETE" | "CANCELLED"));
        Self { is_final: is_over, ..Self::success([("task", written(task))]) }
    }

    /// What Anaplan says with a success: some of the fields that there may be.
    pub fn success<const N: usize>(fields: [(&str, Value); N]) -> Self {
        let mut body = Map::new();
        body.insert("status".into(), json!({ "code": 200, "message": "Success" }));
        for (name, value) in fields {
            if !value.is_null() {
                body.insert(name.into(), value);
            }
        }
        Self::json(200, &body)
    }

    /// The tasks of an action.
    pub fn tasks(answer: Json) -> Option<Self> {
        Self::list(answer, "tasks", &|row| {
            let task = summary(row);
            task.task_id.is_some().then(|| written(&task))
        })
    }

    /// The chunks of a file.
    pub fn chunks(answer: Json) -> Option<Self> {
        Self::list(answer, "chunks", &|mut row| {
            let id = row.take("id").into_text()?;
            Some(json!({ "id": id, "name": row.take("name").into_text().unwrap_or_default() }))
        })
    }

    /// A list of what `shows` makes of each row, page by page as Anaplan sends it.
    fn list(mut answer: Json, key: &str, shows: &dyn Fn(Json) -> Option<Value>) -> Option<Self> {
        if !matches!(answer, Json::Object(_)) {
            return None;
        }
        let paging = answer.take("meta").take("paging");
        let rows: Vec<Value> = rows(&mut answer, key).into_objects().filter_map(shows).collect();
        let meta = match paging {
            Json::Null => Value::Null,
            paging => json!({ "paging": pages(paging) }),
        };
        let rows = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
        Some(Self::success([("meta", meta), (key, rows)]))
    }

    /// The actions of a model that may be seen, of all of them: counted anew, for nothing is to be
    /// learnt of the others.
    pub fn actions(all: Vec<Json>, model: &ModelRef, kind: Kind, allow: &Allow) -> Self {
        let rows = all.into_iter().filter_map(|mut row| {
            let text = row.take("id").into_text()?;
            let id = Id::parse("id", Given::Text(text)).ok()?;
            allow.shows(model, &id).then(|| {
                let mut row = value(row);
                if let Some(fields) = row.as_object_mut() {
                    fields.insert("id".into(), id.as_str().into());
                }
                row
            })
        });
        Self::part_of(rows.collect(), kind, &Part::default())
    }

    /// A part of these actions, if it is they that are answered.
    #[must_use]
    pub fn part(self: Rc<Self>, kind: Kind, part: &Part) -> Rc<Self> {
        if self.status != 200 || *part == Part::default() {
            return self;
        }
        let mut body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let rows = match body.get_mut(kind.segment()).map(Value::take) {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        };
        Self::part_of(rows, kind, part).into()
    }

    fn part_of(rows: Vec<Value>, kind: Kind, part: &Part) -> Self {
        let all = rows.len();
        let rows = part.of(rows);
        let paging = json!({
            "currentPageSize": rows.len(),
            "offset": part.offset(),
            "totalSize": all,
        });
        let rows = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
        Self::success([("meta", json!({ "paging": paging })), (kind.segment(), rows)])
    }

    /// What an action is made of.
    pub fn metadata(mut answer: Json, kind: Kind) -> Option<Self> {
        let key = match kind {
            Kind::Export => "exportMetadata",
            Kind::Import => "importMetadata",
            Kind::Process => "processMetadata",
            Kind::Action => "action",
        };
        let metadata = answer.take(key).into_object()?;
        Some(Self::success([(key, value(metadata))]))
    }

    /// What a start answers: the task that was started.
    pub fn started(mut answer: Json) -> Option<Self> {
        let mut task = summary(answer.take("task"));
        task.task_id = Some(task.task_id.or_else(|| answer.take("taskId").into_text())?);
        Some(Self::task(&task))
    }
}

/// What lists, and the answers to a start, say of a task.
fn summary(json: Json) -> Task {
    let Task { task_id, task_state, creation_time, .. } = Task::from(json);
    Task { task_id, task_state, creation_time, ..Task::default() }
}

fn written(task: &Task) -> Value {
    serde_json::to_value(task).map(tidy).unwrap_or_default()
}

/// The rows of a list. Of one row Anaplan now and then makes no list.
fn rows(answer: &mut Json, key: &str) -> Json {
    match answer.take(key) {
        Json::Null => answer.take(key.strip_suffix('s').unwrap_or(key)),
        rows => rows,
    }
}

/// The numbers of a page. Its links lead to Anaplan itself, and are left out.
fn pages(mut paging: Json) -> Value {
    let names = ["currentPageSize", "offset", "totalSize"];
    let number = |name: &str| Some((name.to_owned(), whole(paging.take(name).into_number()?)));
    Value::Object(names.map(number).into_iter().flatten().collect())
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Flag(flag) => Value::Bool(flag),
        Json::Number(number) => whole(number),
        Json::Text(text) => Value::String(text),
        Json::List(list) => Value::Array(list.into_iter().map(value).collect()),
        Json::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, field)| (name, value(field))).collect())
        }
    }
}

/// Numbers that are whole without a fraction, for readers that take no `1.0` for a whole number.
fn tidy(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), whole),
        Value::Array(list) => Value::Array(list.into_iter().map(tidy).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, field)| (name, tidy(field))).collect())
        }
        other => other,
    }
}

fn whole(number: f64) -> Value {
    /// Beyond this a double no longer holds every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.trunc() == number && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Value::Number(Number::from(number as i64));
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
