//! Tokens.

use super::Json;

/// What the authentication service says of a token.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenInfo {
    /// The token.
    pub token_value: Option<String>,
    /// When it ends, in milliseconds since the epoch by the server's clock.
    pub expires_at: Option<f64>,
}

impl TokenInfo {
    /// The token in an answer: under `tokenInfo`, or bare.
    pub fn in_answer(mut answer: Json) -> Self {
        let mut info = answer.take("tokenInfo").into_object().unwrap_or(answer);
        Self {
            token_value: info.take("tokenValue").into_text(),
            expires_at: info.take("expiresAt").into_number(),
        }
    }
}
