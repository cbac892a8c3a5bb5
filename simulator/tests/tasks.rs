//! Tasks from start to end, hours in milliseconds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod driver;

use driver::*;
use serde_json::{Value, json};

#[test]
fn a_process_says_how_long_its_steps_took_when_it_is_asked_to() {
    let mut driver = Driver::new();
    let process = driver.model(0, "/processes/118000000001");
    let task = driver.run(&process);
    let detailed = format!("{task}?includeProcessDetails=true");
    driver.advance(20_000);
    assert_eq!(driver.task(&detailed).get("result"), None);
    driver.advance(20_000);
    assert_eq!(driver.task(&task)["result"].get("duration"), None);
    let result = driver.task(&detailed)["result"].take();
    let steps = result["nestedResults"].as_array().unwrap();
    let all = [&result, &steps[0], &steps[1]];
    assert_eq!(all.map(|one| one["duration"].as_str()), ["30000", "15000", "15000"].map(Some));
    // It was at 40.123 when the clock began, and waited for 1.5.
    let starts = all.map(|one| one["startTime"].as_str().unwrap()[17..23].to_owned());
    assert_eq!(starts, ["41.623", "41.623", "56.623"]);
    driver.set(json!({ "bareTask": true }));
    assert!(driver.get(&detailed)["result"]["duration"].is_string());
    // Only processes have steps.
    driver.set(json!({ "bareTask": false }));
    let export = driver.start(IN_SECONDS);
    driver.advance(10_000);
    let result = driver.task(&format!("{export}?includeProcessDetails=true"))["result"].take();
    assert_eq!(result.get("duration"), None);
}

#[test]
fn an_export_runs_and_succeeds() {
    let mut driver = Driver::new();
    let reply = driver.post(SUCCEEDS, r#"{"localeName":"en_US"}"#);
    let start = body(&reply);
    assert_eq!(reply.status, 200);
    assert_eq!(start["status"], json!({ "code": 200, "message": "Success" }));
    let id = start["task"]["taskId"].as_str().unwrap().to_owned();
    assert_eq!(start["task"], json!({ "taskId": id }));
    assert!(id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
    let path = driver.export(SUCCEEDS, &format!("/tasks/{id}"));

    assert_eq!(
        driver.task(&path),
        json!({ "type": "taskInformation", "taskId": id, "taskState": "NOT_STARTED", "progress": 0,
                "creationTime": START })
    );
    driver.advance(21_500);
    assert_eq!(
        driver.task(&path),
        json!({ "type": "taskInformation", "taskId": id, "taskState": "IN_PROGRESS",
                "currentStep": "Processing …", "progress": 0.5, "creationTime": START })
    );
    driver.advance(20_000);
    let end = json!({ "type": "taskInformation", "taskId": id, "taskState": "COMPLETE",
        "currentStep": "Complete.", "progress": 1, "creationTime": START,
        "result": { "successful": true, "objectId": SUCCEEDS, "failureDumpAvailable": false } });
    assert_eq!(driver.task(&path), end);
    // A token lives 35 minutes; the task is there for longer.
    driver.advance(30 * 60 * 1_000);
    assert_eq!(driver.task(&path), end);
}

#[test]
fn whole_numbers_are_written_without_a_point() {
    let mut driver = Driver::new();
    let path = driver.start(FAILS);
    driver.advance(60_000);
    let reply = text(&driver.call("GET", &path));
    assert!(reply.contains(&format!("\"creationTime\":{START},")), "{reply}");
    assert!(reply.contains("\"progress\":1,") && reply.contains("\"occurrences\":1,"), "{reply}");
}

#[test]
fn a_failed_export_is_complete_and_says_why() {
    let mut driver = Driver::new();
    let path = driver.start(FAILS);
    driver.advance(26_499);
    assert_eq!(driver.state(&path), "IN_PROGRESS");
    driver.advance(1);
    let task = driver.task(&path);
    assert_eq!(task["taskState"], "COMPLETE");
    assert_eq!(task["currentStep"], "Failed.");
    assert_eq!(task["result"]["successful"], false);
    assert_eq!(
        task["result"]["details"][0],
        json!({ "localMessageText": "Not authorised ", "occurrences": 1, "type": "notAuthorised",
                "values": ["objectName", "Salary"] })
    );
}

#[test]
fn a_cancelled_export_is_cancelling_and_then_cancelled() {
    let mut driver = Driver::new();
    let path = driver.start(TAKES_LONG);
    driver.advance(5 * 60 * 1_000);
    let asked = body(&driver.call("DELETE", &path));
    assert_eq!(asked["task"]["taskState"], "CANCELLING");
    assert_eq!(asked["task"]["currentStep"], "Cancelling");
    driver.advance(19_999);
    assert_eq!(driver.state(&path), "CANCELLING");
    // Asking again changes nothing.
    driver.call("DELETE", &path);
    driver.advance(1);
    let task = driver.task(&path);
    assert_eq!(task["taskState"], "CANCELLED");
    assert_eq!(task["result"]["successful"], false);
    assert_eq!(task["result"]["details"][0]["type"], "msgExportCancelled");
    // Nor does asking after the end.
    assert_eq!(body(&driver.call("DELETE", &path))["task"], task);
}

#[test]
fn a_cancel_that_comes_too_late_ends_complete() {
    let mut driver = Driver::new();
    let path = driver.start(CANNOT_BE_CANCELLED);
    driver.advance(10_000);
    assert_eq!(body(&driver.call("DELETE", &path))["task"]["taskState"], "CANCELLING");
    driver.advance(51_499);
    assert_eq!(driver.state(&path), "CANCELLING");
    driver.advance(1);
    assert_eq!(driver.state(&path), "COMPLETE");
    assert_eq!(driver.task(&path)["result"]["successful"], true);
}

#[test]
fn an_export_of_unknown_progress_says_nothing_of_it() {
    let mut driver = Driver::new();
    let path = driver.start(PROGRESS_UNKNOWN);
    driver.advance(60_000);
    let task = driver.task(&path);
    assert_eq!((&task["taskState"], task.get("progress")), (&json!("IN_PROGRESS"), None));
}

#[test]
fn a_long_export_takes_twelve_minutes_and_a_short_one_seconds() {
    let mut driver = Driver::new();
    let (long, short) = (driver.start(TAKES_LONG), driver.start(IN_SECONDS));
    driver.advance(3_500);
    assert_eq!(driver.state(&short), "COMPLETE");
    driver.advance(12 * 60 * 1_000 - 2_001);
    assert_eq!(driver.state(&long), "IN_PROGRESS");
    driver.advance(1);
    assert_eq!(driver.state(&long), "COMPLETE");
}

#[test]
fn the_same_export_started_twice_runs_one_after_the_other() {
    let mut driver = Driver::new();
    let first = driver.start(SUCCEEDS);
    driver.advance(1_000);
    let second = driver.start(SUCCEEDS);
    assert_ne!(first, second);
    let other = driver.start(FAILS);
    driver.advance(40_499);
    assert_eq!(driver.state(&first), "IN_PROGRESS");
    assert_eq!(driver.state(&second), "NOT_STARTED");
    assert_eq!(driver.state(&other), "COMPLETE");
    driver.advance(1_501);
    assert_eq!(driver.state(&first), "COMPLETE");
    driver.advance(1_000);
    assert_eq!(driver.state(&second), "IN_PROGRESS");
    driver.advance(40_000);
    assert_eq!(driver.state(&second), "COMPLETE");
}

#[test]
fn a_task_that_waits_is_cancelled_at_once() {
    let mut driver = Driver::new();
    driver.start(SUCCEEDS);
    let second = driver.start(SUCCEEDS);
    assert_eq!(body(&driver.call("DELETE", &second))["task"]["taskState"], "CANCELLED");
}

#[test]
fn a_task_belongs_to_its_action_alone() {
    let mut driver = Driver::new();
    let path = driver.start(SUCCEEDS);
    for wrong in [
        path.replace(SUCCEEDS, FAILS),
        path.replace("exports", "imports"),
        path.replace(driver.model_of(SUCCEEDS), driver.model_of(IN_SECONDS)),
        path.replace("/2/0/workspaces/", "/2/0/workspaces/0"),
        path.to_lowercase(),
        format!("{path}0"),
        format!("{path}/dumps"),
        path.replace("/workspaces", "/x/workspaces"),
        path.replace("/2/0", ""),
    ] {
        for method in ["GET", "DELETE"] {
            assert_error(&driver.call(method, &wrong), 404, &wrong);
        }
    }
    assert_eq!(driver.call("GET", &format!("{path}/?unknown=1&x")).status, 200);
}

#[test]
fn a_start_is_refused_as_anaplan_refuses_it() {
    let mut driver = Driver::new();
    let target = driver.export(SUCCEEDS, "/tasks");
    let before = driver.get(&target)["tasks"].as_array().unwrap().len();
    let mut request = driver.request("POST", &target);
    request.body = br#"{"localeName":"en_US"}"#.to_vec();
    assert_error(&driver.send(&request), 415, &target);
    request.headers.push(("Content-Type".into(), "text/plain".into()));
    assert_error(&driver.send(&request), 415, &target);

    for wrong in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"localeName":""}"#,
        r#"{"localeName":7}"#,
        r#"{"mappingParameters":[],"localeName":"en_US"}"#,
    ] {
        assert_error(&driver.post(SUCCEEDS, wrong), 400, &target);
    }
    let unknown = driver.export("116000009999", "/tasks");
    assert_error(&driver.post("116000009999", r#"{"localeName":"en_US"}"#), 404, &unknown);
    assert_eq!(driver.get(&target)["tasks"].as_array().unwrap().len(), before);

    let good = r#"{"localeName":"en_US","mappingParameters":[{"entityType":"Version"}],"x":{}}"#;
    assert_eq!(driver.post(SUCCEEDS, good).status, 200);
}

#[test]
fn other_verbs_and_other_formats_are_refused() {
    let mut driver = Driver::new();
    let task = driver.start(SUCCEEDS);
    let tasks = driver.export(SUCCEEDS, "/tasks");
    for (method, target, allow) in [
        ("PUT", &task, "GET, DELETE"),
        ("POST", &task, "GET, DELETE"),
        ("DELETE", &tasks, "GET, POST"),
        ("POST", &driver.export(SUCCEEDS, ""), "GET"),
    ] {
        let reply = driver.call(method, target);
        assert_error(&reply, 405, target);
        assert_eq!(reply.header("allow"), Some(allow));
    }
    for (accept, status) in [
        ("text/html", 406),
        ("application/octet-stream", 406),
        ("*/*", 200),
        ("text/html, application/json;q=0.9", 200),
        ("application/*", 200),
        ("", 200),
    ] {
        let mut request = driver.request("GET", &task);
        request.headers.push(("accept".into(), accept.into()));
        assert_eq!(driver.send(&request).status, status, "{accept}");
    }
}

#[test]
fn a_process_has_a_result_for_each_step_that_ran() {
    let mut driver = Driver::new();
    let tasks = driver.export(SUCCEEDS, "/tasks").replace("exports", "processes");
    let tasks = tasks.replace(SUCCEEDS, "118000000001");
    let mut request = driver.request("POST", &tasks);
    request.headers.push(("content-type".into(), "application/json;charset=utf-8".into()));
    request.body = br#"{"localeName":"en_US"}"#.to_vec();
    let id = body(&driver.send(&request))["task"]["taskId"].as_str().unwrap().to_owned();
    driver.advance(60_000);
    let result = driver.task(&format!("{tasks}/{id}"))["result"].take();
    assert_eq!(result["successful"], false);
    let steps: Vec<(&Value, &Value)> = result["nestedResults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (&step["objectName"], &step["successful"]))
        .collect();
    assert_eq!(steps, [(&json!("Clear"), &json!(true)), (&json!("Load"), &json!(false))]);
    let values = &result["nestedResults"][1]["details"][0]["values"];
    assert_eq!(values, &json!(["successRowCount", "3", "failedCount", "1"]));
}

#[test]
fn a_tenant_is_the_same_again_for_the_same_seed() {
    use anaplan_tasks_simulator::{Options, Simulator};
    let of = |seed| Simulator::new(Options { seed, ..Options::default() }, START).describe(START);
    assert_eq!(of(Some(5)), of(Some(5)));
    assert_ne!(of(Some(5))["workspaceId"], of(Some(6))["workspaceId"]);
    let named = Options { user: Some("u".into()), password: Some("p".into()), seed: None };
    let tenant = Simulator::new(named, 0).describe(0);
    assert_eq!((&tenant["user"], &tenant["password"]), (&json!("u"), &json!("p")));
    // At the beginning of time there is no past.
    assert_eq!(tenant["tasks"], json!([]));
}

#[test]
fn a_clock_that_goes_back_takes_nothing_back() {
    let mut driver = Driver::new();
    let path = driver.start(IN_SECONDS);
    driver.advance(10_000);
    assert_eq!(driver.state(&path), "COMPLETE");
    driver.now = 0;
    assert_eq!(driver.state(&path), "COMPLETE");
}
