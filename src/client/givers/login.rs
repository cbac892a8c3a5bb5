//! Anaplan's authentication service.
//!
//! <https://anaplanauthentication.docs.apiary.io/>

use std::cell::Cell;
use std::rc::Rc;

use super::ask::Ask;
use super::certificate::Signer;
use super::no_token;
use crate::client::credentials::{Given, Token};
use crate::client::failure::Failure;
use crate::client::line::{Answer, Line};
use crate::platform::wall;
use crate::reference::BaseUrl;
use crate::wire::TokenInfo;

/// Somebody whom Anaplan knows, where it knows them.
pub struct Login {
    /// Who it is.
    pub identity: Identity,
    /// Where it is said.
    pub auth_url: BaseUrl,
    /// Whether the session ends with the client.
    pub logs_out: bool,
}

/// What says who somebody is.
pub struct Identity {
    /// The value of the header that says it.
    pub(super) header: String,
    /// What nobody else may hear of.
    pub(super) secrets: Vec<Rc<str>>,
    /// What to do when it is refused.
    pub(super) advice: &'static str,
    /// Who signs that it is true, where that is wanted.
    pub(super) signer: Option<Signer>,
}

impl Login {
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

    async fn ask(
        &self,
        line: &Line,
        path: &'static str,
        token: Option<&Token>,
    ) -> Result<Answer, Failure> {
        let Identity { header, secrets, advice, signer } = &self.identity;
        let mut secrets = secrets.clone();
        secrets.extend(token.map(Token::share));
        let token = token.map(Token::header);
        let ask = Ask {
            base: &self.auth_url,
            path,
            header: token.as_deref().or(Some(header)),
            secrets: &secrets,
            advice,
            body: None,
            signer: signer.as_ref().filter(|_| token.is_none()),
            words: &[],
            is_doubtful: &Cell::default(),
        };
        ask.repeat(line).await
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
        return Err(no_token("authUrl"));
    };
    // By how long it has to live rather than by when it ends: clocks differ.
    let left = info.expires_at.map(|end| end - answer.server_time()).filter(|left| *left > 0.0);
    Ok(Given { token, expires_at: left.map(|left| wall() + left) })
}
