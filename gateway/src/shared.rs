//! One answer for all who ask the same: what is younger than five seconds is given again, and who
//! asks while the question is under way waits for its answer. With a store, across processes.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use anaplan_tasks::client::{About, Answer, Content, Failure, Flight};
use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::platform::{chance, monotonic, sleep, spawn};
use anaplan_tasks::policy::{Class, FLOOR, Millis};
use anaplan_tasks::reference::TaskRef;
use wasm_bindgen::JsValue;

use crate::reply::Reply;
use crate::store::{Away, Store};
use crate::upstream::Upstream;

/// What is known, and what is being asked.
pub struct Shared {
    upstream: Rc<Upstream>,
    open: RefCell<HashMap<Rc<str>, Rc<Slot>>>,
    swept_at: Cell<Millis>,
}

/// A question to Anaplan that changes nothing.
pub struct Question {
    /// The path, canonical.
    pub path: String,
    /// The query string, with its question mark, or nothing.
    pub query: String,
    /// Which task it is about.
    pub task: Option<TaskRef>,
    /// How urgent it is.
    pub class: Class,
    /// What is hoped for.
    pub expected: &'static str,
    /// What an answer says, if it is what is hoped for.
    pub read: Reader,
}

/// Makes our answer of one of Anaplan's, if that is what it should be.
pub type Reader = Box<dyn Fn(&Answer) -> Option<Reply>>;

impl Question {
    /// Whether Anaplan wants five seconds between two of them, whatever has changed since.
    fn is_paced(&self) -> bool {
        self.task.is_some()
    }
}

/// The place of one question.
#[derive(Default)]
struct Slot {
    path: String,
    flight: Flight,
    /// The answer that may be given again.
    kept: RefCell<Option<Kept>>,
    /// What the last flight brought, and how many changes it knew of.
    brought: RefCell<Option<(Rc<Reply>, u32)>>,
    /// When the last question was over.
    settled: Cell<Option<Millis>>,
    /// How often what it asks for was changed from here.
    changes: Cell<u32>,
}

/// An answer that may be given again.
struct Kept {
    reply: Rc<Reply>,
    until: Millis,
    /// As it is handed out, once it was.
    written: OnceCell<JsValue>,
}

/// How long an answer that cannot change is kept.
const FINAL: Millis = 60_000.0;
/// How long a process may take to ask, before another takes over.
const CLAIM: Millis = 10_000.0;
/// Longer than any answer is kept.
const CHANGES: Millis = 2.0 * FINAL;

impl Shared {
    /// Nothing is known yet.
    pub fn new(upstream: Rc<Upstream>) -> Self {
        Self { upstream, open: RefCell::default(), swept_at: Cell::new(monotonic()) }
    }

    /// The answer that is known to the question of this path, in the form that `write` gives it. All
    /// paths that are known may be asked for by whoever may ask: no other is ever put here.
    pub fn known(&self, path: &str, write: impl FnOnce(&Reply) -> JsValue) -> Option<JsValue> {
        let open = self.open.borrow();
        let kept = open.get(path)?.kept.borrow();
        let kept = kept.as_ref().filter(|kept| monotonic() < kept.until)?;
        Some(kept.written.get_or_init(|| write(&kept.reply)).clone())
    }

    /// The answer, at most five seconds old.
    pub async fn ask(&self, question: Question) -> Rc<Reply> {
        let slot = self.slot(&format!("{}{}", question.path, question.query), &question.path);
        let question = Rc::new(question);
        loop {
            if let Some(reply) = slot.fresh() {
                return reply;
            }
            if let Some(left) = self.upstream.paused_for() {
                return Rc::new(paused(left));
            }
            let ticket = slot.flight.join(|| {
                let asking = Asking {
                    upstream: Rc::clone(&self.upstream),
                    slot: Rc::clone(&slot),
                    question: Rc::clone(&question),
                };
                async move { asking.run().await }
            });
            // What it finds out is left in its place.
            let _ = ticket.await;
            let brought = slot.brought.borrow();
            if let Some((reply, changes)) = &*brought
                && *changes == slot.changes.get()
            {
                return Rc::clone(reply);
            }
        }
    }

    /// Does something that changes what these paths lead to: with a name, once for all who want the
    /// same at this moment. It goes on to its end whoever gives up, and whatever becomes of it, what
    /// was known is not given again.
    pub async fn change(
        self: &Rc<Self>,
        name: Option<&str>,
        paths: Vec<String>,
        work: impl AsyncFnOnce() -> Reply + 'static,
    ) -> Rc<Reply> {
        let slot = name.map_or_else(Rc::default, |name| self.slot(name, name));
        let (this, place) = (Rc::clone(self), Rc::clone(&slot));
        let ticket = slot.flight.join(move || async move {
            let reply = work().await;
            this.changed(&paths).await;
            place.brought.replace(Some((Rc::new(reply), 0)));
            Ok(())
        });
        let another = slot.flight.join(|| async { Ok(()) });
        spawn(async move {
            let _ = another.await;
        });
        let _ = ticket.await;
        let brought = slot.brought.borrow().as_ref().map(|(reply, _)| Rc::clone(reply));
        brought.unwrap_or_else(|| Rc::new(Reply::failed(&Error::new(Code::Internal, ""))))
    }

    /// What these paths lead to has changed.
    async fn changed(&self, paths: &[String]) {
        // First the others': what is found there from now on is new, and what was found before does
        // not outlive the count here.
        if let Some(store) = &self.upstream.store {
            for path in paths {
                // Where it is away, nobody shares what was known.
                let _ = store.increment(&changes_key(path), CHANGES).await;
            }
        }
        for slot in self.open.borrow().values().filter(|slot| paths.contains(&slot.path)) {
            slot.changes.set(slot.changes.get().wrapping_add(1));
            slot.kept.take();
        }
    }

    fn slot(&self, key: &str, path: &str) -> Rc<Slot> {
        let mut open = self.open.borrow_mut();
        if let Some(slot) = open.get(key) {
            return Rc::clone(slot);
        }
        let now = monotonic();
        if now - self.swept_at.get() > FLOOR {
            open.retain(|_, slot| Rc::strong_count(slot) > 1 || !slot.is_idle(now));
            self.swept_at.set(now);
        }
        let slot = Rc::new(Slot { path: path.to_owned(), ..Slot::default() });
        open.insert(key.into(), Rc::clone(&slot));
        slot
    }
}

impl Slot {
    fn fresh(&self) -> Option<Rc<Reply>> {
        let now = monotonic();
        let kept = self.kept.borrow();
        kept.as_ref().filter(|kept| now < kept.until).map(|kept| Rc::clone(&kept.reply))
    }

    /// Whether nothing would be different without it.
    fn is_idle(&self, now: Millis) -> bool {
        let is_over = self.settled.get().is_none_or(|settled| now - settled > FLOOR);
        is_over && self.kept.borrow().as_ref().is_none_or(|kept| now >= kept.until)
    }
}

/// A question under way.
struct Asking {
    upstream: Rc<Upstream>,
    slot: Rc<Slot>,
    question: Rc<Question>,
}

/// What came of a question.
struct Sent {
    reply: Reply,
    /// How many changes were known when it left; `None` where it did not.
    left: Option<u32>,
}

/// The right to ask, among processes.
struct Claim<'a> {
    store: &'a Store,
    key: &'a str,
    mine: &'a str,
}

impl Asking {
    async fn run(&self) -> Result<(), Failure> {
        let through = match &self.upstream.store {
            Some(store) => self.through(store).await,
            None => Err(Away),
        };
        let (reply, changes, is_shared) = match through {
            Ok((reply, changes)) => (reply, changes, true),
            Err(Away) => {
                let (reply, changes) = self.alone().await;
                (reply, changes, false)
            }
        };
        let reply = Rc::new(reply);
        // With others, who knows whether one of them has changed something since.
        let lives = match reply.status {
            429 => 0.0,
            _ if reply.is_final => FINAL,
            _ if is_shared => 0.0,
            _ => FLOOR,
        };
        if changes == self.slot.changes.get() {
            let (reply, until) = (Rc::clone(&reply), monotonic() + lives);
            self.slot.kept.replace(Some(Kept { reply, until, written: OnceCell::new() }));
        }
        self.slot.brought.replace(Some((reply, changes)));
        Ok(())
    }

    /// As the only process, or without knowing of the others.
    async fn alone(&self) -> (Reply, u32) {
        loop {
            if let Some(settled) = self.slot.settled.get().filter(|_| self.question.is_paced()) {
                let wait = settled + FLOOR - monotonic();
                if wait > 0.0 {
                    sleep(wait).await;
                }
            }
            if let Some(Sent { reply, left }) = self.send(None).await {
                return (reply, left.unwrap_or_else(|| self.slot.changes.get()));
            }
        }
    }

    /// With the others: one of all processes asks, and the others find the answer.
    async fn through(&self, store: &Store) -> Result<(Reply, u32), Away> {
        let key = format!("{}{}", self.question.path, self.question.query);
        let asking = format!("asking:{key}");
        let mine = format!("{:x}", (chance() * 9e15) as u64);
        let claim = Claim { store, key: &asking, mine: &mine };
        loop {
            let known = self.slot.changes.get();
            let changes = self.changes(store).await?;
            let answer = format!("answer:{}:{changes}:{key}", self.upstream.name);
            if let Some(reply) = find(store, &answer).await? {
                return Ok((reply, known));
            }
            if !store.claim(&asking, &mine, CLAIM).await? {
                sleep(100.0 + 100.0 * chance()).await;
                continue;
            }
            // Between the two looks somebody may have found the answer, and let go.
            if let Some(reply) = find(store, &answer).await? {
                store.delete(&asking, &mine).await?;
                return Ok((reply, known));
            }
            let Some(Sent { reply, left }) = self.send(Some(&claim)).await else {
                continue;
            };
            // From here on there is an answer, store or not.
            let shared = self.share(&claim, &answer, &reply, left.is_some()).await;
            match (shared, self.changes(store).await) {
                (Ok(()), Ok(now)) if now != changes => {}
                _ => return Ok((reply, left.unwrap_or_else(|| self.slot.changes.get()))),
            }
        }
    }

    async fn share(
        &self,
        &Claim { store, key, mine }: &Claim<'_>,
        answer: &str,
        reply: &Reply,
        has_left: bool,
    ) -> Result<(), Away> {
        if has_left && reply.status != 429 {
            let ttl = if reply.is_final { FINAL } else { FLOOR };
            store.set(answer, &written(reply), ttl).await?;
        }
        if has_left && self.question.is_paced() {
            // Kept for five seconds: whoever gets it next has the right to ask.
            return store.set(key, mine, FLOOR).await;
        }
        store.delete(key, mine).await
    }

    async fn changes(&self, store: &Store) -> Result<String, Away> {
        let held = store.get(&changes_key(&self.question.path)).await?;
        Ok(held.map_or_else(|| "0".to_owned(), |held| held.value))
    }

    /// Asks Anaplan; not if the right to it was lost while it waited for its turn.
    async fn send(&self, claim: Option<&Claim<'_>>) -> Option<Sent> {
        let Question { path, query, task, class, expected, read } = &*self.question;
        let about = About { method: "GET", path, task: task.as_ref(), attempt: 1.0 };
        let content = Content { query, ..Content::default() };
        let settles = Settles { slot: &self.slot, left: Cell::default() };
        let leaving = async || {
            if let Some(claim) = claim
                && !claim.holds().await
            {
                return false;
            }
            settles.left.set(Some(self.slot.changes.get()));
            true
        };
        let reply = match self.upstream.send(*class, &about, content, leaving).await {
            Ok(None) => return None,
            Ok(Some(answer)) => {
                read(&answer).unwrap_or_else(|| failed(&answer.not_understood(expected)))
            }
            Err(failure) => failed(&failure),
        };
        Some(Sent { reply, left: settles.left.get() })
    }
}

impl Claim<'_> {
    /// Whether it is still ours; then for as long as at first.
    async fn holds(&self) -> bool {
        match self.store.get(self.key).await {
            Ok(Some(held)) if held.value == self.mine => {
                // Where it is away, nobody else has it either.
                let _ = self.store.set(self.key, self.mine, CLAIM).await;
                true
            }
            Ok(_) => false,
            Err(Away) => true,
        }
    }
}

/// Counts a question as over when it is dropped, whether it was answered, failed or given up.
struct Settles<'a> {
    slot: &'a Slot,
    left: Cell<Option<u32>>,
}

impl Drop for Settles<'_> {
    fn drop(&mut self) {
        if self.left.get().is_some() {
            self.slot.settled.set(Some(monotonic()));
        }
    }
}

/// The answer to a failure.
pub fn failed(failure: &Failure) -> Reply {
    match failure {
        Failure::Failed(error, _) => Reply::failed(error),
        Failure::Tokenless(error, _) => Reply::tokenless(error),
        Failure::Aborted(_) | Failure::Closed(_) => Reply::error(503, "The gateway is closed"),
    }
}

/// The answer while Anaplan wants nothing.
pub fn paused(left: Millis) -> Reply {
    let mut error = Error::new(Code::RateLimited, "");
    error.retry_after = Some(left);
    Reply::failed(&error)
}

fn changes_key(path: &str) -> String {
    format!("changes:{path}")
}

/// An answer for other processes: its status, whether it is final, and its body.
fn written(reply: &Reply) -> String {
    format!("{} {}\n{}", reply.status, u8::from(reply.is_final), reply.body)
}

/// The same, from a store that may hold anything.
async fn find(store: &Store, key: &str) -> Result<Option<Reply>, Away> {
    let held = store.get(key).await?;
    Ok(held.and_then(|held| {
        let (head, body) = held.value.split_once('\n')?;
        let (status, is_final) = head.split_once(' ')?;
        let status = status.parse().ok().filter(|status| matches!(status, 200 | 400..=599))?;
        let (body, headers) = (body.into(), Vec::new());
        Some(Reply { status, body, headers, is_final: is_final == "1" })
    }))
}
