//! A token before there is a request that needs one.

use std::pin::pin;

use super::{Client, Failure, Limits};

impl Client {
    /// Gets a token now, to find out early that a credential is wrong. Does nothing where none is
    /// needed, or one is there.
    pub async fn sign_in(&self, limits: Limits) -> Result<(), Failure> {
        let exchange = &self.0.exchange;
        let work = async { exchange.credentials.token(&exchange.line).await.map(|_| None) };
        let signed_in = self.run(&limits, pin!(work)).await;
        signed_in.map(|_| ()).map_err(|failure| failure.map(&mut |error| error.doing("Signing in")))
    }
}
