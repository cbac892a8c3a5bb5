//! Whatever comes: an answer of Anaplan's shape, and never a panic.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use anaplan_tasks_simulator::{Ending, Reply, Request};
use driver::{Driver, START};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Mostly words that mean something, so that the deep parts are reached.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "2", "0", "token", "authenticate", "refresh", "validate", "logout", "workspaces", "models",
            "exports", "imports", "processes", "actions", "tasks", "W", "M", "T", "116000000001",
            "116000000004", "118000000001", "112000000001", "112000000002", "113000000001",
            "files", "chunks", "dump", "dumps", "", "..", "%00",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let known = |tail: &'static str| Just(format!("/2/0/workspaces/W/models/M/{tail}"));
    let export = "exports/116000000001/tasks";
    let query = prop_oneof![
        Just(String::new()),
        any::<String>().prop_map(|text| format!("?{text}")),
        (any::<i64>(), any::<u64>(), any::<String>()).prop_map(|(limit, offset, sort)| {
            format!("?limit={limit}&offset={offset}&sort={sort}")
        }),
    ];
    let path = prop_oneof![
        known("exports"),
        known("exports/116000000001"),
        known(export),
        known("exports/116000000001/tasks/T"),
        known("processes/118000000001/tasks"),
        known("imports/112000000001/tasks"),
        known("imports/112000000001/tasks/T/dump"),
        known("imports/112000000001/tasks/T/dump/chunks/0"),
        known("processes/118000000001/tasks/T/dumps/112000000002/chunks"),
        known("files"),
        known("files/116000000001"),
        known("files/116000000001/chunks"),
        known("files/116000000001/chunks/1"),
        known("files/113000000001"),
        known("files/113000000001/chunks/0"),
        known("files/113000000001/complete"),
        known("imports/112000000003/tasks"),
        prop::collection::vec(word(), 0..10).prop_map(|words| format!("/{}", words.join("/"))),
    ];
    (path, query).prop_map(|(path, query)| path + &query)
}

fn request() -> impl Strategy<Value = Request> {
    let methods = vec!["GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD", ""];
    let authorization = prop_oneof![
        6 => Just("AnaplanAuthToken TOKEN".to_owned()),
        1 => Just("Bearer TOKEN".to_owned()),
        1 => any::<String>(),
        1 => "Basic [A-Za-z0-9+/=]{0,20}",
    ];
    let body = prop_oneof![
        4 => Just(br#"{"localeName":"en_US","chunkCount":-1}"#.to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => Just([b'['; 4_000].to_vec()),
    ];
    let more = prop::collection::vec(
        (prop::sample::select(vec!["origin", "accept", "x"]), any::<String>()),
        0..2,
    );
    let media = prop_oneof![
        4 => Just("application/json".to_owned()),
        2 => Just("application/octet-stream".to_owned()),
        1 => Just("application/x-gzip".to_owned()),
    ];
    (prop::sample::select(methods), path(), authorization, media, body, more).prop_map(
        |(method, target, authorization, media, body, more)| Request {
            method: method.into(),
            target,
            headers: [("authorization".into(), authorization), ("content-type".into(), media)]
                .into_iter()
                .chain(more.into_iter().map(|(name, value)| (name.to_owned(), value)))
                .collect(),
            body,
        },
    )
}

fn faults() -> impl Strategy<Value = Value> {
    let answers = prop_oneof![
        (400_u16..600).prop_map(|status| json!(status)),
        prop::sample::select(vec![
            "deprecated",
            "loginPage",
            "truncated",
            "empty",
            "reset",
            "stall",
            "noAnswer",
            "hang",
        ])
        .prop_map(|kind| json!(kind)),
    ];
    prop_oneof![
        3 => Just(Value::Null),
        1 => (answers, any::<Option<bool>>()).prop_map(|(answer, executed)| {
            json!({ "failures": [{ "answer": answer, "executed": executed, "times": 1 }] })
        }),
        1 => any::<[bool; 6]>().prop_map(|[a, b, c, d, e, f]| json!({
            "withoutEnvelope": a, "bareTask": b, "unknownFields": c, "oddValues": d,
            "expireTokens": e, "cancelLoses": f, "singleTask": a, "misleadingNext": b,
        })),
        1 => (any::<[bool; 4]>(), 1_u32.., 0..100_000_000_u32).prop_map(|([a, b, c, d], size, rows)| {
            json!({
                "staleFile": a, "lostChunks": b, "lostDumps": c, "blockFiles": d,
                "dumpAnswer": if a { "noContent" } else { "notFound" }, "chunkSize": size,
                "fileRows": rows,
            })
        }),
        1 => (any::<f64>(), any::<String>(), any::<u32>()).prop_map(|(progress, name, size)| json!({
            "progress": progress, "withoutFields": [name], "nullFields": [name], "taskState": name,
            "pageSize": size, "requestsPerMinute": size, "latency": size,
        })),
    ]
}

/// What a well-behaved server may send, when no switch bends it.
fn assert_shape(reply: &Reply, request: &Request) {
    assert_eq!(reply.ending, Ending::Whole);
    assert!(reply.header("date").is_some());
    if let Some(part) = reply.part {
        assert!(reply.status == 200 && reply.body.is_empty() && part.size() > 0);
        assert_eq!(part.read(0, 1).len(), 1);
        return;
    }
    if matches!(reply.header("content-type"), Some("application/octet-stream" | "text/plain")) {
        assert_eq!(reply.status, 200);
        return;
    }
    let body = String::from_utf8_lossy(&reply.body);
    if matches!(reply.status, 204 | 403) {
        assert!(reply.body.is_empty());
        return;
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{body}"));
    match reply.status {
        200 | 201 if body["status"] == "SUCCESS" => {
            assert!(body["tokenInfo"]["expiresAt"].is_u64())
        }
        200 => {
            assert_eq!(body["status"], json!({ "code": 200, "message": "Success" }));
            assert!(body["meta"]["schema"].is_string());
        }
        status if body["status"].is_string() => assert!(matches!(status, 400 | 401)),
        status => {
            assert_eq!(body["status"]["code"], status);
            assert!(matches!(status, 400 | 401 | 404 | 405 | 406 | 415 | 429 | 500), "{status}");
            assert_eq!(body["path"], request.path());
            assert!(body["timestamp"].is_string());
        }
    }
}

proptest! {
    #[test]
    fn a_reply_always_comes_and_has_a_shape(
        steps in prop::collection::vec((request(), faults(), 0_u64..4_000_000), 1..25)
    ) {
        let mut driver = Driver::new();
        let workspace = driver.tenant["workspaceId"].as_str().unwrap().to_owned();
        let model = driver.tenant["models"][0]["modelId"].as_str().unwrap().to_owned();
        let mut task = "0".to_owned();
        for (mut request, faults, later) in steps {
            // A wrong switch is refused; a right one is tried.
            let bent = driver.simulator.set(&faults).is_ok() && !faults.is_null();
            driver.advance(later);
            let token = driver.simulator.describe(driver.now)["token"].as_str().unwrap().to_owned();
            for (_, value) in &mut request.headers {
                *value = value.replace("TOKEN", &token);
            }
            request.target = request
                .target
                .replace("/W/", &format!("/{workspace}/"))
                .replace("/M/", &format!("/{model}/"))
                .replace("/T", &format!("/{task}"));
            let reply = driver.send(&request);
            if let Some(part) = reply.part {
                let end = part.size().saturating_sub(1);
                assert_eq!(part.read(end, 10).len() as u64, part.size().min(1));
            }
            if let Ok(body) = serde_json::from_slice::<Value>(&reply.body)
                && let Some(id) = body["task"]["taskId"].as_str()
            {
                task = id.into();
            }
            if !bent {
                assert_shape(&reply, &request);
            }
        }
    }

    #[test]
    fn any_patch_and_any_time_is_survived(patch in any::<String>(), now in any::<u64>()) {
        let mut driver = Driver::new();
        let _ = driver.simulator.set(&Value::String(patch.clone()));
        let _ = driver.simulator.set(&json!({ patch: 1 }));
        let target = driver.export(driver::SUCCEEDS, "/tasks");
        driver.now = now;
        let reply = driver.call("GET", &target);
        let lived = now.max(START) < START + 35 * 60_000;
        prop_assert_eq!(reply.status, if lived { 200 } else { 401 });
    }
}
