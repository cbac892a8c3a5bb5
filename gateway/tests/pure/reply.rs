use std::rc::Rc;

use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::reference::Kind;
use anaplan_tasks::wire::{Json, Task};
use anaplan_tasks_gateway::allow::{Allow, Ids};
use anaplan_tasks_gateway::asked::{Operation, Part};
use anaplan_tasks_gateway::reply::{HEADERS, Reply};
use anaplan_tasks_gateway::whole::Whole;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{ids, json as answer, model, rule};

const SUCCESS: &str = r#"{"code":200,"message":"Success"}"#;

fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{:?}", reply.body))
}

fn success() -> Value {
    serde_json::from_str(SUCCESS).unwrap()
}

fn tasks(value: &Value) -> Reply {
    Reply::tasks(answer(value)).unwrap()
}

fn chunks(value: &Value) -> Reply {
    Reply::chunks(answer(value)).unwrap()
}

/// Of a list that came in one page.
fn actions(answer: Json, kind: Kind, allow: &Allow) -> Option<Reply> {
    let mut whole = Whole::default();
    whole.add(answer, kind.segment(), 1.0)?;
    Some(Reply::actions(whole.into_rows(), &model("w", "m"), kind, allow))
}

fn exports(value: &Value, allow: &Allow, query: &str) -> Reply {
    let all = Rc::new(actions(answer(value), Kind::Export, allow).unwrap());
    Reply::clone(&all.part(Kind::Export, &Part::read(query).unwrap()))
}

fn task(value: &Value) -> Task {
    Task::in_answer(answer(value)).unwrap()
}

#[test]
fn an_error_has_the_shape_of_anaplans() {
    let reply = Reply::error(403, "No \"quotes\"\n and <tags>");
    assert_eq!(reply.status, 403);
    let message = "No \"quotes\"\n and <tags>";
    assert_eq!(body(&reply), json!({ "status": { "code": 403, "message": message } }));
    assert_eq!((reply.headers, reply.is_final), (Vec::new(), false));
    let empty = Reply::empty(204);
    assert_eq!((empty.status, &*empty.body, empty.is_final), (204, "", false));
}

#[test]
fn nothing_is_kept_framed_or_guessed_at() {
    let value = |name: &str| HEADERS.iter().find(|(known, _)| *known == name).map(|(_, v)| *v);
    assert_eq!(value("Cache-Control"), Some("no-store"));
    assert_eq!(value("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(value("Cross-Origin-Resource-Policy"), Some("same-origin"));
    assert!(value("Content-Security-Policy").unwrap().contains("default-src 'none'"));
    assert!(value("Content-Security-Policy").unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(value("Vary"), Some("Origin, Sec-Fetch-Site"));
}

#[test]
fn headers_come_in_addition() {
    let reply = Reply::error(429, "x").retry_after(1_500.0).with("Allow", "GET");
    let expected = vec![("Retry-After", "2".to_owned()), ("Allow", "GET".to_owned())];
    assert_eq!(reply.headers, expected);
}

fn seconds(millis: f64) -> String {
    let reply = Reply::empty(429).retry_after(millis);
    let [(name, value)] = &reply.headers[..] else { panic!("{reply:?}") };
    assert_eq!(*name, "Retry-After");
    value.clone()
}

#[test]
fn a_pause_is_told_in_whole_seconds_and_never_as_none() {
    let all = [
        (0.0, "1"),
        (-0.0, "1"),
        (0.001, "1"),
        (999.999, "1"),
        (1_000.0, "1"),
        (1_000.001, "2"),
        (59_001.0, "60"),
        (120_000.0, "120"),
        (-1.0, "1"),
        (-1e300, "1"),
        (f64::NAN, "1"),
        (f64::NEG_INFINITY, "1"),
        (f64::MIN_POSITIVE, "1"),
    ];
    for (millis, expected) in all {
        assert_eq!(seconds(millis), expected, "{millis}");
    }
    for absurd in [1e18, 1e300, f64::MAX, f64::INFINITY] {
        assert!(seconds(absurd).bytes().all(|byte| byte.is_ascii_digit()), "{absurd}");
    }
}

#[test]
fn a_task_survives_the_way() {
    let sent = json!({
        "taskId": "4C1D90AA5E2B4F0C9B7A1D2E3F405162",
        "taskState": "COMPLETE",
        "currentStep": "Done <b>",
        "progress": 1.0,
        "creationTime": 1_780_000_000_000.0_f64,
        "result": {
            "successful": false,
            "objectId": "116000000004",
            "objectName": "Sales \u{1f4c8}",
            "failureDumpAvailable": true,
            "details": [{
                "localMessageText": "Not authorised ",
                "occurrences": 0.0,
                "type": "notAuthorised",
                "values": ["objectName", null, "count", "3", "objectName", "again"],
            }],
            "nestedResults": [{
                "successful": true,
                "objectId": "112",
                "failureDumpAvailable": false,
                "details": [{ "type": "hierarchyRowsProcessed", "occurrences": 2.5, "values": [] }],
            }],
        },
        "unknown": "is left out",
    });
    let told = json!({
        "taskId": "4C1D90AA5E2B4F0C9B7A1D2E3F405162",
        "taskState": "COMPLETE",
        "currentStep": "Done <b>",
        "progress": 1,
        "creationTime": 1_780_000_000_000_i64,
        "result": {
            "successful": false,
            "objectId": "116000000004",
            "objectName": "Sales \u{1f4c8}",
            "failureDumpAvailable": true,
            "details": [{
                "localMessageText": "Not authorised ",
                "occurrences": 0,
                "type": "notAuthorised",
                "values": ["objectName", null, "count", "3", "objectName", "again"],
            }],
            "nestedResults": [{
                "successful": true,
                "objectId": "112",
                "failureDumpAvailable": false,
                "details": [{ "type": "hierarchyRowsProcessed", "occurrences": 2.5, "values": [] }],
            }],
        },
    });
    for sent in [sent.clone(), json!({ "meta": {}, "task": sent })] {
        let reply = Reply::task(&task(&sent));
        assert_eq!(reply.status, 200);
        assert_eq!(body(&reply), json!({ "status": success(), "task": told }));
        assert_eq!(task(&body(&reply)), task(&sent), "whoever reads it reads the same");
    }
}

#[test]
fn what_a_task_does_not_say_is_left_out() {
    let reply = Reply::task(&task(&json!({ "taskState": "IN_PROGRESS", "progress": null })));
    let expected = json!({ "status": success(), "task": { "taskState": "IN_PROGRESS" } });
    assert_eq!(body(&reply), expected);
}

#[test]
fn whole_numbers_have_no_fraction() {
    let all = [
        (0.0, "0"),
        (-0.0, "0"),
        (-3.0, "-3"),
        (0.42, "0.42"),
        (1e15, "1000000000000000"),
        (9_007_199_254_740_991.0, "9007199254740991"),
        (-9_007_199_254_740_991.0, "-9007199254740991"),
    ];
    for (number, expected) in all {
        let task = Task { creation_time: Some(number), ..task(&json!({ "taskId": "t" })) };
        let reply = Reply::task(&task);
        assert!(reply.body.contains(&format!("\"creationTime\":{expected},")), "{}", reply.body);
        let row = format!("[{{\"creationTime\":{expected},\"taskId\":\"t\"}}]");
        let reply = tasks(&json!({ "tasks": [{ "creationTime": number, "taskId": "t" }] }));
        assert!(reply.body.contains(&row), "{}", reply.body);
        let action = json!({ "action": { "n": number } });
        let reply = Reply::metadata(answer(&action), Kind::Action).unwrap();
        assert!(reply.body.contains(&format!("{{\"n\":{expected}}}")), "{}", reply.body);
    }
    for absurd in [1e300, -1e300, 9_007_199_254_740_992.0, f64::MAX, f64::MIN_POSITIVE] {
        let task = Task { creation_time: Some(absurd), ..task(&json!({ "taskId": "t" })) };
        let told = body(&Reply::task(&task));
        assert_eq!(told["task"]["creationTime"].as_f64(), Some(absurd));
    }
    for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let task = Task { creation_time: Some(none), ..task(&json!({ "taskId": "t" })) };
        assert_eq!(body(&Reply::task(&task))["task"]["creationTime"], Value::Null, "still JSON");
    }
}

#[test]
fn what_is_over_is_final_and_nothing_else() {
    let state = |state: &str| Reply::task(&task(&json!({ "taskId": "t", "taskState": state })));
    for over in ["COMPLETE", "CANCELLED"] {
        assert!(state(over).is_final, "{over}");
    }
    for on in ["NOT_STARTED", "IN_PROGRESS", "CANCELLING", "complete", "FAILED", "COMPLETED", ""] {
        assert!(!state(on).is_final, "{on}");
    }
    assert!(!Reply::task(&task(&json!({ "taskId": "t" }))).is_final);
    assert!(!Reply::success([]).is_final);
    assert!(!tasks(&json!({ "tasks": [{ "taskState": "COMPLETE" }] })).is_final);
    assert!(!chunks(&json!({ "chunks": [{ "id": "0" }] })).is_final);
    assert!(!exports(&json!({}), &rule(Ids::All, &Operation::ALL), "").is_final);
}

#[test]
fn a_success_says_what_it_has_and_no_null() {
    assert_eq!(body(&Reply::success([])), json!({ "status": success() }));
    let reply = Reply::success([("a", json!(1)), ("b", Value::Null), ("c", json!([]))]);
    assert_eq!(body(&reply), json!({ "status": success(), "a": 1, "c": [] }));
}

#[test]
fn a_list_of_tasks_says_of_each_what_a_list_says_and_keeps_the_numbers_of_its_page() {
    let sent = json!({
        "meta": {
            "schema": "https://api.anaplan.com/2/0/objects/task",
            "paging": {
                "currentPageSize": 2.0,
                "offset": 0,
                "totalSize": 5,
                "next": "https://api.anaplan.com/2/0/workspaces/w/models/m/exports/a/tasks?offset=2",
                "previous": "https://api.anaplan.com/2/0/x",
            },
        },
        "status": { "code": 200, "message": "Erfolg" },
        "tasks": [
            {
                "taskId": "1",
                "taskState": "COMPLETE",
                "creationTime": 1.5e12,
                "currentStep": "Done",
                "progress": 1,
                "result": { "successful": true },
                "createdBy": "somebody@example.com",
            },
            { "taskId": 2, "taskState": null, "creationTime": "x" },
        ],
        "other": 1,
    });
    let expected = json!({
        "meta": { "paging": { "currentPageSize": 2, "offset": 0, "totalSize": 5 } },
        "status": success(),
        "tasks": [
            { "taskId": "1", "taskState": "COMPLETE", "creationTime": 1_500_000_000_000_i64 },
            { "taskId": "2" },
        ],
    });
    assert_eq!(body(&tasks(&sent)), expected);
}

#[test]
fn a_list_of_chunks_names_each_and_keeps_the_numbers_of_its_page() {
    let sent = json!({
        "meta": { "paging": { "currentPageSize": 3, "offset": 1, "totalSize": 4, "next": "https://x" } },
        "status": { "code": 200, "message": "Success" },
        "chunks": [
            { "id": "0", "name": "Chunk 0", "url": "https://api.anaplan.com/2/0/x" },
            { "id": 1 },
            { "name": "none" },
            { "id": null },
            "2",
            { "id": "3", "name": ["x"] },
        ],
    });
    let expected = json!({
        "meta": { "paging": { "currentPageSize": 3, "offset": 1, "totalSize": 4 } },
        "status": success(),
        "chunks": [
            { "id": "0", "name": "Chunk 0" },
            { "id": "1", "name": "" },
            { "id": "3", "name": "" },
        ],
    });
    assert_eq!(body(&chunks(&sent)), expected);
}

#[test]
fn a_list_of_one_may_be_no_list() {
    let one = json!({ "taskId": "1" });
    let expected = json!({ "status": success(), "tasks": [one] });
    for sent in [json!({ "tasks": one }), json!({ "task": one }), json!({ "task": [one] })] {
        assert_eq!(body(&tasks(&sent)), expected, "{sent}");
    }
    let one = json!({ "id": "0", "name": "Chunk 0" });
    let expected = json!({ "status": success(), "chunks": [one] });
    for sent in [json!({ "chunks": one }), json!({ "chunk": one }), json!({ "chunk": [one] })] {
        assert_eq!(body(&chunks(&sent)), expected, "{sent}");
    }
    let all = rule(Ids::All, &Operation::ALL);
    let told = body(&exports(&json!({ "exports": { "id": "116" } }), &all, ""));
    assert_eq!(told["exports"], json!([{ "id": "116" }]));
}

#[test]
fn an_empty_list_is_left_out_as_anaplan_leaves_it_out() {
    let all = rule(Ids::All, &Operation::ALL);
    let none = json!({ "paging": { "currentPageSize": 0, "offset": 0, "totalSize": 0 } });
    for rows in [json!([]), json!(null), json!([null, 1, "x", []]), json!("x")] {
        let nothing = json!({ "status": success() });
        assert_eq!(body(&tasks(&json!({ "tasks": rows }))), nothing, "{rows}");
        assert_eq!(body(&chunks(&json!({ "chunks": rows }))), nothing, "{rows}");
        let told = body(&exports(&json!({ "exports": rows }), &all, ""));
        assert_eq!(told, json!({ "status": success(), "meta": none }), "{rows}");
    }
    for sent in [json!({}), json!({ "meta": null }), json!({ "meta": { "paging": null } })] {
        assert_eq!(body(&tasks(&sent)), json!({ "status": success() }), "{sent}");
    }
}

#[test]
fn a_page_of_a_strange_form_does_no_harm() {
    for (paging, expected) in [
        (json!({}), json!({})),
        (json!([1]), json!({})),
        (json!("x"), json!({})),
        (
            json!({ "offset": "0", "totalSize": {}, "currentPageSize": 1 }),
            json!({ "currentPageSize": 1 }),
        ),
    ] {
        let sent = json!({ "meta": { "paging": paging }, "tasks": [{ "taskId": "1" }] });
        assert_eq!(body(&tasks(&sent))["meta"]["paging"], expected);
    }
}

#[test]
fn what_is_no_object_is_no_list() {
    let allow = rule(Ids::All, &Operation::ALL);
    for sent in [json!(null), json!([]), json!([{ "tasks": [] }]), json!("x"), json!(1)] {
        assert_eq!(Reply::tasks(answer(&sent)), None, "{sent}");
        assert_eq!(Reply::chunks(answer(&sent)), None, "{sent}");
        assert_eq!(actions(answer(&sent), Kind::Import, &allow), None, "{sent}");
    }
}

#[test]
fn a_list_of_actions_shows_those_that_rules_name() {
    let rows = json!([
        { "id": "116", "name": "ours", "more": [null, true, 1.0, {}] },
        { "id": "117", "name": "theirs" },
        { "id": 118, "name": "a number" },
        { "id": "../116", "name": "no id" },
        { "id": "", "name": "empty" },
        { "name": "none" },
        { "id": ["116"], "name": "a list" },
        "116",
    ]);
    for kind in Kind::ALL {
        let key = kind.segment();
        let sent = json!({ key: rows });
        let told = |allow: &Allow| body(&actions(answer(&sent), kind, allow).unwrap())[key].clone();
        let named = rule(ids(&["116", "118"]), &[Operation::List]);
        let expected = json!([
            { "id": "116", "name": "ours", "more": [null, true, 1, {}] },
            { "id": "118", "name": "a number" },
        ]);
        assert_eq!(told(&named), expected);
        let all = told(&rule(Ids::All, &[Operation::List]));
        assert_eq!(all.as_array().unwrap().len(), 3, "what has no id cannot be named: {all}");
        let other = Operation::ALL.into_iter().filter(|one| *one != Operation::List);
        let other: Vec<_> = other.collect();
        assert_eq!(told(&rule(Ids::All, &other)), Value::Null);
    }
}

#[test]
fn an_id_that_is_there_twice_is_the_one_that_the_rule_names() {
    let text = |text: &str| Json::Text(text.to_owned());
    let told = |first: &str, second: &str| {
        let row = vec![("id".to_owned(), text(first)), ("id".to_owned(), text(second))];
        let rows = Json::List(vec![Json::Object(row)]);
        let answer = Json::Object(vec![("exports".to_owned(), rows)]);
        let named = rule(ids(&["ours"]), &[Operation::List]);
        let reply = actions(answer, Kind::Export, &named).unwrap();
        assert!(!reply.body.contains("theirs"), "{}", reply.body);
        body(&reply)["exports"].clone()
    };
    assert_eq!(told("theirs", "ours"), json!([{ "id": "ours" }]));
    assert_eq!(told("ours", "theirs"), Value::Null);
}

#[test]
fn a_list_of_actions_is_counted_without_those_that_are_hidden() {
    let sent = json!({
        "meta": {
            "schema": "https://api.anaplan.com/2/0/objects/export",
            "paging": { "currentPageSize": 6, "offset": 3, "totalSize": 60, "next": "https://x" },
        },
        "exports": [
            { "id": "x1" }, { "id": "a" }, { "id": "x2" }, { "id": "b" }, { "id": "c" }, { "id": "x3" },
        ],
    });
    let named = rule(ids(&["a", "b", "c"]), &[Operation::List]);
    let all = [
        ("", 0, vec!["a", "b", "c"]),
        ("limit=2", 0, vec!["a", "b"]),
        ("offset=1&limit=1", 1, vec!["b"]),
        ("offset=2&limit=9", 2, vec!["c"]),
        ("offset=3", 3, vec![]),
        ("limit=0", 0, vec![]),
        ("sort=-taskId", 0, vec!["a", "b", "c"]),
    ];
    for (query, offset, rows) in all {
        let told = body(&exports(&sent, &named, query));
        let paging = json!({ "currentPageSize": rows.len(), "offset": offset, "totalSize": 3 });
        assert_eq!(told["meta"], json!({ "paging": paging }), "{query}");
        let rows: Vec<Value> = rows.iter().map(|id| json!({ "id": id })).collect();
        let rows = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
        assert_eq!(told["exports"], rows, "{query}");
    }
}

#[test]
fn what_an_action_is_made_of_is_found_by_its_kind() {
    let keys = ["exportMetadata", "importMetadata", "processMetadata", "action"];
    for (kind, key) in Kind::ALL.into_iter().zip(keys) {
        let made_of = json!({ "columnCount": 3, "names": ["a", null], "rows": 1.5, "ok": true });
        let sent = json!({ "meta": { "schema": "https://x" }, key: made_of, "other": {} });
        let reply = Reply::metadata(answer(&sent), kind).unwrap();
        assert_eq!(body(&reply), json!({ "status": success(), key: made_of }));
        for without in [json!({}), json!({ key: [] }), json!({ key: "x" }), json!([made_of])] {
            assert_eq!(Reply::metadata(answer(&without), kind), None, "{without}");
        }
    }
}

#[test]
fn a_start_tells_the_task() {
    let told = json!({ "status": success(), "task": { "taskId": "T" } });
    for sent in [
        json!({ "taskId": "T" }),
        json!({ "task": { "taskId": "T" } }),
        json!({ "meta": {}, "status": {}, "task": { "taskId": "T", "currentStep": "x" } }),
        json!({ "task": null, "taskId": "T" }),
        json!({ "task": "x", "taskId": "T" }),
        json!({ "task": { "taskId": null }, "taskId": "T" }),
    ] {
        assert_eq!(body(&Reply::started(answer(&sent)).unwrap()), told, "{sent}");
    }
    let sent = json!({ "task": { "taskId": 7, "taskState": "NOT_STARTED", "creationTime": 2.0 } });
    let task = json!({ "taskId": "7", "taskState": "NOT_STARTED", "creationTime": 2 });
    let reply = Reply::started(answer(&sent)).unwrap();
    assert_eq!(body(&reply)["task"], task);
    assert_eq!((reply.status, reply.is_final), (200, false));
    for without in [json!(null), json!({}), json!([]), json!({ "task": {} }), json!({ "id": "T" })]
    {
        assert_eq!(Reply::started(answer(&without)), None, "{without}");
    }
}

#[test]
fn each_failure_has_its_status() {
    let own = [
        (Code::InvalidArgument, 502),
        (Code::Unauthorized, 502),
        (Code::Forbidden, 502),
        (Code::NotFound, 502),
        (Code::Conflict, 502),
        (Code::ModelUnavailable, 502),
        (Code::RateLimited, 429),
        (Code::Server, 502),
        (Code::Network, 502),
        (Code::Timeout, 504),
        (Code::Protocol, 502),
        (Code::TaskFailed, 502),
        (Code::TaskCancelled, 502),
        (Code::Internal, 500),
    ];
    for (code, status) in own {
        let reply = Reply::failed(&Error::new(code, "https://user:secret@proxy.internal"));
        assert_eq!(reply.status, status, "{code:?}");
        assert_eq!(body(&reply)["status"]["code"], status);
        let message = body(&reply)["status"]["message"].as_str().unwrap().to_owned();
        assert!(!message.is_empty() && !message.contains("secret"), "{code:?}: {message}");
        assert_eq!((reply.headers, reply.is_final), (Vec::new(), false));
    }
}

/// Our status for one of Anaplan's, and whether its words are handed on.
fn expected(status: u16) -> (u16, bool) {
    match status {
        400 | 403 | 404 | 409 | 410 | 422 | 423 | 424 | 425 => (status, true),
        // It is the gateway's budget, Anaplan's fault, or the gateway's patience.
        429 | 500..=599 => (status, false),
        408 => (504, false),
        // Whatever a browser would take for something else.
        _ => (502, false),
    }
}

#[test]
fn anaplans_own_words_are_handed_on_where_they_are_about_the_request() {
    const WORDS: &str = "The words of 10.0.0.7";
    for status in 0..=1_000 {
        let (ours, is_handed_on) = expected(status);
        let reply = Reply::failed(&Error::answered(status, WORDS, None));
        let told = body(&reply);
        let message = told["status"]["message"].as_str().unwrap();
        assert_eq!(told, json!({ "status": { "code": ours, "message": message } }), "{status}");
        assert_eq!(reply.status, ours, "{status}");
        assert_eq!(message == WORDS, is_handed_on, "{status}: {message}");
        let silent = body(&Reply::failed(&Error::answered(status, "", None)));
        let said = silent["status"]["message"].as_str().unwrap();
        assert_eq!(silent["status"]["code"], ours, "{status}");
        assert!(!said.is_empty() && !said.contains("token"), "{status}: {said}");
        // Ours do not depend on Anaplan's, not even in part.
        assert!(is_handed_on || said == message, "{status}: {message}");
    }
}

#[test]
fn an_answer_that_is_not_anaplans_is_not_repeated() {
    let all = [
        Error::redirected(None),
        Error::redirected(Some(302)),
        Error::not_understood(200, "a task", "s3cr3t"),
        Error::not_understood(500, "a task", "s3cr3t"),
        Error { status: Some(404), said: "s3cr3t".into(), ..Error::new(Code::Network, "s3cr3t") },
        Error { status: Some(404), said: "s3cr3t".into(), ..Error::new(Code::Internal, "s3cr3t") },
    ];
    for error in all {
        let reply = Reply::failed(&error);
        let status = if error.code == Code::Internal { 500 } else { 502 };
        assert_eq!(reply.status, status, "{error:?}");
        assert!(!reply.body.contains("s3cr3t"), "{}", reply.body);
    }
}

#[test]
fn why_something_failed_is_told_apart() {
    let told = |error: &Error| {
        let message = &body(&Reply::failed(error))["status"]["message"];
        message.as_str().unwrap().to_owned()
    };
    let all = [
        (Error::answered(401, "no", None), "credentials"),
        (Error::answered(429, "no", None), "Retry-After"),
        (Error::answered(503, "no", None), "Anaplan's side"),
        (Error::new(Code::Timeout, "no"), "in time"),
        (Error::new(Code::Network, "no"), "cannot be reached"),
        (Error::new(Code::Internal, "no"), "fault of the gateway"),
        (Error::new(Code::Protocol, "no"), "is not Anaplan"),
    ];
    for (error, expected) in all {
        assert!(told(&error).contains(expected), "{}", told(&error));
    }
}

#[test]
fn when_to_ask_again_is_handed_on() {
    for status in [401, 404, 408, 409, 418, 429, 500, 503] {
        let mut error = Error::answered(status, "", None);
        assert_eq!(Reply::failed(&error).headers, Vec::new());
        assert_eq!(Reply::tokenless(&error).headers, Vec::new());
        error.retry_after = Some(2_500.0);
        let expected = vec![("Retry-After", "3".to_owned())];
        assert_eq!(Reply::failed(&error).headers, expected);
        assert_eq!(Reply::tokenless(&error).headers, expected);
    }
}

#[test]
fn without_a_token_it_is_the_gateway_that_has_a_trouble() {
    for status in 0..=1_000 {
        let error = Error::answered(status, "s3cr3t", Some("s3cr3t"));
        let reply = Reply::tokenless(&error);
        let ours = match status {
            // It is not who asks that asked too often.
            429 => 503,
            408 => 504,
            _ => 502,
        };
        assert_eq!(reply.status, ours, "{status}");
        assert_eq!(body(&reply)["status"]["code"], ours);
        assert!(!reply.body.contains("s3cr3t"), "{}", reply.body);
        assert!(!reply.is_final);
    }
    for code in [Code::Unauthorized, Code::Network, Code::Internal, Code::Protocol] {
        let reply = Reply::tokenless(&Error::new(code, "s3cr3t"));
        let told = json!({ "code": 502, "message": "The gateway has no token for Anaplan" });
        assert_eq!(body(&reply)["status"], told, "{code:?}");
    }
    assert_eq!(Reply::tokenless(&Error::new(Code::Timeout, "")).status, 504);
    assert_eq!(Reply::tokenless(&Error::new(Code::RateLimited, "")).status, 503);
}

#[test]
fn of_two_times_to_ask_again_the_later_is_told() {
    let all = [
        (None, 5_000.0, "5"),
        (None, 0.0, "1"),
        (Some(2_500.0), 5_000.0, "5"),
        (Some(2_500.0), 0.0, "3"),
        (Some(2_500.0), 3_001.0, "4"),
        (Some(120_000.0), 5_000.0, "120"),
        (Some(120_000.0), f64::NAN, "120"),
        (Some(5_000.0), 5_000.0, "5"),
    ];
    for (said, millis, expected) in all {
        let reply = Reply::error(503, "x").with("Allow", "GET");
        let reply = said.map_or(reply.clone(), |said| reply.retry_after(said));
        let reply = reply.with("X-Other", "7");
        let later = reply.clone().no_earlier_than(millis);
        let mut headers = later.headers.clone();
        headers.sort_unstable();
        let expected = [("Allow", "GET"), ("Retry-After", expected), ("X-Other", "7")];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(headers, expected, "{said:?} {millis}");
        assert_eq!(Reply { headers: Vec::new(), ..later }, Reply { headers: Vec::new(), ..reply });
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        ".{0,3}",
        prop::sample::select(vec![
            "task",
            "tasks",
            "chunk",
            "chunks",
            "taskId",
            "taskState",
            "result",
            "meta",
            "paging",
            "id",
            "offset",
            "exports",
            "exportMetadata",
            "details",
            "values",
            "nestedResults",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_pause_is_never_told_too_short(millis in -1e6..1e9_f64) {
        let told: f64 = seconds(millis).parse().unwrap();
        prop_assert!(told >= 1.0 && told * 1_000.0 >= millis);
        prop_assert!(told * 1_000.0 < millis.max(0.0) + 1_000.0 || told == 1.0);
    }

    #[test]
    fn whatever_anaplan_sends_becomes_json_or_nothing(sent in any_json()) {
        let allow = rule(Ids::All, &Operation::ALL);
        let all = [
            Task::in_answer(answer(&sent)).map(|task| Reply::task(&task)),
            Reply::tasks(answer(&sent)),
            Reply::chunks(answer(&sent)),
            actions(answer(&sent), Kind::Export, &allow),
            Reply::metadata(answer(&sent), Kind::Export),
            Reply::started(answer(&sent)),
        ];
        for reply in all.into_iter().flatten() {
            let told = body(&reply);
            prop_assert_eq!(&told["status"], &success(), "nobody else says so");
            prop_assert_eq!(reply.status, 200);
            let known = ["status", "task", "tasks", "chunks", "meta", "exports", "exportMetadata"];
            prop_assert!(told.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
            let rows = |key: &str| told[key].as_array().cloned().unwrap_or_default();
            let fields = ["taskId", "taskState", "creationTime"];
            for row in rows("tasks") {
                let row = row.as_object().unwrap();
                prop_assert!(row.keys().all(|key| fields.contains(&key.as_str())));
            }
            for row in rows("chunks") {
                prop_assert!(row["id"].is_string() && row["name"].is_string());
                prop_assert_eq!(row.as_object().unwrap().len(), 2);
            }
        }
    }

    #[test]
    fn nothing_is_learnt_of_what_is_hidden(
        rows in prop::collection::vec(("[ab]", ".{0,5}"), 0..12),
        limit in prop::option::of(0..14_u32),
        offset in prop::option::of(0..14_u32),
        paging in any_json(),
    ) {
        let is_ours = |row: &&(String, String)| row.0 == "a";
        let with = |rows: Vec<&(String, String)>, meta: Value| {
            let row = |(id, name): &(String, String)| json!({ "id": id, "name": name });
            let rows: Vec<Value> = rows.into_iter().map(row).collect();
            json!({ "meta": meta, "exports": rows })
        };
        let query = [("limit", limit), ("offset", offset)]
            .map(|(name, value)| value.map_or(String::new(), |value| format!("{name}={value}")));
        let query = query.join("&");
        let named = rule(ids(&["a"]), &[Operation::List]);
        let all = with(rows.iter().collect(), json!({ "paging": paging }));
        let ours = with(rows.iter().filter(is_ours).collect(), Value::Null);
        let told = exports(&all, &named, &query);
        prop_assert_eq!(&told, &exports(&ours, &named, &query));
        let told = body(&told);
        let count = rows.iter().filter(is_ours).count();
        prop_assert_eq!(&told["meta"]["paging"]["totalSize"], count);
        let shown = told["exports"].as_array().map_or(0, Vec::len);
        prop_assert_eq!(&told["meta"]["paging"]["currentPageSize"], shown);
    }

    #[test]
    fn no_failure_becomes_a_success(status: u16, said in ".{0,20}", retry in prop::option::of(any::<f64>())) {
        let mut error = Error::answered(status, &said, None);
        error.retry_after = retry;
        for (reply, ours) in [
            (Reply::failed(&error), expected(status).0),
            (Reply::tokenless(&error), Reply::tokenless(&error).status),
        ] {
            prop_assert_eq!(reply.status, ours);
            prop_assert!((400..=599).contains(&reply.status), "{}", reply.status);
            prop_assert_eq!(&body(&reply)["status"]["code"], reply.status);
            prop_assert!(!reply.is_final);
        }
    }

    #[test]
    fn nobody_is_told_to_come_earlier(
        said in prop::option::of(0.0..1e9_f64),
        millis in -1e6..1e9_f64,
    ) {
        let reply = Reply::empty(503);
        let reply = said.map_or(reply.clone(), |said| reply.retry_after(said));
        let [(_, told)] = &reply.no_earlier_than(millis).headers[..] else { panic!() };
        let told = told.parse::<f64>().unwrap() * 1_000.0;
        prop_assert!(told >= millis && told >= said.unwrap_or_default());
        prop_assert!(told < millis.max(said.unwrap_or_default()) + 2_000.0);
    }
}
