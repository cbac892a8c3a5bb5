//! Decisions, and nothing else: time and answers come in as arguments, the next step comes out.
//! No clock, no I/O, no chance other than an argument, so that a test runs hours in milliseconds.

#![forbid(unsafe_code)]

mod adoption;
mod budget;
mod cadence;
mod device;
mod forecast;
mod freshness;
mod paging;
mod polling;
mod retry;
mod starting;
mod token;
mod transfer;

pub use adoption::{Adoption, Listed, Look, Verdict};
pub use budget::{Budget, Class, Rate, Ticket, Turn};
pub use cadence::Cadence;
pub use device::{DeviceAnswer, DevicePace};
pub use forecast::{Expected, Forecast};
pub use freshness::{Meaning, Other, State, meaning, staleness};
pub use paging::{Follows, Paging};
pub use polling::{Answer, Polling, Step, Surroundings, Watcher, WhenHidden};
pub use retry::{Circumstances, LONGEST_PAUSE, Retry, retry_after};
pub use starting::{Fate, fate};
pub use token::{Moment, Reason, TokenLife};
pub use transfer::Transfer;

/// Milliseconds, by a clock that never goes back.
pub type Millis = f64;

/// No task is asked for twice within this time, whatever the caller does.
pub const FLOOR: Millis = 5_000.0;
