//! One answer for all who ask the same: what is younger than five seconds is given again, and who
//! asks while the question is under way waits for its answer. With a store, across processes.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use anaplan_tasks::client::{About, Answer, Content, Failure, Flight};
use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::platform::{chance, monotonic, sleep};
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
    sweep_at: Cell<usize>,
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
        Self { upstream, open: RefCell::default(), sweep_at: Cell::new(1_024) }
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
        let slot = self.slot(&question);
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

    /// Does something that changes things, once for all who want the same at this moment. Whatever
    /// becomes of it, what was known of these paths is not given again.
    pub async fn change(
        self: &Rc<Self>,
        name: &str,
        paths: Vec<String>,
        work: impl AsyncFnOnce() -> Reply + 'static,
    ) -> Rc<Reply> {
        let slot = self.place(name, name);
        let (this, place) = (Rc::clone(self), Rc::clone(&slot));
        let ticket = slot.flight.join(move || async move {
            let reply = work().await;
            this.changed(&paths).await;
            place.brought.replace(Some((Rc::new(reply), 0)));
            Ok(())
        });
        let _ = ticket.await;
        let brought = slot.brought.borrow().as_ref().map(|(reply, _)| Rc::clone(reply));
        brought.unwrap_or_else(|| Rc::new(Reply::failed(&Error::new(Code::Internal, ""))))
    }

    /// What these paths lead to has changed.
    pub async fn changed(&self, paths: &[String]) {
        for slot in self.open.borrow().values().filter(|slot| paths.contains(&slot.path)) {
            slot.changes.set(slot.changes.get().wrapping_add(1));
            slot.kept.take();
        }
        if let Some(store) = &self.upstream.store {
            for path in paths {
                // Where it is away, nobody shares what was known.
                let _ = store.increment(&changes_key(path), CHANGES).await;
            }
        }
    }

    fn slot(&self, question: &Question) -> Rc<Slot> {
        self.place(&format!("{}{}", question.path, question.query), &question.path)
    }

    fn place(&self, key: &str, path: &str) -> Rc<Slot> {
        let mut open = self.open.borrow_mut();
        if let Some(slot) = open.get(key) {
            return Rc::clone(slot);
        }
        if open.len() >= self.sweep_at.get() {
            let now = monotonic();
            open.retain(|_, slot| Rc::strong_count(slot) > 1 || !slot.is_idle(now));
            self.sweep_at.set(open.len().saturating_mul(2).max(1_024));
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

impl Asking {
    async fn run(&self) -> Result<(), Failure> {
        let changes = self.slot.changes.get();
        let asked = match &self.upstream.store {
            Some(store) => self.through(store).await,
            None => Err(Away),
        };
        let (reply, is_shared) = match asked {
            Ok(reply) => (reply, true),
            Err(Away) => (self.alone().await, false),
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
    async fn alone(&self) -> Reply {
        if let Some(settled) = self.slot.settled.get().filter(|_| self.question.is_paced()) {
            let wait = settled + FLOOR - monotonic();
            if wait > 0.0 {
                sleep(wait).await;
            }
        }
        self.send().await.0
    }

    /// With the others: one of all processes asks, and the others find the answer.
    async fn through(&self, store: &Store) -> Result<Reply, Away> {
        let key = format!("{}{}", self.question.path, self.question.query);
        let asking = format!("asking:{key}");
        let me = format!("{:x}", (chance() * 9e15) as u64);
        loop {
            let changes = self.changes(store).await?;
            let answer = format!("answer:{changes}:{key}");
            if let Some(reply) = find(store, &answer).await? {
                return Ok(reply);
            }
            if !store.claim(&asking, &me, CLAIM).await? {
                sleep(100.0 + 100.0 * chance()).await;
                continue;
            }
            // Between the two looks somebody may have found the answer, and let go.
            if let Some(reply) = find(store, &answer).await? {
                store.delete(&asking, &me).await?;
                return Ok(reply);
            }
            let (reply, has_left) = self.send().await;
            // From here on there is an answer, store or not.
            let shared = self.share(store, &asking, &answer, &me, &reply, has_left).await;
            match (shared, self.changes(store).await) {
                (Ok(()), Ok(now)) if now != changes => {}
                _ => return Ok(reply),
            }
        }
    }

    async fn share(
        &self,
        store: &Store,
        asking: &str,
        answer: &str,
        me: &str,
        reply: &Reply,
        has_left: bool,
    ) -> Result<(), Away> {
        if !has_left {
            return store.delete(asking, me).await;
        }
        if reply.status != 429 {
            let ttl = if reply.is_final { FINAL } else { FLOOR };
            store.set(answer, &written(reply), ttl).await?;
        }
        if self.question.is_paced() {
            // It stays for five seconds after the answer: whoever holds it has the right to ask.
            return store.set(asking, me, FLOOR).await;
        }
        store.delete(asking, me).await
    }

    async fn changes(&self, store: &Store) -> Result<String, Away> {
        let held = store.get(&changes_key(&self.question.path)).await?;
        Ok(held.map_or_else(|| "0".to_owned(), |held| held.value))
    }

    /// Asks Anaplan. Says, too, whether anything was sent.
    async fn send(&self) -> (Reply, bool) {
        let Question { path, query, task, class, expected, read } = &*self.question;
        let about = About { method: "GET", path, task: task.as_ref(), attempt: 1.0 };
        let content = Content { query, ..Content::default() };
        let settles = Settles { slot: &self.slot, has_left: Cell::new(false) };
        let leaving = || settles.has_left.set(true);
        let answered = self.upstream.send(*class, &about, content, &leaving).await;
        let reply = match answered {
            Ok(answer) => read(&answer).ok_or_else(|| answer.not_understood(expected)),
            Err(failure) => Err(failure),
        };
        (reply.unwrap_or_else(|failure| failed(&failure)), settles.has_left.get())
    }
}

/// Counts a question as over when it is dropped, whether it was answered, failed or given up.
struct Settles<'a> {
    slot: &'a Slot,
    has_left: Cell<bool>,
}

impl Drop for Settles<'_> {
    fn drop(&mut self) {
        if self.has_left.get() {
            self.slot.settled.set(Some(monotonic()));
        }
    }
}

/// The answer to a failure.
pub fn failed(failure: &Failure) -> Reply {
    let closed = || Reply::error(503, "The gateway is closed");
    failure.error().map_or_else(closed, Reply::failed)
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
        let status = status.parse().ok().filter(|status| (200..=599).contains(status))?;
        let (body, headers) = (body.into(), Vec::new());
        Some(Reply { status, body, headers, is_final: is_final == "1" })
    }))
}
