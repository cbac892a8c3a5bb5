//! One who watches tasks.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::stream::{SelectAll, Stream};

use super::limits::{Limits, Watchdog};
use super::tasks::{Task, Wait, Want};
use super::{Client, Failure, RUNS_ON, Value, told};
use crate::error::Error;
use crate::platform::{Notify, Timers};
use crate::policy::Watcher;
use crate::reference::TaskRef;
use crate::status::TaskStatus;

/// A watch. It asks only while somebody waits for the next status, so one that is forgotten costs
/// the server nothing and keeps no timer; one who comes back late gets the latest.
pub struct Watch {
    client: Client,
    /// Until it is open.
    tasks: Cell<Vec<TaskRef>>,
    watcher: Watcher,
    limits: Limits,
    open: OnceCell<Open>,
    ended: Cell<bool>,
    stopped: Notify,
}

/// What there is once somebody has waited.
struct Open {
    timers: Timers,
    follows: RefCell<SelectAll<Follow>>,
    /// How many have not ended.
    left: Cell<usize>,
    /// The one, where there is one alone.
    only: Option<Rc<Task>>,
    _watchdog: Option<Watchdog>,
}

/// One task, followed to its end.
struct Follow {
    task: Rc<Task>,
    wait: Wait,
    has_ended: bool,
}

/// What is new of one task: its status, or why there will be none any more.
pub type News = Result<Rc<TaskStatus>, Failure>;

const WATCHING: &str = "Watching the task";

impl Watch {
    pub(super) fn new(
        client: Client,
        tasks: Vec<TaskRef>,
        watcher: Watcher,
        limits: Limits,
    ) -> Self {
        Self {
            client,
            tasks: Cell::new(tasks),
            watcher,
            limits,
            open: OnceCell::new(),
            ended: Cell::new(false),
            stopped: Notify::default(),
        }
    }

    /// What is new of any of the tasks; `None` after the last one's end, and after
    /// [`stop`](Self::stop) or the client's. What fails for one task ends the watch for that one
    /// and is news; an abort and a timeout end it all.
    pub async fn next(&self) -> Result<Option<News>, Failure> {
        if self.ended.get() {
            return Ok(None);
        }
        let open = self.open.get_or_init(|| self.open());
        let mut stopping = self.stopped.listen();
        open.resume();
        let work = poll_fn(|cx| {
            stopping.heard(cx);
            if self.ended.get() {
                return Poll::Ready(Ok(Value::Nothing));
            }
            // Not held while somebody else is called.
            let next = Pin::new(&mut *open.follows.borrow_mut()).poll_next(cx);
            next.map(|next| next.transpose().map(|next| next.map_or(Value::Nothing, Value::Status)))
        });
        self.limits.meanwhile.set(RUNS_ON);
        let result = self.client.run(&self.limits, pin!(work)).await;
        open.suspend();
        let is_of_one = |failure: &Failure| failure.error().is_some_and(Error::is_about_a_task);
        let news = match result {
            Ok(Value::Status(status)) => Ok(status),
            Err(failure) if is_of_one(&failure) => Err(failure),
            Ok(_) | Err(Failure::Closed(_)) => return self.end(Ok(None)),
            Err(failure) => {
                return self.end(Err(match &open.only {
                    Some(task) => told(failure, WATCHING, task),
                    None => failure.map(&mut |error| error.doing("Watching the tasks")),
                }));
            }
        };
        let one_has_ended = news.as_ref().map_or(true, |status| status.done);
        let left = open.left.get().saturating_sub(usize::from(one_has_ended));
        open.left.set(left);
        if left == 0 { self.end(Ok(Some(news))) } else { Ok(Some(news)) }
    }

    /// Ends the watch, and with it a [`next`](Self::next) that is waiting.
    pub fn stop(&self) {
        self.ended.set(true);
        self.stopped.notify();
    }

    fn end<T>(&self, result: T) -> T {
        self.ended.set(true);
        result
    }

    fn open(&self) -> Open {
        // One alone does not need timers of its own: it can be put to rest.
        let references = self.tasks.take();
        let timers = if references.len() == 1 { Timers::shared() } else { Timers::open() };
        let open = &self.client.0.tasks;
        let tasks: Vec<_> = references.iter().map(|task| open.open(task)).collect();
        let attempts = self.client.0.exchange.line.attempts;
        let watchdog = self.client.cancel_on_abort(&self.limits, &tasks, None);
        let follow = |task: Rc<Task>| {
            let wait = Wait::new(Want::Next(self.watcher), attempts, &timers);
            Follow { task, wait, has_ended: false }
        };
        let only = tasks.first().filter(|_| tasks.len() == 1).cloned();
        let left = Cell::new(tasks.len());
        let follows = RefCell::new(tasks.into_iter().map(follow).collect());
        Open { timers, follows, left, only, _watchdog: watchdog }
    }
}

impl Open {
    fn resume(&self) {
        if self.only.is_none() {
            self.timers.resume();
        }
    }

    /// Nobody waits, for now.
    fn suspend(&self) {
        if self.only.is_none() {
            return self.timers.suspend();
        }
        for follow in self.follows.borrow_mut().iter_mut() {
            follow.task.rest(&mut follow.wait);
        }
    }
}

impl Stream for Follow {
    type Item = Result<Rc<TaskStatus>, Failure>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(result) = this.task.poll(&mut this.wait, cx) else {
            return Poll::Pending;
        };
        this.has_ended = result.as_ref().map_or(true, |status| status.done);
        let result = result.map_err(|failure| told(failure, WATCHING, &this.task));
        Poll::Ready(Some(result))
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.task.rest(&mut self.wait);
    }
}
