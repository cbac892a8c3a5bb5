//! Whether a request that failed is sent again, and when.

use super::Millis;
use crate::error::{Code, Error};

/// How often one request of a call is sent, at the most.
///
/// Guarantees, for calls that may be repeated (asking and cancelling are; starting is not):
/// - [`Retry::again`] gives a delay for fewer than `attempts` failures, and only where a repeat may
///   help: the network, a time-out, a broken body, 408, 409, 410, 423, 424, 429 and 5xx;
/// - tried once more, and no oftener, is what moved (410), what is missing (404) though it was there
///   before, and a token that was refused, for that is when it is renewed;
/// - what fails because the machine is offline is not counted for those who can wait;
/// - the delay is drawn from the whole range below a bound ("full jitter") that doubles with each
///   failure up to [`Retry::LONGEST`], so that clients which failed together do not come back
///   together; it is never below what the server asked for.
///
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    attempts: f64,
    failures: f64,
    /// What the bound has grown by.
    growth: f64,
    was_missing: bool,
    was_refused: bool,
}

impl Retry {
    /// When nobody says otherwise.
    pub const ATTEMPTS: f64 = 5.0;
    /// No delay of our own is longer.
    pub const LONGEST: Millis = 30_000.0;
    /// The bound for the first delay.
    const FIRST: Millis = 1_000.0;
    /// The same where a model is busy or closed, which takes its time.
    const FIRST_BUSY: Millis = 5_000.0;

    /// With so many attempts, the first included.
    pub fn new(attempts: f64) -> Self {
        Self { attempts, failures: 0.0, growth: 1.0, was_missing: false, was_refused: false }
    }

    /// An attempt failed. The time until the next, or `None` when there is none.
    pub fn again(&mut self, error: &Error, circumstances: &Circumstances) -> Option<Millis> {
        if circumstances.is_patient && error.code == Code::Network {
            return Some(Self::LONGEST * circumstances.chance);
        }
        self.failures += 1.0;
        let is_missing = error.status == Some(404) && circumstances.is_known;
        let was_so = match error.code {
            Code::NotFound => &mut self.was_missing,
            Code::Unauthorized => &mut self.was_refused,
            _ => &mut false,
        };
        let is_answer = circumstances.is_cancel && matches!(error.status, Some(409 | 410));
        let may_help = (error.retryable || is_missing) && !is_answer;
        if !may_help || *was_so || self.failures >= self.attempts {
            return None;
        }
        *was_so = true;
        let asked = error.retry_after.unwrap_or(0.0);
        let first = match error.code {
            // Another token is all that it takes.
            Code::Unauthorized => return Some(asked),
            Code::Conflict | Code::ModelUnavailable => Self::FIRST_BUSY,
            _ => Self::FIRST,
        };
        let bound = (first * self.growth).min(Self::LONGEST);
        self.growth *= 2.0;
        Some((bound * circumstances.chance).max(asked))
    }

    /// How many attempts were made.
    pub fn made(&self) -> f64 {
        self.failures
    }

    /// An answer came: the next failure is a first one.
    pub fn succeeded(&mut self) {
        *self = Self::new(self.attempts);
    }
}

/// What else counts when an attempt has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Circumstances {
    /// From 0 to 1, drawn anew each time.
    pub chance: f64,
    /// Whether the server knew of the thing before.
    pub is_known: bool,
    /// Whether a cancel failed, of which 409 and 410 say as much as a status does: there is nothing
    /// to cancel, or not now.
    pub is_cancel: bool,
    /// Whether one can wait: nothing works while the machine is offline, and that does not count.
    pub is_patient: bool,
}

/// How long to send nothing, by a `Retry-After`: seconds or, by `date`, the time that the server
/// means, in milliseconds since the epoch as `now` is.
///
/// What is absent or cannot be read counts as ten seconds, which Anaplan's pages advise; what is
/// longer than [`LONGEST_PAUSE`] is cut to that.
pub fn retry_after(header: Option<&str>, date: impl Fn(&str) -> Option<f64>, now: f64) -> Millis {
    const UNSAID: Millis = 10_000.0;
    let header = header.unwrap_or_default().trim();
    let asked = if header.is_empty() {
        None
    } else if header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are absurd, and cut.
        Some(header.parse::<u32>().map_or(f64::INFINITY, |seconds| f64::from(seconds) * 1_000.0))
    } else if header.starts_with(|c: char| c.is_ascii_alphabetic()) {
        date(header).map(|then| then - now)
    } else {
        None
    };
    asked.unwrap_or(UNSAID).clamp(0.0, LONGEST_PAUSE)
}

/// Two minutes: longer than a tenant's budget takes to fill, so whoever asks for more errs.
pub const LONGEST_PAUSE: Millis = 120_000.0;
