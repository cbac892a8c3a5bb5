//! What a server says when it refuses.

use super::Json;

/// The text that is for people in an error body, in any of the forms that are on record.
pub fn said(mut body: Json) -> Option<String> {
    [
        body.take("status").take("message"),
        body.take("statusMessage"),
        body.take("message"),
        body.take("error_description"),
        body.take("error"),
    ]
    .into_iter()
    .filter_map(Json::into_text)
    .find(|text| !text.trim().is_empty())
}

/// At most this many characters of a server's text are repeated.
const LONGEST: usize = 300;

/// The beginning of `body` as one line of plain text: without tags where it is HTML, white space
/// and control characters folded, cut to a length that fits an error message.
pub fn excerpt(body: &str) -> String {
    let html = body.trim_start().starts_with('<');
    let mut line = String::new();
    let mut length: usize = 0;
    let mut tag = false;
    let mut gap = false;
    for c in body.chars().take(20_000) {
        match c {
            '<' if html => (tag, gap) = (true, true),
            '>' if tag => tag = false,
            _ if tag => {}
            c if c.is_whitespace() || is_invisible(c) => gap = true,
            c => {
                if length >= LONGEST {
                    line.push('…');
                    break;
                }
                if gap && !line.is_empty() {
                    line.push(' ');
                }
                gap = false;
                line.push(c);
                length = length.saturating_add(1);
            }
        }
    }
    line
}

/// Control characters and those that turn the direction of text: they can make a log line lie.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
