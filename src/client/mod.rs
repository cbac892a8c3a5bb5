//! The conversation with Anaplan.

mod call;
mod chunk;
mod credentials;
mod download;
mod event;
mod exchange;
mod failure;
mod flight;
mod gate;
mod givers;
mod limits;
mod line;
mod lists;
mod runs;
mod slots;
mod starts;
mod tasks;
mod upload;
mod watch;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

pub use call::{After, Call, Reading, Value};
pub use credentials::{Credentials, Giver, Source, Token};
pub use download::Download;
pub use event::{About, Event, Events};
pub use exchange::Exchange;
pub use failure::Failure;
pub use flight::{Flight, Ticket};
pub use gate::Gate;
pub use givers::{Format, Identity, Login, OAuth, Registration, basic, certificate};
pub use limits::Limits;
pub use line::{Answer, Content, Line};
pub use lists::{Listing, Pages};
pub use runs::Histories;
pub use slots::Slots;
pub use watch::Watch;

use crate::error::Error;
use crate::platform::{Opaque, Timers};
use crate::policy::Watcher;
use crate::reference::{ActionRef, TaskRef};
use crate::status::{Phase, TaskStatus};
use limits::{Closed, Started, Starting};
use starts::Starts;
use tasks::{Cancelled, Task, Tasks, Wait, Want};

/// A client: one address, one set of credentials, and what is known of each task.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    exchange: Rc<Exchange>,
    tasks: Tasks,
    starts: Starts,
    closed: Closed,
}

/// What goes on although nobody waits for it any more.
const RUNS_ON: &str = "; the task itself runs on";
const STARTED: &str = "; what was started runs on";

impl Client {
    /// A client over this way to the server.
    pub fn new(exchange: Exchange, histories: Histories) -> Self {
        let exchange = Rc::new(exchange);
        let tasks = Tasks::new(Rc::clone(&exchange), histories);
        let (starts, closed) = (Starts::default(), Closed::default());
        Self(Rc::new(Inner { exchange, tasks, starts, closed }))
    }

    /// Makes a call.
    pub async fn call(&self, call: Call, limits: Limits) -> Result<Value, Failure> {
        let doing = call.doing();
        let task = call.task().map(|task| self.0.tasks.open(task));
        let result = match call {
            Call::Open(file, reading) => self.open_file(file, reading, limits).await,
            Call::Run(action, body, watcher) => {
                self.run_action(action, body, watcher, limits).await
            }
            call => {
                limits.meanwhile.set(call.meanwhile());
                let watchdog = self.cancel_on_abort(&limits, task.as_slice(), None);
                let result = self.run(&limits, pin!(self.perform(call))).await;
                drop(watchdog);
                result
            }
        };
        result.map_err(|failure| match &task {
            Some(task) => told(failure, doing, task),
            None => failure.map(&mut |error| error.doing(doing)),
        })
    }

    async fn perform(&self, call: Call) -> Result<Value, Failure> {
        let open = |task| self.0.tasks.open(task);
        let status = match call {
            Call::Status(task) => self.wait(&open(&task), Want::Once).await?,
            Call::Cancel(task) => self.cancel(&open(&task)).await?,
            Call::Outcome(task, watcher) => self.wait(&open(&task), Want::Next(watcher)).await?,
            Call::Success(task, watcher) => {
                let status = self.wait(&open(&task), Want::Next(watcher)).await?;
                if status.phase != Phase::Succeeded {
                    // The status that is wanted was not seen by anybody yet.
                    return Err(Error::ended(&status).into());
                }
                status
            }
            Call::Start(action, body) => {
                let task = self.start(&action, &body, &Cell::default()).await;
                return task.map(Value::Task);
            }
            Call::Metadata(action) => return self.metadata(&action).await.map(Value::Json),
            Call::Announce(file, count) => return self.announce(&file, count).await,
            Call::Put(file, chunk, bytes, is_gzip) => {
                return self.put(&file, chunk, &bytes, is_gzip).await;
            }
            Call::Complete(file) => return self.complete(&file).await,
            Call::SignIn => return self.0.exchange.sign_in().await.map(|()| Value::Nothing),
            // These have ways of their own.
            Call::Open(..) | Call::Run(..) => return Ok(Value::Nothing),
        };
        Ok(Value::Status(status))
    }

    /// Starts an action and follows the task to its end.
    async fn run_action(
        &self,
        action: ActionRef,
        body: String,
        watcher: Watcher,
        limits: Limits,
    ) -> Result<Value, Failure> {
        limits.meanwhile.set(STARTED);
        let (flight, started) = (Flight::default(), Rc::<Started>::default());
        let join = || {
            flight.join(|| {
                let (client, started) = (self.clone(), Rc::clone(&started));
                let (action, body) = (action.clone(), body.clone());
                async move {
                    let task = client.start(&action, &body, &started.is_sent).await?;
                    started.task.replace(Some(client.0.tasks.open(&task)));
                    Ok(())
                }
            })
        };
        let starting = join();
        let watched = Starting { start: join(), started: Rc::clone(&started) };
        let watchdog = self.cancel_on_abort(&limits, &[], Some(watched));
        let work = async {
            starting.await?;
            let task = started.task.borrow().clone();
            match task {
                Some(task) => self.wait(&task, Want::Next(watcher)).await.map(Value::Status),
                None => Err(Error::new(crate::error::Code::Internal, "no task").into()),
            }
        };
        let result = self.run(&limits, pin!(work)).await;
        drop(watchdog);
        let task = started.task.borrow().clone();
        result.map_err(|failure| match task {
            Some(task) => about(failure, &task),
            None => failure,
        })
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
    about(failure.map(&mut |error| error.doing(doing)), task)
}

fn about(failure: Failure, task: &Task) -> Failure {
    let last = task.latest();
    failure.map(&mut |error| error.about(task.reference(), last.as_deref()))
}
