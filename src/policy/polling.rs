//! When one task is asked for, whoever wants to know.

use super::{Cadence, FLOOR, Forecast, Millis};

/// All questions about one task, from every caller.
///
/// Guarantee: however callers come and go, questions fail and the surroundings change,
/// [`Step::Ask`] is given only when [`FLOOR`] has passed since the last question was settled, by an
/// answer, a failure or by being dropped. So the server sees no two questions closer together than
/// that.
#[derive(Debug, Clone, Default)]
pub struct Polling {
    settled: Option<Millis>,
    hold: Option<Hold>,
    answer: Option<Answer>,
    cancelled: Option<Millis>,
    version: u32,
}

/// After a failure nobody asks for a while.
#[derive(Debug, Clone, Copy)]
struct Hold {
    since: Millis,
    until: Millis,
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
    /// Wait until then, or until something changes, and look again. Infinity is for as long as
    /// nothing changes.
    Wait(Millis),
}

/// What goes on around a task.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// When the machine woke last, came online, or the page was shown again: whatever was known is
    /// old then, and a question is due at once.
    pub woken: Option<Millis>,
    /// Whether nobody looks: the page is in the background.
    pub hidden: bool,
    /// What earlier runs of the action say.
    pub forecast: Option<&'a Forecast>,
}

/// What a watcher does while nobody looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenHidden {
    /// Asks at its longest interval.
    #[default]
    Slow,
    /// Asks no more until somebody looks again.
    Pause,
    /// Asks as ever.
    Normal,
}

/// One who watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watcher {
    cadence: Cadence,
    when_hidden: WhenHidden,
    seen: Option<u32>,
}

impl Watcher {
    /// One who has seen nothing yet.
    pub fn new(cadence: Cadence, when_hidden: WhenHidden) -> Self {
        Self { cadence, when_hidden, seen: None }
    }
}

impl Polling {
    /// For one who asks once: an answer younger than [`FLOOR`] will do.
    pub fn once(&self, now: Millis, around: &Surroundings<'_>) -> Step {
        self.deliver_if(now, around, |answer| now - answer.at < FLOOR)
    }

    /// For one who needs the answer to a question that was sent at `moment` or later.
    pub fn since(&self, moment: Millis, now: Millis, around: &Surroundings<'_>) -> Step {
        self.deliver_if(now, around, |answer| answer.asked >= moment)
    }

    /// For one who watches: the first answer at once, then each as it is due, and at the end the
    /// last one.
    pub fn watch(&self, watcher: &Watcher, now: Millis, around: &Surroundings<'_>) -> Step {
        let Some(seen) = watcher.seen else {
            return self.once(now, around);
        };
        let due = self.due(watcher, around).unwrap_or(now);
        let is_last = self.answer.is_some_and(|answer| answer.done);
        if self.version != seen && (is_last || now < due) {
            return Step::Deliver;
        }
        self.ask_from(due, now, around)
    }

    /// When the next question is due for this watcher, after an answer.
    pub fn due(&self, watcher: &Watcher, around: &Surroundings<'_>) -> Option<Millis> {
        let answer = self.answer?;
        let delay = |age, forecast| watcher.cadence.delay(age, answer.jitter, forecast);
        let due = match self.cancelled {
            Some(cancelled) if answer.at <= cancelled => cancelled + FLOOR,
            // After a cancel the end is near, however old the task and long its other runs.
            Some(cancelled) => answer.at + delay(answer.age.min(answer.at - cancelled), None),
            None => answer.at + delay(answer.age, around.forecast),
        };
        let hidden_due = match watcher.when_hidden {
            _ if !around.hidden => due,
            WhenHidden::Normal => due,
            WhenHidden::Pause => return Some(Millis::INFINITY),
            WhenHidden::Slow => due.max(answer.at + watcher.cadence.most),
        };
        Some(match around.woken {
            Some(woken) if woken > answer.at => hidden_due.min(woken),
            _ => hidden_due,
        })
    }

    /// How old the task is, after an answer.
    pub fn age(&self, now: Millis) -> Option<Millis> {
        self.answer.map(|answer| answer.age + (now - answer.at))
    }

    /// The watcher takes the latest status.
    pub fn delivered(&self, watcher: &mut Watcher) {
        watcher.seen = Some(self.version);
    }

    /// A question was answered. Says whether that is news: an answer to a question from before a
    /// cancel is not, unless the task is over.
    pub fn answered(&mut self, answer: Answer) -> bool {
        self.settled = Some(answer.at);
        self.hold = None;
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

    /// A question failed, and the next is to wait `delay` beyond [`FLOOR`]; of several who say so of
    /// one question, the longest counts.
    pub fn failed(&mut self, now: Millis, delay: Millis) {
        let until = now + FLOOR + delay;
        // That of an earlier question is over, or lost its meaning by a wake.
        let hold = self.hold.filter(|hold| self.settled.is_none_or(|at| at <= hold.since));
        let until = hold.map_or(until, |hold| hold.until.max(until));
        self.hold = Some(Hold { since: now, until });
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

    fn deliver_if(
        &self,
        now: Millis,
        around: &Surroundings<'_>,
        good: impl FnOnce(Answer) -> bool,
    ) -> Step {
        if self.answer.is_some_and(good) {
            return Step::Deliver;
        }
        self.ask_from(now, now, around)
    }

    fn ask_from(&self, due: Millis, now: Millis, around: &Surroundings<'_>) -> Step {
        let from = self.settled.map_or(due, |settled| due.max(settled + FLOOR));
        // What failed while the machine slept or was offline says nothing of now.
        let hold = self.hold.filter(|hold| around.woken.is_none_or(|woken| woken <= hold.since));
        let from = hold.map_or(from, |hold| from.max(hold.until));
        if now >= from { Step::Ask } else { Step::Wait(from) }
    }
}
