//! When to ask whether a person has signed in elsewhere.

use super::Millis;

/// The pace of asking for the token behind a user code
/// (<https://www.rfc-editor.org/rfc/rfc8628#section-3.5>).
///
/// Guarantees:
/// - nobody is asked before the interval has passed, five seconds where the server names none, and
///   after the last answer rather than after the last question;
/// - each time that is too fast for the server makes it five seconds longer, for good; each time that
///   there is no answer doubles it, up to a minute;
/// - nobody is asked once the code is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DevicePace {
    interval: Millis,
    next: Millis,
    end: Millis,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAnswer {
    /// Not yet.
    Pending,
    /// Not yet, and asked too soon.
    TooFast,
    /// None, or one that says nothing.
    Lost,
}

impl DevicePace {
    /// How long a code serves, when nobody says otherwise.
    pub const LIFETIME: Millis = 900_000.0;
    const INTERVAL: Millis = 5_000.0;
    const SHORTEST: Millis = 1_000.0;
    const LONGEST: Millis = 60_000.0;

    /// Of a code that was given now; with what the server says of it, in seconds.
    pub fn new(now: Millis, interval: Option<f64>, lifetime: Option<f64>) -> Self {
        let interval = interval.map_or(Self::INTERVAL, |seconds| seconds * 1_000.0);
        let interval = interval.clamp(Self::SHORTEST, Self::LONGEST);
        Self { interval, next: now + interval, end: now + Self::lifetime(lifetime) }
    }

    /// How long a code serves, by what the server says of it in seconds; at most a day.
    pub fn lifetime(said: Option<f64>) -> Millis {
        const DAY: Millis = 86_400_000.0;
        said.map_or(Self::LIFETIME, |seconds| (seconds * 1_000.0).clamp(0.0, DAY))
    }

    /// When to ask next; `None` once there is no use.
    pub fn next(&self) -> Option<Millis> {
        Some(self.next).filter(|next| *next < self.end)
    }

    /// An answer came, or none.
    pub fn answered(&mut self, now: Millis, answer: DeviceAnswer) {
        match answer {
            DeviceAnswer::Pending => {}
            DeviceAnswer::TooFast => self.interval += 5_000.0,
            DeviceAnswer::Lost => {
                self.interval = (self.interval * 2.0).min(Self::LONGEST).max(self.interval);
            }
        }
        self.next = now + self.interval;
    }
}
