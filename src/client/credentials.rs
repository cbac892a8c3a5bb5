//! The token, wherever it comes from.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::Failure;
use super::event::Event;
use super::flight::Flight;
use super::givers::{Login, OAuth};
use super::line::{Line, timed_out};
use crate::error::{Code, Error};
use crate::platform::{Opaque, TokenSource, monotonic, sleep, spawn, wall};
use crate::policy::{Millis, Moment, Reason, TokenLife};
use crate::reference::Invalid;

/// Where the token comes from.
pub enum Credentials {
    /// None is sent: a gateway adds its own.
    None,
    /// One that the caller holds.
    Fixed(Token),
    /// Whoever can get another.
    Source(Rc<Source>),
}

/// A token that may stand in a header.
#[derive(Clone)]
pub struct Token(Rc<str>);

/// Whoever gives tokens, and what was given last.
pub struct Source {
    giver: Giver,
    held: RefCell<Option<Token>>,
    life: RefCell<TokenLife>,
    renewal: Flight,
    /// When a user was last refused, and how: one who is refused again and again gets locked out.
    refusal: RefCell<Option<(Millis, Failure)>>,
}

/// Who gives tokens.
pub enum Giver {
    /// A function of the caller's.
    Function(TokenSource),
    /// Anaplan's authentication service, for whoever it knows.
    Login(Login),
    /// Anaplan's OAuth service.
    OAuth(Rc<OAuth>),
}

/// A token as it was given.
pub struct Given {
    /// The token.
    pub token: Token,
    /// When it ends, in milliseconds since the epoch by the clock here, if that was said.
    pub expires_at: Option<f64>,
}

impl Token {
    /// Parses a token. The error does not repeat it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const EXPECTED: &str = "an Anaplan token, of visible ASCII characters";
        let refuse = |found| Invalid::new("auth", EXPECTED, found);
        if text.is_empty() {
            return Err(refuse("an empty string"));
        }
        if text.starts_with("AnaplanAuthToken ") || text.starts_with("Bearer ") {
            return Err(refuse("a header; leave out the word before the token"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse("white space or another character in it"));
        }
        Ok(Self(text.into()))
    }

    /// The value of the `Authorization` header. A secret.
    pub fn header(&self) -> String {
        let mut header = "AnaplanAuthToken ".to_owned();
        header.push_str(&self.0);
        header
    }

    /// The token itself, to be kept out of texts.
    pub fn share(&self) -> Rc<str> {
        Rc::clone(&self.0)
    }
}

impl Credentials {
    /// The token to send now. All who ask while another is got wait for that one.
    pub async fn token(&self, line: &Rc<Line>) -> Result<Option<Token>, Failure> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(token) => Ok(Some(token.clone())),
            Self::Source(source) => source.token(line).await.map(Some).map_err(Failure::tokenless),
        }
    }

    /// Whether `token` is the one to send now.
    pub fn holds(&self, token: Option<&Token>) -> bool {
        match (self, token) {
            (Self::Source(source), Some(token)) => source.holds(token),
            _ => true,
        }
    }

    /// The server did not accept `token`. Says whether there may be another.
    pub fn refused(&self, token: &Token) -> bool {
        let Self::Source(source) = self else {
            return false;
        };
        // Another may have come since.
        if source.holds(token) {
            *source.held.borrow_mut() = None;
            source.life.borrow_mut().refused();
        }
        true
    }

    /// The client is closed: a session that is to end with it is ended.
    pub fn close(&self, line: &Rc<Line>) {
        if let Self::Source(source) = self
            && let Giver::Login(login) = &source.giver
            && login.logs_out
            && let Some(token) = source.held.borrow_mut().take()
        {
            let (source, line) = (Rc::clone(source), Rc::clone(line));
            spawn(async move {
                if let Giver::Login(login) = &source.giver {
                    // Nobody is left to tell; the token ends by itself.
                    let _ = login.log_out(&line, &token).await;
                }
            });
        }
    }
}

impl Source {
    /// How long a user who was refused is not tried again.
    const REFUSED: Millis = 30_000.0;

    /// With whoever gives tokens.
    pub fn new(giver: Giver) -> Self {
        Self {
            giver,
            held: RefCell::default(),
            life: RefCell::default(),
            renewal: Flight::default(),
            refusal: RefCell::default(),
        }
    }

    fn holds(&self, token: &Token) -> bool {
        self.held.borrow().as_ref().is_some_and(|held| held.0 == token.0)
    }

    async fn token(self: &Rc<Self>, line: &Rc<Line>) -> Result<Token, Failure> {
        if let (None, Some(token)) = (self.life.borrow().need(now()), &*self.held.borrow()) {
            return Ok(token.clone());
        }
        let (source, the_line) = (Rc::clone(self), Rc::clone(line));
        let renewal = self.renewal.join(|| async move { source.renew(&the_line).await });
        let renewed = match select(renewal, pin!(sleep(self.giver.patience(line)))).await {
            Either::Left((renewed, _)) => renewed,
            Either::Right(_) => {
                Err(timed_out("the auth function gave no token", line.request_timeout))
            }
        };
        // The old one may serve on.
        match (renewed, &*self.held.borrow()) {
            (Ok(()), Some(token)) => Ok(token.clone()),
            (Err(_), Some(token)) if self.life.borrow_mut().failed(now()) => Ok(token.clone()),
            (Err(failure), _) => Err(failure),
            (Ok(()), None) => Err(failed(None)),
        }
    }

    async fn renew(&self, line: &Rc<Line>) -> Result<(), Failure> {
        if let Some((at, refusal)) = &*self.refusal.borrow()
            && monotonic() - at < Self::REFUSED
        {
            return Err(refusal.clone());
        }
        let reason = self.life.borrow().need(now()).unwrap_or(Reason::Expiring);
        let old = self.held.borrow().clone().filter(|_| self.life.borrow().is_good(now()));
        let started = monotonic();
        let given = match &self.giver {
            Giver::Function(ask) => from_function(ask, reason).await,
            Giver::Login(login) => login.token(line, old.as_ref()).await,
            Giver::OAuth(oauth) => oauth.token(line).await,
        };
        let is_service = !matches!(self.giver, Giver::Function(_));
        let given = given.map_err(|failure| {
            failure.map(&mut |error| {
                if is_service {
                    error.doing("Getting a token")
                }
            })
        });
        let error = given.as_ref().err().and_then(Failure::error);
        let event = Event::renewal(reason.as_str(), monotonic() - started, error);
        line.events.tell(&event);
        if let (true, Err(failure), Some(error)) = (is_service, &given, error)
            && matches!(error.code, Code::Unauthorized | Code::Forbidden)
            // By the service, not by a function that was to keep what it gave.
            && error.status.is_some()
        {
            *self.refusal.borrow_mut() = Some((monotonic(), failure.clone()));
        }
        let Given { token, expires_at } = given?;
        *self.held.borrow_mut() = Some(token);
        self.life.borrow_mut().renewed(now(), expires_at);
        Ok(())
    }
}

impl Giver {
    /// How long one waits for a token. The service's own attempts have each their time.
    fn patience(&self, line: &Line) -> f64 {
        match self {
            Self::Function(_) => line.request_timeout,
            Self::Login(_) | Self::OAuth(_) => f64::INFINITY,
        }
    }
}

async fn from_function(ask: &TokenSource, reason: Reason) -> Result<Given, Failure> {
    let asked = ask.ask(reason.as_str()).await.map_err(|cause| failed(Some(cause)))?;
    let token = asked.token.ok_or_else(|| failed(None))?;
    let token = Token::parse(&token).map_err(Error::from)?;
    Ok(Given { token, expires_at: asked.expires_at })
}

fn now() -> Moment {
    Moment { steady: monotonic(), wall: wall() }
}

fn failed(cause: Option<Opaque>) -> Failure {
    let text = match &cause {
        Some(_) => "the auth function failed; its own error is the cause of this one",
        None => "the auth function gave no token: expected a string or { token, expiresAt }",
    };
    Failure::Failed(Box::new(Error::new(Code::Unauthorized, text)), cause)
}
