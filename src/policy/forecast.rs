//! What earlier runs of an action say of the one under way.

use super::{Cadence, Millis};

/// How long the newest runs of an action took.
///
/// What it is made of comes from a user's store and may be anything: what is no duration is
/// skipped, and only the newest [`RUNS`](Self::RUNS) count, each a quarter less than the one after
/// it, so that three runs of a changed action outweigh all that were before.
///
/// Guarantees for the interval that [`Cadence::delay`] takes from it, whatever the runs:
/// - It is never below the cadence's least nor above its most. So even a run that ends far earlier
///   than all before is noticed within the most.
/// - In doubt it is never wider than the plain rule: with fewer than [`ENOUGH`](Self::ENOUGH) runs,
///   and from where the longest of them ended.
/// - From twice the longest run on it is the plain rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Newest first; at least one.
    runs: Vec<Millis>,
    longest: Millis,
    /// How steeply a run counts as over around where an earlier one ended: the more alike the runs,
    /// the steeper.
    steepness: i32,
}

/// An estimate, never a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// How much longer it takes. Never negative.
    pub remaining: Millis,
    /// How long it takes altogether.
    pub total: Millis,
    /// How many earlier runs say so.
    pub runs: usize,
}

impl Forecast {
    /// How many runs are kept. All before weigh less than half a hundredth of the whole.
    pub const RUNS: usize = 20;

    /// So many runs are enough to ask less often than the plain rule before they ended.
    pub const ENOUGH: usize = 3;

    /// What a run weighs beside the one after it.
    const FADING: f64 = 0.75;

    /// What the plain rule weighs beside the newest run: any run may be unlike those before.
    const DOUBT: f64 = 1.0;

    /// From durations, newest last. `None` when no run is known.
    pub fn new(durations: &[Millis]) -> Option<Self> {
        let newest = durations.iter().rev().copied().filter(is_duration);
        let runs: Vec<Millis> = newest.take(Self::RUNS).collect();
        let longest = runs.iter().copied().reduce(f64::max)?;
        let steepness = steepness(&runs);
        Some(Self { runs, longest, steepness })
    }

    /// The wait after an answer about a task of this age, without jitter.
    ///
    /// It ends where the density of questions, summed up from here, makes one question. Looking
    /// ahead matters: just before earlier runs ended, the density rises steeply.
    pub(super) fn interval(&self, age: Millis, cadence: &Cadence) -> Millis {
        let plain = cadence.plain(age);
        let is_known = age <= 2.0 * self.longest;
        if !is_known {
            return plain;
        }
        let in_doubt = self.runs.len() < Self::ENOUGH || age >= self.longest;
        let most = if in_doubt { plain } else { cadence.most };
        let (mut wait, mut questions) = (0.0, 0.0);
        while questions < 1.0 && wait < most {
            // Ever longer steps, so that no interval takes many.
            let step = (wait / 16.0).max(cadence.least / 4.0);
            questions += step * self.density(age + wait + step / 2.0, cadence);
            wait += step;
        }
        wait.max(cadence.least).min(most)
    }

    /// What to expect of a run of this age: the median of the earlier ones that took longer, each
    /// by its weight. `None` when it has taken longer than all.
    pub fn expected(&self, age: Millis) -> Option<Expected> {
        let weight_up_to = |most: Millis| -> f64 {
            let counted = |&(run, _): &(Millis, f64)| run > age && run <= most;
            self.weighted().filter(counted).map(|(_, weight)| weight).sum()
        };
        let half = weight_up_to(self.longest) / 2.0;
        let is_median_or_above = |run: &Millis| *run > age && weight_up_to(*run) >= half;
        let total = self.runs.iter().copied().filter(is_median_or_above).reduce(f64::min)?;
        Some(Expected { remaining: total - age.max(0.0), total, runs: self.runs.len() })
    }

    /// Appends a run that has finished, and forgets what is no duration or too old to count.
    pub fn remember(durations: &mut Vec<Millis>, duration: Millis) {
        durations.push(duration);
        let known = durations.iter().copied().filter(is_duration).count();
        let mut surplus = known.saturating_sub(Self::RUNS);
        durations.retain(|duration| {
            let is_kept = is_duration(duration) && surplus == 0;
            if is_duration(duration) {
                surplus = surplus.saturating_sub(1);
            }
            is_kept
        });
    }

    /// Questions per millisecond at this age.
    ///
    /// Whoever thinks one second of delay worth two questions asks best every `sqrt(1 s / hazard)`,
    /// the hazard being the chance that a run that is not over ends in the next millisecond. That
    /// of the plain rule is thus known, too: `1 s / interval²`. Here both are mixed, each earlier
    /// run standing for a log-logistic distribution around its length, which needs powers only.
    fn density(&self, age: Millis, cadence: &Cadence) -> f64 {
        let squared = cadence.squared(age);
        // What the plain rule's hazard leaves of runs of this age.
        let mut going = Self::DOUBT * cadence.least / squared.sqrt();
        let mut ending = going * Cadence::GROWTH / squared;
        for (run, weight) in self.weighted() {
            let share = 1.0 / (1.0 + (age / run).powi(self.steepness));
            going += weight * share;
            ending += weight * share * (1.0 - share) * f64::from(self.steepness) / age;
        }
        (ending / going / Cadence::GROWTH).sqrt()
    }

    /// The runs, newest first, and what each weighs.
    fn weighted(&self) -> impl Iterator<Item = (Millis, f64)> {
        let weights = std::iter::successors(Some(1.0), |weight| Some(weight * Self::FADING));
        self.runs.iter().copied().zip(weights)
    }
}

/// How steep, from how much each run differs from the one before: a change of the action counts
/// once, not as if all were unlike. Few runs say little, so there is something to begin with.
fn steepness(runs: &[Millis]) -> i32 {
    let (mut difference, mut weight, mut all) = (0.1, 1.0, 0.25);
    for (newer, older) in runs.iter().zip(runs.iter().skip(1)) {
        difference += weight * (newer - older).abs() / (newer + older);
        all += weight;
        weight *= Forecast::FADING;
    }
    // At least two, for a distribution with a hump.
    (all / difference + 0.5).max(2.0) as i32
}

/// Positive and, since a month is no time for an action to run, below that.
fn is_duration(duration: &Millis) -> bool {
    const MONTH: Millis = 30.0 * 86_400_000.0;
    *duration > 0.0 && *duration < MONTH
}
