//! The conversation with Anaplan.

mod credentials;
mod event;
mod exchange;
mod failure;
mod flight;
mod gate;
mod limits;
mod line;
mod login;
mod runs;
mod slots;
mod tasks;
mod watch;

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

pub use credentials::{Credentials, Giver, Source, Token};
pub use event::{About, Event, Events};
pub use exchange::Exchange;
pub use failure::Failure;
pub use flight::{Flight, Ticket};
pub use gate::Gate;
pub use limits::Limits;
pub use line::{Answer, Content, Line};
pub use login::Login;
pub use runs::Histories;
pub use slots::Slots;
pub use watch::Watch;

use crate::error::Error;
use crate::platform::{Opaque, Timers};
use crate::policy::Watcher;
use crate::reference::TaskRef;
use crate::status::{Phase, TaskStatus};
use limits::Closed;
use tasks::{Cancelled, Task, Tasks, Wait, Want};

/// A client: one address, one set of credentials, and what is known of each task.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    exchange: Rc<Exchange>,
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
    Outcome(Watcher),
    /// The same, if it has ended well.
    Success(Watcher),
}

impl Client {
    /// A client over this way to the server.
    pub fn new(exchange: Exchange, histories: Histories) -> Self {
        let exchange = Rc::new(exchange);
        let tasks = Tasks::new(Rc::clone(&exchange), histories);
        Self(Rc::new(Inner { exchange, tasks, closed: Closed::default() }))
    }

    /// Makes a call.
    pub async fn call(
        &self,
        call: Call,
        reference: TaskRef,
        limits: Limits,
    ) -> Result<Rc<TaskStatus>, Failure> {
        let doing = match call {
            Call::Status => "Asking for the task",
            Call::Cancel => "Cancelling the task",
            Call::Outcome(_) | Call::Success(_) => "Waiting for the task",
        };
        let task = self.0.tasks.open(&reference);
        let watchdog = self.cancel_on_abort(&limits, std::slice::from_ref(&task));
        let work = async {
            let wants_success = matches!(call, Call::Success(_));
            let status = match call {
                Call::Status => self.wait(&task, Want::Once).await?,
                Call::Cancel => self.cancel(&task).await?,
                Call::Outcome(watcher) | Call::Success(watcher) => {
                    self.wait(&task, Want::Next(watcher)).await?
                }
            };
            if wants_success && status.phase != Phase::Succeeded {
                // The status that is wanted was not seen by anybody yet.
                return Err(Error::ended(&status).into());
            }
            Ok(Some(status))
        };
        let result = self.run(&limits, pin!(work)).await;
        drop(watchdog);
        match result {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err(Error::new(crate::error::Code::Internal, "no status").into()),
            Err(failure) => Err(told(failure, doing, &task)),
        }
    }

    /// Watches tasks. Nothing is sent before the first [`Watch::next`].
    pub fn watch(&self, tasks: Vec<TaskRef>, watcher: Watcher, limits: Limits) -> Watch {
        Watch::new(self.clone(), tasks, watcher, limits)
    }

    /// Ends every watch, and rejects every other call, now and later, with `reason`.
    pub fn close(&self, reason: Opaque) {
        self.0.closed.close(reason);
        self.0.exchange.close();
    }

    /// For [`Want::Next`] that is the last status.
    async fn wait(&self, task: &Rc<Task>, want: Want) -> Result<Rc<TaskStatus>, Failure> {
        let until_done = matches!(want, Want::Next(_));
        let attempts = self.0.exchange.line.attempts;
        let wait = Wait::new(want, attempts, &Timers::shared());
        let mut waiting = Waiting { task, wait };
        loop {
            let status = poll_fn(|cx| waiting.task.poll(&mut waiting.wait, cx)).await?;
            if status.done || !until_done {
                return Ok(status);
            }
        }
    }

    async fn cancel(&self, task: &Rc<Task>) -> Result<Rc<TaskStatus>, Failure> {
        let mut attempts: f64 = 0.0;
        loop {
            let (since, is_refused) = match task.cancel().await? {
                Cancelled::Accepted(status) => return Ok(status),
                Cancelled::Unclear { since, is_refused } => (since, is_refused),
            };
            attempts += 1.0;
            let status = self.wait(task, Want::Since(since)).await?;
            let runs_on = matches!(status.phase, Phase::Waiting | Phase::Running);
            // Busy, perhaps. Five seconds passed between the questions.
            if !is_refused || !runs_on || attempts >= self.0.exchange.line.attempts {
                return Ok(status);
            }
        }
    }
}

/// One who waits, until this is dropped.
struct Waiting<'a> {
    task: &'a Rc<Task>,
    wait: Wait,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.task.rest(&mut self.wait);
    }
}

/// The failure as its caller is told.
fn told(failure: Failure, doing: &str, task: &Task) -> Failure {
    let last = task.latest();
    failure.map(&mut |error| {
        error.doing(doing);
        error.about(task.reference(), last.as_deref());
    })
}
