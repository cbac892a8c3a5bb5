//! When a token is renewed.

use super::Millis;

/// A moment by two clocks. Neither tells all: one stands still while a laptop sleeps, the other can
/// be set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// By a clock that never goes back.
    pub steady: Millis,
    /// Milliseconds since the epoch.
    pub wall: f64,
}

/// Why a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There was none yet.
    First,
    /// It ends soon.
    Expiring,
    /// The server did not accept it.
    Rejected,
}

impl Reason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Expiring => "expiring",
            Self::Rejected => "rejected",
        }
    }
}

/// The life of a token: who holds it asks here before each use.
///
/// Guarantees:
/// - a token is renewed once four fifths of its life are over, by whichever clock says so first, and
///   in time for it to serve meanwhile;
/// - a renewal that fails does no harm while the old token lives, and is not tried again at once;
/// - a token that was refused is not used again, nor one that is over.
///
/// Tokens live 35 minutes (<https://help.anaplan.com/authentication-service-api>).
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenLife {
    held: Option<Held>,
    refused: bool,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    since: Moment,
    /// As long as it was said to live.
    said: Option<Millis>,
    /// Not renewed before.
    not_before: Millis,
}

impl TokenLife {
    /// A token's, when nobody says otherwise.
    pub const LIFETIME: Millis = 35.0 * 60_000.0;
    /// How long after a renewal that failed the next is tried, while the old token lives.
    pub const PATIENCE: Millis = 30_000.0;

    /// Why a token must be had before the next request; `None` where the one held will do.
    pub fn need(&self, now: Moment) -> Option<Reason> {
        let Some(held) = &self.held else {
            return Some(if self.refused { Reason::Rejected } else { Reason::First });
        };
        let age = held.age(now);
        let is_old = age >= 0.8 * held.said.unwrap_or(Self::LIFETIME);
        let may_wait = now.steady < held.not_before && !held.is_over(age);
        (is_old && !may_wait).then_some(Reason::Expiring)
    }

    /// Whether the token that is held can still be used.
    pub fn is_good(&self, now: Moment) -> bool {
        self.held.is_some_and(|held| !held.is_over(held.age(now)))
    }

    /// There is a new token, which ends at `expires_at` (milliseconds since the epoch) if that was
    /// said. One that is over already serves those who wait for it and no one else.
    pub fn renewed(&mut self, now: Moment, expires_at: Option<f64>) {
        let said = expires_at.map(|end| (end - now.wall).max(0.0));
        self.held = Some(Held { since: now, said, not_before: f64::NEG_INFINITY });
        self.refused = false;
    }

    /// A renewal failed. Says whether the token that is held serves on.
    pub fn failed(&mut self, now: Moment) -> bool {
        let is_good = self.is_good(now);
        if let Some(held) = self.held.as_mut().filter(|_| is_good) {
            held.not_before = now.steady + Self::PATIENCE;
        }
        is_good
    }

    /// The server did not accept the token.
    pub fn refused(&mut self) {
        *self = Self { held: None, refused: true };
    }
}

impl Held {
    fn age(&self, now: Moment) -> Millis {
        (now.steady - self.since.steady).max(now.wall - self.since.wall)
    }

    /// Where nobody said when it ends, only the server knows.
    fn is_over(&self, age: Millis) -> bool {
        self.said.is_some_and(|said| age >= said)
    }
}
