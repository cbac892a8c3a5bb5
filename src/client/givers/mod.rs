//! Who gives tokens: Anaplan's services, and what each wants for one.

mod ask;
mod basic;
mod certificate;
mod device;
mod login;
mod oauth;

pub use basic::basic;
pub use certificate::{Format, certificate};
pub use login::{Identity, Login};
pub use oauth::{OAuth, Registration};

use super::Failure;
use crate::error::{Code, Error};

/// A service answered, and gave no token.
fn no_token(address: &str) -> Failure {
    let text =
        "the server answered, but not with a token. Check where it is: ".to_owned() + address;
    Error::new(Code::Protocol, text).into()
}
