//! The way to Anaplan: one request, through the pauses that Anaplan wants, the budget that all
//! processes share, and the gateway's credentials.

use std::pin::pin;
use std::rc::Rc;

use anaplan_tasks::client::{About, Answer, Content, Exchange, Failure, Gate, Slots, Token};
use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::platform::sleep;
use anaplan_tasks::policy::{Class, LONGEST_PAUSE, Millis, Rate};
use futures_util::future::{Either, select};

use crate::store::{Away, Store};

/// The way there.
pub struct Upstream {
    /// How requests are sent.
    pub exchange: Exchange,
    /// What tells it from another gateway with other rules in the same store.
    pub name: String,
    /// What the processes share.
    pub store: Option<Rc<Store>>,
    /// The budget of all processes together.
    pub rate: Rate,
    /// This process's part of it, while the store is away.
    pub share: Gate,
    /// Where those wait who can: one at a time asks the store for its turn.
    pub line: Slots,
}

const BUDGET: &str = "budget";
const PAUSE: &str = "pause";

impl Upstream {
    /// How long Anaplan wants nothing yet, as far as this process knows.
    pub fn paused_for(&self) -> Option<Millis> {
        self.exchange.line.gate.paused_for()
    }

    /// Sends one request, unless `leaving`, which is asked when it is about to leave, says no. It is
    /// sent a second time where a new token is all that it takes, and else never: whoever asked
    /// knows whether to ask again.
    pub async fn send(
        &self,
        class: Class,
        about: &About<'_>,
        content: Content<'_>,
        leaving: impl AsyncFn() -> bool,
    ) -> Result<Option<Answer>, Failure> {
        let mut is_first = true;
        loop {
            let token = self.turn(class).await?;
            if !leaving().await {
                return Ok(None);
            }
            let failure = match self.exchange.send(about, content, token).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(failure) => failure,
            };
            let error = failure.error();
            let may_renew = error.is_some_and(|e| e.code == Code::Unauthorized && e.retryable);
            if may_renew && std::mem::replace(&mut is_first, false) {
                continue;
            }
            if let (Some(store), Some(pause)) = (&self.store, error.and_then(pause_in)) {
                // Where it is away, each process finds out by itself.
                let _ = pause_all(store, pause).await;
            }
            return Err(failure);
        }
    }

    /// Waits for a turn, but not for a pause to end: that is for whoever asked.
    async fn turn(&self, class: Class) -> Result<Option<Token>, Failure> {
        let gate = &self.exchange.line.gate;
        if let Some(left) = gate.paused_for() {
            return Err(paused(left));
        }
        let pausing = gate.pausing();
        let ready = async {
            let token = self.exchange.ready(class).await?;
            self.take_turn(class).await?;
            Ok(token)
        };
        match select(pin!(ready), pin!(pausing)).await {
            Either::Left((ready, _)) => ready,
            Either::Right(_) => Err(paused(gate.paused_for().unwrap_or_default())),
        }
    }

    /// The turn among all processes. A cancel takes one, and does not wait for it.
    async fn take_turn(&self, class: Class) -> Result<(), Failure> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let _place = match class {
            Class::Status | Class::Files => Some(self.line.take().await),
            Class::Cancel | Class::Renewal | Class::Start => None,
        };
        loop {
            let wait = match store.get(PAUSE).await {
                Ok(Some(pause)) => return Err(paused(pause.ttl.min(LONGEST_PAUSE))),
                Ok(None) => store.take(BUDGET, self.rate).await,
                Err(Away) => Err(Away),
            };
            match wait {
                Ok(wait) if wait <= 0.0 || class == Class::Cancel => return Ok(()),
                Ok(wait) => sleep(wait).await,
                Err(Away) => {
                    self.share.pass(class).await;
                    return Ok(());
                }
            }
        }
    }
}

/// Tells the other processes, unless they know of a longer pause.
async fn pause_all(store: &Store, pause: Millis) -> Result<(), Away> {
    let known = store.get(PAUSE).await?.map_or(0.0, |held| held.ttl);
    if pause > known { store.set(PAUSE, "429", pause).await } else { Ok(()) }
}

fn pause_in(error: &Error) -> Option<Millis> {
    error.retry_after.filter(|_| error.code == Code::RateLimited)
}

fn paused(left: Millis) -> Failure {
    let mut error = Error::new(Code::RateLimited, "Anaplan wants no requests for now");
    error.retry_after = Some(left);
    error.into()
}
