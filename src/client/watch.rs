//! One who watches one task.

use std::cell::{Cell, OnceCell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::tasks::Task;
use super::{Client, Failure, Limits};
use crate::platform::Notify;
use crate::policy::{Cadence, Watcher};
use crate::reference::TaskRef;
use crate::status::TaskStatus;

/// A watch. It asks only while somebody waits for the next status, so one that is forgotten costs
/// the server nothing and keeps no timer; one who comes back late gets the latest.
pub struct Watch {
    client: Client,
    task: TaskRef,
    open: OnceCell<Rc<Task>>,
    watcher: RefCell<Watcher>,
    limits: Limits,
    ended: Cell<bool>,
    stopped: Notify,
}

impl Watch {
    pub(super) fn new(client: Client, task: TaskRef, cadence: Cadence, limits: Limits) -> Self {
        Self {
            client,
            task,
            open: OnceCell::new(),
            watcher: RefCell::new(Watcher::new(cadence)),
            limits,
            ended: Cell::new(false),
            stopped: Notify::default(),
        }
    }

    /// The next status; `None` after the last one, after a failure, and after [`stop`](Self::stop)
    /// or the client's end.
    pub async fn next(&self) -> Result<Option<Rc<TaskStatus>>, Failure> {
        if self.ended.get() {
            return Ok(None);
        }
        let (stopped, status) = (pin!(self.stopped.changed()), pin!(self.status()));
        let Either::Right((status, _)) = select(stopped, status).await else {
            return Ok(None);
        };
        self.ended.set(status.as_ref().map_or(true, |status| status.done));
        match status {
            Err(Failure::Closed(_)) => Ok(None),
            status => status.map(Some),
        }
    }

    /// Ends the watch, and with it a [`next`](Self::next) that is waiting.
    pub fn stop(&self) {
        self.ended.set(true);
        self.stopped.notify();
    }

    async fn status(&self) -> Result<Rc<TaskStatus>, Failure> {
        // Kept from one status to the next: what was seen is counted there.
        let task = self.open.get_or_init(|| self.client.0.tasks.open(&self.task));
        let work = task.next(&self.watcher);
        self.client.run(&self.limits, &self.task, "Watching the task", pin!(work)).await
    }
}
