use anaplan_tasks::error::{Code, Error, redact};
use proptest::prelude::*;

use crate::task_ref;

#[test]
fn every_status_has_its_code_and_says_whether_to_repeat() {
    let all = [
        (400, Code::InvalidArgument, false),
        (401, Code::Unauthorized, false),
        (403, Code::Forbidden, false),
        (404, Code::NotFound, false),
        (405, Code::Protocol, false),
        (406, Code::Protocol, false),
        (408, Code::Timeout, true),
        (409, Code::Conflict, true),
        (410, Code::NotFound, true),
        (415, Code::Protocol, false),
        (418, Code::Protocol, false),
        (422, Code::ModelUnavailable, false),
        (423, Code::ModelUnavailable, true),
        (424, Code::ModelUnavailable, true),
        (425, Code::ModelUnavailable, false),
        (429, Code::RateLimited, true),
        (500, Code::Server, true),
        (502, Code::Server, true),
        (503, Code::Server, true),
        (504, Code::Server, true),
    ];
    for (status, code, retryable) in all {
        let error = Error::answered(status, "the server's words", None);
        assert_eq!((error.code, error.retryable), (code, retryable), "{status}");
        assert_eq!(error.status, Some(status));
        assert!(error.message.contains(&format!("{status}: \"the server's words\". ")));
    }
}

#[test]
fn a_retired_host_is_not_asked_again() {
    let error = Error::answered(503, "This API is deprecated", None);
    assert!(!error.retryable && error.message.contains("https://api.anaplan.com/2/0"));
}

#[test]
fn an_empty_403_may_be_a_refused_origin() {
    assert!(Error::answered(403, "", None).message.contains("gateway"));
    assert!(!Error::answered(403, "No", None).message.contains("gateway"));
}

#[test]
fn long_bodies_are_cut() {
    let error = Error::answered(500, &"x".repeat(1_000_000), None);
    assert!(error.message.len() < 600, "{}", error.message.len());
    let error = Error::not_understood(200, "a task", &"<p>x</p>".repeat(100_000));
    assert!(error.message.len() < 900, "{}", error.message.len());
}

#[test]
fn it_says_what_was_done_to_what() {
    let mut error = Error::answered(404, "Not Found", None);
    error.doing("Asking for the task");
    error.about(&task_ref(), None);
    let json = serde_json::to_value(&error).unwrap();
    assert_eq!(json["code"], "NOT_FOUND");
    assert_eq!(json["ref"]["exportId"], "116000000004");
    assert!(json["message"].as_str().unwrap().starts_with("Asking for the task: the server"));
    assert!(json.get("taskStatus").is_none());
}

#[test]
fn credentials_are_taken_out() {
    let all = [
        ("token is abc+s3cret/xyz==!", "token is [redacted]!"),
        ("abc+s3cret/xyz==abc+s3cret/xyz==", "[redacted][redacted]"),
        ("AnaplanAuthToken abc.def== expired", "[redacted] expired"),
        ("header 'Bearer 0123456789abcdef'", "header '[redacted]'"),
        ("{\"h\":\"Basic dXNlcjpwYXNzd29yZA==\"}", "{\"h\":\"[redacted]\"}"),
        ("AnaplanAuthToken ", "[redacted]"),
        ("nothing here", "nothing here"),
        // Words like any other.
        ("Export \"Basic Plan 2026\" is locked", "Export \"Basic Plan 2026\" is locked"),
        ("the Bearer of bad news", "the Bearer of bad news"),
    ];
    for (text, clean) in all {
        assert_eq!(redact(text, Some("abc+s3cret/xyz==")), clean);
    }
    assert_eq!(redact("a", Some("")), "a");
    assert_eq!(redact("axa", Some("x")), "a[redacted]a");
}

#[test]
fn a_token_in_disguise_takes_the_text_with_it() {
    let all = [
        "abc%2Bs3cret%2Fxyz%3D%3D",
        "abc%2bs3cret%2fxyz",
        "abc&#43;s3cret&#x2F;xyz",
        "ABC+S3CRET/XYZ==",
        "abc+s3cret\\/xyz==",
        "abc\\u002bs3cret\\u002Fxyz",
        "a\u{200b}bc+s3cret/x yz",
        "%61bc+s3cret/xyz",
    ];
    for text in all {
        let clean = redact(&format!("you sent {text} to us"), Some("abc+s3cret/xyz=="));
        assert_eq!(clean, "[withheld: it repeats the token]", "{text}");
    }
    // And what only looks like an escape does no harm.
    for text in ["100%", "%", "%zz", "%é1", "&#;", "&#x110000;", "&#", "\\u12", "\\uD800"] {
        assert_eq!(redact(text, Some("abc+s3cret/xyz==")), text);
    }
}

proptest! {
    #[test]
    fn no_secret_is_left(before in ".*", secret in "[!-~]{8,40}", after in ".*") {
        let text = format!("{before}{secret}{after}");
        let clean = redact(&text, Some(&secret));
        prop_assert!(!clean.contains(&secret), "{clean}");
    }
}
