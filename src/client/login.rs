//! Anaplan's authentication service, for a user and a password.
//!
//! <https://anaplanauthentication.docs.apiary.io/>

use std::rc::Rc;

use super::credentials::{Given, Token};
use super::event::About;
use super::failure::Failure;
use super::line::{Answer, Attempt, Content, Line, Outgoing};
use crate::error::{Code, Error};
use crate::platform::{base64, wall};
use crate::policy::Class;
use crate::reference::{BaseUrl, Invalid};
use crate::wire::TokenInfo;

const WRONG_PASSWORD: &str = "Is the user's name or the password wrong? Users who sign in through \
     their company (SSO) need an exception for basic authentication.";

/// A user of Anaplan's.
pub struct Login {
    auth_url: BaseUrl,
    /// The password, and it and the user as they stand in a header.
    password: Rc<str>,
    basic: Rc<str>,
    /// Whether the session ends with the client.
    pub logs_out: bool,
}

impl Login {
    /// Parses a user and a password. No error repeats either.
    pub fn new(
        user: &str,
        password: &str,
        auth_url: BaseUrl,
        logs_out: bool,
    ) -> Result<Self, Invalid> {
        const USER: &str = "a user's name, without a colon";
        const PASSWORD: &str = "a password";
        let flaw = |text: &str| {
            let is_bad = |c: char| c.is_control();
            if text.is_empty() {
                return Some("an empty string");
            }
            text.contains(is_bad).then_some("a control character in it")
        };
        // In a header, the colon is where the name ends.
        let colon = user.contains(':').then_some("a colon in it");
        if let Some(found) = flaw(user).or(colon) {
            return Err(Invalid::new("auth.basic.user", USER, found));
        }
        if let Some(found) = flaw(password) {
            return Err(Invalid::new("auth.basic.password", PASSWORD, found));
        }
        let basic = base64(&format!("{user}:{password}")).into();
        Ok(Self { auth_url, password: password.into(), basic, logs_out })
    }

    /// A token: `old` with a longer life where there is one, else another.
    pub async fn token(&self, line: &Line, old: Option<&Token>) -> Result<Given, Failure> {
        if let Some(old) = old {
            match self.ask(line, "/token/refresh", Some(old)).await {
                // Refused: then a new one is had as the first was.
                Err(failure) if matches!(failure.http_status(), Some(400..=499)) => {}
                answer => return given(&answer?, Some(old)),
            }
        }
        let answer = self.ask(line, "/token/authenticate", None).await?;
        given(&answer, None)
    }

    /// Ends a token.
    pub async fn log_out(&self, line: &Line, token: &Token) -> Result<(), Failure> {
        self.ask(line, "/token/logout", Some(token)).await.map(|_| ())
    }

    async fn ask(&self, line: &Line, path: &str, token: Option<&Token>) -> Result<Answer, Failure> {
        let about = About { method: "POST", path, task: None, attempt: 1.0 };
        let attempt = |attempt| -> Attempt<'_, Answer> {
            Box::pin(async move {
                line.gate.pass(Class::Renewal).await;
                let basic = || format!("Basic {}", self.basic);
                let mut secrets = vec![Rc::clone(&self.password), Rc::clone(&self.basic)];
                secrets.extend(token.map(Token::share));
                let outgoing = Outgoing {
                    about: &About { attempt, ..about },
                    base: &self.auth_url,
                    authorization: Some(token.map_or_else(basic, Token::header)),
                    secrets,
                    advice: Some(WRONG_PASSWORD),
                    content: Content::default(),
                };
                line.send(outgoing).await
            })
        };
        let answer = line.repeat(&about, &attempt).await;
        answer.map_err(|failure| failure.map(&mut |error| error.doing("Getting a token")))
    }
}

/// The token in an answer. A token that lives on may not be repeated there.
fn given(answer: &Answer, old: Option<&Token>) -> Result<Given, Failure> {
    let info = answer.secret_json().map(TokenInfo::in_answer).unwrap_or_default();
    let token = match (info.token_value, old) {
        (Some(value), _) => Token::parse(&value).ok(),
        (None, Some(old)) if info.expires_at.is_some() => Some(old.clone()),
        (None, _) => None,
    };
    let Some(token) = token else {
        let text = "Getting a token: the server answered, but not with a token. Check that authUrl \
             leads to Anaplan's authentication service.";
        return Err(Error::new(Code::Protocol, text).into());
    };
    // By how long it has to live rather than by when it ends: clocks differ.
    let left = info.expires_at.map(|end| end - answer.server_time()).filter(|left| *left > 0.0);
    Ok(Given { token, expires_at: left.map(|left| wall() + left) })
}
