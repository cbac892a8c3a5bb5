//! What is known of each task, and who is asking for it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::credentials::Token;
use super::event::{About, Event, Pause};
use super::exchange::Exchange;
use super::failure::Failure;
use super::flight::{Flight, Ticket};
use super::line::Content;
use super::runs::{Histories, Runs};
use super::slots::Slots;
use crate::error::Code;
use crate::platform::{
    Notify, Place, Presence, Timer, Timers, chance, is_offline, monotonic, wall,
};
use crate::policy::{
    self, Answer, Circumstances, Class, FLOOR, Millis, Polling, Retry, Step, Surroundings, Watcher,
};
use crate::reference::{Path, TaskRef};
use crate::status::{Expected, Phase, TaskStatus};
use crate::wire;

/// All tasks that somebody asked for within the last five seconds or is asking for now, and those
/// from before that were not swept away yet.
pub struct Tasks {
    exchange: Rc<Exchange>,
    /// For questions: ten thousand that are due at once would take ten thousand connections.
    slots: Rc<Slots>,
    histories: Histories,
    /// In order. A tree is no faster at these numbers, and five times the code.
    open: RefCell<Vec<Rc<Task>>>,
    sweep_at: Cell<usize>,
}

/// One task. Everybody who asks for it meets here, so that each question is sent once.
pub struct Task {
    reference: TaskRef,
    exchange: Rc<Exchange>,
    slots: Rc<Slots>,
    runs: Option<Rc<Runs>>,
    polling: RefCell<Polling>,
    latest: RefCell<Option<Rc<TaskStatus>>>,
    first_asked: Cell<Option<Millis>>,
    /// How old the task was at its latest answer, by its own word, while it had not ended.
    age_before: Cell<Option<Millis>>,
    question: Flight,
    cancel: Flight,
    /// Set where the answer to a cancel says nothing: since when, and whether it was a refusal.
    unclear: Cell<Option<(Millis, bool)>>,
    /// How often the question that is open was sent.
    attempts: Cell<f64>,
    /// Whether it was told that it is sent again: of several who wait for it, one tells.
    is_told: Cell<bool>,
    changed: Notify,
}

/// One who waits for word of a task.
pub struct Wait {
    want: Want,
    retry: Retry,
    presence: Option<Presence>,
    question: Option<Ticket>,
    place: Place,
    timer: Timer,
    has_waited: bool,
    is_paused: bool,
}

/// How far apart two answers may be for their middle to say how long a run took.
const LONGEST_GAP: Millis = 60_000.0;

/// What is waited for.
pub enum Want {
    /// Its status, at most five seconds old.
    Once,
    /// The answer to a question that was sent at this moment or later.
    Since(Millis),
    /// Each status as it is due.
    Next(Watcher),
}

/// What became of a cancel.
pub enum Cancelled {
    /// It was accepted, or there was nothing to cancel any more.
    Accepted(Rc<TaskStatus>),
    /// The answer does not say. That to a question sent at this moment or later does.
    Unclear {
        /// When the answer came.
        since: Millis,
        /// Whether the task was in no state to be cancelled then, and may be later.
        is_refused: bool,
    },
}

impl Tasks {
    /// None yet.
    pub fn new(exchange: Rc<Exchange>, histories: Histories) -> Self {
        const AT_ONCE: usize = 100;
        Self {
            exchange,
            slots: Rc::new(Slots::new(AT_ONCE)),
            histories,
            open: RefCell::default(),
            sweep_at: Cell::new(64),
        }
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
        let runs = self.histories.of(&reference.action);
        let (exchange, slots) = (Rc::clone(&self.exchange), Rc::clone(&self.slots));
        let task = Rc::new(Task::new(reference.clone(), exchange, slots, runs));
        open.insert(place, Rc::clone(&task));
        task
    }
}

impl Wait {
    /// Waits for `want`, with so many attempts for each question and a timer of this group.
    pub fn new(want: Want, attempts: f64, timers: &Timers) -> Self {
        let presence = matches!(want, Want::Next(_)).then(Presence::open);
        Self {
            want,
            retry: Retry::new(attempts),
            presence,
            question: None,
            place: Place::default(),
            timer: timers.timer(),
            has_waited: false,
            is_paused: false,
        }
    }
}

impl Task {
    fn new(
        reference: TaskRef,
        exchange: Rc<Exchange>,
        slots: Rc<Slots>,
        runs: Option<Rc<Runs>>,
    ) -> Self {
        Self {
            reference,
            exchange,
            slots,
            runs,
            polling: RefCell::default(),
            latest: RefCell::default(),
            first_asked: Cell::default(),
            age_before: Cell::default(),
            question: Flight::default(),
            cancel: Flight::default(),
            unclear: Cell::default(),
            attempts: Cell::default(),
            is_told: Cell::default(),
            changed: Notify::default(),
        }
    }

    /// Which task.
    pub fn reference(&self) -> &TaskRef {
        &self.reference
    }

    /// What was known last.
    pub fn latest(&self) -> Option<Rc<TaskStatus>> {
        self.latest.borrow().clone()
    }

    /// What `wait` waits for, when it is there. Whoever waits no more says so by
    /// [`rest`](Self::rest).
    pub fn poll(
        self: &Rc<Self>,
        wait: &mut Wait,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Rc<TaskStatus>, Failure>> {
        loop {
            self.changed.wait(&mut wait.place, cx);
            let now = monotonic();
            match self.step(wait, now) {
                Step::Deliver if self.yields(wait, now, cx) => return Poll::Pending,
                Step::Deliver => {
                    if let Some(status) = self.deliver(wait) {
                        return Poll::Ready(Ok(status));
                    }
                }
                Step::Wait(until) if wait.question.is_none() && !self.question.is_busy() => {
                    self.pause(wait, until == Millis::INFINITY);
                    wait.timer.set(until, cx);
                    return Poll::Pending;
                }
                Step::Wait(_) | Step::Ask => {}
            }
            self.pause(wait, false);
            wait.timer.clear();
            wait.has_waited = true;
            let question = wait.question.get_or_insert_with(|| {
                let task = Rc::clone(self);
                self.question.join(move || async move {
                    let _slot = task.slots.take().await;
                    // Apart, so that the many that wait need no place for what comes then.
                    Box::pin(task.ask()).await
                })
            });
            let answered = ready!(Pin::new(question).poll(cx));
            wait.question = None;
            match answered {
                Ok(()) => wait.retry.succeeded(),
                Err(failure) => self.failed(wait, failure)?,
            }
        }
    }

    /// Nobody polls for this any more, for now or for ever.
    pub fn rest(&self, wait: &mut Wait) {
        self.changed.leave(&mut wait.place);
        wait.timer.clear();
        wait.question = None;
    }

    /// Asks for it to be cancelled.
    pub async fn cancel(self: &Rc<Self>) -> Result<Cancelled, Failure> {
        let task = Rc::clone(self);
        self.cancel.join(move || async move { task.send_cancel().await }).await?;
        Ok(match (self.unclear.get(), self.latest()) {
            (None, Some(latest)) => Cancelled::Accepted(latest),
            (None, None) => Cancelled::Unclear { since: monotonic(), is_refused: false },
            (Some((since, is_refused)), _) => Cancelled::Unclear { since, is_refused },
        })
    }

    fn step(&self, wait: &Wait, now: Millis) -> Step {
        let polling = self.polling.borrow();
        self.around(wait, |around| match &wait.want {
            Want::Once => polling.once(now, around),
            Want::Since(moment) => polling.since(*moment, now, around),
            Want::Next(watcher) => polling.watch(watcher, now, around),
        })
    }

    fn around<T>(&self, wait: &Wait, use_it: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let forecast = self.runs.as_ref().and_then(|runs| runs.forecast());
        use_it(&Surroundings {
            woken: wait.presence.as_ref().and_then(Presence::woken),
            hidden: wait.presence.as_ref().is_some_and(Presence::is_hidden),
            forecast: forecast.as_deref(),
        })
    }

    /// Whether an answer from memory must wait for a later turn of the event loop, so that a loop
    /// that asks without a pause does not stop everything else.
    fn yields(&self, wait: &mut Wait, now: Millis, cx: &Context<'_>) -> bool {
        let yields = !wait.has_waited && matches!(wait.want, Want::Once);
        wait.has_waited = true;
        if yields {
            wait.timer.set(now, cx);
        }
        yields
    }

    fn deliver(&self, wait: &mut Wait) -> Option<Rc<TaskStatus>> {
        let status = self.latest()?;
        let Want::Next(watcher) = &mut wait.want else {
            return Some(status);
        };
        let polling = self.polling.borrow();
        polling.delivered(watcher);
        if status.done {
            return Some(status);
        }
        let due = self.around(wait, |around| match &wait.want {
            Want::Next(watcher) => polling.due(watcher, around),
            Want::Once | Want::Since(_) => None,
        });
        let left = due.map(|due| (due - monotonic()).max(0.0)).filter(|left| left.is_finite());
        let next_poll_at = left.map(|left| wall() + left);
        let expected = self.expected();
        Some(Rc::new(TaskStatus { next_poll_at, expected, ..Rc::unwrap_or_clone(status) }))
    }

    fn expected(&self) -> Option<Expected> {
        let forecast = self.runs.as_ref()?.forecast()?;
        let age = self.polling.borrow().age(monotonic())?;
        let policy::Expected { remaining, total, runs } = forecast.expected(age)?;
        Some(Expected { remaining, total, runs })
    }

    /// A question failed. Either it may be asked again, or that is the end.
    fn failed(&self, wait: &mut Wait, failure: Failure) -> Result<(), Failure> {
        let is_patient = matches!(wait.want, Want::Next(_)) && is_offline();
        let error = match &failure {
            Failure::Failed(error, _) => error,
            // Without a network there are no tokens, either.
            Failure::Tokenless(error, _) if is_patient && error.code == Code::Network => error,
            _ => return Err(failure),
        };
        let is_known = self.latest.borrow().is_some();
        let circumstances =
            Circumstances { chance: chance(), is_known, is_patient, is_cancel: false };
        let Some(delay) = wait.retry.again(error, &circumstances) else {
            self.attempts.set(0.0);
            return Err(failure.map(&mut |error| error.tried(wait.retry.made())));
        };
        self.polling.borrow_mut().failed(monotonic(), delay);
        if !self.is_told.replace(true) {
            let path = self.path();
            let about = self.about(&path);
            self.exchange.line.events.tell(&Event::retry(&about, FLOOR + delay, error));
        }
        Ok(())
    }

    fn pause(&self, wait: &mut Wait, paused: bool) {
        if std::mem::replace(&mut wait.is_paused, paused) == paused {
            return;
        }
        let pause = Pause::Hidden(&self.reference);
        let event = if paused { Event::pause(pause, None) } else { Event::resume(pause) };
        self.exchange.line.events.tell(&event);
    }

    /// Sends the question, once, and keeps the answer.
    async fn ask(&self) -> Result<(), Failure> {
        let token = self.exchange.ready(Class::Status).await?;
        let answered = self.ask_now(token).await;
        if answered.is_ok() {
            self.attempts.set(0.0);
        }
        self.is_told.set(false);
        self.changed.notify();
        answered
    }

    async fn ask_now(&self, token: Option<Token>) -> Result<(), Failure> {
        let _settles = Settles(&self.polling);
        let asked = monotonic();
        let first = self.first_asked.get().unwrap_or(asked);
        self.first_asked.set(Some(first));
        self.attempts.set(self.attempts.get() + 1.0);
        let path = self.path();
        let answer = self.exchange.send(&self.about(&path), Content::default(), token).await?;
        let task = answer.json().and_then(wire::Task::in_answer);
        let task = task.ok_or_else(|| answer.not_understood("a task"))?;
        self.observe(task, asked, first, answer.server_time());
        Ok(())
    }

    fn observe(&self, task: wire::Task, asked: Millis, first: Millis, server_time: f64) {
        let status = TaskStatus::observed(task, &self.reference, wall());
        let at = monotonic();
        let said_age = status.creation_time.map(|created| (server_time - created).max(0.0));
        let age = said_age.unwrap_or(at - first);
        let answer = Answer { asked, at, age, jitter: chance(), done: status.done };
        if !self.polling.borrow_mut().answered(answer) {
            return;
        }
        if let (Phase::Succeeded, Some(age), Some(before), Some(runs)) =
            (status.phase, said_age, self.age_before.get(), &self.runs)
        {
            // It ended somewhere in between.
            if age - before < LONGEST_GAP {
                runs.add((before + age) / 2.0);
            }
        }
        self.age_before.set(said_age.filter(|_| !status.done));
        *self.latest.borrow_mut() = Some(Rc::new(status));
    }

    /// Sends the cancel, and keeps what its answer says.
    async fn send_cancel(self: Rc<Self>) -> Result<(), Failure> {
        let path = self.path();
        let task = Some(&self.reference);
        let about = About { method: "DELETE", path: &path, task, attempt: 1.0 };
        let answer = match self.exchange.call(Class::Cancel, &about, Content::default()).await {
            Ok(answer) => answer,
            // Too late, as a rule: the task has ended, or is no more.
            Err(failure) if matches!(failure.http_status(), Some(400 | 404 | 409 | 410)) => {
                let is_refused = matches!(failure.http_status(), Some(409 | 410));
                self.unclear.set(Some((monotonic(), is_refused)));
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
        let observed = |task| TaskStatus::observed(task, &self.reference, wall());
        let answered = json.and_then(wire::Task::in_answer).map(observed);
        let status = match known {
            // What a question found to be over, no cancel changes.
            Some(known) if known.done => Some(known),
            known => answered.or(known).map(TaskStatus::cancel_accepted),
        };
        self.polling.borrow_mut().cancelled(now);
        self.unclear.set(status.is_none().then_some((now, false)));
        *self.latest.borrow_mut() = status.map(Rc::new);
        self.changed.notify();
        Ok(())
    }

    fn about<'a>(&'a self, path: &'a str) -> About<'a> {
        About { method: "GET", path, task: Some(&self.reference), attempt: self.attempts.get() }
    }

    fn path(&self) -> String {
        Path::Task(self.reference.clone()).to_string()
    }
}

/// Counts a question as settled when it is dropped, whether it was answered, failed or given up.
struct Settles<'a>(&'a RefCell<Polling>);

impl Drop for Settles<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().settled(monotonic());
    }
}
