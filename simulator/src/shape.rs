//! What an answer looks like, and how the switches bend that.

#![forbid(unsafe_code)]

use anaplan_tasks::wire::Task;
use serde_json::{Map, Value, json};

use crate::faults::Faults;
use crate::http::Request;
use crate::task::Snapshot;
use crate::time;

/// A JSON object in the making.
pub(crate) type Object = Map<String, Value>;

/// The part of a list that is sent, and how much there is.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Value>,
    pub(crate) offset: usize,
    pub(crate) total: usize,
    /// As asked for; lists without one are sent whole.
    pub(crate) limit: Option<usize>,
}

/// An answer about `model`, or about none, whose `schema` ends in `schema`, with `content` beside the envelope.
pub(crate) fn answer(faults: &Faults, model: Option<&str>, schema: &str, content: Object) -> Value {
    envelope(faults, json!({ "schema": schema_url(model, schema) }), content)
}

/// An answer that lists `page` under `key`. An empty list is not there at all.
pub(crate) fn list(
    faults: &Faults,
    model: Option<&str>,
    schema: &str,
    key: &str,
    request: &Request,
    page: Page,
) -> Value {
    let (sent, base) = (page.rows.len(), link_base(request));
    let mut paging = object(json!({
        "currentPageSize": sent,
        "totalSize": page.total,
        "offset": page.offset,
    }));
    let mut link = |name: &str, limit: usize, offset: usize| {
        paging.insert(name.into(), format!("{base}limit={limit}&offset={offset}").into());
    };
    let end = page.offset.saturating_add(sent);
    if faults.misleading_next {
        link("next", 20, 20);
    } else if end < page.total && sent > 0 {
        link("next", page.limit.unwrap_or(sent), end);
    }
    if let (Some(limit), 1..) = (page.limit, page.offset) {
        link("previous", limit, page.offset.saturating_sub(limit));
    }

    let mut content = Object::new();
    match (key, page.rows.as_slice()) {
        (_, []) => {}
        ("tasks", [one]) if faults.single_task => drop(content.insert("task".into(), one.clone())),
        _ => drop(content.insert(key.into(), Value::Array(page.rows))),
    }
    envelope(faults, json!({ "schema": schema_url(model, schema), "paging": paging }), content)
}

/// Where the other pages are: here, in the same order, up to their limit and offset.
fn link_base(request: &Request) -> String {
    let host = request.header("host").map(|host| format!("http://{host}"));
    let host = host.unwrap_or_else(|| "https://api.anaplan.com".to_owned());
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let kept = query
        .split('&')
        .filter(|part| !part.is_empty())
        .filter(|part| !part.starts_with("limit=") && !part.starts_with("offset="))
        .fold(String::new(), |kept, part| kept + part + "&");
    format!("{host}{}?{kept}", request.path())
}

/// A task as its status and its cancel show it.
pub(crate) fn task(faults: &Faults, seen: &Snapshot<'_>) -> Object {
    let mut task = plain(faults, &seen.task);
    task.insert("type".into(), "taskInformation".into());
    if let Some(progress) = faults.progress {
        task.insert("progress".into(), number(progress));
    }
    let cancelled = seen.task.task_state.as_deref() == Some("CANCELLED");
    if let (true, Some(by)) = (cancelled, &faults.cancelled_by) {
        task.insert("cancelledBy".into(), by.clone().into());
    }
    if let (true, Some(progress)) = (faults.float_progress, task.get_mut("progress")) {
        *progress = progress.as_f64().map_or(Value::Null, Value::from);
    }
    bend(faults, seen, task)
}

/// Says in the answer about a process when it and its steps began and how long they took. Both are
/// texts, as documented; which ones is not: a time in UTC, and milliseconds.
pub(crate) fn add_times(faults: &Faults, seen: &Snapshot<'_>, content: &mut Object) {
    let task = match content.get_mut("task") {
        Some(task) => task.as_object_mut(),
        None => Some(content),
    };
    let Some(result) = task.and_then(|task| task.get_mut("result")) else {
        return;
    };
    let tell = |result: &mut Value, start: u64, length: u64| {
        if let Some(result) = result.as_object_mut() {
            result.insert("startTime".into(), time::timestamp(faults.clock(start)).into());
            result.insert("duration".into(), length.to_string().into());
        }
    };
    let length = seen.end.saturating_sub(seen.start);
    tell(result, seen.start, length);
    let steps = result.get_mut("nestedResults").and_then(Value::as_array_mut);
    let steps = steps.map(Vec::as_mut_slice).unwrap_or_default();
    // All steps take equally long.
    let each = length.checked_div(steps.len() as u64).unwrap_or_default();
    let mut start = seen.start;
    for step in steps {
        tell(step, start, each);
        start = start.saturating_add(each);
    }
}

/// A task as lists show it.
pub(crate) fn task_summary(faults: &Faults, seen: &Snapshot<'_>) -> Object {
    let mut task = plain(faults, &seen.task);
    task.retain(|name, _| matches!(name.as_str(), "taskId" | "taskState" | "creationTime"));
    bend(faults, seen, task)
}

/// What all forms of a task have in common.
fn bend(faults: &Faults, seen: &Snapshot<'_>, mut task: Object) -> Object {
    if let (false, Some(state)) = (seen.ended, &faults.task_state) {
        task.insert("taskState".into(), state.clone().into());
    }
    bend_fields(faults, &mut task);
    if let Some(result) = task.get_mut("result") {
        bend_result(faults, result);
    }
    task
}

fn bend_result(faults: &Faults, result: &mut Value) {
    let Some(result) = result.as_object_mut() else {
        return;
    };
    bend_fields(faults, result);
    for detail in result.get_mut("details").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(detail) = detail.as_object_mut() {
            bend_detail(faults, detail);
        }
    }
    let nested = result.get_mut("nestedResults").and_then(Value::as_array_mut);
    nested.into_iter().flatten().for_each(|result| bend_result(faults, result));
}

fn bend_detail(faults: &Faults, detail: &mut Object) {
    if faults.unknown_fields {
        add_unknown(detail);
    }
    if let (true, Some(values)) =
        (faults.odd_values, detail.get_mut("values").and_then(Value::as_array_mut))
    {
        values.extend(["objectId".into(), Value::Null, "keyWithoutValue".into()]);
    }
}

fn bend_fields(faults: &Faults, object: &mut Object) {
    for name in &faults.without_fields {
        object.remove(name);
    }
    for name in &faults.null_fields {
        if let Some(value) = object.get_mut(name) {
            *value = Value::Null;
        }
    }
    if faults.unknown_fields {
        add_unknown(object);
    }
}

fn envelope(faults: &Faults, meta: Value, mut content: Object) -> Value {
    if !faults.without_envelope {
        content.insert("meta".into(), meta);
        content.insert("status".into(), json!({ "code": 200, "message": "Success" }));
    }
    if faults.unknown_fields {
        add_unknown(&mut content);
    }
    Value::Object(content)
}

fn add_unknown(object: &mut Object) {
    object.insert(
        "newInNextRelease".into(),
        json!({ "values": [1, null, "x"], "deep": { "er": true } }),
    );
}

fn schema_url(model: Option<&str>, schema: &str) -> String {
    let model = model.map(|model| format!("/models/{model}")).unwrap_or_default();
    format!("https://api.anaplan.com/2/0{model}/objects/{schema}")
}

/// A task with its whole numbers written as such: all are doubles before, and Anaplan writes
/// `"creationTime":1780000000000`.
fn plain(faults: &Faults, task: &Task) -> Object {
    let mut value = serde_json::to_value(task).unwrap_or_default();
    write_whole(&mut value);
    if let Some(time) = value.get_mut("creationTime") {
        *time = time.as_u64().map_or(Value::Null, |time| faults.clock(time).into());
    }
    object(value)
}

fn write_whole(value: &mut Value) {
    match value {
        Value::Number(_) => *value = value.as_f64().map_or(Value::Null, number),
        Value::Array(items) => items.iter_mut().for_each(write_whole),
        Value::Object(fields) => fields.values_mut().for_each(write_whole),
        _ => {}
    }
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// The fields of an object, none of anything else.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(fields) => fields,
        _ => Object::new(),
    }
}
