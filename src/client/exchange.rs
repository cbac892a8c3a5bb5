//! One request to Anaplan, through credentials, time and errors.

use std::pin::pin;

use futures_util::future::{Either, select};

use super::credentials::{Credentials, Token};
use super::failure::Failure;
use crate::error::{Code, Error, holds, redact};
use crate::platform::{Body, Fetch, Opaque, Request, page_origin, sleep};
use crate::policy::Millis;
use crate::reference::{BaseUrl, Path};
use crate::wire::{self, Json};

/// The way to the server.
pub struct Exchange {
    /// Where it is.
    pub base_url: BaseUrl,
    /// How it is reached.
    pub fetch: Fetch,
    /// Who we are to it.
    pub credentials: Credentials,
    /// How long one answer may take, and one token.
    pub request_timeout: Millis,
}

/// What a request asks of a path.
#[derive(Clone, Copy)]
pub enum Method {
    /// To say what is there.
    Get,
    /// To cancel it.
    Delete,
}

/// A success, and the token that must not be repeated from it.
pub struct Answer {
    body: Body,
    token: Option<Token>,
}

impl Exchange {
    /// How long one answer may take, when nobody says otherwise.
    pub const REQUEST_TIMEOUT: Millis = 30_000.0;

    /// The token to send. Apart from [`send`](Self::send), since nothing has reached the server yet
    /// when it fails.
    pub async fn token(&self) -> Result<Option<Token>, Failure> {
        match select(pin!(self.credentials.token()), pin!(sleep(self.request_timeout))).await {
            Either::Left((token, _)) => token,
            Either::Right(_) => Err(self.timed_out("the auth function gave no token")),
        }
    }

    /// Sends one request. Whatever is no success is a [`Failure`], free of secrets.
    pub async fn send(
        &self,
        method: Method,
        path: &Path,
        token: Option<Token>,
    ) -> Result<Answer, Failure> {
        let url = self.base_url.join(path);
        let authorization =
            token.as_ref().map(|token| format!("AnaplanAuthToken {}", token.secret()));
        let mut headers = vec![("Accept", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        let method = match method {
            Method::Get => "GET",
            Method::Delete => "DELETE",
        };
        let request = Request { method, url: &url, headers: &headers };

        let answer = pin!(self.fetch.send(&request));
        let body = match select(answer, pin!(sleep(self.request_timeout))).await {
            Either::Left((Ok(body), _)) => body,
            Either::Left((Err(cause), _)) => return Err(self.no_answer(cause, token.as_ref())),
            Either::Right(_) => {
                return Err(self.timed_out(&format!("no answer from {}", self.base_url)));
            }
        };
        let status = body.status;
        let answer = Answer { body, token };
        match status {
            Some(200..=299) => Ok(answer),
            None | Some(301 | 302 | 303 | 307 | 308) => Err(Error::redirected(status).into()),
            Some(status) => {
                let mut error = Error::answered(status, &answer.said());
                if let (401, Some(token)) = (status, &answer.token) {
                    // With the next token the same call may well work.
                    error.retryable = self.credentials.refused(token);
                }
                Err(error.into())
            }
        }
    }

    fn no_answer(&self, cause: Opaque, token: Option<&Token>) -> Failure {
        let mut text = format!("no answer from {}", self.base_url);
        let reason = redact(&cause.describe(), token.map(Token::secret));
        if !reason.is_empty() {
            text = text + ": " + &reason;
        }
        text += ".";
        if page_origin().is_some() {
            text += " In a browser this is also what a refused origin looks like: Anaplan lets no \
                 other site's page call it, so baseUrl must lead to a gateway of your own.";
        }
        // The host's own errors hold no headers. Those of another fetch hold what it likes.
        let cause = match token {
            Some(_) if self.fetch.is_foreign() => Opaque::error(&reason),
            _ => cause,
        };
        Failure::Failed(Box::new(Error::new(Code::Network, text)), Some(cause))
    }

    fn timed_out(&self, what: &str) -> Failure {
        let text = format!("{what} within {} ms", self.request_timeout as u64);
        Error::new(Code::Timeout, text).into()
    }
}

impl Answer {
    /// The body as JSON, if it is some. Should the server repeat the token, it is not in there.
    pub fn json(&self) -> Option<Json> {
        let mut json = self.body.json()?;
        if let Some(token) = &self.token {
            json.each_text(&mut |text| {
                if holds(text, token.secret()) {
                    *text = redact(text, Some(token.secret()));
                }
            });
        }
        Some(json)
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The failure behind a success with a body of another kind than `expected`.
    pub fn not_understood(&self, expected: &str) -> Failure {
        let said = self.clean(&self.body.beginning());
        Error::not_understood(self.body.status.unwrap_or_default(), expected, &said).into()
    }

    /// What the server says in an error body, whatever its form.
    fn said(&self) -> String {
        let message = self.body.json().and_then(wire::said);
        self.clean(&message.unwrap_or_else(|| self.body.beginning()))
    }

    /// A line without the token: looked for before tags are taken out and after.
    fn clean(&self, text: &str) -> String {
        let secret = self.token.as_ref().map(Token::secret);
        redact(&wire::excerpt(&redact(text, secret)), secret)
    }
}
