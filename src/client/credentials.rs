//! The token, wherever it comes from.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Failure, flight::Flight};
use crate::error::{Code, Error};
use crate::platform::{Opaque, TokenSource, wall};
use crate::reference::Invalid;

/// Where the token comes from.
pub enum Credentials {
    /// None is sent: a gateway adds its own.
    None,
    /// One that the caller holds.
    Fixed(Token),
    /// A function of the caller's.
    Source(Rc<Source>),
}

/// A token that may stand in a header.
#[derive(Clone)]
pub struct Token(Rc<str>);

/// A function of the caller's, and what it gave last.
pub struct Source {
    ask: TokenSource,
    held: RefCell<Held>,
    renewal: Flight,
}

enum Held {
    Nothing,
    Token { token: Token, expires_at: Option<f64> },
    Refused,
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

    /// The token itself. A secret.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl Credentials {
    /// The token to send now. All who ask while the function is at work wait for one answer.
    pub async fn token(&self) -> Result<Option<Token>, Failure> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(token) => Ok(Some(token.clone())),
            Self::Source(source) => source.token().await.map(Some),
        }
    }

    /// The server did not accept `token`. Says whether there may be another: a function is asked
    /// again before the next request.
    pub fn refused(&self, token: &Token) -> bool {
        match self {
            Self::Source(source) => {
                source.refused(token);
                true
            }
            Self::None | Self::Fixed(_) => false,
        }
    }
}

impl Source {
    /// Takes the function.
    pub fn new(ask: TokenSource) -> Self {
        Self { ask, held: RefCell::new(Held::Nothing), renewal: Flight::default() }
    }

    async fn token(self: &Rc<Self>) -> Result<Token, Failure> {
        let reason = match &*self.held.borrow() {
            Held::Nothing => "first",
            Held::Refused => "rejected",
            Held::Token { expires_at: Some(at), .. } if *at <= wall() => "expiring",
            Held::Token { token, .. } => return Ok(token.clone()),
        };
        let source = Rc::clone(self);
        self.renewal.join(async move { source.renew(reason).await }).await?;
        match &*self.held.borrow() {
            Held::Token { token, .. } => Ok(token.clone()),
            Held::Nothing | Held::Refused => Err(failed(None)),
        }
    }

    async fn renew(&self, reason: &str) -> Result<(), Failure> {
        let asked = self.ask.ask(reason).await.map_err(|cause| failed(Some(cause)))?;
        let token = asked.token.ok_or_else(|| failed(None))?;
        let token = Token::parse(&token).map_err(Error::from)?;
        *self.held.borrow_mut() = Held::Token { token, expires_at: asked.expires_at };
        Ok(())
    }

    fn refused(&self, token: &Token) {
        let mut held = self.held.borrow_mut();
        if matches!(&*held, Held::Token { token: current, .. } if current.0 == token.0) {
            *held = Held::Refused;
        }
    }
}

fn failed(cause: Option<Opaque>) -> Failure {
    let text = match &cause {
        Some(_) => "the auth function failed; its own error is the cause of this one",
        None => "the auth function gave no token: expected a string or { token, expiresAt }",
    };
    Failure::Failed(Box::new(Error::new(Code::Unauthorized, text)), cause)
}
