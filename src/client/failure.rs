//! Why a call did not do what it should.

use crate::error::Error;
use crate::platform::Opaque;

/// How a call fails.
#[derive(Clone)]
pub enum Failure {
    /// The caller gave up, and this is the reason it gave.
    Aborted(Opaque),
    /// The client was closed, with this reason.
    Closed(Opaque),
    /// Something went wrong.
    Failed(Box<Error>, Option<Opaque>),
}

impl Failure {
    /// Does something to the error, if there is one.
    pub fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Failed(error, cause) => Self::Failed(Box::new(change(*error)), cause),
            other => other,
        }
    }

    /// The HTTP status behind it.
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Failed(error, _) => error.status,
            Self::Aborted(_) | Self::Closed(_) => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(Box::new(error), None)
    }
}
