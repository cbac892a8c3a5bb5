//! Anaplan's OAuth service.
//!
//! <https://anaplanoauth2service.docs.apiary.io/>

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::ask::Ask;
use super::{device, no_token};
use crate::client::credentials::{Given, Token};
use crate::client::failure::Failure;
use crate::client::flight::Flight;
use crate::client::line::{Answer, Line, redact_all, timed_out};
use crate::error::{Code, Error};
use crate::platform::{Callback, Opaque, json_of, sleep, spawn, wall};
use crate::reference::{BaseUrl, Invalid};
use crate::wire::Grant;

/// A client that is registered with Anaplan, as the caller describes it.
pub struct Registration {
    /// Which one it is.
    pub client_id: String,
    /// What proves it, where anything does.
    pub client_secret: Option<String>,
    /// What access tokens are had for.
    pub refresh_token: Option<String>,
    /// Who is told of the next one.
    pub on_refresh_token: Option<Callback>,
    /// Who shows a person where to sign in.
    pub on_user_code: Option<Callback>,
}

/// A client that is registered with Anaplan.
pub struct OAuth {
    oauth_url: BaseUrl,
    /// All but the refresh token.
    registration: Registration,
    refresh_token: RefCell<Option<Rc<str>>>,
    /// Whether that is newer than what the caller knows of.
    is_unsaved: Cell<bool>,
    /// Whether it was sent, and what came back, if anything, was not understood.
    is_doubtful: Cell<bool>,
    refreshing: Flight,
    /// What that gave.
    refreshed: RefCell<Option<Given>>,
}

/// The words that say what became of a request, whatever the status of the answer: that is not
/// documented. Where another is said, the status counts.
pub const WORDS: [&str; 7] = [
    "authorization_pending",
    "slow_down",
    "expired_token",
    "access_denied",
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
];

pub const TOKEN: &str = "/oauth/token";

impl OAuth {
    /// Parses a client's registration. No error repeats what is in it.
    pub fn new(mut registration: Registration, oauth_url: BaseUrl) -> Result<Self, Invalid> {
        const NEEDED: &str = "a refresh token, or a function onUserCode with which to get one";
        let refresh_token = registration.refresh_token.take();
        if refresh_token.is_none() && registration.on_user_code.is_none() {
            return Err(Invalid::new("auth.oauth.refreshToken", NEEDED, "neither"));
        }
        Ok(Self {
            oauth_url,
            registration,
            refresh_token: RefCell::new(refresh_token.map(Rc::from)),
            is_unsaved: Cell::default(),
            is_doubtful: Cell::default(),
            refreshing: Flight::default(),
            refreshed: RefCell::default(),
        })
    }

    /// An access token: for the refresh token, or else by a person who signs in.
    pub async fn token(self: &Rc<Self>, line: &Rc<Line>) -> Result<Given, Failure> {
        if self.refresh_token.borrow().is_some() {
            let refreshed = self.refreshed(line).await;
            // One that is worth nothing is forgotten where another may be had.
            if refreshed.is_ok() || self.refresh_token.borrow().is_some() {
                return refreshed;
            }
        }
        match &self.registration.on_user_code {
            Some(callback) => device::sign_in(self, line, callback).await,
            None => Err(no_token("oauthUrl")),
        }
    }

    /// An access token for the refresh token. Once it is asked for, that is seen through to its end
    /// though everybody may give up: the answer may hold the one refresh token that is still good.
    async fn refreshed(self: &Rc<Self>, line: &Rc<Line>) -> Result<Given, Failure> {
        let is_new = !self.refreshing.is_busy();
        let (this, the_line) = (Rc::clone(self), Rc::clone(line));
        let ticket = self.refreshing.join(|| async move { this.refresh(&the_line).await });
        if is_new {
            let ticket = ticket.share();
            spawn(async move {
                // Those who still wait hear of it themselves.
                let _ = ticket.await;
            });
        }
        ticket.await?;
        self.refreshed.borrow_mut().take().ok_or_else(|| no_token("oauthUrl"))
    }

    async fn refresh(&self, line: &Line) -> Result<(), Failure> {
        self.save(line).await?;
        let Some(old) = self.refresh_token.borrow().clone() else {
            return Err(no_token("oauthUrl"));
        };
        let body = self.body(&[("grant_type", "refresh_token"), ("refresh_token", &old)]);
        let secrets = self.secrets(&old);
        let answer = self.asking(TOKEN, &body, &secrets).repeat(line).await?;
        let given = self.given(line, &answer).await?;
        *self.refreshed.borrow_mut() = Some(given);
        Ok(())
    }

    /// What a question has for a body.
    pub(super) fn body(&self, fields: &[(&str, &str)]) -> String {
        let mut all = vec![("client_id", &*self.registration.client_id)];
        all.extend_from_slice(fields);
        all.extend(
            self.registration.client_secret.iter().map(|secret| ("client_secret", &**secret)),
        );
        json_of(&all)
    }

    /// A question. An answer that says one of the [`WORDS`] is no failure.
    pub(super) fn asking<'a>(
        &'a self,
        path: &'static str,
        body: &'a str,
        secrets: &'a [Rc<str>],
    ) -> Ask<'a> {
        Ask {
            base: &self.oauth_url,
            path,
            header: None,
            secrets,
            advice: OTHER_CLIENT,
            body: Some(body),
            signer: None,
            words: &WORDS,
            is_doubtful: &self.is_doubtful,
        }
    }

    /// What nobody may hear of, and this.
    pub(super) fn secrets(&self, secret: &str) -> Vec<Rc<str>> {
        let mut secrets = vec![Rc::from(secret)];
        secrets.extend(self.registration.client_secret.as_deref().map(Rc::from));
        secrets.extend(self.refresh_token.borrow().clone());
        secrets
    }

    /// The access token in an answer. Another refresh token that is there, too, is the caller's before
    /// anybody uses that.
    pub(super) async fn given(&self, line: &Line, answer: &Answer) -> Result<Given, Failure> {
        if let Some(word) = answer.word(&WORDS) {
            return Err(self.refused(answer, word));
        }
        let grant = answer.secret_json().map(Grant::in_answer).unwrap_or_default();
        let token = grant.access_token.and_then(|token| Token::parse(&token).ok());
        self.is_doubtful.set(token.is_none());
        if let Some(next) = grant.refresh_token {
            let next = Some(Rc::from(next));
            if *self.refresh_token.borrow() != next {
                *self.refresh_token.borrow_mut() = next;
                self.is_unsaved.set(true);
                self.is_doubtful.set(false);
            }
        }
        self.save(line).await?;
        let token = token.ok_or_else(|| no_token("oauthUrl"))?;
        Ok(Given { token, expires_at: grant.expires_in.map(|left| wall() + left * 1_000.0) })
    }

    /// Has the caller keep the refresh token, if it is new.
    async fn save(&self, line: &Line) -> Result<(), Failure> {
        let Some(token) = self.refresh_token.borrow().clone().filter(|_| self.is_unsaved.get())
        else {
            return Ok(());
        };
        if let Some(callback) = &self.registration.on_refresh_token {
            let telling = pin!(callback.tell(&token));
            match select(telling, pin!(sleep(line.request_timeout))).await {
                Either::Left((Ok(()), _)) => {}
                Either::Left((Err(cause), _)) => {
                    let text = "auth.oauth.onRefreshToken failed, so the new refresh token may be kept \
                         nowhere but in memory. It is told of it again before the next request; what \
                         it threw is the cause of this error.";
                    return Err(self.failed(text, &cause, &token));
                }
                Either::Right(_) => {
                    let text = "auth.oauth.onRefreshToken was not done";
                    return Err(timed_out(text, line.request_timeout));
                }
            }
        }
        self.is_unsaved.set(false);
        Ok(())
    }

    /// A function of the caller's failed. What it threw may hold what it was told, so only its text
    /// goes on, and that without the secrets.
    pub(super) fn failed(&self, text: &str, cause: &Opaque, secret: &str) -> Failure {
        let cause = Opaque::error(&redact_all(&cause.describe(), &self.secrets(secret)));
        Failure::Failed(Box::new(Error::new(Code::Unauthorized, text)), Some(cause))
    }

    /// The service refused, and said why.
    pub(super) fn refused(&self, answer: &Answer, word: &str) -> Failure {
        let advice = match word {
            "invalid_grant" if self.is_doubtful.get() => SPENT_PERHAPS,
            "invalid_grant" => {
                "The refresh token is spent, over or another client's: sign in anew."
            }
            "access_denied" => "Whoever was asked to sign in refused.",
            "expired_token" => TOO_LATE,
            _ => OTHER_CLIENT,
        };
        if word == "invalid_grant" && self.registration.on_user_code.is_some() {
            *self.refresh_token.borrow_mut() = None;
            self.is_doubtful.set(false);
        }
        Error::refused(answer.status(), word, &answer.said(), advice).into()
    }
}

pub const TOO_LATE: &str = "Nobody signed in while the user code was good.";
const OTHER_CLIENT: &str =
    "Check clientId and clientSecret, and for which grant the client is registered with Anaplan.";
const SPENT_PERHAPS: &str = "The refresh token is spent or over. An earlier request with it had no answer \
     that could be read: if it was carried out, the refresh token that came instead is lost. Sign in anew.";
