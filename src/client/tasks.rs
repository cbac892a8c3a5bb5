//! What is known of each task, and who is asking for it.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::exchange::{Exchange, Method};
use super::failure::Failure;
use super::flight::Flight;
use crate::platform::{Notify, chance, monotonic, sleep, wall};
use crate::policy::{Answer, Millis, Polling, Step, Watcher};
use crate::reference::{Path, TaskRef};
use crate::status::TaskStatus;
use crate::wire;

/// All tasks that somebody asked for within the last five seconds or is asking for now, and those
/// from before that were not swept away yet.
pub struct Tasks {
    exchange: Rc<Exchange>,
    /// In order. A tree is no faster at these numbers, and five times the code.
    open: RefCell<Vec<Rc<Task>>>,
    sweep_at: Cell<usize>,
}

/// One task. Everybody who asks for it meets here, so that each question is sent once.
pub struct Task {
    reference: TaskRef,
    exchange: Rc<Exchange>,
    polling: RefCell<Polling>,
    latest: RefCell<Option<Rc<TaskStatus>>>,
    first_asked: Cell<Option<Millis>>,
    question: Flight,
    cancel: Flight,
    /// Set where the answer to a cancel says nothing: only a question sent later can tell.
    unclear_since: Cell<Option<Millis>>,
    changed: Notify,
}

impl Tasks {
    /// None yet.
    pub fn new(exchange: Rc<Exchange>) -> Self {
        Self { exchange, open: RefCell::default(), sweep_at: Cell::new(64) }
    }

    /// The one place for this task.
    pub fn open(&self, reference: &TaskRef) -> Rc<Task> {
        let mut open = self.open.borrow_mut();
        if open.len() >= self.sweep_at.get() {
            let now = monotonic();
            open.retain(|task| Rc::strong_count(task) > 1 || !task.polling.borrow().is_idle(now));
            self.sweep_at.set(open.len().saturating_mul(2).max(64));
        }
        let place = open.partition_point(|task| task.reference < *reference);
        if let Some(task) = open.get(place).filter(|task| task.reference == *reference) {
            return Rc::clone(task);
        }
        let task = Rc::new(Task::new(reference.clone(), Rc::clone(&self.exchange)));
        open.insert(place, Rc::clone(&task));
        task
    }

    /// What was known last of a task.
    pub fn latest(&self, reference: &TaskRef) -> Option<Rc<TaskStatus>> {
        let open = self.open.borrow();
        let place = open.partition_point(|task| task.reference < *reference);
        let task = open.get(place).filter(|task| task.reference == *reference)?;
        task.latest.borrow().clone()
    }
}

impl Task {
    fn new(reference: TaskRef, exchange: Rc<Exchange>) -> Self {
        Self {
            reference,
            exchange,
            polling: RefCell::default(),
            latest: RefCell::default(),
            first_asked: Cell::default(),
            question: Flight::default(),
            cancel: Flight::default(),
            unclear_since: Cell::default(),
            changed: Notify::default(),
        }
    }

    /// Its status, at most five seconds old.
    pub async fn status(self: &Rc<Self>) -> Result<Rc<TaskStatus>, Failure> {
        if self.polling.borrow().once(monotonic()) == Step::Deliver {
            // An answer from memory is handed out on a later turn of the event loop, so that a
            // loop that asks without a pause does not stop everything else.
            sleep(0.0).await;
        }
        self.wait_for(&|polling, now| polling.once(now)).await
    }

    /// The next status that is due to `watcher`.
    pub async fn next(
        self: &Rc<Self>,
        watcher: &RefCell<Watcher>,
    ) -> Result<Rc<TaskStatus>, Failure> {
        let status = self.wait_for(&|polling, now| polling.watch(&watcher.borrow(), now)).await?;
        let polling = self.polling.borrow();
        polling.delivered(&mut watcher.borrow_mut());
        let due = polling.due(&watcher.borrow()).filter(|_| !status.done);
        let next_poll_at = due.map(|due| wall() + (due - monotonic()).max(0.0));
        Ok(Rc::new(TaskStatus { next_poll_at, ..Rc::unwrap_or_clone(status) }))
    }

    /// Asks for it to be cancelled. Where the answer does not say what became of that, a question
    /// sent afterwards does.
    pub async fn cancel(self: &Rc<Self>) -> Result<Rc<TaskStatus>, Failure> {
        let task = Rc::clone(self);
        self.cancel.join(async move { task.send_cancel().await }).await?;
        let latest = self.latest.borrow().clone();
        match (self.unclear_since.get(), latest) {
            (None, Some(latest)) => Ok(latest),
            (moment, _) => {
                let moment = moment.unwrap_or_else(monotonic);
                self.wait_for(&|polling, now| polling.since(moment, now)).await
            }
        }
    }

    async fn wait_for(
        self: &Rc<Self>,
        next: &dyn Fn(&Polling, Millis) -> Step,
    ) -> Result<Rc<TaskStatus>, Failure> {
        loop {
            let changed = pin!(self.changed.changed());
            let now = monotonic();
            let step = next(&self.polling.borrow(), now);
            if let (Step::Deliver, Some(latest)) = (step, &*self.latest.borrow()) {
                return Ok(Rc::clone(latest));
            }
            match (self.question.current(), step) {
                (Some(question), _) => {
                    if let Either::Left((answered, _)) = select(question, changed).await {
                        answered?;
                    }
                }
                (None, Step::Wait(until)) => {
                    select(pin!(sleep(until - now)), changed).await;
                }
                (None, Step::Ask | Step::Deliver) => {
                    let task = Rc::clone(self);
                    self.question.join(async move { task.ask().await }).await?;
                }
            }
        }
    }

    /// Sends the question, once, and keeps the answer.
    async fn ask(&self) -> Result<(), Failure> {
        let token = self.exchange.token().await?;
        let _settles = Settles(&self.polling);
        let asked = monotonic();
        let first = self.first_asked.get().unwrap_or(asked);
        self.first_asked.set(Some(first));

        let answer = self.exchange.send(Method::Get, &self.path(), token).await?;
        let task = answer.json().and_then(wire::Task::in_answer);
        let task = task.ok_or_else(|| answer.not_understood("a task"))?;
        let status = self.observed(task);
        let at = monotonic();
        let age = status.creation_time.map_or(at - first, |created| wall() - created).max(0.0);
        let answer = Answer { asked, at, age, jitter: chance(), done: status.done };
        if self.polling.borrow_mut().answered(answer) {
            *self.latest.borrow_mut() = Some(Rc::new(status));
        }
        self.changed.notify();
        Ok(())
    }

    /// Sends the cancel, once, and keeps what its answer says.
    async fn send_cancel(&self) -> Result<(), Failure> {
        let token = self.exchange.token().await?;
        let answer = match self.exchange.send(Method::Delete, &self.path(), token).await {
            Ok(answer) => answer,
            // Too late, as a rule: the task has ended, or is no more.
            Err(failure) if matches!(failure.http_status(), Some(400 | 404 | 409 | 410)) => {
                self.unclear_since.set(Some(monotonic()));
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        let json = answer.json();
        if json.is_none() && !answer.is_empty() {
            return Err(answer.not_understood("a task, JSON or nothing"));
        }
        let now = monotonic();
        let known = self.latest.borrow().as_deref().cloned();
        let answered = json.and_then(wire::Task::in_answer).map(|task| self.observed(task));
        let status = match known {
            // What a question found to be over, no cancel changes.
            Some(known) if known.done => Some(known),
            known => answered.or(known).map(TaskStatus::cancel_accepted),
        };
        self.polling.borrow_mut().cancelled(now);
        self.unclear_since.set(status.is_none().then_some(now));
        *self.latest.borrow_mut() = status.map(Rc::new);
        self.changed.notify();
        Ok(())
    }

    fn observed(&self, task: wire::Task) -> TaskStatus {
        TaskStatus::observed(task, &self.reference, wall())
    }

    fn path(&self) -> Path {
        Path::Task(self.reference.clone())
    }
}

/// Counts a question as settled when it is dropped, whether it was answered, failed or given up.
struct Settles<'a>(&'a RefCell<Polling>);

impl Drop for Settles<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().settled(monotonic());
    }
}
