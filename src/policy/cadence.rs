//! How long to wait between two questions about one task.

use super::{FLOOR, Millis};

/// The growing interval: a tenth of the task's age, between a least and a most, plus jitter.
///
/// Guarantee: [`delay`](Self::delay) is never below [`FLOOR`] nor more than a tenth above the most.
///
/// Anaplan asks for "no more than once every five seconds", and longer apart for long exports
/// (<https://help.anaplan.com/monitor-the-export-tasks-04759b20-259e-4fc7-ba60-caeddb0320a6>).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cadence {
    least: Millis,
    most: Millis,
}

impl Cadence {
    const MOST: Millis = 30_000.0;

    /// `interval` is raised to [`FLOOR`], `max_interval` to `interval`.
    pub fn new(interval: Option<Millis>, max_interval: Option<Millis>) -> Self {
        let least = interval.unwrap_or(FLOOR).max(FLOOR);
        Self { least, most: max_interval.unwrap_or(Self::MOST).max(least) }
    }

    /// The wait after an answer about a task of this age. `jitter` is from 0 to 1; it only ever
    /// lengthens the wait, so the floor holds.
    pub fn delay(&self, age: Millis, jitter: f64) -> Millis {
        let interval = (age * 0.1).max(self.least).min(self.most);
        // What is no number counts as none.
        let jitter = if jitter > 0.0 { jitter.min(1.0) } else { 0.0 };
        interval * (1.0 + 0.1 * jitter)
    }
}

impl Default for Cadence {
    fn default() -> Self {
        Self::new(None, None)
    }
}
