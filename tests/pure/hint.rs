use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::hint::of_detail;
use anaplan_tasks::status::TaskStatus;
use anaplan_tasks::wire::{Detail, Task, TaskResult};

use crate::task_ref;

const FAILURES: [&str; 31] = [
    "actionFailed",
    "columnSeparatorExpected",
    "connectorError",
    "crossCustomerImport",
    "deleteFromSelectionFailed",
    "failedToLocateEntity",
    "failedToLocateHierarchy",
    "failedToLocateModel",
    "failedToLocateModule",
    "failedToLocateSavedView",
    "hierarchyImportFailed",
    "hierarchyImportInvalidCode",
    "hierarchyImportInvalidName",
    "hierarchyImportInvalidParent",
    "hierarchyRowsProcessedWithFailures",
    "importFailedGeneralError",
    "internalError",
    "lineItemRowsProcessedWithFailures",
    "missingFields",
    "moduleImportBooleanFormat",
    "moduleImportDateFormat",
    "moduleImportFailed",
    "moduleImportInvalidListIdentifier",
    "moduleImportNoWriteAccess",
    "moduleImportNumberFormat",
    "msgExportCancelled",
    "msgImportCancelled",
    "notAuthorised",
    "sourceModelArchived",
    "unmatchedTextDelimiter",
    "uploadedFileNoLongerAvailable",
];

#[test]
fn every_documented_failure_has_a_hint_and_successes_have_none() {
    for kind in FAILURES {
        let hint = of_detail(kind).unwrap_or_else(|| panic!("{kind}"));
        assert!(hint.ends_with('.') && hint.len() < 200, "{kind}: {hint}");
    }
    let others = [
        "exportSucceeded",
        "hierarchyNoChanges",
        "hierarchyRowsProcessed",
        "taskElementSucceeded",
        "usersRowsProcessed",
        "NOTAUTHORISED",
        "new",
        "",
    ];
    for kind in others {
        assert_eq!(of_detail(kind), None, "{kind}");
    }
}

#[test]
fn all_hints_together_are_small_enough_to_be_downloaded() {
    let mut hints: Vec<_> = FAILURES.into_iter().filter_map(of_detail).collect();
    hints.sort_unstable();
    hints.dedup();
    let size: usize = hints.iter().map(|hint| hint.len()).sum();
    assert!(size < 3_000, "{size}");
}

#[test]
fn a_failed_task_says_what_to_do_after_what_the_server_said() {
    let error = ended("COMPLETE", &failed(&["exportSucceeded", "notAuthorised"], vec![]));
    let hint = of_detail("notAuthorised").unwrap();
    assert_eq!((error.code, error.hint), (Code::TaskFailed, Some(hint)));
    let said = "the task failed: \"exportSucceeded notAuthorised\". ";
    assert_eq!(error.message, format!("{said}{hint}"));
    assert_eq!(serde_json::to_value(&error).unwrap()["hint"], hint);
}

#[test]
fn a_cancelled_task_does_too() {
    let error = ended("CANCELLED", &failed(&["msgExportCancelled"], vec![]));
    assert_eq!(error.hint, of_detail("msgExportCancelled"));
    assert_eq!(error.code, Code::TaskCancelled);
}

#[test]
fn of_a_code_that_is_not_known_there_is_no_hint() {
    let error = ended("COMPLETE", &failed(&["somethingNew"], vec![]));
    assert_eq!(error.message, "the task failed: \"somethingNew\".");
    assert!(serde_json::to_value(&error).unwrap().get("hint").is_none());
}

#[test]
fn in_a_process_the_step_that_failed_knows_best() {
    let well = TaskResult { successful: Some(true), ..failed(&["internalError"], vec![]) };
    let deep = failed(&["actionFailed"], vec![failed(&["missingFields"], vec![])]);
    let process = failed(&["notAuthorised"], vec![well.clone(), deep]);
    assert_eq!(ended("COMPLETE", &process).hint, of_detail("missingFields"));
    // And where it says nothing, the process does.
    let process = failed(&["notAuthorised"], vec![well, failed(&["somethingNew"], vec![])]);
    assert_eq!(ended("COMPLETE", &process).hint, of_detail("notAuthorised"));
}

#[test]
fn an_answer_that_refuses_has_its_advice_as_a_hint() {
    for status in [400, 401, 403, 404, 408, 409, 410, 418, 422, 423, 424, 425, 429, 500, 503] {
        for said in ["", "No", "deprecated"] {
            let error = Error::answered(status, said, None);
            let hint = error.hint.unwrap();
            assert!(error.message.ends_with(&format!(". {hint}")), "{status}: {}", error.message);
        }
    }
    assert!(Error::answered(423, "", None).hint.unwrap().contains("locked"));
    assert_eq!(Error::answered(401, "", Some("Sign in.")).hint, Some("Sign in."));
    assert_ne!(Error::answered(404, "", Some("Sign in.")).hint, Some("Sign in."));
    assert_eq!(Error::new(Code::Network, "").hint, None);
}

fn failed(kinds: &[&str], nested_results: Vec<TaskResult>) -> TaskResult {
    let detail = |kind: &&str| Detail { kind: Some((*kind).to_owned()), ..Detail::default() };
    let details = kinds.iter().map(detail).collect();
    TaskResult { successful: Some(false), details, nested_results, ..TaskResult::default() }
}

fn ended(state: &str, result: &TaskResult) -> Error {
    let task = Task {
        task_state: Some(state.to_owned()),
        result: Some(result.clone()),
        ..Task::default()
    };
    Error::ended(&TaskStatus::observed(task, &task_ref(), 0.0))
}
