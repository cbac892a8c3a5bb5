//! One run of an action, as a function of time.
//!
//! Nothing ticks: a run is what was scripted and what was asked of it, and its state at any time
//! follows. What is asked at one time changes nothing before it.

#![forbid(unsafe_code)]

use std::sync::Arc;

use anaplan_tasks::wire::{Task, TaskResult};

/// How runs of an action go. Times are in ms.
#[derive(Debug, Clone)]
pub struct Script {
    /// From its creation, or from the end of the run before, to its start.
    pub wait: u64,
    /// From its start to its end, if nobody cancels it.
    pub duration: u64,
    /// From a cancel to the end: what was changed is rolled back.
    pub rollback: u64,
    /// Whether Anaplan knows how far it is.
    pub knows_progress: bool,
    /// Whether a cancel stops it. One that cannot be rolled back ends `COMPLETE`.
    pub obeys_cancel: bool,
    /// What it ends with.
    pub result: TaskResult,
    /// What it ends with when cancelled.
    pub cancelled: TaskResult,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    /// 32 hex digits.
    pub id: String,
    /// Who started it.
    pub owner: String,
    /// When, in ms since the epoch.
    pub created: u64,
    /// Its place among all that was started in its model.
    pub place: usize,
    /// Whether it waits for all of those before it, not only for the runs of its own action.
    pub queues: bool,
    /// Until when it does, as far as can be said now.
    pub held: u64,
    /// How it goes.
    pub script: Script,
    /// When the first cancel came.
    pub cancel: Option<u64>,
    /// When bytes that it left were last read.
    pub read: Option<u64>,
    /// The rows that it refused, where those were somebody's own.
    pub refused: Option<Arc<[u8]>>,
}

/// When a run starts and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Course {
    start: u64,
    end: u64,
    cancelled: bool,
}

/// A run at a time.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// Whose.
    pub run: &'a Run,
    /// Whether nothing will change any more.
    pub ended: bool,
    /// When it starts or started, as far as can be said now.
    pub start: u64,
    /// When it ends or ended, as far as can be said now.
    pub end: u64,
    /// What Anaplan says of it.
    pub task: Task,
}

/// What `runs` of one action are doing at `now`, in the order of their creation.
///
/// Runs of one action touch the same file, so that each waits for the one before it.
pub fn observe(runs: &[Run], now: u64) -> impl Iterator<Item = Snapshot<'_>> {
    runs.iter().scan(0, move |free_at: &mut u64, run| {
        let course = run.course(*free_at);
        *free_at = course.frees().unwrap_or(*free_at);
        Some(run.at(now, course))
    })
}

/// Has the runs of a model wait for each other that do: `actions` are the runs of each of its
/// actions. To be called when one was added or cancelled.
pub fn queue(actions: &mut [&mut Vec<Run>]) {
    let mut order: Vec<(usize, usize, usize)> = Vec::new();
    for (action, runs) in actions.iter().enumerate() {
        order.extend(runs.iter().enumerate().map(|(run, it)| (it.place, action, run)));
    }
    order.sort_unstable();
    let mut free_at = vec![0; actions.len()];
    let mut all_free_at = 0;
    for (_, action, run) in order {
        let run = actions.get_mut(action).and_then(|runs| runs.get_mut(run));
        if let (Some(run), Some(free_at)) = (run, free_at.get_mut(action)) {
            run.held = if run.queues { all_free_at } else { 0 };
            *free_at = run.course(*free_at).frees().unwrap_or(*free_at);
            all_free_at = all_free_at.max(*free_at);
        }
    }
}

impl Course {
    /// When the next one may start. A run that was cancelled in the queue never kept anybody waiting.
    fn frees(&self) -> Option<u64> {
        (self.end > self.start).then_some(self.end)
    }
}

/// How long bytes are kept after they were last read.
pub(crate) const KEPT: u64 = 48 * 3_600_000;

impl Snapshot<'_> {
    /// Whether it ended and was not cancelled.
    pub(crate) fn completed(&self) -> bool {
        self.task.task_state.as_deref() == Some("COMPLETE")
    }

    /// Whether it did what it was to do.
    pub(crate) fn succeeded(&self) -> bool {
        let result = self.task.result.as_ref();
        self.completed() && result.and_then(|result| result.successful) == Some(true)
    }

    /// Whether what it left at its end is still there at `now`.
    pub(crate) fn keeps_bytes(&self, now: u64) -> bool {
        let touched = self.run.read.map_or(self.end, |read| read.max(self.end));
        self.ended && now < touched.saturating_add(KEPT)
    }
}

impl Run {
    /// Its course, when the run before it ends at `free_at`.
    fn course(&self, free_at: u64) -> Course {
        let Script { wait, duration, rollback, obeys_cancel, .. } = self.script;
        let start = self.created.max(free_at).max(self.held).saturating_add(wait);
        let end = start.saturating_add(duration);
        match self.cancel {
            Some(asked) if obeys_cancel && asked < start => {
                Course { start: asked, end: asked, cancelled: true }
            }
            Some(asked) if obeys_cancel && asked < end => Course {
                start,
                end: asked.saturating_add(rollback).max(start.saturating_add(1)),
                cancelled: true,
            },
            _ => Course { start, end, cancelled: false },
        }
    }

    fn at(&self, now: u64, course: Course) -> Snapshot<'_> {
        let Course { start, end, cancelled } = course;
        let script = &self.script;
        let succeeded = script.result.successful == Some(true);
        let asked = self.cancel.is_some_and(|asked| asked <= now);
        let running = |until: u64| {
            let done = until.saturating_sub(start) as f64 / script.duration.max(1) as f64;
            // In whole hundredths, so never 1 before the end.
            script.knows_progress.then_some((done * 100.0).floor() / 100.0)
        };
        let (state, step, progress, result) = if now >= end && cancelled {
            ("CANCELLED", Some("Cancelled"), Some(1.0), Some(script.cancelled.clone()))
        } else if now >= end {
            let step = if succeeded { "Complete." } else { "Failed." };
            ("COMPLETE", Some(step), Some(1.0), Some(script.result.clone()))
        } else if asked {
            let until = self.cancel.filter(|_| cancelled).unwrap_or(now);
            ("CANCELLING", Some("Cancelling"), running(until), None)
        } else if now >= start {
            ("IN_PROGRESS", Some("Processing …"), running(now), None)
        } else {
            ("NOT_STARTED", None, script.knows_progress.then_some(0.0), None)
        };
        Snapshot {
            run: self,
            ended: now >= end,
            start,
            end,
            task: Task {
                task_id: Some(self.id.clone()),
                task_state: Some(state.into()),
                current_step: step.map(Into::into),
                progress,
                creation_time: Some(self.created as f64),
                result,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(created: u64) -> Run {
        Run {
            id: "T".into(),
            owner: "a@b.example".into(),
            created,
            place: 0,
            queues: false,
            held: 0,
            script: Script {
                wait: 1_000,
                duration: 40_000,
                rollback: 5_000,
                knows_progress: true,
                obeys_cancel: true,
                result: TaskResult { successful: Some(true), ..TaskResult::default() },
                cancelled: TaskResult { successful: Some(false), ..TaskResult::default() },
            },
            cancel: None,
            read: None,
            refused: None,
        }
    }

    fn states(runs: &[Run], now: u64) -> Vec<(String, Option<f64>)> {
        observe(runs, now)
            .map(|seen| (seen.task.task_state.unwrap_or_default(), seen.task.progress))
            .collect()
    }

    fn state(runs: &[Run], now: u64) -> (String, Option<f64>) {
        states(runs, now).remove(0)
    }

    #[test]
    fn a_run_waits_runs_and_ends() {
        let runs = [run(100)];
        assert_eq!(state(&runs, 100), ("NOT_STARTED".into(), Some(0.0)));
        assert_eq!(state(&runs, 1_099), ("NOT_STARTED".into(), Some(0.0)));
        assert_eq!(state(&runs, 1_100), ("IN_PROGRESS".into(), Some(0.0)));
        assert_eq!(state(&runs, 21_100), ("IN_PROGRESS".into(), Some(0.5)));
        assert_eq!(state(&runs, 41_099), ("IN_PROGRESS".into(), Some(0.99)));
        assert_eq!(state(&runs, 41_100), ("COMPLETE".into(), Some(1.0)));
    }

    #[test]
    fn a_cancel_rolls_back_and_then_has_cancelled() {
        let mut runs = [run(0)];
        runs[0].cancel = Some(21_000);
        assert_eq!(state(&runs, 20_999).0, "IN_PROGRESS");
        assert_eq!(state(&runs, 21_000), ("CANCELLING".into(), Some(0.5)));
        assert_eq!(state(&runs, 25_999), ("CANCELLING".into(), Some(0.5)));
        assert_eq!(state(&runs, 26_000), ("CANCELLED".into(), Some(1.0)));
    }

    #[test]
    fn a_run_that_cannot_be_rolled_back_completes() {
        let mut runs = [run(0)];
        runs[0].script.obeys_cancel = false;
        runs[0].cancel = Some(21_000);
        assert_eq!(state(&runs, 25_000), ("CANCELLING".into(), Some(0.6)));
        assert_eq!(state(&runs, 40_999).0, "CANCELLING");
        assert_eq!(state(&runs, 41_000).0, "COMPLETE");
    }

    #[test]
    fn a_cancel_after_the_end_changes_nothing() {
        let mut runs = [run(0)];
        runs[0].cancel = Some(41_000);
        assert_eq!(state(&runs, 41_000).0, "COMPLETE");
        assert_eq!(state(&runs, 90_000).0, "COMPLETE");
    }

    #[test]
    fn the_second_run_waits_for_the_first_and_a_third_takes_a_cancelled_place() {
        let mut runs = [run(0), run(10), run(20)];
        let names = |runs: &[Run], now| -> Vec<String> {
            states(runs, now).into_iter().map(|(state, _)| state).collect()
        };
        assert_eq!(names(&runs, 40_999), ["IN_PROGRESS", "NOT_STARTED", "NOT_STARTED"]);
        assert_eq!(names(&runs, 42_000), ["COMPLETE", "IN_PROGRESS", "NOT_STARTED"]);
        runs[1].cancel = Some(30_000);
        assert_eq!(names(&runs, 29_999), ["IN_PROGRESS", "NOT_STARTED", "NOT_STARTED"]);
        assert_eq!(names(&runs, 30_000), ["IN_PROGRESS", "CANCELLED", "NOT_STARTED"]);
        assert_eq!(names(&runs, 42_000), ["COMPLETE", "CANCELLED", "IN_PROGRESS"]);
    }

    #[test]
    fn progress_that_anaplan_does_not_know_is_absent_until_the_end() {
        let mut runs = [run(0)];
        runs[0].script.knows_progress = false;
        assert_eq!(state(&runs, 0).1, None);
        assert_eq!(state(&runs, 20_000).1, None);
        assert_eq!(state(&runs, 60_000), ("COMPLETE".into(), Some(1.0)));
    }
}
