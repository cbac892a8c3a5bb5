//! A person who signs in elsewhere: OAuth's device flow.

use std::future::pending;
use std::pin::pin;

use futures_util::future::{Either, select};

use super::no_token;
use super::oauth::{OAuth, TOKEN, TOO_LATE, WORDS};
use crate::client::credentials::Given;
use crate::client::failure::Failure;
use crate::client::line::Line;
use crate::error::{Code, Error};
use crate::platform::{Callback, is_url, monotonic, sleep, wall};
use crate::policy::{DeviceAnswer, DevicePace};
use crate::wire::DeviceCode;

/// Has a person sign in, and waits for that as long as it may take.
pub async fn sign_in(oauth: &OAuth, line: &Line, callback: &Callback) -> Result<Given, Failure> {
    let body = oauth.body(&[("scope", "openid profile email offline_access")]);
    let secrets = oauth.secrets("");
    let answer = oauth.asking("/oauth/device/code", &body, &secrets).repeat(line).await?;
    if let Some(word) = answer.word(&WORDS) {
        return Err(oauth.refused(&answer, word));
    }
    let code = answer.secret_json().map(DeviceCode::in_answer).unwrap_or_default();
    let (Some(device_code), Some(user_code), Some(uri)) =
        (code.device_code, code.user_code, code.verification_uri.filter(|uri| is_url(uri)))
    else {
        return Err(no_token("oauthUrl"));
    };
    let mut texts = vec![("userCode", &*user_code), ("verificationUri", &*uri)];
    let complete = code.verification_uri_complete.as_deref();
    texts.extend(complete.map(|complete| ("verificationUriComplete", complete)));
    let expires_at = wall() + DevicePace::lifetime(code.expires_in);

    let telling = async {
        match callback.tell_fields(&texts, ("expiresAt", expires_at)).await {
            // It may be long done with showing it.
            Ok(()) => pending().await,
            Err(cause) => cause,
        }
    };
    let pace = DevicePace::new(monotonic(), code.interval, code.expires_in);
    let polling = poll(oauth, line, pace, &device_code);
    match select(pin!(telling), pin!(polling)).await {
        Either::Left((cause, _)) => {
            let text = "auth.oauth.onUserCode failed, so nobody knows where to sign in; what it threw is \
                 the cause of this error";
            Err(oauth.failed(text, &cause, &user_code))
        }
        Either::Right((given, _)) => given,
    }
}

async fn poll(
    oauth: &OAuth,
    line: &Line,
    mut pace: DevicePace,
    code: &str,
) -> Result<Given, Failure> {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let body = oauth.body(&[("grant_type", grant), ("device_code", code)]);
    let secrets = oauth.secrets(code);
    let ask = oauth.asking(TOKEN, &body, &secrets);
    let mut attempt = 0.0;
    while let Some(next) = pace.next() {
        sleep(next - monotonic()).await;
        attempt += 1.0;
        let came = match ask.once(line, attempt).await {
            Ok(answer) => match answer.word(&WORDS) {
                Some("authorization_pending") => DeviceAnswer::Pending,
                Some("slow_down") => DeviceAnswer::TooFast,
                _ => return oauth.given(line, &answer).await,
            },
            Err(failure) if failure.error().is_some_and(|error| error.retryable) => {
                DeviceAnswer::Lost
            }
            Err(failure) => return Err(failure),
        };
        pace.answered(monotonic(), came);
    }
    Err(Error::new(Code::Unauthorized, TOO_LATE).into())
}
