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
    /// There is no token to send a request with. Whoever gets tokens has tried what can be tried.
    Tokenless(Box<Error>, Option<Opaque>),
    /// Something went wrong.
    Failed(Box<Error>, Option<Opaque>),
}

impl Failure {
    /// Does something to the error, if there is one.
    pub fn map(mut self, change: &mut dyn FnMut(&mut Error)) -> Self {
        if let Self::Failed(error, _) | Self::Tokenless(error, _) = &mut self {
            change(error);
        }
        self
    }

    /// The error behind it.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error, _) | Self::Tokenless(error, _) => Some(error),
            Self::Aborted(_) | Self::Closed(_) => None,
        }
    }

    /// The HTTP status behind it.
    pub fn http_status(&self) -> Option<u16> {
        self.error()?.status
    }

    /// The same for one who cannot send a request because of it.
    pub fn tokenless(self) -> Self {
        match self {
            Self::Failed(error, cause) => Self::Tokenless(error, cause),
            other => other,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(Box::new(error), None)
    }
}
