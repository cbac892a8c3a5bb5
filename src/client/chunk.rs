//! One chunk of a file, fetched until it is whole.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::event::About;
use super::exchange::Exchange;
use super::failure::Failure;
use super::line::{Answer, Attempt, Content, Line, timed_out};
use crate::error::{Code, Error};
use crate::platform::{Bytes, Notify, Timers, monotonic};
use crate::policy::{Class, Transfer};
use crate::reference::{FileRef, Path};

/// How the chunks of a file are fetched.
pub struct Fetching {
    exchange: Rc<Exchange>,
    file: FileRef,
    transfer: RefCell<Transfer>,
    /// Something came, went, or ended.
    pub changed: Notify,
}

/// A chunk on its way.
pub struct Part {
    place: usize,
    waiting: RefCell<VecDeque<Bytes>>,
    waiting_bytes: Cell<f64>,
    /// What was taken in, whether it was handed on by now or not.
    received: Cell<f64>,
    /// How long the server said that it is.
    length: Cell<Option<f64>>,
    result: RefCell<Option<Result<(), Failure>>>,
}

impl Part {
    /// The one at this place.
    pub fn new(place: usize) -> Self {
        Self {
            place,
            waiting: RefCell::default(),
            waiting_bytes: Cell::default(),
            received: Cell::default(),
            length: Cell::default(),
            result: RefCell::default(),
        }
    }

    fn number(&self) -> u32 {
        u32::try_from(self.place).unwrap_or(u32::MAX)
    }

    /// Bytes of it that nobody has had yet.
    pub fn give(&self) -> Option<Bytes> {
        let bytes = self.waiting.borrow_mut().pop_front()?;
        self.waiting_bytes.set((self.waiting_bytes.get() - bytes.length()).max(0.0));
        Some(bytes)
    }

    /// How many bytes it has, where the server has said so.
    pub fn length(&self) -> Option<f64> {
        self.length.get()
    }

    /// How it ended, once it has and nothing of it is waiting.
    pub fn result(&self) -> Option<Result<(), Failure>> {
        self.result.borrow().clone()
    }
}

impl Fetching {
    /// Of this file.
    pub fn new(exchange: Rc<Exchange>, file: FileRef, transfer: Transfer) -> Self {
        let transfer = RefCell::new(transfer);
        Self { exchange, file, transfer, changed: Notify::default() }
    }

    /// The next chunk to be begun now, by its place.
    pub fn begin(&self) -> Option<usize> {
        self.transfer.borrow_mut().begin()
    }

    /// How many chunks are through.
    pub fn done(&self) -> usize {
        self.transfer.borrow().done()
    }

    /// These bytes were handed on.
    pub fn gave(&self, bytes: &Bytes) {
        self.transfer.borrow_mut().gave(bytes.length());
        self.changed.notify();
    }

    /// The chunk whose turn it was is through.
    pub fn finished(&self) {
        self.transfer.borrow_mut().finished();
        self.changed.notify();
    }

    /// Fetches a chunk, as often as makes sense. What was taken in before it broke is not taken again.
    pub async fn fetch(&self, part: &Part) -> Result<(), Failure> {
        let path = Path::Chunk(self.file.clone(), part.number()).to_string();
        let about = About { method: "GET", path: &path, task: None, attempt: 1.0 };
        let attempt = |attempt| -> Attempt<'_, ()> {
            let about = About { attempt, ..about };
            Box::pin(async move { self.try_once(part, &about).await })
        };
        self.exchange.line.repeat(&about, &attempt).await
    }

    /// A chunk is whole, or will never be.
    pub fn ended(&self, part: &Part, result: Result<(), Failure>) {
        *part.result.borrow_mut() = Some(result);
        self.changed.notify();
    }

    async fn try_once(&self, part: &Part, about: &About<'_>) -> Result<(), Failure> {
        let token = self.exchange.ready(Class::Files).await?;
        let content = Content { is_file: true, ..Content::default() };
        let answer = self.exchange.send(about, content, token).await?;
        let length = expected(&answer)?;
        let before = part.length.get();
        if before.is_some() && length.is_some() && before != length {
            return Err(changed().into());
        }
        // What was said once holds, though it is not said again.
        part.length.set(before.or(length));
        if let Some(length) = length {
            self.sized(length);
        }

        let mut seen = 0.0;
        let line = &self.exchange.line;
        if let Some(mut reader) = line.reader(&answer)? {
            let patience = line.request_timeout * Line::FILES;
            loop {
                self.room(part).await;
                let read = within(patience, reader.read()).await?;
                let read = read.map_err(|cause| line.broke_off(&answer, cause))?;
                let Some(bytes) = read else { break };
                let before = seen;
                seen += bytes.length();
                let fresh = bytes.after(part.received.get() - before);
                if fresh.length() > 0.0 {
                    self.take(part, fresh);
                }
            }
        }
        match length {
            Some(length) if seen != length => {
                let text =
                    format!("the answer ended after {} of {} bytes", seen as u64, length as u64);
                Err(Error::new(Code::Network, text).into())
            }
            _ if seen < part.received.get() || before.is_some_and(|before| seen != before) => {
                Err(changed().into())
            }
            None if seen <= 0.0 && self.may_be_headless(&answer) => {
                Err(Error::new(Code::Network, "the answer broke off before its bytes").into())
            }
            _ => {
                self.sized(seen);
                Ok(())
            }
        }
    }

    /// Whether an answer without bytes may be one that broke off between its headers: without TLS,
    /// Chromium takes that for a whole one.
    fn may_be_headless(&self, answer: &Answer) -> bool {
        self.exchange.base_url.to_string().starts_with("http:")
            && answer.header("transfer-encoding").as_deref() != Some("chunked")
    }

    fn sized(&self, bytes: f64) {
        self.transfer.borrow_mut().sized(bytes);
        // Others may be begun now.
        self.changed.notify();
    }

    fn take(&self, part: &Part, bytes: Bytes) {
        let length = bytes.length();
        part.received.set(part.received.get() + length);
        part.waiting_bytes.set(part.waiting_bytes.get() + length);
        part.waiting.borrow_mut().push_back(bytes);
        self.transfer.borrow_mut().took(length);
        self.changed.notify();
    }

    /// Resolves when more of this chunk may be taken in.
    async fn room(&self, part: &Part) {
        let mut listening = self.changed.listen();
        poll_fn(|cx| {
            listening.heard(cx);
            let waiting = part.waiting_bytes.get();
            match self.transfer.borrow().may_read(part.place, waiting) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

/// How many bytes an answer is to have, where it says so and they are not compressed on the way. An
/// answer that cannot be the bytes of a file is an error.
fn expected(answer: &Answer) -> Result<Option<f64>, Failure> {
    let media_type = answer.header("content-type").unwrap_or_default();
    if answer.status() != 200
        || media_type.trim_start().to_ascii_lowercase().starts_with("text/html")
    {
        return Err(Error::not_understood(answer.status(), "the bytes of a file", "").into());
    }
    Ok(answer.length())
}

fn changed() -> Error {
    let text = "a chunk had another length when it was fetched again: the file has changed meanwhile, \
         by another run perhaps. Download it again";
    Error::new(Code::StaleFile, text)
}

/// What `work` gives, unless that takes too long.
async fn within<T>(patience: f64, work: impl Future<Output = T>) -> Result<T, Failure> {
    /// For many that begin at the same time, one moment will do.
    const COARSE: f64 = 1_000.0;
    let until = ((monotonic() + patience) / COARSE).ceil() * COARSE;
    let mut work = pin!(work);
    let mut timer = Timers::shared().timer();
    poll_fn(|cx| {
        if let Poll::Ready(value) = work.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if monotonic() >= until {
            return Poll::Ready(Err(timed_out("no more bytes came", patience)));
        }
        timer.set(until, cx);
        Poll::Pending
    })
    .await
}
