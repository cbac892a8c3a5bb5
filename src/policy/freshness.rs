//! Whether a file can be what a run wrote.
//!
//! An export writes to one file for each user. Anaplan deletes that 48 hours after it was last read,
//! and serves the one that all share in its place, if there is one (help.anaplan.com, the pages on
//! exports whose addresses have de9ceea2 and acfd6082 in them).

/// How long a file is kept at least.
const KEPT: f64 = 48.0 * 3_600_000.0;

/// Why a file is not what the run wrote, whatever it is.
pub fn staleness(succeeded: bool, creation_time: Option<f64>, now: f64) -> Option<&'static str> {
    if !succeeded {
        return Some(
            "the run did not succeed, by Anaplan's word, so there is no file of it: what is there is older",
        );
    }
    let age = creation_time.map(|created| now - created);
    if age.is_some_and(|age| age > KEPT) {
        return Some(
            "the run was more than 48 hours ago: Anaplan may have deleted its file and serve another \
             in its place",
        );
    }
    None
}

/// A run of the same export that is not the one in question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Other {
    /// Whether it began after it; `None` where that is not known.
    pub is_later: Option<bool>,
    /// Whether it is over, in whatever way.
    pub state: State,
    /// Whether it is known to be the same user's.
    pub is_ours: bool,
}

/// What another run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may yet write.
    UnderWay,
    /// It may have written, unless it failed.
    Complete,
    /// It has written nothing.
    Cancelled,
}

/// What another run means for the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing.
    None,
    /// It may be that one's, if it is the same user's, which Anaplan does not say.
    MayBeReplaced,
    /// It may change while it is read, likewise.
    MayChange,
    /// It is that one's, if that has succeeded.
    Replaced,
}

/// What another run means for the file.
pub fn meaning(other: Other) -> Meaning {
    match (other.is_later, other.state) {
        (Some(false), _) | (_, State::Cancelled) => Meaning::None,
        (Some(true), State::Complete) if other.is_ours => Meaning::Replaced,
        (_, State::Complete) => Meaning::MayBeReplaced,
        (_, State::UnderWay) => Meaning::MayChange,
    }
}
