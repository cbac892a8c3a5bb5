//! One request to Anaplan, with credentials.

use std::rc::Rc;

use super::credentials::{Credentials, Token};
use super::event::About;
use super::failure::Failure;
use super::line::{Answer, Content, Line, Outgoing};
use crate::policy::Class;
use crate::reference::BaseUrl;

/// The way to Anaplan.
pub struct Exchange {
    /// How.
    pub line: Rc<Line>,
    /// Where it is.
    pub base_url: BaseUrl,
    /// Who we are to it.
    pub credentials: Credentials,
}

impl Exchange {
    /// Waits until a request of this class may be sent, and gives the token to send it with. Apart
    /// from [`send`](Self::send), since nothing has reached the server yet when it fails.
    pub async fn ready(&self, class: Class) -> Result<Option<Token>, Failure> {
        let mut has_passed = false;
        loop {
            // First, for it may take a while, in which the turn would be lost.
            let token = self.credentials.token(&self.line).await?;
            if !std::mem::replace(&mut has_passed, true) {
                self.line.gate.pass(class).await;
            }
            // And again, should it have been replaced or refused meanwhile.
            if self.credentials.holds(token.as_ref()) {
                return Ok(token);
            }
        }
    }

    /// Gets a token, should one be needed that is not there.
    pub async fn sign_in(&self) -> Result<(), Failure> {
        self.credentials.token(&self.line).await.map(|_| ())
    }

    /// Sends one request.
    pub async fn send(
        &self,
        about: &About<'_>,
        content: Content<'_>,
        token: Option<Token>,
    ) -> Result<Answer, Failure> {
        let outgoing = Outgoing {
            about,
            base: &self.base_url,
            authorization: token.as_ref().map(Token::header),
            secrets: token.iter().map(Token::share).collect(),
            advice: None,
            content,
        };
        self.line.send(outgoing).await.map_err(|failure| match &token {
            Some(token) if failure.http_status() == Some(401) => {
                let another = self.credentials.refused(token);
                failure.map(&mut |error| error.retryable = another)
            }
            _ => failure,
        })
    }

    /// Sends a request that does no harm when it is repeated, as often as makes sense.
    pub async fn call(
        &self,
        class: Class,
        about: &About<'_>,
        content: Content<'_>,
    ) -> Result<Answer, Failure> {
        let attempt = |attempt| -> super::line::Attempt<'_, Answer> {
            Box::pin(async move {
                let token = self.ready(class).await?;
                self.send(&About { attempt, ..*about }, content, token).await
            })
        };
        self.line.repeat(about, &attempt).await
    }

    /// Ends what should not outlive the client.
    pub fn close(&self) {
        self.credentials.close(&self.line);
    }
}
