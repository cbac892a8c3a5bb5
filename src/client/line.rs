//! One request after another, whomever to, through budget, time and errors.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::event::{About, Event, Events};
use super::failure::Failure;
use super::gate::Gate;
use crate::error::{Code, Error, holds, redact};
use crate::platform::{
    Body, Fetch, Opaque, Payload, Reader, Request, chance, date, monotonic, page_origin, sleep,
    wall, yield_now,
};
use crate::policy::{Circumstances, Millis, Retry, retry_after};
use crate::reference::BaseUrl;
use crate::wire::{self, Json};

/// The way out.
pub struct Line {
    /// How others are reached.
    pub fetch: Fetch,
    /// Who may send next.
    pub gate: Gate,
    /// Where it is told.
    pub events: Rc<Events>,
    /// How long one answer may take, and one token.
    pub request_timeout: Millis,
    /// How often one request of a call is sent at the most.
    pub attempts: f64,
}

/// A request to be sent.
pub struct Outgoing<'a> {
    /// What it is.
    pub about: &'a About<'a>,
    /// Where to.
    pub base: &'a BaseUrl,
    /// The value of the `Authorization` header.
    pub authorization: Option<String>,
    /// What nobody may hear of.
    pub secrets: Vec<Rc<str>>,
    /// What to do about a 401, where that is not what it always is.
    pub advice: Option<&'static str>,
    /// What goes along.
    pub content: Content<'a>,
}

/// What a request carries beside its path.
#[derive(Clone, Copy, Default)]
pub struct Content<'a> {
    /// Behind the path, with its question mark. No event tells it.
    pub query: &'a str,
    /// JSON, or bytes.
    pub payload: Payload<'a>,
    /// Whether the answer is the bytes of a file, which are handed on as a stream.
    pub is_file: bool,
    /// What the field `error` may say in an answer that is not a failure, whatever its status.
    pub words: &'a [&'static str],
    /// The value of the header `Idempotency-Key`: what has the same is one and the same start.
    pub key: Option<&'a str>,
    /// Set when it goes out, for then it cannot be called back.
    pub is_sent: Option<&'a Cell<bool>>,
}

/// A success, and what must not be repeated from it.
pub struct Answer {
    body: Body,
    secrets: Vec<Rc<str>>,
    took: Millis,
}

/// One attempt, on its way.
pub type Attempt<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

impl Line {
    /// How long one answer may take, when nobody says otherwise.
    pub const REQUEST_TIMEOUT: Millis = 30_000.0;
    /// So many times as long, where bytes move: Anaplan does not answer while the model is busy.
    pub const FILES: f64 = 10.0;

    /// Makes attempts until one succeeds or another makes no sense.
    pub async fn repeat<'a, T>(
        &self,
        about: &About<'_>,
        attempt: &dyn Fn(f64) -> Attempt<'a, T>,
    ) -> Result<T, Failure> {
        let mut retry = Retry::new(self.attempts);
        loop {
            let number = retry.made() + 1.0;
            let failure = match attempt(number).await {
                Err(failure) => failure,
                success => return success,
            };
            let Failure::Failed(error, _) = &failure else {
                return Err(failure);
            };
            let is_cancel = about.method == "DELETE";
            let circumstances =
                Circumstances { chance: chance(), is_cancel, ..Circumstances::default() };
            let Some(delay) = retry.again(error, &circumstances) else {
                return Err(failure.map(&mut |error| error.tried(retry.made())));
            };
            let about = About { attempt: number, ..*about };
            self.events.tell(&Event::retry(&about, delay, error));
            sleep(delay).await;
        }
    }

    /// Sends one request, now. Whatever is no success is a [`Failure`], free of secrets.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Failure> {
        let Outgoing { about, base, authorization, secrets, advice, content } = outgoing;
        let url = base.join(about.path) + content.query;
        let accepts = if content.is_file { "application/octet-stream" } else { "application/json" };
        let mut headers = vec![("Accept", accepts)];
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        headers.extend(content.key.map(|value| ("Idempotency-Key", value)));
        headers.extend(content.payload.media_type().map(|value| ("Content-Type", value)));
        let request = Request {
            method: about.method,
            url: &url,
            headers: &headers,
            payload: content.payload,
            streams: content.is_file,
        };
        let moves_bytes = content.is_file || matches!(content.payload, Payload::Bytes(..));
        let patience = self.request_timeout * if moves_bytes { Self::FILES } else { 1.0 };

        // Whoever gave up in this very turn, perhaps because of an event, is heard first.
        yield_now().await;
        self.events.tell(&Event::request(about));
        if let Some(is_sent) = content.is_sent {
            is_sent.set(true);
        }
        let started = monotonic();
        let answer = pin!(self.fetch.send(&request));
        let body = match select(answer, pin!(sleep(patience))).await {
            Either::Left((Ok(body), _)) => body,
            Either::Left((Err(cause), _)) => return Err(self.no_answer(base, cause, &secrets)),
            Either::Right(_) => {
                return Err(timed_out(&format!("no answer from {base}"), patience));
            }
        };
        let status = body.status;
        let duration = monotonic() - started;
        self.events.tell(&Event::answer(about, status.unwrap_or_default(), duration));
        let answer = Answer { body, secrets, took: duration };
        match status {
            Some(200..=299) => Ok(answer),
            Some(_) if answer.word(content.words).is_some() => Ok(answer),
            None | Some(301 | 302 | 303 | 307 | 308) => Err(Error::redirected(status).into()),
            Some(status) => {
                let mut error = Error::answered(status, &answer.said(), advice);
                error.retry_after = answer.retry_after(status);
                if let (Code::RateLimited, Some(pause)) = (error.code, error.retry_after) {
                    self.gate.pause(pause);
                }
                Err(error.into())
            }
        }
    }

    fn no_answer(&self, base: &BaseUrl, cause: Opaque, secrets: &[Rc<str>]) -> Failure {
        const REFUSED: &str = " In a browser this is also what a refused origin looks like: Anaplan lets \
             no other site's page call it, so baseUrl must lead to a gateway of your own.";
        let advice = if page_origin().is_some() { REFUSED } else { "" };
        self.fault(&format!("no answer from {base}"), advice, cause, secrets)
    }

    /// Reads the bytes of a file; `None` where there is no body.
    pub fn reader(&self, answer: &Answer) -> Result<Option<Reader>, Failure> {
        Reader::new(&answer.body.stream()).map_err(|cause| self.broke_off(answer, cause))
    }

    /// The failure of reading them.
    pub fn broke_off(&self, answer: &Answer, cause: Opaque) -> Failure {
        let what = "the connection broke while bytes were coming";
        self.fault(what, "", cause, &answer.secrets)
    }

    /// The failure behind a fault of the network's, or of whoever fetches.
    fn fault(&self, what: &str, advice: &str, cause: Opaque, secrets: &[Rc<str>]) -> Failure {
        let mut text = what.to_owned();
        let reason = redact_all(&cause.describe(), secrets);
        if !reason.is_empty() {
            text = text + ": " + &reason;
        }
        text = text + "." + advice;
        // The host's own errors hold no headers. Those of another fetch hold what it likes.
        let cause = if !secrets.is_empty() && self.fetch.is_foreign() {
            Opaque::error(&reason)
        } else {
            cause
        };
        Failure::Failed(Box::new(Error::new(Code::Network, text)), Some(cause))
    }
}

/// Nothing came in time.
pub fn timed_out(what: &str, patience: Millis) -> Failure {
    let text = format!("{what} within {} ms", patience as u64);
    Error::new(Code::Timeout, text).into()
}

impl Answer {
    /// The body as JSON, if it is some. Should the server repeat a secret, it is not in there.
    pub fn json(&self) -> Option<Json> {
        let mut json = self.body.json()?;
        if !self.secrets.is_empty() {
            json.each_text(&mut |text| {
                if self.secrets.iter().any(|secret| holds(text, secret)) {
                    *text = redact_all(text, &self.secrets);
                }
            });
        }
        Some(json)
    }

    /// The same, and not in disguise either: for texts that go on to others than whose secrets it are.
    pub fn safe_json(&self) -> Option<Json> {
        let mut json = self.body.json()?;
        json.each_text(&mut |text| *text = redact_all(text, &self.secrets));
        Some(json)
    }

    /// The body as JSON, secrets and all.
    pub fn secret_json(&self) -> Option<Json> {
        self.body.json()
    }

    /// Which of these words the field `error` says.
    pub fn word(&self, words: &[&'static str]) -> Option<&'static str> {
        if words.is_empty() {
            return None;
        }
        let said = self.body.json()?.take("error").into_text()?;
        words.iter().copied().find(|word| *word == said)
    }

    /// How long before it came what it says may have been true first: since it was asked for, or since
    /// somebody on the way asked for it (`Age`).
    pub fn took(&self) -> Millis {
        let age = self.body.header("age").and_then(|age| age.parse::<u32>().ok());
        self.took + age.map_or(0.0, |seconds| f64::from(seconds) * 1_000.0)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.body.status.unwrap_or_default()
    }

    /// How many bytes it has, where it says so and they are not compressed on the way.
    pub fn length(&self) -> Option<f64> {
        let is_encoded = self.header("content-encoding").is_some_and(|coding| coding != "identity");
        let length = self.header("content-length").filter(|_| !is_encoded);
        length.and_then(|length| length.trim().parse::<u32>().ok()).map(f64::from)
    }

    /// How many characters its text has.
    pub fn size(&self) -> f64 {
        self.body.size()
    }

    /// The bytes of a file.
    pub fn into_stream(self) -> Opaque {
        self.body.stream()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<String> {
        self.body.header(name)
    }

    /// What the server's clock shows, in milliseconds since the epoch, to the second.
    pub fn date(&self) -> Option<f64> {
        date(&self.body.header("date")?)
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The server's time in milliseconds since the epoch, where it differs from ours by more than
    /// such a header can tell; else ours.
    pub fn server_time(&self) -> f64 {
        const NOTICEABLE: f64 = 30_000.0;
        let ours = wall();
        self.date().filter(|theirs| (theirs - ours).abs() > NOTICEABLE).unwrap_or(ours)
    }

    /// The failure behind a success with a body of another kind than `expected`.
    pub fn not_understood(&self, expected: &str) -> Failure {
        let beginning = self.body.beginning();
        let said = self.clean(&beginning);
        let status = self.body.status.unwrap_or_default();
        let mut error = Error::not_understood(status, expected, &said);
        // JSON that ends too soon, or does not begin, may be whole the next time.
        let first = beginning.trim_start().bytes().next();
        error.retryable = matches!(first, None | Some(b'{')) && self.body.json().is_none();
        error.into()
    }

    /// What the server says in an error body, whatever its form.
    pub fn said(&self) -> String {
        let message = self.body.json().and_then(wire::said);
        self.clean(&message.unwrap_or_else(|| self.body.beginning()))
    }

    /// A line without secrets: looked for before tags are taken out and after.
    fn clean(&self, text: &str) -> String {
        redact_all(&wire::excerpt(&redact_all(text, &self.secrets)), &self.secrets)
    }

    fn retry_after(&self, status: u16) -> Option<Millis> {
        let header = self.body.header("retry-after");
        // Only a rate limit has a time where none is said.
        (status == 429 || header.is_some())
            .then(|| retry_after(header.as_deref(), date, self.server_time()))
    }
}

/// `text` without any of the secrets.
pub fn redact_all(text: &str, secrets: &[Rc<str>]) -> String {
    match secrets {
        [] => redact(text, None),
        [secret] => redact(text, Some(secret)),
        [secret, rest @ ..] => redact_all(&redact(text, Some(secret)), rest),
    }
}
