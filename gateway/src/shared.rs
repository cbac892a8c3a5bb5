//! One answer for all who ask the same: what is younger than five seconds is given again, and who
//! asks while the question is under way waits for its answer. With a store, across processes.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use anaplan_tasks::client::{About, Answer, Content, Failure, Flight, Slots};
use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::platform::{chance, monotonic, sleep, spawn};
use anaplan_tasks::policy::{Class, FLOOR, Millis};
use anaplan_tasks::reference::TaskRef;
use anaplan_tasks::wire::Json;
use wasm_bindgen::JsValue;

use crate::clients::Client;
use crate::reply::{Dated, Reply};
use crate::store::{Away, Store};
use crate::upstream::Upstream;
use crate::whole::{Brought, Whole};

/// What is known, and what is being asked.
pub struct Shared {
    upstream: Rc<Upstream>,
    open: RefCell<HashMap<Rc<str>, Rc<Slot>>>,
    swept_at: Cell<Millis>,
    /// What was changed lately, and when.
    changed: RefCell<Vec<(String, Millis)>>,
    lines: RefCell<HashMap<Client, Weak<Slots>>>,
}

/// A question to Anaplan that changes nothing.
pub struct Question {
    /// The path, canonical.
    pub path: String,
    /// The query string for Anaplan, with its question mark, or nothing.
    pub query: String,
    /// What tells it from other questions of this path.
    pub part: String,
    /// Who asks, as far as that is known: many questions of one wait behind each other, and not
    /// before everybody else's.
    pub client: Option<Client>,
    /// Which task it is about.
    pub task: Option<TaskRef>,
    /// How urgent it is.
    pub class: Class,
    /// What is hoped for.
    pub expected: &'static str,
    /// Whether it tells times by Anaplan's clock, which whoever asks is to know then.
    pub tells_times: bool,
    /// What an answer says, if it is what is hoped for.
    pub read: Reader,
}

/// Makes our answer of what Anaplan says.
pub enum Reader {
    /// In one answer.
    One(OfAnswer),
    /// In all pages of a list, with its rows under this key. Their queries are made here.
    Whole(&'static str, OfRows),
}

/// Makes our answer of one of Anaplan's, if that is what it should be.
pub type OfAnswer = Box<dyn Fn(&Answer) -> Option<Reply>>;
/// Makes our answer of all rows.
pub type OfRows = Box<dyn Fn(Vec<Json>) -> Reply>;

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
/// How long after a change it is new, and how long answers are given again then that tell times:
/// whoever has lost the answer to a start looks a few times within seconds, and is to see Anaplan's
/// clock go on.
const NEW: Millis = 30_000.0;
const NEW_LIVES: Millis = 250.0;
/// How long a process may take to ask, before another takes over.
const CLAIM: Millis = 10_000.0;
/// How often the right to ask may be lost before it is taken for one that the store cannot keep.
const LOST: f64 = 3.0;
/// How many questions of one client stand in line with those of others at once.
const AT_ONCE: usize = 20;
const TOO_MUCH: &str = "Anaplan's list is longer than the gateway reads";
/// Longer than any answer is kept.
const CHANGES: Millis = 2.0 * FINAL;

impl Shared {
    /// Nothing is known yet.
    pub fn new(upstream: Rc<Upstream>) -> Self {
        Self {
            upstream,
            open: RefCell::default(),
            swept_at: Cell::new(monotonic()),
            changed: RefCell::default(),
            lines: RefCell::default(),
        }
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
        let asked_at = monotonic();
        let reply = self.answer(question).await;
        match reply.dated {
            Some(_) => Rc::new(telling_the_time(Reply::clone(&reply), asked_at)),
            None => reply,
        }
    }

    async fn answer(&self, question: Question) -> Rc<Reply> {
        let slot = self.slot(&format!("{}{}", question.path, question.part), &question.path);
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
                    line: self.line(question.client.as_ref()),
                    is_new: self.is_new(&question.path),
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

    /// Does something that changes what these paths lead to, once for all who want the same, by its
    /// name, at this moment. It goes on to its end whoever gives up, and whatever becomes of it, what was
    /// known is not given again.
    pub async fn change(
        self: &Rc<Self>,
        name: &str,
        paths: Vec<String>,
        work: impl AsyncFnOnce() -> Reply + 'static,
    ) -> Rc<Reply> {
        let slot = self.slot(name, name);
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
    pub async fn changed(&self, paths: &[String]) {
        // First the others': what is found there from now on is new, and what was found before does
        // not outlive the count here.
        if let Some(store) = &self.upstream.store {
            for path in paths {
                if tell(store, path).await.is_err() {
                    spawn(tell_again(Rc::clone(store), path.clone()));
                }
            }
        }
        let now = monotonic();
        let mut changed = self.changed.borrow_mut();
        changed.retain(|(path, at)| now - at < NEW && !paths.contains(path));
        changed.extend(paths.iter().map(|path| (path.clone(), now)));
        for slot in self.open.borrow().values().filter(|slot| paths.contains(&slot.path)) {
            slot.changes.set(slot.changes.get().wrapping_add(1));
            slot.kept.take();
        }
    }

    fn is_new(&self, path: &str) -> bool {
        let now = monotonic();
        self.changed.borrow().iter().any(|(changed, at)| changed == path && now - at < NEW)
    }

    /// Where the questions of one client wait for their turn.
    fn line(&self, client: Option<&Client>) -> Rc<Slots> {
        let Some(client) = client else {
            return Rc::new(Slots::new(1));
        };
        let mut lines = self.lines.borrow_mut();
        if let Some(line) = lines.get(client).and_then(Weak::upgrade) {
            return line;
        }
        lines.retain(|_, line| line.strong_count() > 0);
        let line = Rc::new(Slots::new(AT_ONCE));
        lines.insert(client.clone(), Rc::downgrade(&line));
        line
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
    line: Rc<Slots>,
    /// Whether what it asks for was changed lately, as far as this process knows.
    is_new: bool,
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
            Ok(found) => found,
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
            _ => self.lives(self.is_new),
        };
        if changes == self.slot.changes.get() {
            let (reply, until) = (Rc::clone(&reply), monotonic() + lives);
            self.slot.kept.replace(Some(Kept { reply, until, written: OnceCell::new() }));
        }
        self.slot.brought.replace(Some((reply, changes)));
        Ok(())
    }

    /// How long an answer that may change is given again.
    fn lives(&self, is_new: bool) -> Millis {
        if is_new && self.question.tells_times { NEW_LIVES } else { FLOOR }
    }

    /// As the only process, or without knowing of the others.
    async fn alone(&self) -> (Reply, u32) {
        loop {
            let wait = self.too_early();
            if wait > 0.0 {
                sleep(wait).await;
            }
            if let Some(Sent { reply, left }) = self.send(None).await {
                return (reply, left.unwrap_or_else(|| self.slot.changes.get()));
            }
        }
    }

    /// How long until Anaplan may be asked again, as far as this process knows.
    fn too_early(&self) -> Millis {
        let settled = self.slot.settled.get().filter(|_| self.question.is_paced());
        settled.map_or(0.0, |settled| settled + FLOOR - monotonic())
    }

    /// With the others: one of all processes asks, and the others find the answer. Says, too, how many
    /// changes the answer knows of, and whether the others have it.
    async fn through(&self, store: &Store) -> Result<(Reply, u32, bool), Away> {
        let key = format!("{}{}", self.question.path, self.question.part);
        let asking = format!("asking:{key}");
        let mine = word();
        let claim = Claim { store, key: &asking, mine: &mine };
        // Of a thousand that wait for long, none asks the store all the time.
        let mut pause = 100.0;
        let mut lost = 0.0;
        loop {
            let known = self.slot.changes.get();
            let (changes, is_new) = self.changes(store).await?;
            let answer = format!("answer:{}:{changes}:{key}", self.upstream.name);
            if let Some(reply) = find(store, &answer).await? {
                return Ok((reply, known, true));
            }
            if self.too_early() > 0.0 || !store.claim(&asking, &mine, CLAIM).await? {
                sleep(pause * (0.5 + chance())).await;
                pause = (pause * 1.3).min(500.0);
                continue;
            }
            // Between the two looks somebody may have found the answer, and let go.
            if let Some(reply) = find(store, &answer).await? {
                store.delete(&asking, &mine).await?;
                return Ok((reply, known, true));
            }
            let Some(Sent { reply, left }) = self.send(Some(&claim)).await else {
                // A store that forgets what it was told is of no use.
                lost += 1.0;
                if lost >= LOST {
                    return Err(Away);
                }
                // Never at once: a store may say so as fast as it is asked.
                sleep(pause).await;
                continue;
            };
            // From here on there is an answer, store or not.
            let lives = self.lives(is_new);
            let shared = self.share(&claim, &answer, &reply, lives, left.is_some()).await;
            match (shared, self.changes(store).await) {
                (Ok(()), Ok((now, _))) if now != changes => {}
                (shared, _) => {
                    let known = left.unwrap_or_else(|| self.slot.changes.get());
                    return Ok((reply, known, shared.is_ok()));
                }
            }
        }
    }

    async fn share(
        &self,
        &Claim { store, key, mine }: &Claim<'_>,
        answer: &str,
        reply: &Reply,
        lives: Millis,
        has_left: bool,
    ) -> Result<(), Away> {
        // What is this process's own trouble is not the others'.
        if has_left && reply.status < 500 && reply.status != 429 {
            let ttl = if reply.is_final { FINAL } else { lives };
            store.set(answer, &written(reply), ttl).await?;
        }
        if has_left && self.question.is_paced() {
            // Kept for five seconds: whoever gets it next has the right to ask.
            return store.set(key, mine, FLOOR).await;
        }
        store.delete(key, mine).await
    }

    /// Which change was the last, and whether that is new.
    async fn changes(&self, store: &Store) -> Result<(String, bool), Away> {
        let held = store.get(&changes_key(&self.question.path)).await?;
        Ok(match held {
            Some(held) => (held.value, CHANGES - held.ttl < NEW),
            None => ("0".to_owned(), false),
        })
    }

    /// Asks Anaplan; not if the right to it was lost while it waited for its turn.
    async fn send(&self, claim: Option<&Claim<'_>>) -> Option<Sent> {
        let Question { path, query, task, class, expected, tells_times, read, .. } =
            &*self.question;
        let about = About { method: "GET", path, task: task.as_ref(), attempt: 1.0 };
        let _place = self.line.take().await;
        let settles = Settles { slot: &self.slot, left: Cell::default() };
        let left_at = Cell::new(monotonic());
        let leaving = async || {
            if let Some(claim) = claim
                && !claim.holds().await
            {
                return false;
            }
            // What the first page of several does not know of, the answer does not.
            settles.left.set(settles.left.get().or(Some(self.slot.changes.get())));
            left_at.set(monotonic());
            true
        };
        let mut whole = Whole::default();
        let reply = loop {
            let query = match read {
                Reader::One(_) => query,
                Reader::Whole(..) => &whole.query(),
            };
            let content = Content { query, ..Content::default() };
            let answer = match self.upstream.send(*class, &about, content, &leaving).await {
                Ok(None) => return None,
                Ok(Some(answer)) => answer,
                Err(failure) => break failed(&failure),
            };
            match read {
                Reader::One(read) => {
                    let date = answer.date().filter(|_| *tells_times);
                    let dated = date.map(|date| Dated { date, left_at: left_at.get() });
                    break match read(&answer) {
                        Some(reply) => Reply { dated, ..reply },
                        None => failed(&answer.not_understood(expected)),
                    };
                }
                Reader::Whole(key, read) => {
                    let json = answer.safe_json();
                    match json.and_then(|json| whole.add(json, key, answer.size())) {
                        Some(Brought::More) => continue,
                        Some(Brought::All) => break read(whole.into_rows()),
                        Some(Brought::TooMuch) => break Reply::error(502, TOO_MUCH),
                        None => break failed(&answer.not_understood(expected)),
                    }
                }
            }
        };
        // It is what everybody is told until then.
        let reply = if reply.status < 500 { reply } else { reply.no_earlier_than(FLOOR) };
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

/// Tells the other processes that something has changed.
async fn tell(store: &Store, path: &str) -> Result<(), Away> {
    store.set(&changes_key(path), &word(), CHANGES).await
}

/// The same, until it is heard or nobody has an answer from before any more.
async fn tell_again(store: Rc<Store>, path: String) {
    let began = monotonic();
    while monotonic() - began < 2.0 * FLOOR {
        sleep(FLOOR / 5.0).await;
        if tell(&store, &path).await.is_ok() {
            return;
        }
    }
}

/// One that nobody else has.
pub fn word() -> String {
    format!("{:x}", (chance() * 9e15) as u64)
}

fn changes_key(path: &str) -> String {
    format!("changes:{path}")
}

/// An answer for other processes: its status, whether it is final, what Anaplan's clock showed, how
/// many milliseconds ago that was asked for, and its body. Of a clock that nobody saw, nothing.
pub fn written(reply: &Reply) -> String {
    let clock = reply.dated.map_or_else(String::new, |Dated { date, left_at }| {
        format!(" {} {}", date as i64, (monotonic() - left_at).ceil() as u64)
    });
    format!("{} {}{clock}\n{}", reply.status, u8::from(reply.is_final), reply.body)
}

/// The same, from a store that may hold anything.
async fn find(store: &Store, key: &str) -> Result<Option<Reply>, Away> {
    let held = store.get(key).await?;
    Ok(held.and_then(|held| read(&held.value, held.ttl)))
}

/// The same, from its text, which is still there for so long.
pub fn read(text: &str, ttl: Millis) -> Option<Reply> {
    let (head, body) = text.split_once('\n')?;
    let mut head = head.split(' ');
    let (status, is_final) = (head.next()?, head.next()?);
    let mut number = || head.next()?.parse::<i64>().ok().map(|number| number as f64);
    let dated = number().zip(number()).map(|(date, ago)| {
        // It is kept for so long at the most, and was written when that began.
        let written_at = monotonic() - (FLOOR - ttl).max(0.0);
        Dated { date, left_at: written_at - ago }
    });
    if !body.starts_with('{') {
        return None;
    }
    let status = status.parse().ok().filter(|status| matches!(status, 200 | 400..=599))?;
    let (body, headers) = (body.into(), Vec::new());
    Some(Reply { status, body, headers, is_final: is_final == "1", dated })
}

/// With what Anaplan's clock showed, and by how many seconds the question for that may have left before
/// this one came, at `asked_at`. What stands in between would else give the time of its own clock, which
/// need not be that of the times in the body.
fn telling_the_time(reply: Reply, asked_at: Millis) -> Reply {
    let Some(Dated { date, left_at }) = reply.dated else {
        return reply;
    };
    let age = ((asked_at - left_at) / 1_000.0).ceil().max(0.0) as u64;
    let date = String::from(js_sys::Date::new(&date.into()).to_utc_string());
    let dated = reply.with("Date", date);
    if age > 0 { dated.with("Age", age.to_string()) } else { dated }
}
