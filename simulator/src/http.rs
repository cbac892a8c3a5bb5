//! Requests and replies, as far as a fake server needs them.

#![forbid(unsafe_code)]

use serde::Serialize;
use serde_json::json;

use crate::files::Part;
use crate::time;

/// One request. The host it was sent to is nobody's business here.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, in upper case.
    pub method: String,
    /// Path and query: `/2/0/workspaces/…?limit=10`.
    pub target: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// The bytes, none if there was no body.
    pub body: Vec<u8>,
}

impl Request {
    /// The target without its query, and without the one slash at the end that Anaplan tolerates.
    pub fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        match path.strip_suffix('/') {
            Some(shorter) if !shorter.is_empty() => shorter,
            _ => path,
        }
    }

    /// The first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        field(self.target.split_once('?')?.1, name)
    }

    /// The media type of the body, in lower case; empty when there is none.
    pub fn media(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// What to answer, and what the shell must do besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// All of it, also when only a part may be sent ([`Ending`]).
    pub body: Vec<u8>,
    /// Instead of a body: bytes to read piece by piece, for there may be more than memory holds.
    pub part: Option<Part>,
    /// How long to wait before the first byte, in ms.
    pub delay: u64,
    /// How the answer ends.
    pub ending: Ending,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// As it should.
    #[default]
    Whole,
    /// The connection breaks after half of the body.
    Reset,
    /// After half of the body nothing comes any more.
    Stall,
    /// The connection breaks before the first byte.
    NoAnswer,
    /// There never is a first byte.
    Hang,
}

impl Reply {
    /// A reply without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            part: None,
            delay: 0,
            ending: Ending::Whole,
        }
    }

    /// Bytes of a file.
    pub(crate) fn part(part: Part, content_type: &str) -> Self {
        Self { part: Some(part), ..Self::empty(200) }.with("content-type", content_type)
    }

    /// Bytes that are held anyway.
    pub(crate) fn bytes(body: Vec<u8>, content_type: &str) -> Self {
        Self { body, ..Self::empty(200) }.with("content-type", content_type)
    }

    /// A JSON body.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..Self::empty(status) }
            .with("content-type", "application/json;charset=UTF-8")
    }

    /// A page for people, as gateways and login screens send it.
    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::empty(status) }
            .with("content-type", "text/html;charset=UTF-8")
    }

    /// Plain text.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::empty(status) }
            .with("content-type", "text/plain;charset=UTF-8")
    }

    /// Anaplan's error body: no `meta`, but the path and the time in UTC with nanoseconds.
    pub(crate) fn error(status: u16, message: &str, path: &str, now: u64) -> Self {
        Self::json(
            status,
            &json!({
                "status": { "code": status, "message": message },
                "path": path,
                "timestamp": time::timestamp(now),
            }),
        )
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Half of it, as if that were all.
    pub(crate) fn first_half(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        Self { part: self.part.map(Part::first_half), ..self }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

/// The phrase that goes with a status.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

/// The first value of a field in a query or a form, decoded.
pub(crate) fn field(pairs: &str, name: &str) -> Option<String> {
    pairs.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| percent_decode(value))
    })
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digit = |b: &u8| char::from(*b).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    let byte = high.saturating_mul(16).saturating_add(low);
                    bytes.push(u8::try_from(byte).unwrap_or_default());
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_path_and_a_query() {
        let request = Request {
            target: "/2/0/x/?sort=%2DcreationTime&limit=3&flag&bad=%zz%4".into(),
            headers: vec![("Content-TYPE".into(), " application/json ".into())],
            ..Request::default()
        };
        assert_eq!(request.path(), "/2/0/x");
        assert_eq!(request.query("sort").as_deref(), Some("-creationTime"));
        assert_eq!(request.query("limit").as_deref(), Some("3"));
        assert_eq!(request.query("flag").as_deref(), Some(""));
        assert_eq!(request.query("bad").as_deref(), Some("%zz%4"));
        assert_eq!(request.query("offset"), None);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(Request { target: "/".into(), ..Request::default() }.path(), "/");
    }
}
