//! Starts by their keys. Chromium sends a request a second time by itself where a connection breaks before
//! any answer: by the header `Idempotency-Key` the two are known for one start.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

#![forbid(unsafe_code)]

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use anaplan_tasks::policy::Millis;

/// What tells one start from all others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Rc<str>);

/// What a start is and who wants it, as far as it takes to know both again. Nothing can be read from it:
/// the key, which nobody else knows, is in what is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    start: u64,
    caller: u64,
}

/// What two starts with one key differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differs {
    /// The action or the body.
    Start,
    /// Who wants it.
    Caller,
}

/// The starts that are known. Each `T` is one of them, under way or over.
#[derive(Debug)]
pub struct Keys<T> {
    known: HashMap<Key, (Print, T)>,
    /// Those that are over, and until when they are known, the first to be forgotten first.
    over: VecDeque<(Millis, Key)>,
    most: usize,
}

/// What is known of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// It was not known, and is from now on: as under way.
    New(T),
    /// It is the same as this one.
    Same(T),
    /// Another one has its key.
    Other(Differs),
    /// No more can be under way.
    Full,
}

impl Key {
    /// What it must be.
    pub const EXPECTED: &'static str =
        "16 to 128 ASCII letters, digits, '-' or '_', in double quotes or not, as a UUID is";

    /// Reads the header. A short one could be somebody else's, too.
    pub fn read(header: &str) -> Option<Self> {
        let quoted = header.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let text = quoted.unwrap_or(header);
        let is_fit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let is_key = (16..=128).contains(&text.len()) && text.bytes().all(is_fit);
        is_key.then(|| Self(text.into()))
    }

    /// Where processes tell each other of it.
    pub fn place(&self) -> String {
        format!("start:{:x}", hash(&self.0))
    }
}

impl Print {
    /// Of the action's path, the body for it, and the headers by which a host application knows who
    /// asks. What a browser repeats is the same to the byte.
    pub fn new(key: &Key, path: &str, body: &str, caller: [Option<&str>; 3]) -> Self {
        Self { start: hash(&(&key.0, path, body)), caller: hash(&(&key.0, caller)) }
    }

    fn differs(self, other: Self) -> Option<Differs> {
        match self {
            _ if self.start != other.start => Some(Differs::Start),
            _ if self.caller != other.caller => Some(Differs::Caller),
            _ => None,
        }
    }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// How long a start is known after it is over. A browser's repetition leaves at once when the connection
/// breaks, and no proxy keeps one open for as long.
pub const KEPT: Millis = 300_000.0;

impl<T> Keys<T> {
    /// So many are known at the most.
    pub fn new(most: usize) -> Self {
        Self { known: HashMap::new(), over: VecDeque::new(), most }
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.known.len()
    }
}

impl<T: Clone> Keys<T> {
    /// The start of this key; what `make` gives where there is none.
    pub fn find(
        &mut self,
        key: &Key,
        print: Print,
        now: Millis,
        make: impl FnOnce() -> T,
    ) -> Found<T> {
        while self.over.front().is_some_and(|(until, _)| *until <= now) {
            self.forget_first();
        }
        if let Some((known, start)) = self.known.get(key) {
            return match known.differs(print) {
                None => Found::Same(start.clone()),
                Some(what) => Found::Other(what),
            };
        }
        // Those under way are never forgotten.
        if self.known.len() >= self.most && !self.forget_first() {
            return Found::Full;
        }
        let start = make();
        self.known.insert(key.clone(), (print, start.clone()));
        Found::New(start)
    }

    /// One that was new is over. What proves that nothing ran is forgotten, for it may be wanted again.
    pub fn over(&mut self, key: &Key, is_kept: bool, now: Millis) {
        if is_kept {
            self.over.push_back((now + KEPT, key.clone()));
        } else {
            self.known.remove(key);
        }
    }

    fn forget_first(&mut self) -> bool {
        self.over.pop_front().is_some_and(|(_, key)| self.known.remove(&key).is_some())
    }
}

/// What another process says of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<'a> {
    /// It is under way there.
    UnderWay,
    /// It is over, with this answer.
    Over(&'a str),
    /// Another one has its key.
    Other(Differs),
}

const OVER: &str = "over";

impl Print {
    /// Says that it is under way. The word tells who says so.
    pub fn under_way(self, word: &str) -> String {
        format!("{:x} {:x} {word}\n", self.start, self.caller)
    }

    /// Says that it is over.
    pub fn over(self, answer: &str) -> String {
        format!("{:x} {:x} {OVER}\n{answer}", self.start, self.caller)
    }

    /// What was said, where it can be understood.
    pub fn told(self, text: &str) -> Option<Told<'_>> {
        let (head, answer) = text.split_once('\n')?;
        let mut head = head.split(' ');
        let mut number = || u64::from_str_radix(head.next()?, 16).ok();
        let said = Self { start: number()?, caller: number()? };
        let word = head.next()?;
        Some(match said.differs(self) {
            Some(what) => Told::Other(what),
            None if word == OVER => Told::Over(answer),
            None => Told::UnderWay,
        })
    }
}
