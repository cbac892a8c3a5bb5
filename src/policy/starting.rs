//! Whether a start that failed may be sent again: no call may ever make two tasks.

use crate::error::{Code, Error};

/// What a failure says of the task that was to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// There is none, and there may be one if it is sent again.
    Unsent,
    /// There is none, and there would be none the next time.
    Refused,
    /// There may be one.
    Unknown,
}

/// What `error` says. `system` is the code that the host gives of a network fault, where it does.
///
/// That nothing was started is proved by an answer in which the API says so (401, 409, 423, 424, 429:
/// it was turned away before it ran), and by a connection that was never made. A 408, a 5xx, a
/// time-out, a reset, and a success that cannot be read prove nothing.
pub fn fate(error: &Error, system: Option<&str>) -> Fate {
    match (error.code, error.status) {
        (_, Some(401 | 409 | 423 | 424 | 429)) => Fate::Unsent,
        (_, Some(408 | 500..=599)) => Fate::Unknown,
        (Code::Protocol, Some(200..=299)) => Fate::Unknown,
        (Code::Network, None) if system.is_some_and(never_connected) => Fate::Unsent,
        (Code::Network | Code::Timeout, _) => Fate::Unknown,
        _ => Fate::Refused,
    }
}

/// Whether this is how Node, Deno or Bun say that there was no connection to send anything over.
fn never_connected(code: &str) -> bool {
    const CODES: [&str; 14] = [
        "ECONNREFUSED",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ENETUNREACH",
        "EHOSTUNREACH",
        "UND_ERR_CONNECT_TIMEOUT",
        // A certificate is refused before anything is sent, as where a company's proxy shows its own.
        "CERT_HAS_EXPIRED",
        "CERT_NOT_YET_VALID",
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "UNABLE_TO_GET_ISSUER_CERT",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    ];
    CODES.contains(&code)
}
