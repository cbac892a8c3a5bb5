//! When one task is asked for, whoever wants to know.

use super::{Cadence, FLOOR, Millis};

/// All questions about one task, from every caller.
///
/// Guarantee: however callers come and go, [`Step::Ask`] is given only when [`FLOOR`] has passed
/// since the last question was settled, by an answer, a failure or by being dropped. So the server
/// sees no two questions closer together than that.
#[derive(Debug, Clone, Default)]
pub struct Polling {
    settled: Option<Millis>,
    answer: Option<Answer>,
    cancelled: Option<Millis>,
    version: u64,
}

/// What counts of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// When its question was sent.
    pub asked: Millis,
    /// When it came.
    pub at: Millis,
    /// How old the task was then.
    pub age: Millis,
    /// From 0 to 1, drawn once, so that all watchers agree on when the next question is due.
    pub jitter: f64,
    /// Whether the task is over.
    pub done: bool,
}

/// What a caller does next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Take the latest status.
    Deliver,
    /// Send the question now.
    Ask,
    /// Wait until then, or until something changes, and look again.
    Wait(Millis),
}

/// One who watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watcher {
    cadence: Cadence,
    seen: Option<u64>,
}

impl Watcher {
    /// One who has seen nothing yet.
    pub fn new(cadence: Cadence) -> Self {
        Self { cadence, seen: None }
    }
}

impl Polling {
    /// For one who asks once: an answer younger than [`FLOOR`] will do.
    pub fn once(&self, now: Millis) -> Step {
        self.deliver_if(now, |answer| now - answer.at < FLOOR)
    }

    /// For one who needs the answer to a question that was sent at `moment` or later.
    pub fn since(&self, moment: Millis, now: Millis) -> Step {
        self.deliver_if(now, |answer| answer.asked >= moment)
    }

    /// For one who watches: the first answer at once, then each as it is due, and at the end the
    /// last one.
    pub fn watch(&self, watcher: &Watcher, now: Millis) -> Step {
        let Some(seen) = watcher.seen else {
            return self.once(now);
        };
        let due = self.due(watcher).unwrap_or(now);
        let is_last = self.answer.is_some_and(|answer| answer.done);
        if self.version > seen && (is_last || now < due) {
            return Step::Deliver;
        }
        self.ask_from(due, now)
    }

    /// When the next question is due for this watcher, after an answer.
    pub fn due(&self, watcher: &Watcher) -> Option<Millis> {
        let answer = self.answer?;
        match self.cancelled {
            Some(cancelled) if answer.at <= cancelled => Some(cancelled + FLOOR),
            // After a cancel the end is near, however old the task.
            Some(cancelled) => {
                let age = answer.age.min(answer.at - cancelled);
                Some(answer.at + watcher.cadence.delay(age, answer.jitter, None))
            }
            None => Some(answer.at + watcher.cadence.delay(answer.age, answer.jitter, None)),
        }
    }

    /// The watcher takes the latest status.
    pub fn delivered(&self, watcher: &mut Watcher) {
        watcher.seen = Some(self.version);
    }

    /// A question was answered. Says whether that is news: an answer to a question from before a
    /// cancel is not, unless the task is over.
    pub fn answered(&mut self, answer: Answer) -> bool {
        self.settled = Some(answer.at);
        if !answer.done && self.cancelled.is_some_and(|cancelled| answer.asked < cancelled) {
            return false;
        }
        self.answer = Some(answer);
        self.version = self.version.wrapping_add(1);
        true
    }

    /// A question ended without an answer.
    pub fn settled(&mut self, now: Millis) {
        self.settled = Some(now);
    }

    /// A cancel was accepted: the status on hand has changed, and the next question is due in
    /// [`FLOOR`].
    pub fn cancelled(&mut self, now: Millis) {
        self.cancelled = Some(now);
        self.version = self.version.wrapping_add(1);
    }

    /// Whether this can be forgotten without breaking the guarantee.
    pub fn is_idle(&self, now: Millis) -> bool {
        let passed = |moment: Option<Millis>| moment.is_none_or(|at| now - at >= FLOOR);
        passed(self.settled) && passed(self.cancelled)
    }

    fn deliver_if(&self, now: Millis, good: impl FnOnce(Answer) -> bool) -> Step {
        if self.answer.is_some_and(good) { Step::Deliver } else { self.ask_from(now, now) }
    }

    fn ask_from(&self, due: Millis, now: Millis) -> Step {
        let from = self.settled.map_or(due, |settled| due.max(settled + FLOOR));
        if now >= from { Step::Ask } else { Step::Wait(from) }
    }
}
