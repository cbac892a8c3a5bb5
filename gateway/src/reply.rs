//! What is answered, in the shapes that Anaplan's answers have.

#![forbid(unsafe_code)]

use std::rc::Rc;

use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::reference::{Given, Id, Kind, ModelRef};
use anaplan_tasks::wire::{Json, Task};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use crate::allow::Allow;

/// An answer, before headers that depend on who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON; empty where there is none.
    pub body: Rc<str>,
    /// What it has beside the headers that all have.
    pub headers: Vec<(&'static str, String)>,
    /// Whether no later answer will differ.
    pub is_final: bool,
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
        Self { status, body, headers: Vec::new(), is_final: false }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, body: "".into(), headers: Vec::new(), is_final: false }
    }

    /// A refusal or a failure, in the shape of Anaplan's own.
    pub fn error(status: u16, message: impl Into<String>) -> Self {
        Self::json(status, &json!({ "status": { "code": status, "message": message.into() } }))
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

    /// What failed on the way to Anaplan, or what Anaplan refused, in its own words where it has any.
    pub fn failed(error: &Error) -> Self {
        let (status, message) = match (error.code, error.status) {
            // It is the gateway that Anaplan did not let in. Whoever asks can do nothing about it.
            (Code::Unauthorized, _) => (502, "Anaplan does not accept the gateway's credentials"),
            (Code::RateLimited, _) => {
                (429, "The tenant's budget of requests is used up. Ask again after Retry-After.")
            }
            (Code::Timeout, None) => (504, "Anaplan did not answer in time"),
            (Code::Network, _) => (502, "Anaplan cannot be reached from the gateway"),
            (Code::Internal, _) => (500, "A fault of the gateway"),
            (Code::Protocol, _) | (_, None) => (502, "What answered the gateway is not Anaplan"),
            (_, Some(status)) => (status, "Anaplan refused"),
        };
        let said = if error.said.is_empty() { message } else { &error.said };
        let reply = Self::error(status, said);
        match error.retry_after {
            Some(millis) => reply.retry_after(millis),
            None => reply,
        }
    }

    /// A task.
    pub fn task(task: &Task) -> Self {
        let is_over = matches!(task.task_state.as_deref(), Some("COMPLETE" | "CANCELLED"));
        let value = serde_json::to_value(task).map(tidy).unwrap_or_default();
        Self { is_final: is_over, ..Self::success([("task", value)]) }
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

    /// A list of rows, as Anaplan sent it, without those that `shows` hides.
    pub fn list(mut answer: Json, key: &str, shows: &dyn Fn(&Json) -> bool) -> Option<Self> {
        if !matches!(answer, Json::Object(_)) {
            return None;
        }
        let paging = answer.take("meta").take("paging");
        // Of one row Anaplan now and then makes no list.
        let single = key.strip_suffix('s').unwrap_or(key);
        let rows = match answer.take(key) {
            Json::Null => answer.take(single),
            rows => rows,
        };
        let rows: Vec<Value> = rows.into_objects().filter(shows).map(value).collect();
        let meta = match paging {
            Json::Null => Value::Null,
            paging => json!({ "paging": pages(paging) }),
        };
        let rows = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
        Some(Self::success([("meta", meta), (key, rows)]))
    }

    /// The actions of a model that may be seen.
    pub fn actions(answer: Json, model: &ModelRef, kind: Kind, allow: &Allow) -> Option<Self> {
        let shows = |row: &Json| {
            let id = row.clone().take("id").into_text();
            let id = id.and_then(|id| Id::parse("id", Given::Text(id)).ok());
            id.is_some_and(|id| allow.shows(model, &id))
        };
        Self::list(answer, kind.segment(), &shows)
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
        let mut task = answer.take("task");
        let id = task.take("taskId").into_text().or_else(|| answer.take("taskId").into_text())?;
        let task = Task {
            task_id: Some(id),
            task_state: task.take("taskState").into_text(),
            creation_time: task.take("creationTime").into_number(),
            ..Task::default()
        };
        Some(Self::task(&task))
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
