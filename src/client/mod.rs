//! The conversation with Anaplan.

mod credentials;
mod exchange;
mod failure;
mod flight;
mod limits;
mod tasks;
mod watch;

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

pub use credentials::{Credentials, Source, Token};
pub use exchange::Exchange;
pub use failure::Failure;
pub use limits::Limits;
pub use watch::Watch;

use crate::platform::Opaque;
use crate::policy::{Cadence, Watcher};
use crate::reference::TaskRef;
use crate::status::TaskStatus;
use limits::Closed;
use tasks::Tasks;

/// A client: one address, one set of credentials, and what is known of each task.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    tasks: Tasks,
    closed: Closed,
}

/// What can be asked of a task. Each has a status for an answer, and all share one way there:
/// apart they were the same code three times.
pub enum Call {
    /// Its status, at most five seconds old.
    Status,
    /// To cancel it.
    Cancel,
    /// Its last status, once it has ended.
    Outcome(Cadence),
}

impl Client {
    /// A client over this way to the server.
    pub fn new(exchange: Exchange) -> Self {
        Self(Rc::new(Inner { tasks: Tasks::new(Rc::new(exchange)), closed: Closed::default() }))
    }

    /// Makes a call.
    pub async fn call(
        &self,
        call: Call,
        task: TaskRef,
        limits: Limits,
    ) -> Result<Rc<TaskStatus>, Failure> {
        let doing = match call {
            Call::Status => "Asking for the task",
            Call::Cancel => "Cancelling the task",
            Call::Outcome(_) => "Waiting for the task",
        };
        let work = async {
            let task = self.0.tasks.open(&task);
            match call {
                Call::Status => task.status().await,
                Call::Cancel => task.cancel().await,
                Call::Outcome(cadence) => {
                    let watcher = RefCell::new(Watcher::new(cadence));
                    loop {
                        let status = task.next(&watcher).await?;
                        if status.done {
                            return Ok(status);
                        }
                    }
                }
            }
        };
        self.run(&limits, &task, doing, pin!(work)).await
    }

    /// Watches a task. Nothing is sent before the first [`Watch::next`].
    pub fn watch(&self, task: TaskRef, cadence: Cadence, limits: Limits) -> Watch {
        Watch::new(self.clone(), task, cadence, limits)
    }

    /// Ends every watch, and rejects every other call, now and later, with `reason`.
    pub fn close(&self, reason: Opaque) {
        self.0.closed.close(reason);
    }
}
