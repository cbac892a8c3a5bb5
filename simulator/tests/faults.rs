//! Every switch, each shown to make its difference.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use anaplan_tasks_simulator::Ending;
use driver::*;
use serde_json::{Value, json};

#[test]
fn answers_without_an_envelope() {
    let mut driver = Driver::with(json!({ "withoutEnvelope": true }));
    let start = body(&driver.post(FAILS, r#"{"localeName":"en_US"}"#));
    assert_eq!(start.as_object().unwrap().keys().collect::<Vec<_>>(), ["task"]);
    let tasks = driver.export(FAILS, "/tasks");
    assert_eq!(driver.get(&tasks).as_object().unwrap().keys().collect::<Vec<_>>(), ["tasks"]);
}

#[test]
fn a_start_with_the_id_at_the_top() {
    let mut driver = Driver::with(json!({ "bareStart": true }));
    let start = body(&driver.post(FAILS, r#"{"localeName":"en_US"}"#));
    assert!(
        start["taskId"].is_string() && start["meta"].is_object() && start.get("task").is_none()
    );
    driver.set(json!({ "withoutEnvelope": true }));
    let start = body(&driver.post(FAILS, r#"{"localeName":"en_US"}"#));
    assert_eq!(start.as_object().unwrap().keys().collect::<Vec<_>>(), ["taskId"]);
}

#[test]
fn a_task_at_the_top() {
    let mut driver = Driver::with(json!({ "bareTask": true }));
    let path = driver.start(SUCCEEDS);
    for method in ["GET", "DELETE"] {
        let task = body(&driver.call(method, &path));
        assert!(task["taskState"].is_string() && task.get("task").is_none(), "{method}");
    }
}

#[test]
fn a_list_of_one_as_an_object() {
    let mut driver = Driver::with(json!({ "singleTask": true }));
    let target = driver.export(SUCCEEDS, "/tasks");
    assert_eq!(ids(&driver.get(&target)).len(), 4);
    let one = driver.get(&format!("{target}?limit=1"));
    assert!(one["task"]["taskId"].is_string() && one.get("tasks").is_none());
}

#[test]
fn fields_that_are_missing_or_null() {
    let names = ["type", "creationTime", "currentStep", "progress", "result"];
    let mut driver = Driver::new();
    let path = driver.start(FAILS);
    driver.advance(60_000);
    assert!(names.iter().all(|name| driver.task(&path).get(name).is_some()));
    driver.set(json!({ "withoutFields": names }));
    assert_eq!(
        driver.task(&path).as_object().unwrap().keys().collect::<Vec<_>>(),
        ["taskId", "taskState"]
    );
    let list = driver.get(&driver.export(FAILS, "/tasks"));
    assert_eq!(list["tasks"][0].get("creationTime"), None);

    driver.set(json!({ "withoutFields": ["details"], "nullFields": ["progress", "objectId"] }));
    let task = driver.task(&path);
    assert_eq!(task.get("progress"), Some(&Value::Null));
    assert_eq!(task["result"].get("objectId"), Some(&Value::Null));
    assert_eq!(task["result"].get("details"), None);
}

#[test]
fn progress_of_every_kind() {
    let mut driver = Driver::new();
    let path = driver.start(IN_SECONDS);
    driver.advance(60_000);
    let mut written = |patch| {
        driver.set(patch);
        let reply = text(&driver.call("GET", &path));
        let (_, rest) = reply.split_once("\"progress\":").unwrap();
        rest.split([',', '}']).next().unwrap().to_owned()
    };
    assert_eq!(written(json!({})), "1");
    assert_eq!(written(json!({ "floatProgress": true })), "1.0");
    assert_eq!(written(json!({ "progress": -1.0 })), "-1.0");
    assert_eq!(written(json!({ "floatProgress": false })), "-1");
    assert_eq!(written(json!({ "progress": 1.5 })), "1.5");
}

#[test]
fn states_and_fields_that_nobody_knows() {
    let mut driver = Driver::with(json!({ "taskState": "PAUSED", "unknownFields": true }));
    let path = driver.start(FAILS);
    assert_eq!(driver.state(&path), "PAUSED");
    let list = driver.get(&driver.export(FAILS, "/tasks"));
    assert_eq!(list["tasks"][0]["taskState"], "PAUSED");
    driver.advance(60_000);
    let answer = driver.get(&path);
    assert_eq!(answer["task"]["taskState"], "COMPLETE");
    for object in [
        &answer,
        &answer["task"],
        &answer["task"]["result"],
        &answer["task"]["result"]["details"][0],
        &list,
        &list["tasks"][0],
    ] {
        assert!(object["newInNextRelease"].is_object(), "{object}");
    }
}

#[test]
fn what_bends_a_result_bends_the_results_in_it() {
    let mut driver = Driver::with(json!({ "withoutFields": ["objectName"], "oddValues": true }));
    let tasks = driver.export(SUCCEEDS, "/tasks").replace("exports", "processes");
    let tasks = tasks.replace(SUCCEEDS, "118000000001");
    let mut request = driver.request("POST", &tasks);
    request.headers.push(("content-type".into(), "application/json".into()));
    request.body = br#"{"localeName":"en_US"}"#.to_vec();
    let id = body(&driver.send(&request))["task"]["taskId"].as_str().unwrap().to_owned();
    driver.advance(60_000);
    let load = driver.task(&format!("{tasks}/{id}"))["result"]["nestedResults"][1].take();
    assert_eq!((load["objectId"].as_str(), load.get("objectName")), (Some("112000000002"), None));
    let values = load["details"][0]["values"].as_array().unwrap();
    assert_eq!(values.last(), Some(&json!("keyWithoutValue")));
}

#[test]
fn values_that_are_null_and_a_key_without_one() {
    let mut driver = Driver::with(json!({ "oddValues": true }));
    let path = driver.start(FAILS);
    driver.advance(60_000);
    let values = driver.task(&path)["result"]["details"][0]["values"].take();
    let odd = json!(["objectName", "Salary", "objectId", null, "keyWithoutValue"]);
    assert_eq!(values, odd);
}

#[test]
fn who_cancelled_it() {
    let mut driver = Driver::with(json!({ "cancelledBy": "admin@example.com" }));
    let path = driver.start(SUCCEEDS);
    driver.advance(5_000);
    driver.call("DELETE", &path);
    assert_eq!(driver.task(&path).get("cancelledBy"), None);
    driver.advance(5_000);
    assert_eq!(driver.task(&path)["cancelledBy"], "admin@example.com");
}

#[test]
fn every_answer_to_a_cancel() {
    for (answer, status, cancels) in [
        ("task", 200, true),
        ("envelope", 200, true),
        ("empty", 200, true),
        ("accepted", 202, true),
        ("noContent", 204, true),
        ("notFound", 404, false),
        ("conflict", 409, false),
        ("badRequest", 400, false),
    ] {
        let mut driver = Driver::with(json!({ "cancelAnswer": answer }));
        let path = driver.start(SUCCEEDS);
        driver.advance(10_000);
        let reply = driver.call("DELETE", &path);
        assert_eq!(reply.status, status, "{answer}");
        match answer {
            "task" | "accepted" => assert_eq!(body(&reply)["task"]["taskState"], "CANCELLING"),
            "envelope" => {
                assert!(body(&reply)["meta"].is_object() && !text(&reply).contains("taskId"))
            }
            "empty" | "noContent" => assert!(reply.body.is_empty()),
            _ => assert_error(&reply, status, &path),
        }
        let expected = if cancels { "CANCELLING" } else { "IN_PROGRESS" };
        assert_eq!(driver.state(&path), expected, "{answer}");
    }
}

#[test]
fn a_cancel_that_loses_the_race() {
    let mut driver = Driver::with(json!({ "cancelLoses": true }));
    let path = driver.start(SUCCEEDS);
    driver.advance(10_000);
    driver.call("DELETE", &path);
    assert_eq!(driver.state(&path), "CANCELLING");
    driver.advance(40_000);
    assert_eq!(driver.state(&path), "COMPLETE");
}

#[test]
fn pages_that_mislead() {
    let mut driver = Driver::with(json!({ "misleadingNext": true }));
    let target = driver.export(SUCCEEDS, "/tasks");
    let list = driver.get(&target);
    assert_eq!(ids(&list).len(), 4);
    let next = list["meta"]["paging"]["next"].as_str().unwrap();
    assert!(next.ends_with("?limit=20&offset=20"), "{next}");

    driver.set(json!({ "misleadingNext": false, "pageSize": 3 }));
    let list = driver.get(&format!("{target}?limit=100"));
    assert_eq!(ids(&list).len(), 3);
    assert_eq!(list["meta"]["paging"]["currentPageSize"], 3);
    assert_eq!(list["meta"]["paging"]["totalSize"], 4);
}

#[test]
fn origins_let_in_or_refused() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    let from = |driver: &mut Driver, method: &str, origin: &str| {
        let mut request = driver.request(method, &target);
        request.headers.push(("origin".into(), origin.into()));
        driver.send(&request)
    };
    let reply = from(&mut driver, "GET", "http://localhost:3000");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(reply.header("access-control-expose-headers"), Some("retry-after"));
    let reply = from(&mut driver, "OPTIONS", "http://localhost:3000");
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    assert!(reply.header("access-control-allow-methods").unwrap().contains("DELETE"));
    let headers = reply.header("access-control-allow-headers").unwrap();
    assert!(["authorization", "idempotency-key"].iter().all(|name| headers.contains(name)));

    driver.set(json!({ "refuseOrigins": true }));
    for method in ["GET", "OPTIONS"] {
        for origin in ["null", "http://localhost:3000", "https://x.app.anaplan.com.evil.example"] {
            let reply = from(&mut driver, method, origin);
            assert_eq!((reply.status, reply.body.len()), (403, 0), "{method} {origin}");
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(from(&mut driver, "GET", "https://us1a.app.anaplan.com").status, 200);
    assert_eq!(driver.call("GET", &target).status, 200);
}

#[test]
fn failures_by_status() {
    for status in [400, 401, 404, 409, 410, 422, 423, 424, 425, 429] {
        let mut driver = Driver::failing(json!(status));
        let target = driver.export(SUCCEEDS, "/tasks");
        assert_error(&driver.call("GET", &target), status, &target);
        assert_eq!(driver.call("GET", &target).status, 200);
    }
    for status in [500, 502, 503, 504] {
        let mut driver = Driver::failing(json!(status));
        let target = driver.export(SUCCEEDS, "/tasks");
        let reply = driver.call("GET", &target);
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("content-type"), Some("text/html;charset=UTF-8"));
        assert!(text(&reply).starts_with("<!DOCTYPE html>"));
    }
    let mut driver = Driver::failing(json!(403));
    let target = driver.export(SUCCEEDS, "/tasks");
    let reply = driver.call("GET", &target);
    assert_eq!((reply.status, reply.body.len()), (403, 0));

    let mut driver = Driver::failing(json!(401));
    let reply = driver.call("GET", "/token/validate");
    assert_eq!(body(&reply)["status"], "FAILURE_BAD_CREDENTIAL");
}

#[test]
fn failures_of_other_kinds() {
    let of = |answer: &str| {
        let mut driver = Driver::failing(json!(answer));
        let target = driver.export(SUCCEEDS, "/tasks");
        let failed = driver.call("GET", &target);
        (failed, driver.call("GET", &target))
    };
    let (reply, _) = of("deprecated");
    assert_eq!(reply.status, 503);
    assert!(text(&reply).contains("deprecated"));
    let (reply, _) = of("loginPage");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html;charset=UTF-8"))
    );
    let (reply, whole) = of("truncated");
    assert_eq!(reply.body, whole.body[..whole.body.len() / 2]);
    assert_eq!(reply.ending, Ending::Whole);
    let (reply, _) = of("empty");
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    for (answer, ending) in [
        ("reset", Ending::Reset),
        ("stall", Ending::Stall),
        ("noAnswer", Ending::NoAnswer),
        ("hang", Ending::Hang),
    ] {
        assert_eq!(of(answer).0.ending, ending);
        assert_eq!(of(answer).1.ending, Ending::Whole);
    }
}

#[test]
fn failures_are_limited_to_what_they_are_for() {
    let fault = |on: &str| json!({ "failures": [{ "answer": 503, "on": [on] }] });
    let mut driver = Driver::new();
    let (task, tasks) = (driver.start(SUCCEEDS), driver.export(SUCCEEDS, "/tasks"));
    let list = driver.export(SUCCEEDS, "");
    let files = driver.model(0, "/files");
    let file = format!("{files}/{SUCCEEDS}");
    let (chunks, chunk) = (format!("{file}/chunks"), format!("{file}/chunks/0"));
    let (dump, dump_chunks) = (format!("{task}/dump"), format!("{task}/dump/chunks"));
    let calls = [
        ("status", "GET", task.as_str()),
        ("cancel", "DELETE", &task),
        ("start", "POST", &tasks),
        ("tasks", "GET", &tasks),
        ("list", "GET", &list),
        ("list", "GET", "/2/0/models"),
        ("files", "GET", &files),
        ("files", "GET", &chunks),
        ("files", "GET", &dump_chunks),
        ("download", "GET", &chunk),
        ("download", "GET", &file),
        ("download", "GET", &dump),
        ("auth", "GET", "/token/validate"),
    ];
    for (on, ..) in calls {
        driver.set(fault(on));
        for (name, method, target) in calls {
            let failed = driver.call(method, target).status == 503;
            assert_eq!(failed, on == name, "{method} {target} with failures on {on}");
        }
    }
}

#[test]
fn a_lost_answer_to_a_start_that_took_effect_or_did_not() {
    for (failure, started) in [
        (json!({ "answer": "reset" }), true),
        (json!({ "answer": "truncated" }), true),
        (json!({ "answer": 503 }), false),
        (json!({ "answer": "noAnswer" }), false),
        (json!({ "answer": "hang", "executed": true }), true),
        (json!({ "answer": 503, "executed": true }), true),
        (json!({ "answer": "empty", "executed": false }), false),
    ] {
        let mut driver = Driver::with(json!({ "failures": [failure] }));
        driver.post(FAILS, r#"{"localeName":"en_US"}"#);
        driver.set(Value::Null);
        let target = driver.export(FAILS, "/tasks");
        assert_eq!(ids(&driver.get(&target)).len(), usize::from(started), "{failure}");
    }
}

#[test]
fn tasks_that_wait_for_each_other() {
    let mut driver = Driver::new();
    let before = driver.start(SUCCEEDS);
    driver.set(json!({ "queues": true }));
    let import = driver.model(0, "/imports/112000000001");
    let second = driver.run(&import);
    let third = driver.start(CANNOT_BE_CANCELLED);
    let elsewhere = driver.start(IN_SECONDS);
    driver.set(json!({ "queues": false }));
    let free = driver.start(FAILS);
    driver.advance(41_499);
    let states = |driver: &mut Driver| {
        [&before, &second, &third, &elsewhere, &free].map(|task| driver.state(task))
    };
    assert_eq!(
        states(&mut driver),
        ["IN_PROGRESS", "NOT_STARTED", "NOT_STARTED", "COMPLETE", "COMPLETE"]
    );
    driver.advance(1_501);
    assert_eq!(states(&mut driver)[1..3], ["IN_PROGRESS", "NOT_STARTED"]);
    // A cancel lets the next one start sooner.
    driver.call("DELETE", &second);
    driver.advance(4_000);
    assert_eq!(states(&mut driver)[1..3], ["CANCELLED", "NOT_STARTED"]);
    driver.advance(1_500);
    assert_eq!(driver.state(&third), "IN_PROGRESS");
    driver.set(json!({ "queues": true }));
    let last = driver.start(SUCCEEDS);
    driver.advance(60_000);
    assert_eq!(
        (driver.state(&third), driver.state(&last)),
        ("COMPLETE".into(), "NOT_STARTED".into())
    );
    driver.advance(1_500);
    assert_eq!(driver.state(&last), "IN_PROGRESS");
}

#[test]
fn a_clock_that_is_off_by_an_hour() {
    for skew in [3_600_000_i64, -3_600_000] {
        let clock = |now: u64| now.saturating_add_signed(skew);
        let mut driver = Driver::with(json!({ "clockSkew": skew }));
        let target = driver.export(SUCCEEDS, "/tasks");
        let task = driver.start(SUCCEEDS);
        driver.advance(41_500);
        let seen = driver.task(&task);
        assert_eq!(seen["creationTime"], clock(START));
        assert_eq!(seen["taskState"], "COMPLETE", "it takes as long as ever");
        assert_eq!(driver.get(&target)["tasks"][4]["creationTime"], clock(START));
        let described = driver.simulator.describe(driver.now)["tasks"].take();
        assert_eq!(described[4]["creationTime"], clock(START));
        let date = driver.call("GET", &target).header("date").unwrap().to_owned();
        let missing = driver.call("GET", "/2/0/x");
        let stamp = body(&missing)["timestamp"].as_str().unwrap().to_owned();
        let validated = driver.call("GET", "/token/validate");
        assert_eq!(body(&validated)["tokenInfo"]["expiresAt"], clock(START) + 35 * 60_000);
        driver.set(json!({ "clockSkew": null }));
        if skew > 0 {
            // Another simulator, whose clock is right at that time.
            let mut ahead = Driver::new();
            ahead.now = clock(driver.now);
            assert_eq!(ahead.call("GET", "/").header("date").unwrap(), date);
        }
        assert_ne!(driver.call("GET", &target).header("date").unwrap(), date);
        let missing = driver.call("GET", "/2/0/x");
        assert_ne!(body(&missing)["timestamp"].as_str().unwrap()[..13], stamp[..13]);
    }
}

#[test]
fn tasks_of_another_user() {
    let mut driver = Driver::new();
    let wanted = json!({
        "workspaceId": driver.tenant["workspaceId"],
        "modelId": driver.model_of(SUCCEEDS),
        "exportId": SUCCEEDS,
    });
    let task = driver.simulator.start_as_another(driver.now, &wanted).unwrap();
    let id = task["taskId"].as_str().unwrap().to_owned();
    assert_eq!(task["exportId"], SUCCEEDS);
    let target = driver.export(SUCCEEDS, "/tasks");
    assert_eq!(ids(&driver.get(&target)).last(), Some(&id));
    driver.advance(60_000);
    assert_eq!(driver.state(&format!("{target}/{id}")), "COMPLETE");
    let file = driver.model(0, &format!("/files/{SUCCEEDS}"));
    assert_error(&driver.call("GET", &file), 404, &file);
    let described = driver.simulator.describe(driver.now)["tasks"].take();
    assert_ne!(described[4]["owner"], driver.tenant["user"]);

    let mut unknown = wanted.clone();
    unknown["exportId"] = json!("116000009999");
    for wrong in [unknown, json!({ "exportId": SUCCEEDS }), json!(null), json!([])] {
        assert!(driver.simulator.start_as_another(driver.now, &wrong).is_err(), "{wrong}");
    }
    assert_eq!(ids(&driver.get(&target)).len(), 5);
}

#[test]
fn retry_after_in_every_form() {
    for (retry_after, expected) in [
        (json!(7), Some("7")),
        (json!("Sat, 01 Aug 2026 09:30:00 GMT"), Some("Sat, 01 Aug 2026 09:30:00 GMT")),
        (json!("soon"), Some("soon")),
        (Value::Null, None),
    ] {
        let failure = json!({ "answer": 429, "retryAfter": retry_after });
        let mut driver = Driver::with(json!({ "failures": [failure] }));
        let target = driver.export(SUCCEEDS, "/tasks");
        assert_eq!(driver.call("GET", &target).header("retry-after"), expected);
    }
}

#[test]
fn latency_and_the_date_by_the_simulated_clock() {
    let mut driver = Driver::with(json!({ "latency": 250 }));
    let target = driver.export(SUCCEEDS, "/tasks");
    let reply = driver.call("GET", &target);
    assert_eq!(reply.delay, 250);
    assert_eq!(reply.header("date"), Some("Thu, 28 May 2026 20:26:40 GMT"));
    driver.set(Value::Null);
    assert_eq!(driver.call("GET", &target).delay, 0);
}

#[test]
fn a_patch_that_is_wrong_is_refused_whole() {
    let mut driver = Driver::new();
    let error = driver.simulator.set(&json!({ "latency": 5, "latencie": 5 })).unwrap_err();
    assert!(error.contains("unknown field `latencie`"), "{error}");
    assert!(driver.simulator.set(&json!({ "expireTokens": 1 })).is_err());
    let target = driver.export(SUCCEEDS, "/tasks");
    assert_eq!(driver.call("GET", &target).delay, 0);
    let faults = driver.simulator.set(&json!({ "latency": 5 })).unwrap();
    assert_eq!((&faults["latency"], &faults["bareStart"]), (&json!(5), &json!(false)));
}
