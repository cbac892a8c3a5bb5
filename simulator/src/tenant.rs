//! The ready tenant: a workspace with two models whose exports end in every way a client meets.

#![forbid(unsafe_code)]

use anaplan_tasks::reference::{ActionRef, Kind, ModelRef};
use anaplan_tasks::wire::{Detail, TaskResult};
use serde::Serialize;
use serde_json::{Value, json};

use crate::random::Random;
use crate::task::{self, Run, Script};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// All that can be reached with the tenant's one account.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub(crate) workspace_id: String,
    pub(crate) models: Vec<Model>,
}

/// A model and its actions.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) actions: Vec<Action>,
}

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
    outcome: Outcome,
    script: Script,
    pub(crate) runs: Vec<Run>,
}

/// How an action's runs end, in words that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Outcome {
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
}

impl Tenant {
    /// The tenant as it is at `now`, with a past for whoever asks. `user` has run most of it.
    pub(crate) fn ready(random: &mut Random, now: u64, user: &str) -> Self {
        let mut tenant = Self {
            workspace_id: random.lower_hex(),
            models: vec![
                Model {
                    id: random.upper_hex(),
                    name: "Revenue planning",
                    actions: vec![
                        export("116000000001", "Grid – Revenue by region.csv", Outcome::Succeeds),
                        export("116000000002", "Headcount – all cost centres.csv", Outcome::Fails),
                        export(
                            "116000000003",
                            "Transactions – full history.csv",
                            Outcome::TakesLong,
                        ),
                        export(
                            "116000000004",
                            "Ledger – journal for the warehouse.txt",
                            Outcome::CannotBeCancelled,
                        ),
                        process("118000000001", "Nightly load"),
                    ],
                },
                Model {
                    id: random.upper_hex(),
                    name: "Supply chain",
                    actions: vec![
                        export("116000000007", "Currency rates.csv", Outcome::SucceedsInSeconds),
                        export(
                            "116000000008",
                            "Inventory – Lagerbestände.xls",
                            Outcome::ProgressUnknown,
                        ),
                    ],
                },
            ],
        };
        if let Some(action) = tenant.models.first_mut().and_then(|model| model.actions.first_mut())
        {
            action.give_past(random, now, user);
        }
        tenant
    }

    /// A model, if it is in the workspace that is named with it.
    pub(crate) fn model(&self, wanted: &ModelRef) -> Option<&Model> {
        self.models.iter().find(|model| {
            wanted.workspace_id.as_str() == self.workspace_id
                && wanted.model_id.as_str() == model.id
        })
    }

    /// An action.
    pub(crate) fn action(&self, wanted: &ActionRef) -> Option<&Action> {
        self.model(&wanted.model)?
            .actions
            .iter()
            .find(|action| action.kind == wanted.kind && action.id == wanted.id.as_str())
    }

    /// An action, to run it or to cancel a run.
    pub(crate) fn action_mut(&mut self, wanted: &ActionRef) -> Option<&mut Action> {
        if wanted.model.workspace_id.as_str() != self.workspace_id {
            return None;
        }
        self.models
            .iter_mut()
            .find(|model| model.id == wanted.model.model_id.as_str())?
            .actions
            .iter_mut()
            .find(|action| action.kind == wanted.kind && action.id == wanted.id.as_str())
    }

    /// Models with their exports, as data.
    pub(crate) fn describe_models(&self) -> Value {
        let export = |action: &Action| json!({ "exportId": action.id, "name": action.name, "outcome": action.outcome });
        self.models
            .iter()
            .map(|model| {
                let exports: Vec<Value> = model.exports().map(export).collect();
                json!({ "modelId": model.id, "name": model.name, "exports": exports })
            })
            .collect()
    }

    /// The runs of all exports at `now`, as data.
    pub(crate) fn describe_tasks(&self, now: u64) -> Value {
        let mut tasks = Vec::new();
        for model in &self.models {
            for action in model.exports() {
                tasks.extend(task::observe(&action.runs, now).map(|seen| {
                    json!({
                        "modelId": model.id,
                        "exportId": action.id,
                        "taskId": seen.run.id,
                        "taskState": seen.task.task_state,
                        "creationTime": seen.run.created,
                        "owner": seen.run.owner,
                    })
                }));
            }
        }
        Value::Array(tasks)
    }
}

impl Model {
    fn exports(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| action.kind == Kind::Export)
    }
}

impl Action {
    /// Adds a run that is created now.
    pub(crate) fn start(&mut self, id: String, now: u64, owner: &str) {
        self.runs.push(Run {
            id,
            owner: owner.into(),
            created: now,
            script: self.script.clone(),
            cancel: None,
        });
    }

    /// One run that succeeded, one that failed, one that was cancelled, one by somebody else.
    fn give_past(&mut self, random: &mut Random, now: u64, user: &str) {
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
        past(HOUR, "night.shift@example.com", &|_| {});
    }
}

fn export(id: &'static str, name: &'static str, outcome: Outcome) -> Action {
    let (duration, rollback) = match outcome {
        Outcome::Succeeds => (40 * SECOND, 4 * SECOND),
        Outcome::Fails => (25 * SECOND, 3 * SECOND),
        Outcome::TakesLong => (12 * MINUTE, 20 * SECOND),
        Outcome::CannotBeCancelled => (MINUTE, 5 * SECOND),
        Outcome::SucceedsInSeconds => (3 * SECOND, SECOND),
        Outcome::ProgressUnknown => (90 * SECOND, 6 * SECOND),
    };
    let excel = name.ends_with(".xls");
    let format = match name.rsplit('.').next() {
        Some("xls") => "application/vnd.ms-excel",
        Some("txt") => "text/plain",
        _ => "text/csv",
    };
    let layout = if excel { "GRID_CURRENT_PAGE" } else { "TABULAR_MULTI_COLUMN" };
    let mut summary = json!({ "exportType": layout, "exportFormat": format, "layout": layout });
    // Exports to Excel have none, in lists at least.
    if let (false, Some(fields)) = (excel, summary.as_object_mut()) {
        fields.insert("encoding".into(), "UTF-8".into());
    }
    Action {
        kind: Kind::Export,
        id,
        name,
        summary,
        metadata: json!({
            "columnCount": 3,
            "dataTypes": ["ENTITY", "ENTITY", "NUMBER"],
            "delimiter": "\"",
            "encoding": "UTF-8",
            "exportFormat": format,
            "headerNames": ["Region", "Month", "Revenue"],
            "listNames": ["Region", "Time", ""],
            "rowCount": 1200,
            "separator": if format == "text/plain" { "\t" } else { "," },
        }),
        outcome,
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
            cancelled: cancelled(Kind::Export, id),
        },
        runs: Vec::new(),
    }
}

/// A process whose second step fails: what ran before stays done, the third step never runs.
fn process(id: &'static str, name: &'static str) -> Action {
    let step = |id: &str, name: &str, result: TaskResult| TaskResult {
        object_id: Some(id.into()),
        object_name: Some(name.into()),
        ..result
    };
    let load = TaskResult {
        details: vec![detail(
            "hierarchyRowsProcessedWithFailures",
            "Load: 3 (0/3) rows successful, 1 failed ",
            0.0,
            &[("successRowCount", Some("3")), ("failedCount", Some("1"))],
        )],
        ..ended("112000000002", false)
    };
    Action {
        kind: Kind::Process,
        id,
        name,
        summary: json!({}),
        metadata: json!({
            "name": name,
            "actions": [
                { "id": "117000000001", "name": "Clear", "actionType": "DELETE_BY_SELECTION" },
                { "id": "112000000002", "name": "Load", "importType": "HIERARCHY_DATA" },
                { "id": "116000000001", "name": "Grid – Revenue by region.csv",
                  "exportType": "TABULAR_MULTI_COLUMN" },
            ],
        }),
        outcome: Outcome::Fails,
        script: Script {
            wait: 1_500,
            duration: 30 * SECOND,
            rollback: 8 * SECOND,
            knows_progress: true,
            obeys_cancel: true,
            result: TaskResult {
                nested_results: vec![
                    step("117000000001", "Clear", ended("117000000001", true)),
                    step("112000000002", "Load", load),
                ],
                ..ended(id, false)
            },
            cancelled: cancelled(Kind::Process, id),
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

/// The code is known for exports; what a cancelled process says is undocumented.
fn cancelled(kind: Kind, id: &str) -> TaskResult {
    let details = match kind {
        Kind::Export => vec![detail("msgExportCancelled", "Export cancelled", 0.0, &[])],
        _ => Vec::new(),
    };
    TaskResult { details, ..ended(id, false) }
}

fn detail(kind: &str, text: &str, occurrences: f64, values: &[(&str, Option<&str>)]) -> Detail {
    Detail {
        local_message_text: Some(text.into()),
        occurrences: Some(occurrences),
        kind: Some(kind.into()),
        values: values.iter().map(|(key, value)| ((*key).into(), value.map(Into::into))).collect(),
    }
}
