use anaplan_tasks::status::{Phase, TaskStatus};
use anaplan_tasks::wire::{Detail, Task, TaskResult};

use crate::task_ref;

fn task(state: &str, successful: Option<bool>) -> Task {
    let result = successful
        .map(|successful| TaskResult { successful: Some(successful), ..TaskResult::default() });
    Task { task_state: Some(state.to_owned()), result, ..Task::default() }
}

fn observed(task: Task) -> TaskStatus {
    TaskStatus::observed(task, &task_ref(), 1_780_000_000_000.0)
}

#[test]
fn phases_tell_the_truth() {
    let all = [
        ("NOT_STARTED", None, Phase::Waiting, false),
        ("IN_PROGRESS", None, Phase::Running, false),
        ("IN_PROGRESS", Some(true), Phase::Running, false),
        ("COMPLETE", Some(true), Phase::Succeeded, true),
        ("COMPLETE", Some(false), Phase::Failed, true),
        ("COMPLETE", None, Phase::Unknown, true),
        ("CANCELLING", None, Phase::Cancelling, false),
        ("CANCELLED", None, Phase::Cancelled, true),
        ("CANCELLED", Some(false), Phase::Cancelled, true),
        ("FAILED", None, Phase::Unknown, false),
        ("complete", Some(true), Phase::Unknown, false),
        ("", None, Phase::Unknown, false),
    ];
    for (state, successful, phase, done) in all {
        let status = observed(task(state, successful));
        assert_eq!((status.phase, status.done), (phase, done), "{state} {successful:?}");
        assert_eq!(status.task_state, state, "the server's own word");
    }
}

#[test]
fn an_end_without_a_word_on_success_is_no_success() {
    let mut silent = task("COMPLETE", Some(true));
    silent.result = Some(TaskResult::default());
    let status = observed(silent);
    assert_eq!((status.phase, status.done), (Phase::Unknown, true));
    assert!(!status.result.unwrap().successful);
}

#[test]
fn progress_outside_its_range_is_not_known() {
    let all = [
        (0.0, Some(0.0)),
        (0.42, Some(0.42)),
        (1.0, Some(1.0)),
        (-1.0, None),
        (1.01, None),
        (42.0, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ];
    for (sent, kept) in all {
        let status = observed(Task { progress: Some(sent), ..task("IN_PROGRESS", None) });
        assert_eq!(status.progress, kept, "{sent}");
    }
}

#[test]
fn what_is_missing_comes_from_the_reference_or_is_absent() {
    let status = observed(Task::default());
    assert_eq!(status.task_id, task_ref().task_id.as_str());
    assert_eq!(status.task_state, "UNKNOWN");
    assert_eq!((status.phase, status.done), (Phase::Unknown, false));
    let json = serde_json::to_value(&status).unwrap();
    let fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["done", "observedAt", "phase", "ref", "taskId", "taskState"]);
}

#[test]
fn a_cancel_that_is_accepted_is_under_way_whatever_its_answer_says() {
    for state in ["IN_PROGRESS", "CANCELLING", "CANCELLED", "NOT_STARTED", "ODD"] {
        let status = observed(task(state, None)).cancel_accepted();
        assert_eq!((status.phase, status.done), (Phase::Cancelling, false), "{state}");
        assert_eq!(status.task_state, state, "the server's own word");
    }
}

#[test]
fn a_task_that_had_ended_was_not_cancelled() {
    for (successful, phase) in
        [(Some(true), Phase::Succeeded), (Some(false), Phase::Failed), (None, Phase::Unknown)]
    {
        let status = observed(task("COMPLETE", successful)).cancel_accepted();
        assert_eq!((status.phase, status.done), (phase, true));
    }
}

#[test]
fn it_is_written_as_javascript_expects_it() {
    let detail = Detail {
        local_message_text: Some("Not authorised ".into()),
        kind: Some("notAuthorised".into()),
        values: vec![("objectName".into(), None), ("count".into(), Some("3".into()))],
        ..Detail::default()
    };
    let result = TaskResult {
        successful: Some(false),
        details: vec![detail],
        nested_results: vec![TaskResult {
            object_name: Some("Load".into()),
            ..TaskResult::default()
        }],
        ..TaskResult::default()
    };
    let status = observed(Task {
        current_step: Some("Failed.".into()),
        creation_time: Some(1_779_999_990_000.0),
        result: Some(result),
        ..task("COMPLETE", None)
    });
    let expected = serde_json::json!({
        "taskId": "4C1D90AA5E2B4F0C9B7A1D2E3F405162",
        "taskState": "COMPLETE",
        "currentStep": "Failed.",
        "creationTime": 1_779_999_990_000.0,
        "result": {
            "successful": false,
            "failureDumpAvailable": false,
            "details": [{
                "type": "notAuthorised",
                "text": "Not authorised",
                "occurrences": 0.0,
                "values": { "objectName": null, "count": "3" },
            }],
            "nestedResults": [{
                "successful": false,
                "objectName": "Load",
                "failureDumpAvailable": false,
                "details": [],
                "nestedResults": [],
            }],
        },
        "ref": {
            "workspaceId": "8a81b08e4f6d2b43014f8b11f3c20d39",
            "modelId": "75A40874E6B64FA3AE0743278996850F",
            "exportId": "116000000004",
            "taskId": "4C1D90AA5E2B4F0C9B7A1D2E3F405162",
        },
        "phase": "failed",
        "done": true,
        "observedAt": 1_780_000_000_000.0,
    });
    assert_eq!(serde_json::to_value(&status).unwrap(), expected);
}
