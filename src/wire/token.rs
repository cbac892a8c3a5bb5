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

/// What OAuth's service says of a token.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grant {
    /// The token for the API.
    pub access_token: Option<String>,
    /// How long that lives, in seconds.
    pub expires_in: Option<f64>,
    /// The next one, where they rotate.
    pub refresh_token: Option<String>,
}

impl Grant {
    /// The tokens in an answer.
    pub fn in_answer(mut answer: Json) -> Self {
        Self {
            access_token: answer.take("access_token").into_text(),
            expires_in: answer.take("expires_in").into_number(),
            refresh_token: answer.take("refresh_token").into_text().filter(|text| !text.is_empty()),
        }
    }
}

/// What it says of a person who is to sign in elsewhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceCode {
    /// What to ask with. A secret.
    pub device_code: Option<String>,
    /// What the person enters.
    pub user_code: Option<String>,
    /// Where.
    pub verification_uri: Option<String>,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// How long the codes serve, in seconds.
    pub expires_in: Option<f64>,
    /// How long to wait between two questions, in seconds.
    pub interval: Option<f64>,
}

impl DeviceCode {
    /// The codes in an answer. Only addresses that begin with `https://` count, for somebody is to
    /// follow them.
    pub fn in_answer(mut answer: Json) -> Self {
        let mut text = |name| {
            let text = answer.take(name).into_text();
            text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        let is_safe = |address: &String| address.starts_with("https://");
        Self {
            device_code: text("device_code"),
            user_code: text("user_code"),
            verification_uri: text("verification_uri").filter(is_safe),
            verification_uri_complete: text("verification_uri_complete").filter(is_safe),
            expires_in: answer.take("expires_in").into_number(),
            interval: answer.take("interval").into_number(),
        }
    }
}
