//! A user and a password.

use super::login::Identity;
use crate::platform::base64;
use crate::reference::Invalid;

const WRONG_PASSWORD: &str = "Is the user's name or the password wrong? Users who sign in through \
     their company (SSO) need an exception for basic authentication.";

/// Parses a user and a password. No error repeats either.
pub fn basic(user: &str, password: &str) -> Result<Identity, Invalid> {
    // In a header, the colon is where the name ends.
    if user.contains(':') {
        const USER: &str = "a user's name, without a colon";
        return Err(Invalid::new("auth.basic.user", USER, "a colon in it"));
    }
    let basic = base64(format!("{user}:{password}").as_bytes());
    Ok(Identity {
        header: "Basic ".to_owned() + &basic,
        secrets: vec![password.into(), basic.into()],
        advice: WRONG_PASSWORD,
        signer: None,
    })
}
