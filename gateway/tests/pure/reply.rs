use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::reference::Kind;
use anaplan_tasks::wire::Task;
use anaplan_tasks_gateway::allow::{Allow, Ids};
use anaplan_tasks_gateway::asked::Operation;
use anaplan_tasks_gateway::reply::{HEADERS, Reply};
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
        let rows = json!({ "tasks": [{ "n": number }] });
        let reply = Reply::list(answer(&rows), "tasks", &|_| true).unwrap();
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
    let rows = json!({ "tasks": [{ "taskState": "COMPLETE" }] });
    assert!(!Reply::list(answer(&rows), "tasks", &|_| true).unwrap().is_final);
}

#[test]
fn a_success_says_what_it_has_and_no_null() {
    assert_eq!(body(&Reply::success([])), json!({ "status": success() }));
    let reply = Reply::success([("a", json!(1)), ("b", Value::Null), ("c", json!([]))]);
    assert_eq!(body(&reply), json!({ "status": success(), "a": 1, "c": [] }));
}

#[test]
fn a_list_keeps_its_rows_and_the_numbers_of_its_page() {
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
            { "taskId": "1", "taskState": "COMPLETE", "creationTime": 1.5e12, "x": [null, true, {}] },
            { "taskId": "2" },
        ],
        "other": 1,
    });
    let reply = Reply::list(answer(&sent), "tasks", &|_| true).unwrap();
    let expected = json!({
        "meta": { "paging": { "currentPageSize": 2, "offset": 0, "totalSize": 5 } },
        "status": success(),
        "tasks": [
            { "taskId": "1", "taskState": "COMPLETE", "creationTime": 1_500_000_000_000_i64,
              "x": [null, true, {}] },
            { "taskId": "2" },
        ],
    });
    assert_eq!(body(&reply), expected);
    assert!(!reply.body.contains("api.anaplan.com"), "no link leads past the gateway");
}

#[test]
fn a_list_of_one_may_be_no_list() {
    let one = json!({ "taskId": "1" });
    let expected = json!({ "status": success(), "tasks": [one] });
    for sent in [json!({ "tasks": one }), json!({ "task": one }), json!({ "task": [one] })] {
        let reply = Reply::list(answer(&sent), "tasks", &|_| true).unwrap();
        assert_eq!(body(&reply), expected, "{sent}");
    }
    let chunk = json!({ "chunk": { "id": "0", "name": "Chunk 0" } });
    let reply = Reply::list(answer(&chunk), "chunks", &|_| true).unwrap();
    assert_eq!(body(&reply)["chunks"], json!([{ "id": "0", "name": "Chunk 0" }]));
}

#[test]
fn an_empty_list_is_left_out_as_anaplan_leaves_it_out() {
    for sent in [
        json!({}),
        json!({ "tasks": [] }),
        json!({ "tasks": null }),
        json!({ "tasks": [null, 1, "x", []] }),
        json!({ "tasks": "x" }),
        json!({ "meta": null }),
        json!({ "meta": { "paging": null } }),
    ] {
        let reply = Reply::list(answer(&sent), "tasks", &|_| true).unwrap();
        assert_eq!(body(&reply), json!({ "status": success() }), "{sent}");
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
        let reply = Reply::list(answer(&sent), "tasks", &|_| true).unwrap();
        assert_eq!(body(&reply)["meta"]["paging"], expected);
    }
}

#[test]
fn what_is_no_object_is_no_list() {
    for sent in [json!(null), json!([]), json!([{ "tasks": [] }]), json!("x"), json!(1)] {
        assert_eq!(Reply::list(answer(&sent), "tasks", &|_| true), None, "{sent}");
    }
}

#[test]
fn a_list_of_actions_shows_those_that_rules_name() {
    let rows = json!([
        { "id": "116", "name": "ours" },
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
        let told = |allow: &Allow| {
            let reply = Reply::actions(answer(&sent), &model("w", "m"), kind, allow).unwrap();
            body(&reply)[key].clone()
        };
        let named = rule(ids(&["116", "118"]), &[Operation::List]);
        let expected = json!([{ "id": "116", "name": "ours" }, { "id": 118, "name": "a number" }]);
        assert_eq!(told(&named), expected);
        let all = told(&rule(Ids::All, &[Operation::List]));
        assert_eq!(all.as_array().unwrap().len(), 3, "what has no id cannot be named: {all}");
        let other = Operation::ALL.into_iter().filter(|one| *one != Operation::List);
        let other: Vec<_> = other.collect();
        assert_eq!(told(&rule(Ids::All, &other)), Value::Null);
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

#[test]
fn what_anaplan_answers_is_handed_on_where_it_is_about_the_request() {
    for status in [400, 403, 404, 408, 409, 410, 422, 423, 424, 425, 429, 500, 502, 503, 504, 599] {
        let silent = Reply::failed(&Error::answered(status, "", None));
        assert_eq!(silent.status, status);
        let said = body(&silent)["status"]["message"].as_str().unwrap().to_owned();
        assert!(!said.is_empty() && !said.contains("token"), "{status}: {said}");
        let reply = Reply::failed(&Error::answered(status, "Model is busy", None));
        let told = json!({ "status": { "code": status, "message": "Model is busy" } });
        assert_eq!((reply.status, body(&reply)), (status, told));
    }
    // Whatever a browser would take for something else.
    for status in [100, 199, 304, 401, 402, 405, 406, 407, 413, 415, 418, 426, 451, 600, 999] {
        assert_eq!(Reply::failed(&Error::answered(status, "", None)).status, 502, "{status}");
    }
    for status in [None, Some(302)] {
        assert_eq!(Reply::failed(&Error::redirected(status)).status, 502);
    }
    assert_eq!(Reply::failed(&Error::not_understood(200, "a task", "<html>")).status, 502);
}

#[test]
fn when_to_ask_again_is_handed_on() {
    for (code, status) in [(Code::RateLimited, 429), (Code::Server, 503)] {
        let mut error = Error::answered(status, "", None);
        assert_eq!(Reply::failed(&error).headers, Vec::new());
        error.retry_after = Some(2_500.0);
        assert_eq!(error.code, code);
        let expected = vec![("Retry-After", "3".to_owned())];
        assert_eq!(Reply::failed(&error).headers, expected);
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
            Reply::list(answer(&sent), "tasks", &|_| true),
            Reply::actions(answer(&sent), &model("w", "m"), Kind::Export, &allow),
            Reply::metadata(answer(&sent), Kind::Export),
            Reply::started(answer(&sent)),
        ];
        for reply in all.into_iter().flatten() {
            let told = body(&reply);
            prop_assert_eq!(&told["status"], &success(), "nobody else says so");
            prop_assert_eq!(reply.status, 200);
            let known = ["status", "task", "tasks", "meta", "exports", "exportMetadata"];
            prop_assert!(told.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
        }
    }

    #[test]
    fn no_failure_becomes_a_success(status: u16, said in ".{0,20}", retry in prop::option::of(any::<f64>())) {
        prop_assume!(!(200..=299).contains(&status));
        let mut error = Error::answered(status, &said, None);
        error.retry_after = retry;
        let reply = Reply::failed(&error);
        prop_assert!((400..=599).contains(&reply.status), "{}", reply.status);
        prop_assert_eq!(&body(&reply)["status"]["code"], reply.status);
        prop_assert!(!reply.is_final);
    }
}
