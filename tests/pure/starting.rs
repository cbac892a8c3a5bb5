use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::policy::{Fate, fate};

fn answered(status: u16) -> Fate {
    fate(&Error::answered(status, "", None), None)
}

#[test]
fn of_every_status_it_is_known_whether_it_proves_something() {
    for status in 300..=599 {
        let expected = match status {
            401 | 409 | 423 | 424 | 429 => Fate::Unsent,
            408 | 500.. => Fate::Unknown,
            _ => Fate::Refused,
        };
        assert_eq!(answered(status), expected, "{status}");
    }
    assert_eq!(fate(&Error::redirected(None), None), Fate::Refused);
    assert_eq!(fate(&Error::redirected(Some(302)), None), Fate::Refused);
}

#[test]
fn a_success_that_cannot_be_read_proves_nothing() {
    for status in [200, 201, 202, 204] {
        let error = Error::not_understood(status, "a task's id", "<p>");
        assert_eq!(fate(&error, None), Fate::Unknown, "{status}");
    }
}

#[test]
fn only_a_connection_that_was_never_made_is_proof() {
    let lost = |code| fate(&Error::new(Code::Network, "no answer"), code);
    for code in [
        "ECONNREFUSED",
        "ENOTFOUND",
        "EAI_AGAIN",
        "UND_ERR_CONNECT_TIMEOUT",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ] {
        assert_eq!(lost(Some(code)), Fate::Unsent, "{code}");
    }
    // Established connections end in these ways, too.
    for code in [
        "ECONNRESET",
        "EPIPE",
        "ETIMEDOUT",
        "ECONNABORTED",
        "UND_ERR_SOCKET",
        "UND_ERR_HEADERS_TIMEOUT",
        "UND_ERR_BODY_TIMEOUT",
        "econnrefused",
        "",
    ] {
        assert_eq!(lost(Some(code)), Fate::Unknown, "{code}");
    }
    assert_eq!(lost(None), Fate::Unknown);
    // What the host says of the connection counts for nothing once there was an answer, or none in time.
    let mut answered = Error::answered(502, "", None);
    assert_eq!(fate(&answered, Some("ECONNREFUSED")), Fate::Unknown);
    answered.status = None;
    answered.code = Code::Timeout;
    assert_eq!(fate(&answered, Some("ECONNREFUSED")), Fate::Unknown);
}

#[test]
fn what_is_wrong_here_was_never_sent() {
    for code in [Code::InvalidArgument, Code::Unauthorized, Code::Internal] {
        assert_eq!(fate(&Error::new(code, ""), Some("ECONNREFUSED")), Fate::Refused, "{code:?}");
    }
}
