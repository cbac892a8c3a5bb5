//! The switches: what can be made to look different, and what can be made to go wrong.
//!
//! All are off in the beginning. Where Anaplan's own documentation, its clients or its recorded
//! answers show the behaviour, the switch says so; "undocumented" is what nobody has written down.

#![forbid(unsafe_code)]

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The switches as they are set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// A login by certificate may be of format v1, without a timestamp, as Anaplan took it until June
    /// 2026.
    pub certificate_v1: bool,
    /// Refresh tokens stay as they are, however often they are used, and no answer has a new one.
    /// Anaplan's administrators choose between both when they register a client.
    pub lasting_refresh_tokens: bool,
    /// Whoever is asked to sign in on another device refuses, unless they have done so before.
    pub deny_user_codes: bool,
    /// The HTTP status of errors of `/oauth`, which is undocumented: 401 for an unknown client and
    /// else 400 in the beginning.
    pub oauth_error_status: Option<u16>,
    /// Answers have no `meta` and no `status`. Anaplan's pages on imports and processes show such
    /// answers to a start.
    pub without_envelope: bool,
    /// A start answers `taskId` at the top level instead of under `task` (same pages).
    pub bare_start: bool,
    /// Status and cancel answer the task's fields at the top level instead of under `task`
    /// (undocumented).
    pub bare_task: bool,
    /// A list of exactly one task is one object under `task` (documented samples of imports).
    pub single_task: bool,
    /// These fields of tasks and results are left out: `type`, `creationTime`, `currentStep`,
    /// `progress`, `result`, `details`, … Anaplan's page "Monitor the export tasks" has samples
    /// without each of the first four; a cancelled task without `result` is undocumented.
    pub without_fields: Vec<String>,
    /// These fields of tasks and results are `null`. `currentStep` is so for at least one client.
    pub null_fields: Vec<String>,
    /// Whole numbers in `progress` are written `1.0` instead of `1`; samples have both.
    pub float_progress: bool,
    /// Tasks say this of their progress, whatever it is; -1 is what a model's status says.
    pub progress: Option<f64>,
    /// Tasks that have not ended say that they are in this state (no such state is documented).
    pub task_state: Option<String>,
    /// Tasks that were cancelled name who did it, in a field that Anaplan Connect reads and no
    /// page documents.
    pub cancelled_by: Option<String>,
    /// Every object has a field that nobody knows.
    pub unknown_fields: bool,
    /// `values` in details hold `null`, and end with a key that has no value. The first is on
    /// record, the second is undocumented.
    pub odd_values: bool,
    /// What a cancel answers (undocumented, all of it).
    pub cancel_answer: CancelAnswer,
    /// A cancel comes too late: the task ends `COMPLETE` as if nothing had been asked.
    pub cancel_loses: bool,
    /// `meta.paging.next` says `limit=20` although everything was sent (recorded from lists
    /// without a `limit`).
    pub misleading_next: bool,
    /// Lists have at most this many rows, whatever `limit` says; `totalSize` stays true. Anaplan
    /// may shrink a page without a word.
    pub page_size: Option<u32>,
    /// Chunks of files and dumps have this many bytes, all but the last; 100 000 in the beginning.
    /// Anaplan's size for exports is undocumented; dumps have at most 10 MB.
    pub chunk_size: Option<NonZeroU32>,
    /// What exports write has this many rows, of 89 bytes each in text; with 0, it has no chunks at
    /// all. Nothing is held in memory, so that there may be many.
    pub file_rows: Option<u32>,
    /// What an export wrote is still what its run before the last one wrote (undocumented; the run
    /// of another user looks so, whose file is theirs alone).
    pub stale_file: bool,
    /// The chunks of files and dumps are listed, but their bytes are 404; recorded after a file was
    /// deleted.
    pub lost_chunks: bool,
    /// Tasks that are started while it is on wait until all that was started in their model before
    /// has ended. Anaplan has those wait that touch the same data; here, all actions of a model do.
    /// Runs of one action wait for each other in any case.
    pub queues: bool,
    /// The server's clock is off by so many ms, at most ten years: the times that it tells, of tasks,
    /// tokens, errors and in `Date`, and the time that it compares those of certificates with. How
    /// long anything takes stays the same.
    pub clock_skew: i64,
    /// Files wait until nothing runs in their model, as Anaplan's page on busy models has it. It is
    /// `delay` that says so: the answer is that of then.
    pub block_files: bool,
    /// Tasks say that there are refused rows, but there are none any more. Anaplan's page on dumps
    /// has it: they are deleted after two days, or when another run was clean.
    pub lost_dumps: bool,
    /// What is answered for a dump that is not there; both are on record.
    pub dump_answer: DumpAnswer,
    /// A foreign `Origin` is 403 with an empty body, as Anaplan answers browser extensions and
    /// foreign pages. While it is off, pages of all origins are let in.
    pub refuse_origins: bool,
    /// The tenant's requests in a minute; 600 in the beginning, as documented. Others use the rest.
    pub requests_per_minute: Option<u32>,
    /// Every answer comes this much later, in ms of real time.
    pub latency: u32,
    /// Requests that go wrong. The first that concerns a request and has not been used up takes it.
    pub failures: Vec<Failure>,
}

/// The bytes of a chunk: few, so that what takes many chunks takes little time.
const CHUNK_SIZE: u32 = 100_000;
/// Ten years, in ms.
const MOST_SKEW: u64 = 315_360_000_000;
/// Rows have numbers of nine digits.
const MOST_ROWS: u32 = 100_000_000;

/// What a cancel answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CancelAnswer {
    /// 200 with the task; Anaplan Connect expects this one.
    #[default]
    Task,
    /// 200 with an envelope and no task in it.
    Envelope,
    /// 200 without a body.
    Empty,
    /// 202 with the task.
    Accepted,
    /// 204.
    NoContent,
    /// 404, and nothing is cancelled.
    NotFound,
    /// 409, and nothing is cancelled.
    Conflict,
    /// 400, and nothing is cancelled.
    BadRequest,
}

/// What is answered for a dump that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DumpAnswer {
    /// 404.
    #[default]
    NotFound,
    /// 204 for the dump as a whole, 400 for its list of chunks. What one chunk is then is
    /// undocumented: 404.
    NoContent,
}

/// Requests that go wrong in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// What comes instead of the answer.
    pub answer: Answer,
    /// `Retry-After`: a number is sent as seconds, a text as it is, so it may be an HTTP date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// Which requests. All, when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<Operation>,
    /// How many requests, from now on. All, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Whether the request takes effect though its answer is lost. When absent: yes for answers
    /// that break off (`truncated`, `empty`, `reset`, `stall`), no for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed: Option<bool>,
}

/// What comes instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// An HTTP status from 400 on, with the body that Anaplan sends with it: none with 403, a page
    /// for people with 5xx, else its error body.
    Status(u16),
    /// Something else.
    Kind(AnswerKind),
}

/// What comes instead of an answer and is not plainly a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnswerKind {
    /// 503 with the text of an address that was given up.
    Deprecated,
    /// 200 with a page for people, as a login screen in the way would send.
    LoginPage,
    /// The answer's status with half of its body.
    Truncated,
    /// The answer's status without a body.
    Empty,
    /// The connection breaks after half of the body.
    Reset,
    /// After half of the body nothing comes any more.
    Stall,
    /// The connection breaks before the first byte.
    NoAnswer,
    /// There never is a first byte.
    Hang,
}

/// The value of `Retry-After`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u32),
    /// Sent as it is.
    Text(String),
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// `GET` of a task.
    Status,
    /// `DELETE` of a task.
    Cancel,
    /// `POST` to an action's tasks.
    Start,
    /// `GET` of an action's tasks.
    Tasks,
    /// `GET` of workspaces, of models, of the actions of a model, or of one.
    List,
    /// `GET` of the files of a model, or of the chunks of a file or dump.
    Files,
    /// `GET` of the bytes of a file or dump, or of a chunk of one.
    Download,
    /// Whatever changes an uploaded file: `POST` and `DELETE` of it and `POST` of its end, `PUT` of it
    /// and of a chunk.
    Upload,
    /// Anything under `/token` and `/oauth`.
    Auth,
}

impl Faults {
    /// These switches with the ones in `patch` set: a JSON object, in which `null` turns a switch
    /// off. A patch that is `null` turns all of them off. The error is for people.
    pub fn with(&self, patch: &Value) -> Result<Self, String> {
        let Value::Object(patch) = patch else {
            return match patch {
                Value::Null => Ok(Self::default()),
                _ => Err("expected an object of faults, or null".into()),
            };
        };
        let mut fields = match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        for (name, value) in patch {
            match value {
                // It keeps its place if its name is wrong, so that the name is refused.
                Value::Null if fields.contains_key(name) => drop(fields.remove(name)),
                _ => drop(fields.insert(name.clone(), value.clone())),
            }
        }
        let faults: Self =
            serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        faults.check()?;
        Ok(faults)
    }

    /// The failure that takes a request for `operation`, one time of it used up.
    pub(crate) fn take_failure(&mut self, operation: Option<Operation>) -> Option<Failure> {
        let failure = self.failures.iter_mut().find(|failure| {
            let concerned = failure.on.is_empty()
                || operation.is_some_and(|operation| failure.on.contains(&operation));
            concerned && failure.times != Some(0)
        })?;
        failure.times = failure.times.map(|times| times.saturating_sub(1));
        let taken = failure.clone();
        self.failures.retain(|failure| failure.times != Some(0));
        Some(taken)
    }

    /// What the server's clock says at `now`.
    pub(crate) fn clock(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.clock_skew)
    }

    /// The bytes of a chunk.
    pub(crate) fn bytes_of_a_chunk(&self) -> u32 {
        self.chunk_size.map_or(CHUNK_SIZE, NonZeroU32::get)
    }

    fn check(&self) -> Result<(), String> {
        if self.file_rows > Some(MOST_ROWS) {
            return Err(format!("fileRows: expected at most {MOST_ROWS}"));
        }
        if self.clock_skew.unsigned_abs() > MOST_SKEW {
            return Err(format!("clockSkew: expected at most {MOST_SKEW}, either way"));
        }
        if self.oauth_error_status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err("oauthErrorStatus: expected a status from 400 to 599".into());
        }
        for failure in &self.failures {
            if matches!(failure.answer, Answer::Status(status) if !(400..=599).contains(&status)) {
                return Err("failures: expected an answer from 400 to 599".into());
            }
            let good = |c: char| matches!(c, ' '..='~');
            if matches!(&failure.retry_after, Some(RetryAfter::Text(text)) if !text.chars().all(good))
            {
                return Err("failures: expected a retryAfter of printable ASCII".into());
            }
        }
        Ok(())
    }
}

impl Failure {
    /// Whether the request takes effect all the same.
    pub(crate) fn executes(&self) -> bool {
        use AnswerKind::{Empty, Reset, Stall, Truncated};
        self.executed
            .unwrap_or(matches!(self.answer, Answer::Kind(Truncated | Empty | Reset | Stall)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn switches_are_set_one_by_one_and_turned_off_again() {
        let faults = Faults::default()
            .with(&json!({ "bareStart": true, "latency": 20 }))
            .and_then(|faults| faults.with(&json!({ "progress": -1, "latency": null })))
            .unwrap();
        assert_eq!(faults, Faults { bare_start: true, progress: Some(-1.0), ..Faults::default() });
        assert_eq!(faults.with(&Value::Null), Ok(Faults::default()));
    }

    #[test]
    fn what_is_no_switch_is_refused_and_changes_nothing() {
        for patch in [
            json!({ "bareStrat": true }),
            json!({ "bareStrat": null }),
            json!({ "latency": "soon" }),
            json!({ "latency": -1 }),
            json!({ "cancelAnswer": "teapot" }),
            json!({ "chunkSize": 0 }),
            json!({ "fileRows": 100_000_001 }),
            json!({ "dumpAnswer": 204 }),
            json!({ "oauthErrorStatus": 200 }),
            json!({ "clockSkew": -315_360_000_001_i64 }),
            json!({ "clockSkew": 0.5 }),
            json!({ "queues": 1 }),
            json!({ "failures": [{ "answer": 200 }] }),
            json!({ "failures": [{ "answer": "explode" }] }),
            json!({ "failures": [{ "answer": 429, "retryAfter": "1\r\nx: y" }] }),
            json!({ "failures": [{ "answer": 500, "on": ["everything"] }] }),
            json!([]),
            json!(true),
        ] {
            assert!(Faults::default().with(&patch).is_err(), "{patch}");
        }
    }

    #[test]
    fn a_failure_takes_only_what_it_concerns_and_only_so_often() {
        let mut faults = Faults::default()
            .with(&json!({ "failures": [
                { "answer": 429, "times": 2, "on": ["status"] },
                { "answer": 503, "times": 1 },
            ] }))
            .unwrap();
        let mut take = |operation| faults.take_failure(operation).map(|failure| failure.answer);
        assert_eq!(take(Some(Operation::Status)), Some(Answer::Status(429)));
        assert_eq!(take(Some(Operation::Cancel)), Some(Answer::Status(503)));
        assert_eq!(take(None), None);
        assert_eq!(take(Some(Operation::Status)), Some(Answer::Status(429)));
        assert_eq!(take(Some(Operation::Status)), None);
        assert_eq!(faults.failures, []);
    }
}
