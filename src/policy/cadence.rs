//! How long to wait between two questions about one task.

use super::{FLOOR, Forecast, Millis};

/// The growing interval: 5 s, then about a second longer each time, up to 30 s, plus jitter.
///
/// As a function of the task's age it is `sqrt(least² + 2 s · age)`, which grows by a second from
/// one question to the next and is the same for one who begins to watch late. `bench/cadence.rs`
/// compares it with others: the chance that a run ends in the next second falls about as its age
/// grows, and questions are best spent by the root of that chance.
///
/// Guarantee: [`delay`](Self::delay) is never below [`FLOOR`] nor more than a tenth above the most,
/// whatever the age, the jitter and the forecast.
///
/// Anaplan asks for "no more than once every five seconds", and longer apart for long exports
/// (<https://help.anaplan.com/monitor-the-export-tasks-04759b20-259e-4fc7-ba60-caeddb0320a6>).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cadence {
    pub(super) least: Millis,
    pub(super) most: Millis,
}

impl Cadence {
    const MOST: Millis = 30_000.0;

    /// By how much one wait is longer than the one before.
    pub(super) const GROWTH: Millis = 1_000.0;

    /// `interval` is raised to [`FLOOR`], `max_interval` to `interval`.
    pub fn new(interval: Option<Millis>, max_interval: Option<Millis>) -> Self {
        let least = interval.unwrap_or(FLOOR).max(FLOOR);
        Self { least, most: max_interval.unwrap_or(Self::MOST).max(least) }
    }

    /// The wait after an answer about a task of this age; earlier runs of its action may move the
    /// questions to where they ended. `jitter` is from 0 to 1; it only ever lengthens the wait, so
    /// the floor holds.
    pub fn delay(&self, age: Millis, jitter: f64, forecast: Option<&Forecast>) -> Millis {
        // What is no number counts as none, here and below.
        let age = age.max(0.0);
        let interval =
            forecast.map_or_else(|| self.plain(age), |forecast| forecast.interval(age, self));
        let jitter = if jitter > 0.0 { jitter.min(1.0) } else { 0.0 };
        interval * (1.0 + 0.1 * jitter)
    }

    /// The interval of one who knows nothing of earlier runs.
    pub(super) fn plain(&self, age: Millis) -> Millis {
        self.squared(age).sqrt().max(self.least).min(self.most)
    }

    /// The square of the interval that grows without end.
    pub(super) fn squared(&self, age: Millis) -> f64 {
        self.least * self.least + 2.0 * Self::GROWTH * age
    }
}

impl Default for Cadence {
    fn default() -> Self {
        Self::new(None, None)
    }
}
