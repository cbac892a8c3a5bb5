//! How long a call goes on.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use super::flight::Ticket;
use super::tasks::Task;
use super::{Client, Failure, Value};
use crate::error::{Code, Error};
use crate::platform::{Notify, Opaque, Signal, Timers, monotonic, spawn};
use crate::policy::Millis;

/// The caller's patience.
#[derive(Default)]
pub struct Limits {
    /// Given up as soon as this aborts.
    pub signal: Option<Signal>,
    /// Given up after this time, counted from the first work done within these limits.
    pub timeout: Option<Millis>,
    /// Whether an abort asks for the task to be cancelled.
    pub cancels: bool,
    /// When the work began.
    pub started: Cell<Option<Millis>>,
    /// What goes on when it is given up, to be said then.
    pub meanwhile: Cell<&'static str>,
}

/// Whether the client is closed, and with what reason.
#[derive(Default)]
pub struct Closed {
    reason: RefCell<Option<Opaque>>,
    changed: Notify,
}

/// Work of any kind: one form for all, for each would be the same code again.
pub type Work<'a> = Pin<&'a mut dyn Future<Output = Result<Value, Failure>>>;

impl Client {
    /// Does `work` within `limits` and while the client is open. What is given up is dropped, and
    /// with it the request under way and every timer.
    pub(super) async fn run(&self, limits: &Limits, mut work: Work<'_>) -> Result<Value, Failure> {
        let closed = &self.0.closed;
        let mut closing = closed.changed.listen();
        let mut hearing = limits.signal.as_ref().map(Signal::hear);
        let mut timer = Timers::shared().timer();
        // Looked at in this order, so that a call that is given up already sends nothing.
        poll_fn(|cx| {
            if let Some(Poll::Ready(reason)) = hearing.as_mut().map(|hearing| hearing.poll(cx)) {
                return Poll::Ready(Err(Failure::Aborted(reason)));
            }
            closing.heard(cx);
            if let Some(reason) = &*closed.reason.borrow() {
                return Poll::Ready(Err(Failure::Closed(reason.clone())));
            }
            if let Some(timeout) = limits.timeout {
                let deadline = limits.started() + timeout;
                // Not for a moment when it has passed already, so that nothing more is sent.
                if monotonic() >= deadline {
                    return Poll::Ready(Err(passed(timeout, limits.meanwhile.get()).into()));
                }
                timer.set(deadline, cx);
            }
            work.as_mut().poll(cx)
        })
        .await
    }

    /// From now on, and until what this gives is dropped or the client is closed, an abort cancels
    /// these tasks, if that is wanted. For a call that is given up does nothing more itself.
    pub(super) fn cancel_on_abort(
        &self,
        limits: &Limits,
        tasks: &[Rc<Task>],
        starting: Option<Starting>,
    ) -> Option<Watchdog> {
        let signal = limits.signal.as_ref().filter(|_| limits.cancels)?;
        let mut hearing = signal.hear();
        let mut tasks = tasks.to_vec();
        let watchdog = Watchdog(Rc::default());
        let (client, leash) = (self.clone(), Rc::clone(&watchdog.0));
        spawn(async move {
            let closed = &client.0.closed;
            let mut closing = closed.changed.listen();
            let mut released = leash.changed.listen();
            let aborted = poll_fn(|cx| {
                closing.heard(cx);
                released.heard(cx);
                let is_over = leash.is_released.get() || closed.reason.borrow().is_some();
                match hearing.poll(cx) {
                    // First, for whoever gives up and leaves in the same turn.
                    Poll::Ready(_) => Poll::Ready(true),
                    Poll::Pending if is_over => Poll::Ready(false),
                    Poll::Pending => Poll::Pending,
                }
            });
            if aborted.await {
                // Once sent, it cannot be called back, and what it makes is to be cancelled, too.
                if let Some(Starting { start, started }) = starting
                    && started.is_sent.get()
                    && start.await.is_ok()
                {
                    tasks.extend(started.task.take());
                }
                for task in tasks {
                    if task.latest().is_none_or(|status| !status.done) {
                        // Nobody waits for the answer; whoever listens to events hears of it.
                        spawn(async move { drop(task.cancel().await) });
                    }
                }
            }
        });
        Some(watchdog)
    }
}

/// A task that is being started, and is there once that is done.
pub struct Starting {
    /// Resolves then.
    pub start: Ticket,
    /// It.
    pub started: Rc<Started>,
}

/// How far a start is.
#[derive(Default)]
pub struct Started {
    /// Whether there may be a task.
    pub is_sent: Cell<bool>,
    /// It, once it is known.
    pub task: RefCell<Option<Rc<Task>>>,
}

/// Waits for an abort to act upon it, until this is dropped.
pub struct Watchdog(Rc<Leash>);

#[derive(Default)]
struct Leash {
    is_released: Cell<bool>,
    changed: Notify,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.is_released.set(true);
        self.0.changed.notify();
    }
}

impl Limits {
    fn started(&self) -> Millis {
        let started = self.started.get().unwrap_or_else(monotonic);
        self.started.set(Some(started));
        started
    }
}

fn passed(timeout: Millis, meanwhile: &str) -> Error {
    let timeout = timeout as u64;
    let text = format!("no end within the timeout of {timeout} ms{meanwhile}");
    Error::new(Code::Timeout, text)
}

impl Closed {
    pub(super) fn close(&self, reason: Opaque) {
        self.reason.borrow_mut().get_or_insert(reason);
        self.changed.notify();
    }
}
