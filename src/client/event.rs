//! What a client tells of its work, for logs and metrics. No secret is in it.

use serde::Serialize;

use crate::error::{Code, Error};
use crate::policy::Millis;
use crate::reference::TaskRef;

/// Something that happened. The constructors say what is there in each; one flat type is a third of
/// the code of one with a form for each.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    task: Option<&'a TaskRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// Which request.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'static str,
    /// Below `baseUrl`, or `authUrl`.
    pub path: &'a str,
    /// Which task it is about.
    pub task: Option<&'a TaskRef>,
    /// 1 at first.
    pub attempt: f64,
}

/// Why nothing is sent.
#[derive(Clone, Copy)]
pub enum Pause<'a> {
    /// The server said so.
    RateLimit,
    /// Nobody looks at the page, and the one who watches this task wants it so.
    Hidden(&'a TaskRef),
}

impl<'a> Event<'a> {
    /// A request leaves.
    pub fn request(about: &About<'a>) -> Self {
        Self::about("request", about)
    }

    /// It was answered, whatever the answer, after so long.
    pub fn answer(about: &About<'a>, status: u16, duration: Millis) -> Self {
        let (status, duration) = (Some(status), Some(duration));
        Self { status, duration, ..Self::about("answer", about) }
    }

    /// It failed, and is sent again after `delay`.
    pub fn retry(about: &About<'a>, delay: Millis, error: &'a Error) -> Self {
        Self { delay: Some(delay), ..Self::about("retry", about) }.failed(error)
    }

    /// The server wants nothing for so long.
    pub fn rate_limit(delay: Millis) -> Self {
        Self { kind: "rateLimit", delay: Some(delay), ..Self::default() }
    }

    /// A token was asked for, which took so long; with an error where there was none.
    pub fn renewal(reason: &'static str, duration: Millis, error: Option<&'a Error>) -> Self {
        let (reason, duration) = (Some(reason), Some(duration));
        let event = Self { kind: "renewal", reason, duration, ..Self::default() };
        match error {
            Some(error) => event.failed(error),
            None => event,
        }
    }

    /// Nothing is sent until it is resumed; for how long, where that is known.
    pub fn pause(pause: Pause<'a>, duration: Option<Millis>) -> Self {
        Self { duration, ..Self::of("pause", pause) }
    }

    /// It goes on.
    pub fn resume(pause: Pause<'a>) -> Self {
        Self::of("resume", pause)
    }

    fn about(kind: &'static str, about: &About<'a>) -> Self {
        let (method, path, attempt) = (Some(about.method), Some(about.path), Some(about.attempt));
        Self { kind, method, path, task: about.task, attempt, ..Self::default() }
    }

    fn of(kind: &'static str, pause: Pause<'a>) -> Self {
        let (reason, task) = match pause {
            Pause::RateLimit => ("rateLimit", None),
            Pause::Hidden(task) => ("hidden", Some(task)),
        };
        Self { kind, reason: Some(reason), task, ..Self::default() }
    }

    fn failed(self, error: &'a Error) -> Self {
        Self { code: Some(error.code), status: error.status, message: Some(&error.message), ..self }
    }
}

/// Where they are told.
#[derive(Default)]
pub struct Events(Option<Box<Listener>>);

type Listener = dyn Fn(&Event<'_>);

impl Events {
    /// To this function. It is called with nothing borrowed, so it may do what it likes.
    pub fn new(listener: Option<Box<Listener>>) -> Self {
        Self(listener)
    }

    /// Tells one, if anybody listens.
    pub fn tell(&self, event: &Event<'_>) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}
