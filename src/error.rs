//! What we say when something fails: one type, whose text says what was asked, what came back,
//! and what to do about it. No secret gets into it.

#![forbid(unsafe_code)]

use std::fmt;

use serde::Serialize;

use crate::hint;
use crate::reference::{Invalid, TaskRef};
use crate::status::{Phase, TaskStatus, TaskSummary};
use crate::wire;

/// What kind of failure it is. Programs decide by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The caller's value is wrong, by our rules or (400) by the server's.
    InvalidArgument,
    /// 401: no token, or one that is not accepted.
    Unauthorized,
    /// 403: no permission, or a browser origin that Anaplan refuses.
    Forbidden,
    /// 404: a wrong id, gone, or not visible to this user.
    NotFound,
    /// 409: busy, or in a state that does not allow this.
    Conflict,
    /// 422 to 425: the model is archived, locked, offline or deployed.
    ModelUnavailable,
    /// 429: the tenant's budget of requests is used up.
    RateLimited,
    /// 5xx.
    Server,
    /// No answer: refused, reset, no such host, a refused origin in a browser.
    Network,
    /// No answer in time.
    Timeout,
    /// An answer that is not Anaplan's.
    Protocol,
    /// The task ended without success.
    TaskFailed,
    /// The task was cancelled.
    TaskCancelled,
    /// A start was sent, and nobody knows what became of it.
    StartUncertain,
    /// A file is not what a run wrote.
    StaleFile,
    /// A fault of ours.
    Internal,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// What kind.
    pub code: Code,
    /// For people.
    pub message: String,
    /// The HTTP status, when there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the same call may work later.
    pub retryable: bool,
    /// What the server said, in its own words.
    #[serde(skip)]
    pub said: String,
    /// After how many milliseconds the server wants to be asked again.
    #[serde(skip)]
    pub retry_after: Option<f64>,
    /// Which task it was about.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Box<TaskRef>>,
    /// The last that was known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_status: Option<Box<TaskStatus>>,
    /// The tasks of which one may be what a start has made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Vec<TaskSummary>>,
    /// What to do about it, which is also how the message ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

impl Error {
    /// A failure without an HTTP status.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: None,
            retryable: matches!(code, Code::Network | Code::Timeout),
            said: String::new(),
            retry_after: None,
            reference: None,
            task_status: None,
            candidates: None,
            hint: None,
        }
    }

    /// The failure behind an HTTP answer that is no success. `said` is the server's own text,
    /// already free of secrets; empty where it said nothing. `unauthorized` is what to do about a
    /// 401, where that is not what it always is.
    pub fn answered(status: u16, said: &str, unauthorized: Option<&'static str>) -> Self {
        let verdict = Verdict::of(status, said);
        let mut message = format!("the server answered {status}");
        push_said(&mut message, said);
        message.push_str(". ");
        let special = unauthorized.filter(|_| verdict.code == Code::Unauthorized);
        let advice = special.unwrap_or(verdict.advice);
        message.push_str(advice);
        Self {
            hint: Some(advice),
            status: Some(status),
            said: said.to_owned(),
            retryable: verdict.retryable,
            ..Self::new(verdict.code, message)
        }
    }

    /// The failure behind an answer that refuses with one of OAuth's words, whatever its status.
    pub fn refused(status: u16, word: &str, said: &str, advice: &'static str) -> Self {
        let mut message = format!("the server answered {status}, {word}");
        push_said(&mut message, said);
        message.push_str(". ");
        message.push_str(advice);
        Self { status: Some(status), hint: Some(advice), ..Self::new(Code::Unauthorized, message) }
    }

    /// The failure behind a redirect, which is never followed: it could carry the token elsewhere.
    pub fn redirected(status: Option<u16>) -> Self {
        let message = "the server answered with a redirect, which is not followed, for it could \
             carry the token elsewhere. Set baseUrl to where the API is; a gateway that wants a \
             sign-in answers like this, too.";
        Self { status, ..Self::new(Code::Protocol, message) }
    }

    /// The failure behind a success whose body is not what Anaplan sends.
    pub fn not_understood(status: u16, expected: &str, said: &str) -> Self {
        let mut message = format!("the server answered {status}, but not with {expected}");
        push_said(&mut message, said);
        message.push_str(
            ". Check that baseUrl leads to the Anaplan API or a gateway to it: a sign-in page or \
             a proxy answers like this.",
        );
        Self { status: Some(status), ..Self::new(Code::Protocol, message) }
    }

    /// The failure that a task ended with, for whoever wants its success and nothing else.
    pub fn ended(status: &TaskStatus) -> Self {
        let (code, text) = match status.phase {
            Phase::Cancelled => (Code::TaskCancelled, "the task was cancelled"),
            Phase::Failed => (Code::TaskFailed, "the task failed"),
            _ => (Code::TaskFailed, "the task ended, and Anaplan does not say how"),
        };
        let mut message = text.to_owned();
        let mut said = String::new();
        for detail in status.result.iter().flat_map(|result| &result.details) {
            said.push_str(detail.text.as_ref().unwrap_or(&detail.kind));
            said.push(' ');
        }
        push_said(&mut message, &said);
        message.push('.');
        let hint = status.result.as_ref().and_then(hint::of_result);
        if let Some(hint) = hint {
            message.push(' ');
            message.push_str(hint);
        }
        Self { hint, ..Self::new(code, message) }
    }

    /// Says how often it was tried, where that was more than once.
    pub fn tried(&mut self, attempts: f64) {
        if attempts > 1.0 {
            let attempts = attempts as u32;
            self.message.push_str(&format!(" It was tried {attempts} times."));
        }
    }

    /// Says what was being done when it failed.
    pub fn doing(&mut self, what: &str) {
        let message = std::mem::replace(&mut self.message, what.to_owned());
        self.message.push_str(": ");
        self.message.push_str(&message);
    }

    /// Says which task it was about, and what was known of it last.
    pub fn about(&mut self, reference: &TaskRef, last: Option<&TaskStatus>) {
        self.reference = Some(Box::new(reference.clone()));
        self.task_status = last.cloned().map(Box::new);
    }

    /// Whether it says which task it was about.
    pub fn is_about_a_task(&self) -> bool {
        self.reference.is_some()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(Code::InvalidArgument, invalid.to_string())
    }
}

fn push_said(message: &mut String, said: &str) {
    let said = wire::excerpt(said);
    if !said.is_empty() {
        message.push_str(": \"");
        message.push_str(&said);
        message.push('"');
    }
}

struct Verdict {
    code: Code,
    retryable: bool,
    advice: &'static str,
}

impl Verdict {
    fn of(status: u16, said: &str) -> Self {
        let (code, retryable, advice) = match status {
            400 => (Code::InvalidArgument, false, "It does not accept these parameters."),
            401 => (
                Code::Unauthorized,
                false,
                "The token is missing, expired or not accepted; a token lives 35 minutes. \
                 Behind a gateway, sign in there.",
            ),
            403 if said.is_empty() => (
                Code::Forbidden,
                false,
                "This user may not do it; an empty 403 is also how Anaplan refuses the origin of \
                 a web page, which then needs a gateway as its baseUrl.",
            ),
            403 => (Code::Forbidden, false, "This user may not do it."),
            404 => (
                Code::NotFound,
                false,
                "An id is wrong, the task is no longer kept, or this user has no access to it. \
                 A task is found under the action that it ran, and no other.",
            ),
            408 => (Code::Timeout, true, "It gave up waiting."),
            409 => (Code::Conflict, true, "It is busy or in a state that does not allow this."),
            410 => (Code::NotFound, true, "It has moved."),
            422 => (
                Code::ModelUnavailable,
                false,
                "The model is archived as a rule; a workspace administrator can unarchive it.",
            ),
            423 => (Code::ModelUnavailable, true, "The model is locked for now."),
            424 => {
                (Code::ModelUnavailable, true, "The model is offline or under maintenance for now.")
            }
            425 => (
                Code::ModelUnavailable,
                false,
                "The model is in deployed mode, which does not allow this.",
            ),
            429 => (
                Code::RateLimited,
                true,
                "The tenant's budget of 600 requests a minute is used up. Wait ten seconds, or as \
                 long as the server asked for.",
            ),
            503 if holds(said, "deprecated") => {
                (Code::Server, false, "This host is retired. Use https://api.anaplan.com/2/0.")
            }
            500..=599 => (Code::Server, true, "The fault is on its side, and passes as a rule."),
            _ => (
                Code::Protocol,
                false,
                "This is not how Anaplan answers. Check that baseUrl leads to its API.",
            ),
        };
        Self { code, retryable, advice }
    }
}

/// `text` without `secret`, and without what looks like a credential.
///
/// A secret that is there in disguise, encoded or with something in between, is not cut out but
/// takes the whole text with it.
pub fn redact(text: &str, secret: Option<&str>) -> String {
    const HIDDEN: &str = "[redacted]";
    let secret = secret.filter(|secret| !secret.is_empty());
    let mut clean = match secret {
        Some(secret) => replace(text, secret, |_| Some(0), HIDDEN),
        None => text.to_owned(),
    };
    for (scheme, shortest) in
        [("AnaplanAuthToken ", 0), ("CACertificate ", 0), ("Bearer ", 16), ("Basic ", 16)]
    {
        // The last two are words like any other where no credential follows.
        let value = |rest: &str| {
            let ends =
                |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '<' | ',' | ';');
            let end = rest.find(ends).unwrap_or(rest.len());
            (end >= shortest).then_some(end)
        };
        clean = replace(&clean, scheme, value, HIDDEN);
    }
    if secret.is_some_and(|secret| is_disguised(secret, &clean)) {
        return "[withheld: it repeats the token]".to_owned();
    }
    clean
}

/// Whether the letters and digits of `secret` follow each other in `text`, whatever the case, the
/// encoding and what stands between them.
fn is_disguised(secret: &str, text: &str) -> bool {
    /// Fewer could be there by chance.
    const TELLING: usize = 8;
    let essence_of_secret = essence(secret);
    essence_of_secret.len() >= TELLING && holds(&essence(text), &essence_of_secret)
}

/// Letters and digits of ASCII in lower case, those too that are written as escapes.
fn essence(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let plain = (c, rest.get(c.len_utf8()..).unwrap_or_default());
        let (c, tail) = escaped(rest).unwrap_or(plain);
        rest = tail;
        if c.is_ascii_alphanumeric() {
            kept.push(c.to_ascii_lowercase());
        }
    }
    kept
}

/// The character behind `%2B`, `\u002b`, `&#43;` or `&#x2b;`, and what follows it.
fn escaped(text: &str) -> Option<(char, &str)> {
    let (digits, radix, tail) = if let Some(rest) = text.strip_prefix('%') {
        (rest.get(..2)?, 16, rest.get(2..)?)
    } else if let Some(rest) = text.strip_prefix("\\u") {
        (rest.get(..4)?, 16, rest.get(4..)?)
    } else {
        let rest = text.strip_prefix("&#")?;
        let end = rest.bytes().take(8).position(|byte| byte == b';')?;
        let (digits, tail) = (rest.get(..end)?, rest.get(end..)?);
        match digits.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, tail),
            None => (digits, 10, tail),
        }
    };
    Some((char::from_u32(u32::from_str_radix(digits, radix).ok()?)?, tail))
}

/// Whether `part` stands in `text`.
pub fn holds(text: &str, part: &str) -> bool {
    position(text, part).is_some()
}

/// `text` with every `part`, and as much behind it as `more` says, replaced; where it says nothing,
/// the part stays.
fn replace(text: &str, part: &str, more: impl Fn(&str) -> Option<usize>, by: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some((before, found)) = position(rest, part).and_then(|at| rest.split_at_checked(at))
    {
        let behind = found.get(part.len()..).unwrap_or_default();
        clean.push_str(before);
        match more(behind) {
            Some(length) => {
                clean.push_str(by);
                rest = behind.get(length..).unwrap_or_default();
            }
            None => {
                clean.push_str(part);
                rest = behind;
            }
        }
    }
    clean.push_str(rest);
    clean
}

/// Not `str::find`, which is made for texts of another length and weighs a kilobyte.
fn position(text: &str, part: &str) -> Option<usize> {
    text.as_bytes().windows(part.len().max(1)).position(|window| window == part.as_bytes())
}
