//! Starting: what has a key is started once, however often it is asked for, and with a store, whichever
//! process is asked.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anaplan_tasks::client::{About, Content, Failure};
use anaplan_tasks::platform::{Notify, Opaque, Payload, chance, monotonic, sleep, spawn};
use anaplan_tasks::policy::{Class, Fate, Millis, fate};

use crate::keys::{Differs, Found, KEPT, Key, Keys, Print, Told};
use crate::reply::Reply;
use crate::shared::{self, Shared};
use crate::store::{Away, Store};
use crate::upstream::Upstream;

/// What is being started, and what was.
pub struct Starts {
    upstream: Rc<Upstream>,
    shared: Rc<Shared>,
    known: RefCell<Keys<Rc<Sending>>>,
}

/// What to start.
pub struct Order {
    /// The path of the action's tasks, canonical.
    pub path: String,
    /// The body for Anaplan.
    pub body: String,
    /// Its key, if it has one.
    pub keyed: Option<(Key, Print)>,
}

/// How far a request to start something has come.
pub struct Progress {
    stage: Cell<Stage>,
    sending: RefCell<Option<Rc<Sending>>>,
}

/// How far it has come.
#[derive(Clone, Copy, Default)]
pub enum Stage {
    /// It is not there as a whole.
    Reading,
    /// The host application has not decided.
    Deciding,
    /// It was not sent.
    #[default]
    Waiting,
    /// It may have been sent.
    Sent,
}

/// One start, for all who wait for it. It goes on whoever has gone; but what was not sent when the last
/// has given up is not sent any more.
#[derive(Default)]
struct Sending {
    stage: Cell<Stage>,
    waiting: Cell<u32>,
    outcome: RefCell<Option<Outcome>>,
    settled: Notify,
}

/// What became of a start.
#[derive(Clone)]
struct Outcome {
    /// The answer; none where nobody waited for it any more.
    reply: Option<Rc<Reply>>,
    /// Whether it is the answer from now on. It is not where nothing ran, and the same key may start it yet;
    /// nor where this process has nothing to say of it.
    is_kept: bool,
}

/// The right to start, among processes.
struct Claim<'a> {
    store: &'a Store,
    place: String,
    mine: String,
    print: Print,
    made_at: Millis,
}

/// More than the tenant's budget lets start within [`KEPT`], so none is forgotten before its time.
const MOST: usize = 5_000;
/// How long a store may be away before a start is given up that waits for it.
const LONGEST_AWAY: Millis = 10_000.0;

impl Progress {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self { stage: Cell::new(Stage::Reading), sending: RefCell::default() }
    }

    /// It was read, and the host application decides.
    pub fn decide(&self) {
        self.stage.set(Stage::Deciding);
    }

    /// It is not waited for any more. If it was not sent until now, it is only for others who wait.
    pub fn give_up(&self) -> Stage {
        match self.sending.take() {
            Some(sending) => {
                let others = sending.waiting.get().saturating_sub(1);
                sending.waiting.set(others);
                if others > 0 { Stage::Sent } else { sending.stage.get() }
            }
            None => self.stage.get(),
        }
    }

    fn wait_for(&self, sending: &Rc<Sending>) {
        sending.waiting.set(sending.waiting.get().saturating_add(1));
        self.sending.replace(Some(Rc::clone(sending)));
    }
}

impl Starts {
    /// Nothing was started yet.
    pub fn new(upstream: Rc<Upstream>, shared: Rc<Shared>) -> Self {
        Self { upstream, shared, known: RefCell::new(Keys::new(MOST)) }
    }

    /// Starts it, or gives the answer to the start that it is a repetition of.
    pub async fn start(self: &Rc<Self>, order: Order, progress: &Progress) -> Rc<Reply> {
        let order = Rc::new(order);
        loop {
            let sending = match self.sending(&order) {
                Ok(sending) => sending,
                Err(refusal) => return Rc::new(refusal),
            };
            progress.wait_for(&sending);
            // Given up by all others, just before this one came: it begins anew.
            if let Some(reply) = sending.outcome().await.reply {
                return reply;
            }
        }
    }

    fn sending(self: &Rc<Self>, order: &Rc<Order>) -> Result<Rc<Sending>, Reply> {
        let found = match &order.keyed {
            Some((key, print)) => {
                self.known.borrow_mut().find(key, *print, monotonic(), Rc::default)
            }
            None => Found::New(Rc::default()),
        };
        match found {
            Found::Same(sending) => Ok(sending),
            Found::Other(what) => Err(taken(what)),
            Found::Full => {
                let text = "Too many starts are under way. Ask again in a moment.";
                Err(Reply::error(429, text).retry_after(5_000.0))
            }
            Found::New(sending) => {
                let (this, order) = (Rc::clone(self), Rc::clone(order));
                let begun = Rc::clone(&sending);
                // By itself, so that it comes to its end whoever gives up.
                spawn(async move { this.run(&order, &begun).await });
                Ok(sending)
            }
        }
    }

    async fn run(&self, order: &Order, sending: &Sending) {
        let outcome = self.settle(order, sending).await;
        // Whatever became of it, what was known is not given again.
        self.shared.changed(std::slice::from_ref(&order.path)).await;
        if let Some((key, _)) = &order.keyed {
            self.known.borrow_mut().over(key, outcome.is_kept, monotonic());
        }
        sending.outcome.replace(Some(outcome));
        sending.settled.notify();
    }

    async fn settle(&self, order: &Order, sending: &Sending) -> Outcome {
        let claim = match (&order.keyed, &self.upstream.store) {
            (Some((key, print)), Some(store)) => {
                // Until the others were asked, one of them may have sent it.
                sending.stage.set(Stage::Sent);
                match Claim::make(store, key, *print, sending).await {
                    Ok(claim) => Some(claim),
                    Err(outcome) => return outcome,
                }
            }
            _ => None,
        };
        sending.stage.set(Stage::Waiting);
        let outcome = self.send(order, sending, claim.as_ref()).await;
        if let Some(claim) = claim {
            claim.settle(&outcome).await;
        }
        outcome
    }

    async fn send(&self, order: &Order, sending: &Sending, claim: Option<&Claim<'_>>) -> Outcome {
        let about = About { method: "POST", path: &order.path, task: None, attempt: 1.0 };
        let content = Content { payload: Payload::Json(&order.body), ..Content::default() };
        let is_lost = Cell::new(false);
        let leaving = async || {
            if let Some(claim) = claim
                && !claim.holds().await
            {
                is_lost.set(true);
                return false;
            }
            // From here to the request nothing else comes between.
            let is_wanted = sending.waiting.get() > 0;
            if is_wanted {
                sending.stage.set(Stage::Sent);
            }
            is_wanted
        };
        match self.upstream.send(Class::Start, &about, content, leaving).await {
            Ok(Some(answer)) => match answer.safe_json().and_then(Reply::started) {
                Some(reply) => Outcome::of(reply, true),
                None => not_started(&answer.not_understood("a task that was started")),
            },
            Ok(None) if is_lost.get() => Outcome::of(unclear(FORGOTTEN), false),
            Ok(None) => Outcome::UNWANTED,
            Err(failure) => not_started(&failure),
        }
    }
}

impl Sending {
    async fn outcome(&self) -> Outcome {
        loop {
            let changed = self.settled.changed();
            if let Some(outcome) = &*self.outcome.borrow() {
                return outcome.clone();
            }
            changed.await;
        }
    }
}

impl Outcome {
    const UNWANTED: Self = Self { reply: None, is_kept: false };

    fn of(reply: Reply, is_kept: bool) -> Self {
        Self { reply: Some(Rc::new(reply)), is_kept }
    }
}

const AWAY: &str =
    "The store cannot be reached by which the gateway's processes know of each other's starts";
const FORGOTTEN: &str = "The store has forgotten that this was to be started";

impl<'a> Claim<'a> {
    /// Waits until this process alone may start it, or it is known what became of it elsewhere. While
    /// the store is away, nobody knows: so it is not started, and nobody is told that it was not.
    async fn make(
        store: &'a Store,
        key: &Key,
        print: Print,
        sending: &Sending,
    ) -> Result<Self, Outcome> {
        let mine = print.under_way(&shared::word());
        let mut claim = Self { store, place: key.place(), mine, print, made_at: monotonic() };
        let give_up_at = claim.made_at + LONGEST_AWAY;
        let mut pause = 100.0;
        loop {
            claim.made_at = monotonic();
            match claim.tried().await {
                Ok(None) => return Ok(claim),
                Ok(Some(Looked::Known(outcome))) => return Err(outcome),
                Ok(Some(Looked::UnderWay)) => {}
                Err(Away) if monotonic() < give_up_at => {}
                Err(Away) => return Err(Outcome::of(unclear(AWAY), false)),
            }
            if sending.waiting.get() == 0 {
                return Err(Outcome::UNWANTED);
            }
            sleep(pause * (0.5 + chance())).await;
            pause = (pause * 1.3).min(500.0);
        }
    }

    /// One try; `None` where it is ours now.
    async fn tried(&self) -> Result<Option<Looked>, Away> {
        if self.store.claim(&self.place, &self.mine, KEPT).await? {
            return Ok(None);
        }
        let Some(held) = self.store.get(&self.place).await? else {
            // Nothing ran, and it may be claimed the next time.
            return Ok(Some(Looked::UnderWay));
        };
        // The store may have heard it, and the answer come too late.
        if held.value == self.mine {
            return Ok(None);
        }
        Ok(Some(match self.print.told(&held.value) {
            Some(Told::UnderWay) => Looked::UnderWay,
            Some(Told::Over(answer)) => match shared::read(answer, held.ttl) {
                Some(reply) => Looked::Known(Outcome::of(reply, true)),
                None => Looked::Known(Outcome::of(unclear(FORGOTTEN), false)),
            },
            Some(Told::Other(what)) => Looked::Known(Outcome::of(taken(what), false)),
            None => Looked::Known(Outcome::of(unclear(FORGOTTEN), false)),
        }))
    }

    /// Whether it is still ours; then for as long as at first.
    async fn holds(&self) -> bool {
        match self.store.get(&self.place).await {
            Ok(Some(held)) if held.value == self.mine => {
                // Where it is away, the next lines hold.
                let _ = self.store.set(&self.place, &self.mine, KEPT).await;
                true
            }
            Ok(_) => false,
            // It was claimed, and whoever can reach the store finds that.
            Err(Away) => monotonic() - self.made_at < KEPT,
        }
    }

    async fn settle(&self, outcome: &Outcome) {
        let told = match &outcome.reply {
            Some(reply) if outcome.is_kept => {
                let over = self.print.over(&shared::written(reply));
                self.store.set(&self.place, &over, KEPT).await
            }
            _ => self.store.delete(&self.place, &self.mine).await,
        };
        // Where it is away, the others find it under way until they forget it, and start nothing.
        let _: Result<(), Away> = told;
    }
}

/// What is known of another process's start.
enum Looked {
    UnderWay,
    Known(Outcome),
}

/// What becomes of a failed start. Where it is certain that nothing was started, a 5xx would leave that
/// open, so it is a conflict then: with what the gateway is in.
fn not_started(failure: &Failure) -> Outcome {
    let reply = shared::failed(failure);
    let fate = match failure {
        Failure::Failed(error, cause) => {
            let system = cause.as_ref().and_then(Opaque::system_code);
            fate(error, system.as_deref())
        }
        Failure::Tokenless(..) => Fate::Unsent,
        Failure::Aborted(_) | Failure::Closed(_) => Fate::Unknown,
    };
    let reply = match fate == Fate::Unsent && reply.status >= 500 {
        true => reply.instead(409, "Nothing was started."),
        false => reply,
    };
    Outcome::of(reply, fate == Fate::Unknown)
}

/// Another start has the key. A browser's repetition cannot be one of another body; but what stands in
/// between may have changed by what it is known who asks, and then it must not look as if nothing ran.
fn taken(what: Differs) -> Reply {
    match what {
        Differs::Start => Reply::error(
            422,
            "Idempotency-Key: it was used for another start, of another action or with another body. \
             Nothing was started.",
        ),
        Differs::Caller => unclear("Idempotency-Key: it was used with another session"),
    }
}

/// A start that may have been sent by somebody, and is not sent now.
fn unclear(why: &str) -> Reply {
    Reply::error(503, format!("{why}. Whether the task was started is not known."))
}
