//! What can be run in a model, and how that ends.

#![forbid(unsafe_code)]

use std::sync::Arc;

use anaplan_tasks::reference::Kind;
use anaplan_tasks::wire::{Detail, TaskResult};
use serde::Serialize;
use serde_json::{Value, json};

use crate::files::{Content, Form};
use crate::random::Random;
use crate::task::{self, Run, Script, Snapshot};
use crate::uploads::Reading;

/// Another user of the tenant, who cannot log in here.
pub(crate) const SOMEBODY_ELSE: &str = "night.shift@example.com";

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// An action and its runs, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) kind: Kind,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// The line of a list, besides `id` and `name`.
    pub(crate) summary: Value,
    /// The answer to a request for the action itself.
    pub(crate) metadata: Value,
    pub(crate) outcome: Outcome,
    /// The file that a run writes when it succeeds: its form and its rows.
    file: Option<(Form, u32)>,
    /// The rows that a run refuses, by the object that refuses them.
    dumps: &'static [(&'static str, u32)],
    /// The file that it reads.
    pub(crate) reads: Option<&'static str>,
    script: Script,
    pub(crate) runs: Vec<Run>,
}

/// The rows that a run refused: made up, or somebody's own.
#[derive(Debug, Clone)]
pub(crate) enum Dump {
    Made(Content),
    Kept(Arc<[u8]>),
}

/// How an action's runs end, in words that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Outcome {
    #[serde(rename = "succeeds")]
    Succeeds,
    #[serde(rename = "fails")]
    Fails,
    #[serde(rename = "takes long")]
    TakesLong,
    #[serde(rename = "cannot be cancelled")]
    CannotBeCancelled,
    #[serde(rename = "succeeds in seconds")]
    SucceedsInSeconds,
    #[serde(rename = "progress unknown")]
    ProgressUnknown,
    #[serde(rename = "refuses rows")]
    RefusesRows,
}

impl Action {
    /// Adds a run that is created now.
    pub(crate) fn start(&mut self, id: String, now: u64, owner: &str) {
        self.runs.push(Run {
            id,
            owner: owner.into(),
            created: now,
            place: 0,
            queues: false,
            held: 0,
            script: self.script.clone(),
            cancel: None,
            read: None,
            refused: None,
        });
    }

    /// Has the last run end as one that read this.
    pub(crate) fn give_reading(&mut self, reading: Reading) {
        let result = loaded(self.id, self.name, &reading);
        // Rows of more runs than anybody waits for would fill the memory.
        let old = self.runs.len().saturating_sub(8);
        self.runs.iter_mut().take(old).for_each(|run| run.refused = None);
        if let Some(run) = self.runs.last_mut() {
            run.script.result = result;
            run.refused = (reading.refused > 0).then(|| reading.dump.into());
        }
    }

    /// What its runs are doing.
    pub(crate) fn observe(&self, now: u64) -> impl Iterator<Item = Snapshot<'_>> {
        task::observe(&self.runs, now)
    }

    /// The run whose file `user` gets, with what is in it: the last that succeeded, or with `stale`
    /// the one before. What somebody else exported is theirs alone; what nobody reads is deleted
    /// after two days, as Anaplan's pages on exported files have it. With `rows`, the file has as
    /// many, and none makes no file.
    pub(crate) fn file(
        &self,
        user: &str,
        now: u64,
        stale: bool,
        rows: Option<u32>,
    ) -> Option<(&str, Content)> {
        let (form, usual) = self.file?;
        let own: Vec<Snapshot<'_>> =
            self.observe(now).filter(|seen| seen.run.owner == user && seen.succeeded()).collect();
        let seen = own.iter().nth_back(usize::from(stale))?;
        let rows = rows.unwrap_or(usual);
        let id = seen.run.id.as_str();
        (rows > 0 && seen.keeps_bytes(now)).then(|| (id, Content::of(form, id, rows)))
    }

    /// What `object` refused in a run. It is there for the one who ran it, until their next run has
    /// ended or two days have passed since anybody looked; the task says that there is one for ever.
    pub(crate) fn dump(&self, task: &str, object: &str, user: &str, now: u64) -> Option<Dump> {
        let own = self.observe(now).filter(|seen| seen.run.owner == user && seen.completed());
        let seen = own.last().filter(|seen| seen.run.id == task && seen.keeps_bytes(now))?;
        let refused = find(seen.task.result.as_ref()?, object)?.failure_dump_available;
        if let Some(rows) = &seen.run.refused {
            return Some(Dump::Kept(Arc::clone(rows)));
        }
        let (_, rows) = self.dumps.iter().find(|(id, _)| *id == object)?;
        let name = format!("{task}/{object}");
        (refused == Some(true)).then(|| Dump::Made(Content::of(Form::Dump, &name, *rows)))
    }

    /// One run that succeeded, one that failed, one that was cancelled, one by somebody else.
    pub(crate) fn give_past(&mut self, random: &mut Random, now: u64, user: &str) {
        let mut past = |ago: u64, owner: &str, change: &dyn Fn(&mut Run)| {
            // Near the beginning of time there is no past.
            let Some(created) = now.checked_sub(ago) else {
                return;
            };
            self.start(random.upper_hex(), created, owner);
            self.runs.last_mut().into_iter().for_each(change);
        };
        let result = failed("116000000001");
        past(50 * HOUR, user, &|_| {});
        past(26 * HOUR, user, &|run| run.script.result = result.clone());
        past(3 * HOUR, user, &|run| run.cancel = run.created.checked_add(12 * SECOND));
        past(HOUR, SOMEBODY_ELSE, &|_| {});
    }
}

/// The result of an object in the result of a task: its own, or that of a step.
fn find<'a>(result: &'a TaskResult, object: &str) -> Option<&'a TaskResult> {
    if result.object_id.as_deref() == Some(object) {
        return Some(result);
    }
    result.nested_results.iter().find_map(|step| find(step, object))
}

/// An export that leaves a file of so many rows, when it succeeds.
pub(crate) fn export(id: &'static str, name: &'static str, outcome: Outcome, rows: u32) -> Action {
    let (form, format) = match name.rsplit('.').next() {
        Some("xls") => (Form::Workbook, "application/vnd.ms-excel"),
        Some("txt") => (Form::Tabs, "text/plain"),
        _ => (Form::Commas, "text/csv"),
    };
    let excel = form == Form::Workbook;
    let layout = if excel { "GRID_CURRENT_PAGE" } else { "TABULAR_MULTI_COLUMN" };
    let mut summary = json!({ "exportType": layout, "exportFormat": format, "layout": layout });
    // Exports to Excel have none, in lists at least.
    if let (false, Some(fields)) = (excel, summary.as_object_mut()) {
        fields.insert("encoding".into(), "UTF-8".into());
    }
    Action {
        summary,
        metadata: json!({
            "columnCount": 3,
            "dataTypes": ["ENTITY", "ENTITY", "NUMBER"],
            "delimiter": "\"",
            "encoding": "UTF-8",
            "exportFormat": format,
            "headerNames": ["Region", "Month", "Revenue"],
            "listNames": ["Region", "Time", ""],
            "rowCount": rows,
            "separator": if form == Form::Tabs { "\t" } else { "," },
        }),
        file: Some((form, rows)),
        ..action(Kind::Export, id, name, outcome)
    }
}

/// An import from an uploaded file, some of whose rows are refused while the others are taken.
pub(crate) fn import_of_file(id: &'static str, name: &'static str, file: &'static str) -> Action {
    let mut action = Action {
        summary: json!({ "importType": "HIERARCHY_DATA", "importDataSourceId": file }),
        metadata: json!({
            "name": name,
            "type": "FILE",
            "source": {
                "textEncoding": "UTF-8",
                "columnSeparator": ",",
                "textDelimiter": "\"",
                "headerRow": 1,
                "firstDataRow": 2,
                "decimalSeparator": ".",
                "headerNames": ["Region", "Month", "Revenue"],
                "columnCount": 3,
            },
        }),
        dumps: &[("112000000001", 17)],
        reads: Some(file),
        ..action(Kind::Import, id, name, Outcome::RefusesRows)
    };
    let counts = [("successRowCount", Some("228")), ("failedCount", Some("12"))];
    action.script.result.failure_dump_available = Some(true);
    action.script.result.details = vec![
        detail(
            "hierarchyRowsProcessedWithFailures",
            "Regions: 245 (228/245) rows successful, 12 failed, 5 ignored ",
            0.0,
            &counts,
        ),
        detail(
            "hierarchyImportInvalidParent",
            "No such item ",
            12.0,
            &[("column", Some("Region"))],
        ),
    ];
    action
}

/// An import that takes what its user uploaded and nothing else, also not what is there for all.
pub(crate) fn import_of_upload(id: &'static str, name: &'static str, file: &'static str) -> Action {
    let mut action = Action { dumps: &[], ..import_of_file(id, name, file) };
    let text = "The uploaded file is no longer available ";
    action.script.result = TaskResult {
        details: vec![detail("uploadedFileNoLongerAvailable", text, 1.0, &[])],
        ..ended(id, false)
    };
    action
}

/// An import from another model whose rows are all refused.
pub(crate) fn import_that_fails(id: &'static str, name: &'static str) -> Action {
    let mut action = Action {
        dumps: &[("112000000002", 3)],
        ..import_of_model(id, name, "HIERARCHY_DATA", Outcome::Fails)
    };
    action.script.result = load(id);
    action
}

/// An import from another model.
pub(crate) fn import_of_model(
    id: &'static str,
    name: &'static str,
    import_type: &str,
    outcome: Outcome,
) -> Action {
    Action {
        // Recorded so: the field is there and empty.
        summary: json!({ "importType": import_type, "importDataSourceId": "" }),
        metadata: json!({ "name": name, "type": "MODEL" }),
        ..action(Kind::Import, id, name, outcome)
    }
}

/// A delete, or with another type or none something else that is neither import nor export.
pub(crate) fn other(id: &'static str, name: &'static str, action_type: Option<&str>) -> Action {
    let summary = action_type.map_or(json!({}), |kind| json!({ "actionType": kind }));
    let mut metadata = summary.clone();
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("id".into(), id.into());
        fields.insert("name".into(), name.into());
    }
    let mut action =
        Action { summary, metadata, ..action(Kind::Action, id, name, Outcome::SucceedsInSeconds) };
    if action_type == Some("DELETE_BY_SELECTION") {
        action.script.result.details = vec![deleted()];
    }
    action
}

/// A process whose second step fails: what ran before stays done, the third step never runs.
pub(crate) fn process(id: &'static str, name: &'static str) -> Action {
    let step = |id: &str, name: &str, result: TaskResult| TaskResult {
        object_id: Some(id.into()),
        object_name: Some(name.into()),
        ..result
    };
    let clear = TaskResult { details: vec![deleted()], ..ended("117000000001", true) };
    let mut action = Action {
        metadata: json!({
            "name": name,
            "actions": [
                { "id": "117000000001", "name": "Clear", "actionType": "DELETE_BY_SELECTION" },
                { "id": "112000000002", "name": "Load", "importType": "HIERARCHY_DATA" },
                { "id": "116000000001", "name": "Grid – Revenue by region.csv",
                  "exportType": "TABULAR_MULTI_COLUMN" },
            ],
        }),
        dumps: &[("112000000002", 3)],
        ..action(Kind::Process, id, name, Outcome::Fails)
    };
    action.script = Script {
        duration: 30 * SECOND,
        rollback: 8 * SECOND,
        result: TaskResult {
            // True if any step has one.
            failure_dump_available: Some(true),
            nested_results: vec![
                step("117000000001", "Clear", clear),
                step("112000000002", "Load", load("112000000002")),
            ],
            ..ended(id, false)
        },
        ..action.script
    };
    action
}

/// An action of which nothing but its end is known.
fn action(kind: Kind, id: &'static str, name: &'static str, outcome: Outcome) -> Action {
    let (duration, rollback) = match outcome {
        Outcome::Succeeds => (40 * SECOND, 4 * SECOND),
        Outcome::Fails => (25 * SECOND, 3 * SECOND),
        Outcome::TakesLong => (12 * MINUTE, 20 * SECOND),
        Outcome::CannotBeCancelled => (MINUTE, 5 * SECOND),
        Outcome::SucceedsInSeconds => (3 * SECOND, SECOND),
        Outcome::ProgressUnknown => (90 * SECOND, 6 * SECOND),
        Outcome::RefusesRows => (20 * SECOND, 4 * SECOND),
    };
    Action {
        kind,
        id,
        name,
        summary: json!({}),
        metadata: json!({}),
        outcome,
        file: None,
        dumps: &[],
        reads: None,
        script: Script {
            wait: if outcome == Outcome::SucceedsInSeconds { 500 } else { 1_500 },
            duration,
            rollback,
            knows_progress: outcome != Outcome::ProgressUnknown,
            obeys_cancel: outcome != Outcome::CannotBeCancelled,
            result: match outcome {
                Outcome::Fails => failed(id),
                _ => ended(id, true),
            },
            cancelled: cancelled(kind, id),
        },
        runs: Vec::new(),
    }
}

fn ended(id: &str, successful: bool) -> TaskResult {
    TaskResult {
        successful: Some(successful),
        object_id: Some(id.into()),
        failure_dump_available: Some(false),
        ..TaskResult::default()
    }
}

/// Anaplan documents "debug information" here and no more; the code is one that its clients know.
fn failed(id: &str) -> TaskResult {
    let unreadable =
        |name| detail("notAuthorised", "Not authorised ", 1.0, &[("objectName", Some(name))]);
    TaskResult {
        details: vec![unreadable("Salary"), unreadable("Bonus – Prämie")],
        ..ended(id, false)
    }
}

/// The codes are known for exports and imports; what others say is undocumented.
fn cancelled(kind: Kind, id: &str) -> TaskResult {
    let details = match kind {
        Kind::Export => vec![detail("msgExportCancelled", "Export cancelled", 0.0, &[])],
        Kind::Import => vec![detail("msgImportCancelled", "Import cancelled", 0.0, &[])],
        Kind::Process | Kind::Action => Vec::new(),
    };
    TaskResult { details, ..ended(id, false) }
}

/// An import that refused all of its three rows, in the words of Anaplan's page on processes.
fn load(id: &str) -> TaskResult {
    let text = "Load: 3 (0/3) rows successful, 1 failed ";
    let counts = [("successRowCount", Some("3")), ("failedCount", Some("1"))];
    TaskResult {
        failure_dump_available: Some(true),
        details: vec![detail("hierarchyRowsProcessedWithFailures", text, 0.0, &counts)],
        ..ended(id, false)
    }
}

/// An import of some rows. It fails when it refuses all of them, as that on Anaplan's page does.
fn loaded(id: &str, name: &str, reading: &Reading) -> TaskResult {
    let Reading { rows, refused, .. } = *reading;
    let taken = rows.saturating_sub(refused);
    let kind = match (rows, refused) {
        (0, _) => "hierarchyNoChanges",
        (_, 0) => "hierarchyRowsProcessed",
        _ => "hierarchyRowsProcessedWithFailures",
    };
    let text = format!("{name}: {rows} ({taken}/{rows}) rows successful, {refused} failed ");
    let (counted, failed) = (taken.to_string(), refused.to_string());
    let counts = [("successRowCount", Some(&*counted)), ("failedCount", Some(&*failed))];
    let mut details = vec![detail(kind, &text, 0.0, &counts)];
    if refused > 0 {
        let values = [("column", Some("1"))];
        details.push(detail("hierarchyImportInvalidName", "No name ", refused.into(), &values));
    }
    TaskResult {
        failure_dump_available: Some(refused > 0),
        details,
        ..ended(id, rows == 0 || taken > 0)
    }
}

fn deleted() -> Detail {
    detail("deleteFromSelectionSucceeded", "Deleted 12 items ", 0.0, &[])
}

fn detail(kind: &str, text: &str, occurrences: f64, values: &[(&str, Option<&str>)]) -> Detail {
    Detail {
        local_message_text: Some(text.into()),
        occurrences: Some(occurrences),
        kind: Some(kind.into()),
        values: values.iter().map(|(key, value)| ((*key).into(), value.map(Into::into))).collect(),
    }
}
