//! One request to Anaplan, through credentials, time and errors.

use std::pin::pin;

use futures_util::future::{Either, select};

use super::credentials::{Credentials, Token};
use super::failure::Failure;
use crate::error::{Code, Error, redact};
use crate::platform::{Body, Fetch, Opaque, Request, page_origin, sleep};
use crate::policy::Millis;
use crate::reference::{BaseUrl, Path};
use crate::wire;

/// The way to the server.
pub struct Exchange {
    /// Where it is.
    pub base_url: BaseUrl,
    /// How it is reached.
    pub fetch: Fetch,
    /// Who we are to it.
    pub credentials: Credentials,
    /// How long one answer may take.
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

impl Exchange {
    /// Sends one request. Whatever is no success is a [`Failure`], free of secrets.
    pub async fn send(&self, method: Method, path: &Path) -> Result<Body, Failure> {
        let token = self.credentials.token().await?;
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
            Either::Left((answer, _)) => {
                answer.map_err(|cause| self.no_answer(cause, token.as_ref()))?
            }
            Either::Right(_) => return Err(self.no_answer_in_time().into()),
        };
        match body.status {
            Some(200..=299) => Ok(body),
            None | Some(301 | 302 | 303 | 307 | 308) => Err(Error::redirected(body.status).into()),
            Some(status) => {
                if let (401, Some(token)) = (status, &token) {
                    self.credentials.refused(token);
                }
                Err(Error::answered(status, &said(&body, token.as_ref())).into())
            }
        }
    }

    /// The failure behind a success with a body of another kind than `expected`.
    pub async fn not_understood(&self, body: &Body, expected: &str) -> Failure {
        // Only for its text, to keep it out of the message.
        let token = self.credentials.token().await.ok().flatten();
        let text = redacted(&body.beginning(), token.as_ref());
        Error::not_understood(body.status.unwrap_or_default(), expected, &text).into()
    }

    fn no_answer(&self, cause: Opaque, token: Option<&Token>) -> Failure {
        let mut text = format!("no answer from {}", self.base_url);
        let reason = redacted(&cause.describe(), token);
        if !reason.is_empty() {
            text = text + ": " + &reason;
        }
        text += ".";
        if page_origin().is_some() {
            text += " In a browser this is also what a refused origin looks like: Anaplan lets no \
                 other site's page call it, so baseUrl must lead to a gateway of your own.";
        }
        let tells = token.is_some_and(|token| cause.tells(token.secret()));
        Failure::Failed(Box::new(Error::new(Code::Network, text)), (!tells).then_some(cause))
    }

    fn no_answer_in_time(&self) -> Error {
        let text =
            format!("no answer from {} within {} ms", self.base_url, self.request_timeout as u64);
        Error::new(Code::Timeout, text)
    }
}

/// What the server says in an error body, whatever its form.
fn said(body: &Body, token: Option<&Token>) -> String {
    let text = body.json().and_then(wire::said);
    redacted(&text.unwrap_or_else(|| body.beginning()), token)
}

fn redacted(text: &str, token: Option<&Token>) -> String {
    redact(text, token.map(Token::secret))
}
