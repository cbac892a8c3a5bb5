//! Tasks and their results.

use serde::{Serialize, Serializer};

use super::Json;

/// One task, as the API describes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Which task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// `NOT_STARTED`, `IN_PROGRESS`, `COMPLETE`, `CANCELLING`, `CANCELLED`, and what may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_state: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_step: Option<String>,
    /// As sent; 0 to 1 where it means anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Milliseconds since the epoch, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<f64>,
    /// There once the task has ended; not always after a cancel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<TaskResult>,
}

/// Whether this can be the `localeName` that a task is started with.
pub fn is_locale(text: &str) -> bool {
    /// No tag of BCP 47 that anybody uses is longer.
    const LONGEST: usize = 35;
    let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(is_part)
}

/// How a task, or one step of a process, ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskResult {
    /// The only sign of success: `COMPLETE` is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successful: Option<bool>,
    /// What ran; for a step of a process, the id that its failure dump goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// Its name, mostly on steps of a process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_name: Option<String>,
    /// Whether rows that failed can be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_dump_available: Option<bool>,
    /// What Anaplan says about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// A process has one for each step that ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nested_results: Vec<TaskResult>,
}

/// One remark in a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// The text, in the language the task was started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_message_text: Option<String>,
    /// How often; 0 is common and means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurrences: Option<f64>,
    /// A code such as `exportSucceeded` or `notAuthorised`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Sent as one flat list of keys and values.
    #[serde(serialize_with = "flat")]
    pub values: Vec<(String, Option<String>)>,
}

fn flat<S: Serializer>(values: &[(String, Option<String>)], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(values.iter().flat_map(|(key, value)| [Some(key.as_str()), value.as_deref()]))
}

impl Task {
    /// The task in an answer: in an envelope under `task`, or bare.
    pub fn in_answer(mut answer: Json) -> Option<Self> {
        let names_a_task = |task: &Self| task.task_id.is_some() || task.task_state.is_some();
        let enveloped = answer.take("task").into_object().map(Self::from).filter(names_a_task);
        enveloped.or_else(|| Some(Self::from(answer)).filter(names_a_task))
    }
}

impl From<Json> for Task {
    fn from(mut json: Json) -> Self {
        Self {
            task_id: json.take("taskId").into_text(),
            task_state: json.take("taskState").into_text(),
            current_step: json.take("currentStep").into_text(),
            progress: json.take("progress").into_number(),
            creation_time: json.take("creationTime").into_number(),
            result: json.take("result").into_object().map(TaskResult::from),
        }
    }
}

impl From<Json> for TaskResult {
    fn from(mut json: Json) -> Self {
        Self {
            successful: json.take("successful").into_flag(),
            object_id: json.take("objectId").into_text(),
            object_name: json.take("objectName").into_text(),
            failure_dump_available: json.take("failureDumpAvailable").into_flag(),
            details: json.take("details").into_objects().map(Detail::from).collect(),
            nested_results: json.take("nestedResults").into_objects().map(Self::from).collect(),
        }
    }
}

impl From<Json> for Detail {
    fn from(mut json: Json) -> Self {
        Self {
            local_message_text: json.take("localMessageText").into_text(),
            occurrences: json.take("occurrences").into_number(),
            kind: json.take("type").into_text(),
            values: json.take("values").into_pairs(),
        }
    }
}
