//! Which task is the one that a start has made whose answer was lost.

use super::Millis;

/// A question and its answer, by the clock here: milliseconds since the epoch, from a clock that
/// nobody sets between the start and the last look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// When it was sent.
    pub asked_at: f64,
    /// When the answer was there.
    pub answered_at: f64,
    /// What the answer's `Date` says, in milliseconds since the epoch by the server's clock, cut to
    /// a whole second.
    pub server_date: Option<f64>,
}

/// A task as a list has it: its id, and when it was made, in milliseconds since the epoch by the
/// server's clock.
pub type Listed<'a> = (&'a str, Option<f64>);

/// Which of the listed tasks the start has made.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The one at this place.
    Ours(usize),
    /// None of them. That proves nothing: it may be on its way.
    Nobody,
    /// One of those at these places may be it.
    Unclear(Vec<usize>),
}

/// Looks for the task behind a start that was sent and whose answer was lost.
///
/// Anaplan lists the tasks of an action, those of all users, with the time each was made and without
/// a word on who started it. So time decides. The server's clock may be minutes off, but each of its
/// answers says what it shows, cut to a second: at some moment between question and answer. That
/// gives how far it is off, within limits, and these close in with each look.
///
/// Guarantees, where `Date` and `creationTime` tell the same clock's time:
/// - A task that was made more than [`NEAR`](Self::NEAR) before the start was sent is never taken for
///   the one it made, whatever the clocks and however long an answer took. Where the limits leave that
///   open, it is [`Verdict::Unclear`].
/// - The task that was made by the start, once it is listed, is never passed over: it is taken, or
///   among those that may be it.
/// - Of two that may be it, none is taken, and none of which nobody knows when it was made.
///
/// What no look can tell: whether the only task that was made since was made by someone else, while
/// the start never arrived. It is taken.
///
/// Where no answer has a `Date`, the clocks are taken for one. A task from the server's future shows
/// that the times of tasks come from another clock than `Date`; then none is taken.
///
/// How often: at once; where nobody was found, for a slow server makes the task late, after 5 s and
/// after 10 s more; where one was found that may be from before the start, up to
/// [`SHARPER`](Self::SHARPER) times more within a second each, just before the server's `Date` turns
/// if the task is just as old as the start, so that the answer tells whether it is older.
#[derive(Debug, Clone, PartialEq)]
pub struct Adoption {
    sent_at: f64,
    /// By how much the server's clock is ahead of the one here, at least and at most.
    ahead: Option<(f64, f64)>,
    last: Last,
    /// How often nobody was found, and how often it was looked for the age of one.
    late: usize,
    sharper: usize,
    /// How long the last answer took.
    took: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    NotLooked,
    Nobody,
    /// All hangs on the age of one that was made at this time.
    Doubt(f64),
    Settled,
}

impl Adoption {
    /// How often it is looked again only to tell whether a task is older than the start.
    pub const SHARPER: usize = 3;

    /// How long until the next look, each time that nobody was found.
    const LATE: [Millis; 2] = [5_000.0, 10_000.0];

    /// Times are whole milliseconds, cut off, here and there: a difference of two, and another one
    /// between the two clocks, are wrong by less than this.
    const ROUNDING: f64 = 2.0;

    /// How long before the turn of a second the server is to be reached: timers fire late.
    const TURN: f64 = 20.0;

    /// How long an answer may take for the next question to be sent that much earlier.
    const SLOWEST: Millis = 200.0;

    /// A task that is at most so much older than the start is taken for it: what it takes to tell the
    /// two apart goes with the time that an answer takes.
    pub const NEAR: Millis = 250.0;

    /// Beyond that in the server's future, a time comes from another clock.
    const FUTURE: f64 = 60_000.0;

    /// For a start that was sent at this moment, by the clock of [`Look`].
    pub fn new(sent_at: f64) -> Self {
        Self { sent_at, ahead: None, last: Last::NotLooked, late: 0, sharper: 0, took: 0.0 }
    }

    /// What a look at the newest tasks says. `is_other` knows tasks that are another start's.
    pub fn looked(
        &mut self,
        look: &Look,
        tasks: &[Listed<'_>],
        is_other: &dyn Fn(&str) -> bool,
    ) -> Verdict {
        self.heard(look);
        self.took = (look.answered_at - look.asked_at).clamp(0.0, Self::SLOWEST);
        let (least, most) = self.ahead.unwrap_or((0.0, 0.0));
        let possible = self.sent_at + least - Self::ROUNDING;
        let near = self.sent_at + most + Self::ROUNDING - Self::NEAR;
        let created = |task: &Listed<'_>| task.1.filter(|time| time.is_finite());
        let may_be_it = |task: &Listed<'_>| {
            let is_older = created(task).is_some_and(|created| created <= possible);
            !is_older && !is_other(task.0)
        };
        let candidates = tasks.iter().enumerate().filter(|(_, task)| may_be_it(task));
        let places: Vec<usize> = candidates.map(|(place, _)| place).collect();
        let [place] = places.as_slice() else {
            let is_nobody = places.is_empty();
            self.last = if is_nobody { Last::Nobody } else { Last::Settled };
            return if is_nobody { Verdict::Nobody } else { Verdict::Unclear(places) };
        };
        let present = date(look).unwrap_or(look.answered_at) + 1_000.0;
        let is_another_clock =
            tasks.iter().filter_map(created).any(|created| created > present + Self::FUTURE);
        let known = tasks.get(*place).and_then(created).filter(|_| !is_another_clock);
        self.last = match known {
            Some(created) if created < near => Last::Doubt(created),
            _ => Last::Settled,
        };
        match known {
            Some(created) if created >= near => Verdict::Ours(*place),
            _ => Verdict::Unclear(places),
        }
    }

    /// In how many milliseconds from `now`, by the clock of [`Look`], to look; `None` when the last
    /// verdict stands.
    pub fn again(&mut self, now: f64) -> Option<Millis> {
        match self.last {
            Last::NotLooked => Some(0.0),
            Last::Nobody => {
                let delay = Self::LATE.get(self.late).copied();
                self.late = self.late.saturating_add(1);
                delay
            }
            Last::Doubt(created) if self.sharper < Self::SHARPER => {
                self.sharper = self.sharper.saturating_add(1);
                // What the server's clock shows, if the start was sent just when the task was made.
                let theirs = now + (created - self.sent_at) + Self::TURN + self.took;
                Some(((theirs / 1_000.0).ceil() * 1_000.0 - theirs).max(0.0))
            }
            Last::Doubt(_) | Last::Settled => None,
        }
    }

    /// What the `Date` of a look says. That of the failed answer to the start is none: it may be by the
    /// clock of a gateway or a proxy on the way, of which a fraction of a second would be too much.
    fn heard(&mut self, look: &Look) {
        let Some(date) = date(look) else {
            return;
        };
        let (least, most) = (date - look.answered_at, date + 1_000.0 - look.asked_at);
        self.ahead = Some(match self.ahead {
            None => (least, most),
            Some(known) if known.0.max(least) <= known.1.min(most) => {
                (known.0.max(least), known.1.min(most))
            }
            // A clock was set, or there are two: in doubt wider.
            Some(known) => (known.0.min(least), known.1.max(most)),
        });
    }
}

fn date(look: &Look) -> Option<f64> {
    look.server_date.filter(|date| date.is_finite())
}
