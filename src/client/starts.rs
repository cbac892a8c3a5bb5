//! Starting actions. Whatever happens, one call never makes two tasks.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;

use super::Client;
use super::event::{About, Event};
use super::failure::Failure;
use super::line::{Answer, Content};
use crate::error::{Code, Error};
use crate::platform::{Notify, Payload, chance, page_origin, sleep, uuid, wall};
use crate::policy::{Adoption, Circumstances, Class, Fate, Look, Retry, Verdict, fate};
use crate::reference::{ActionRef, Given, Id, Path, TaskRef};
use crate::status::TaskSummary;
use crate::wire;

/// What this client has started, and is about to.
#[derive(Default)]
pub struct Starts {
    /// Those that wait for their answers, by number.
    under_way: RefCell<Vec<(u64, ActionRef)>>,
    /// How many there were ever.
    count: Cell<u64>,
    known: RefCell<VecDeque<TaskRef>>,
    changed: Notify,
}

/// How many are remembered: those of a lost answer's neighbourhood count, and no others.
const REMEMBERED: usize = 256;

impl Starts {
    /// Whether this client started it.
    pub fn knows(&self, action: &ActionRef, id: &str) -> bool {
        let known = self.known.borrow();
        known.iter().any(|task| task.action == *action && task.task_id.as_str() == id)
    }

    fn remember(&self, task: &TaskRef) {
        let mut known = self.known.borrow_mut();
        if known.len() >= REMEMBERED {
            known.pop_front();
        }
        known.push_back(task.clone());
    }

    /// Resolves when no start of this action that was sent before now is waiting for its answer: what
    /// another will turn out to have made must not be taken for one's own.
    async fn settled(&self, action: &ActionRef) {
        let count = self.count.get();
        let mut listening = self.changed.listen();
        poll_fn(|cx| {
            listening.heard(cx);
            let under_way = self.under_way.borrow();
            if under_way.iter().any(|(number, other)| *number < count && other == action) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}

/// A start that waits for its answer.
struct UnderWay<'a>(&'a Starts, u64);

impl<'a> UnderWay<'a> {
    fn new(starts: &'a Starts, action: &ActionRef) -> Self {
        let number = starts.count.get();
        starts.count.set(number.wrapping_add(1));
        starts.under_way.borrow_mut().push((number, action.clone()));
        Self(starts, number)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.borrow_mut().retain(|(number, _)| *number != self.1);
        self.0.changed.notify();
    }
}

impl Client {
    /// Starts an action, with this body. `is_sent` tells whether there may be a task.
    pub(super) async fn start(
        &self,
        action: &ActionRef,
        body: &str,
        is_sent: &Cell<bool>,
    ) -> Result<TaskRef, Failure> {
        let exchange = &self.0.exchange;
        let path = Path::Tasks(action.clone()).to_string();
        let mut retry = Retry::new(exchange.line.attempts);
        let key = key();
        let task = loop {
            let about =
                About { method: "POST", path: &path, task: None, attempt: retry.made() + 1.0 };
            let token = exchange.ready(Class::Start).await?;
            let sent_at = wall();
            let content = Content {
                payload: Payload::Json(body),
                key: key.as_deref(),
                is_sent: Some(is_sent),
                ..Content::default()
            };
            let answered = {
                let _under_way = UnderWay::new(&self.0.starts, action);
                let answer = exchange.send(&about, content, token).await;
                answer.and_then(|answer| started(action, &answer)).inspect(|task| {
                    self.0.starts.remember(task);
                })
            };
            let failure = match answered {
                Ok(task) => break task,
                Err(failure) => failure,
            };
            let Failure::Failed(error, cause) = &failure else {
                return Err(failure);
            };
            let system = cause.as_ref().and_then(|cause| cause.system_code());
            match fate(error, system.as_deref()) {
                Fate::Refused => return Err(failure),
                Fate::Unknown => break self.find(action, sent_at, failure).await?,
                Fate::Unsent => {
                    is_sent.set(false);
                    let circumstances =
                        Circumstances { chance: chance(), ..Circumstances::default() };
                    let Some(delay) = retry.again(error, &circumstances) else {
                        return Err(failure.map(&mut |error| error.tried(retry.made())));
                    };
                    exchange.line.events.tell(&Event::retry(&about, delay, error));
                    sleep(delay).await;
                }
            }
        };
        Ok(task)
    }

    /// The task that a start has made whose answer was lost, if it can be told from all others.
    async fn find(
        &self,
        action: &ActionRef,
        sent_at: f64,
        lost: Failure,
    ) -> Result<TaskRef, Failure> {
        let starts = &self.0.starts;
        let mut adoption = Adoption::new(sent_at);
        let mut candidates = Vec::new();
        let mut trouble = None;
        while let Some(delay) = adoption.again(wall()) {
            if delay > 0.0 {
                sleep(delay).await;
            }
            let page = match self.newest(action).await {
                Ok(page) => page,
                // For want of a token, too: what was sent was sent.
                Err(failure) if failure.error().is_some() => {
                    trouble = Some(failure);
                    break;
                }
                Err(failure) => return Err(failure),
            };
            let answered_at = wall();
            // Whatever is listed was sent by now.
            starts.settled(action).await;
            let asked_at = answered_at - page.took;
            let look = Look { asked_at, answered_at, server_date: page.server_date };
            candidates.clear();
            let tasks: Vec<_> =
                page.rows.into_iter().filter_map(|row| TaskSummary::read(row, action)).collect();
            let listed: Vec<_> =
                tasks.iter().map(|task| (task.task_id.as_str(), task.creation_time)).collect();
            let is_known = |id: &str| starts.knows(action, id);
            match adoption.looked(&look, &listed, &is_known) {
                Verdict::Ours(at) => {
                    if let Some(task) = tasks.into_iter().nth(at) {
                        starts.remember(&task.reference);
                        return Ok(task.reference);
                    }
                }
                Verdict::Nobody => {}
                Verdict::Unclear(places) => {
                    let is_one = |at: &usize| places.contains(at);
                    candidates = tasks
                        .into_iter()
                        .enumerate()
                        .filter_map(|(at, task)| is_one(&at).then_some(task))
                        .collect();
                }
            }
        }
        Err(uncertain(lost, trouble, candidates))
    }
}

/// What tells one start from all others, in browsers: Chromium by itself sends a request a second time
/// where a connection that was in use before breaks without a word, a start, too. By the key, the gateway
/// knows the two for one. In no other place does anybody repeat what was not repeated here, and Anaplan
/// itself is sent nothing that it does not know. <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>
///
/// It is the same for all attempts of one call. What proves that nothing ran, the gateway forgets, so the
/// next attempt is not given that answer again; and should the browser's repetition have been turned away
/// while the first is under way (a 429 of a proxy's, a 409 by that draft), or the first come late, the next
/// attempt joins it, where by another key it would make a second task.
fn key() -> Option<String> {
    page_origin().and_then(|_| uuid()).map(|id| format!("\"{id}\""))
}

/// The task in the answer to a start.
fn started(action: &ActionRef, answer: &Answer) -> Result<TaskRef, Failure> {
    let task = answer.json().and_then(wire::Task::in_answer).and_then(|task| task.task_id);
    let id = task.and_then(|id| Id::parse("taskId", Given::Text(id)).ok());
    match id {
        Some(task_id) => Ok(TaskRef { action: action.clone(), task_id }),
        None => Err(answer.not_understood("a task's id")),
    }
}

fn uncertain(lost: Failure, trouble: Option<Failure>, candidates: Vec<TaskSummary>) -> Failure {
    let Failure::Failed(lost, cause) = lost else {
        return lost;
    };
    let what = match (&trouble, candidates.len()) {
        (Some(_), _) => "and the newest tasks cannot be listed".to_owned(),
        (None, 0) => "and no such task is listed: it may not have been started".to_owned(),
        (None, 1) => "and the one task that may be it cannot be told from another's".to_owned(),
        (None, several) => format!("and {several} tasks may be it"),
    };
    let mut message = format!("it is not known whether the task was started, {what}");
    let mut cause = cause;
    if let Some(Failure::Failed(error, why) | Failure::Tokenless(error, why)) = trouble {
        message = message + " (" + &error.message + ")";
        cause = cause.or(why);
    }
    message = message
        + ". Look at the action's newest tasks before it is started again. What happened: "
        + &lost.message;
    let error = Error {
        status: lost.status,
        candidates: Some(candidates),
        ..Error::new(Code::StartUncertain, message)
    };
    Failure::Failed(Box::new(error), cause)
}
