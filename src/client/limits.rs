//! How long a call goes on.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::{Client, Failure};
use crate::error::{Code, Error};
use crate::platform::{Notify, Opaque, Signal, monotonic, sleep};
use crate::policy::Millis;
use crate::reference::TaskRef;
use crate::status::TaskStatus;

/// The caller's patience.
#[derive(Default)]
pub struct Limits {
    /// Given up as soon as this aborts.
    pub signal: Option<Signal>,
    /// Given up after this time, counted from the first work done within these limits.
    pub timeout: Option<Millis>,
    /// When that was.
    pub started: Cell<Option<Millis>>,
}

/// Whether the client is closed, and with what reason.
#[derive(Default)]
pub struct Closed {
    reason: RefCell<Option<Opaque>>,
    changed: Notify,
}

impl Client {
    /// Does `work` within `limits` and while the client is open. What is given up is dropped, and
    /// with it the request under way and every timer.
    pub(super) async fn run(
        &self,
        limits: &Limits,
        task: &TaskRef,
        doing: &str,
        work: Pin<&mut dyn Future<Output = Result<Rc<TaskStatus>, Failure>>>,
    ) -> Result<Rc<TaskStatus>, Failure> {
        let given_up = pin!(async {
            let (aborted, closed) = (pin!(limits.aborted()), pin!(self.0.closed.reason()));
            match select(select(aborted, closed), pin!(limits.passed())).await {
                Either::Left((Either::Left((reason, _)), _)) => Failure::Aborted(reason),
                Either::Left((Either::Right((reason, _)), _)) => Failure::Closed(reason),
                Either::Right((error, _)) => error.into(),
            }
        });
        // Polled in this order, so that a call that is given up already sends nothing.
        let result = match select(given_up, work).await {
            Either::Left((failure, _)) => Err(failure),
            Either::Right((result, _)) => result,
        };
        result.map_err(|failure| {
            let last = self.0.tasks.latest(task);
            failure.map(|error| error.doing(doing).about(task, last.as_deref()))
        })
    }
}

impl Limits {
    async fn aborted(&self) -> Opaque {
        match &self.signal {
            Some(signal) => signal.aborted().await,
            None => pending().await,
        }
    }

    async fn passed(&self) -> Error {
        let Some(timeout) = self.timeout else {
            return pending().await;
        };
        let started = self.started.get().unwrap_or_else(monotonic);
        self.started.set(Some(started));
        // Not for a moment when it has passed already, so that nothing more is sent; and again
        // where it is longer than a timer can be.
        loop {
            let left = started + timeout - monotonic();
            if left <= 0.0 {
                break;
            }
            sleep(left).await;
        }
        let timeout = timeout as u64;
        let text = format!("no end within the timeout of {timeout} ms; the task itself runs on");
        Error::new(Code::Timeout, text)
    }
}

impl Closed {
    pub(super) fn close(&self, reason: Opaque) {
        self.reason.borrow_mut().get_or_insert(reason);
        self.changed.notify();
    }

    /// Resolves once it is closed.
    async fn reason(&self) -> Opaque {
        loop {
            let changed = self.changed.changed();
            if let Some(reason) = &*self.reason.borrow() {
                return reason.clone();
            }
            changed.await;
        }
    }
}
