//! What we say of a task: the API's own fields, made whole, and what they mean.

#![forbid(unsafe_code)]

use serde::{Serialize, Serializer};

use crate::reference::{ActionRef, Given, Id, TaskRef};
use crate::wire::{self, Json};

/// What a state is called that the server does not name.
const UNKNOWN: &str = "UNKNOWN";

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Not started: queued behind others.
    Waiting,
    /// At work.
    Running,
    /// A cancel was asked for; it may still end in any way.
    Cancelling,
    /// Ended, and Anaplan says it was successful.
    Succeeded,
    /// Ended, and Anaplan says it was not successful.
    Failed,
    /// Cancelled, its changes rolled back.
    Cancelled,
    /// A state that is not known here, or an end without a word on success.
    Unknown,
}

/// One observation of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskStatus {
    /// The task's id, as the server names it.
    pub task_id: String,
    /// The server's own word, `UNKNOWN` where it gave none.
    pub task_state: String,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_step: Option<String>,
    /// From 0 to 1; absent when Anaplan does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Milliseconds since the epoch, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<f64>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<TaskResult>,
    /// Which task this is about.
    #[serde(rename = "ref")]
    pub reference: TaskRef,
    /// What the fields above mean.
    pub phase: Phase,
    /// Whether it is over: no later answer will differ.
    pub done: bool,
    /// When the answer came, in milliseconds since the epoch, by the clock here.
    pub observed_at: f64,
    /// When the next question is due, likewise, while somebody watches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_poll_at: Option<f64>,
    /// When it may end, while somebody watches and earlier runs are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// What earlier runs say of this one, in milliseconds. An estimate, never a claim.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected {
    /// From now to the end.
    pub remaining: f64,
    /// From the beginning to the end.
    pub total: f64,
    /// How many runs say so.
    pub runs: usize,
}

/// A task, as a list has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSummary {
    /// Its id.
    pub task_id: String,
    /// The server's own word, `UNKNOWN` where it gave none.
    pub task_state: String,
    /// Milliseconds since the epoch, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<f64>,
    /// Which task it is.
    #[serde(rename = "ref")]
    pub reference: TaskRef,
}

impl TaskSummary {
    /// Reads a row of the list of an action's tasks. Without an id that can be used it is none.
    pub fn read(row: Json, action: &ActionRef) -> Option<Self> {
        let task = wire::Task::from(row);
        let task_id = task.task_id?;
        let id = Id::parse("taskId", Given::Text(task_id.clone())).ok()?;
        Some(Self {
            task_id,
            task_state: task.task_state.unwrap_or_else(|| UNKNOWN.to_owned()),
            creation_time: task.creation_time.filter(|&time| time >= 0.0),
            reference: TaskRef { action: action.clone(), task_id: id },
        })
    }
}

/// How a task, or one step of a process, ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskResult {
    /// Whether Anaplan says so.
    pub successful: bool,
    /// What ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_name: Option<String>,
    /// Whether rows that failed can be fetched.
    pub failure_dump_available: bool,
    /// Anaplan's remarks.
    pub details: Vec<Detail>,
    /// The steps of a process, in order.
    pub nested_results: Vec<TaskResult>,
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detail {
    /// A code such as `notAuthorised`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How often.
    pub occurrences: f64,
    /// Keys and values, in order.
    #[serde(serialize_with = "as_map")]
    pub values: Vec<(String, Option<String>)>,
}

fn as_map<S: Serializer>(values: &[(String, Option<String>)], s: S) -> Result<S::Ok, S::Error> {
    s.collect_map(values.iter().map(|(key, value)| (key, value)))
}

impl TaskStatus {
    /// What a `GET` said at `observed_at`.
    pub fn observed(task: wire::Task, reference: &TaskRef, observed_at: f64) -> Self {
        let task_state = task.task_state.unwrap_or_else(|| UNKNOWN.to_owned());
        let successful = task.result.as_ref().and_then(|result| result.successful);
        let (phase, done) = match (task_state.as_str(), successful) {
            ("NOT_STARTED", _) => (Phase::Waiting, false),
            ("IN_PROGRESS", _) => (Phase::Running, false),
            ("CANCELLING", _) => (Phase::Cancelling, false),
            ("CANCELLED", _) => (Phase::Cancelled, true),
            ("COMPLETE", Some(true)) => (Phase::Succeeded, true),
            ("COMPLETE", Some(false)) => (Phase::Failed, true),
            ("COMPLETE", None) => (Phase::Unknown, true),
            _ => (Phase::Unknown, false),
        };
        Self {
            task_id: task.task_id.unwrap_or_else(|| reference.task_id.as_str().to_owned()),
            task_state,
            current_step: task.current_step.filter(|step| !step.trim().is_empty()),
            progress: task.progress.filter(|progress| (0.0..=1.0).contains(progress)),
            creation_time: task.creation_time.filter(|&time| time >= 0.0),
            result: task.result.map(TaskResult::from),
            reference: reference.clone(),
            phase,
            done,
            observed_at,
            next_poll_at: None,
            expected: None,
        }
    }

    /// What an accepted `DELETE` said. That it is cancelled is believed only from a later `GET`,
    /// since a task that cannot roll back runs on to its end.
    pub fn cancel_accepted(self) -> Self {
        if self.done && self.phase != Phase::Cancelled {
            return self;
        }
        Self { phase: Phase::Cancelling, done: false, ..self }
    }
}

impl From<wire::TaskResult> for TaskResult {
    fn from(result: wire::TaskResult) -> Self {
        Self {
            successful: result.successful.unwrap_or(false),
            object_id: result.object_id,
            object_name: result.object_name,
            failure_dump_available: result.failure_dump_available.unwrap_or(false),
            details: result.details.into_iter().map(Detail::from).collect(),
            nested_results: result.nested_results.into_iter().map(Self::from).collect(),
        }
    }
}

impl From<wire::Detail> for Detail {
    fn from(detail: wire::Detail) -> Self {
        Self {
            kind: detail.kind.unwrap_or_default(),
            // Anaplan's texts end with a blank now and then.
            text: detail.local_message_text.map(|text| text.trim_end().to_owned()),
            occurrences: detail.occurrences.unwrap_or(0.0),
            values: detail.values,
        }
    }
}
