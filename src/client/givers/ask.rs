//! One question to a service that gives tokens.

use std::cell::Cell;
use std::rc::Rc;

use super::certificate::Signer;
use crate::client::event::About;
use crate::client::failure::Failure;
use crate::client::line::{Answer, Attempt, Content, Line, Outgoing};
use crate::error::Code;
use crate::platform::Payload;
use crate::policy::Class;
use crate::reference::BaseUrl;

/// What is asked, and of whom.
pub struct Ask<'a> {
    /// Where the service is.
    pub base: &'a BaseUrl,
    /// What it is asked for.
    pub path: &'static str,
    /// Who asks, as a header says it.
    pub header: Option<&'a str>,
    /// What nobody else may hear of.
    pub secrets: &'a [Rc<str>],
    /// What to do about a 401.
    pub advice: &'static str,
    /// JSON.
    pub body: Option<&'a str>,
    /// Who writes that anew each time, for there is the time in it.
    pub signer: Option<&'a Signer>,
    /// See [`Content::words`].
    pub words: &'a [&'static str],
    /// Told where it may have been carried out though no such answer came.
    pub is_doubtful: &'a Cell<bool>,
}

impl Ask<'_> {
    /// Asks as often as makes sense.
    pub async fn repeat(&self, line: &Line) -> Result<Answer, Failure> {
        let attempt = |attempt| -> Attempt<'_, Answer> { Box::pin(self.once(line, attempt)) };
        line.repeat(&self.about(1.0), &attempt).await
    }

    /// Asks.
    pub async fn once(&self, line: &Line, attempt: f64) -> Result<Answer, Failure> {
        line.gate.pass(Class::Renewal).await;
        let mut secrets = self.secrets.to_vec();
        let mut signed = None;
        if let Some(signer) = self.signer {
            let (body, signature) = signer.body().await?;
            secrets.push(signature.into());
            signed = Some(body);
        }
        let outgoing = Outgoing {
            about: &self.about(attempt),
            base: self.base,
            authorization: self.header.map(str::to_owned),
            secrets,
            advice: Some(self.advice),
            content: Content {
                payload: signed.as_deref().or(self.body).map_or(Payload::None, Payload::Json),
                words: self.words,
                ..Content::default()
            },
        };
        let answer = line.send(outgoing).await;
        if let Some(error) = answer.as_ref().err().and_then(Failure::error)
            && matches!(error.code, Code::Network | Code::Timeout | Code::Server | Code::Protocol)
        {
            self.is_doubtful.set(true);
        }
        answer
    }

    fn about(&self, attempt: f64) -> About<'_> {
        About { method: "POST", path: self.path, task: None, attempt }
    }
}
