//! What is under `/token`, and whom a token lets in.
//!
//! Status codes and bodies as recorded from Anaplan's Authentication API: `status` is a string here,
//! and a malformed header is 401 or 400, depending on the call.
//!
//! Every certificate is taken for one that is registered, and no signature is verified: what is
//! looked at is whether a request has all that Anaplan asks for, in the form that it asks for.

#![forbid(unsafe_code)]

use serde_json::{Value, json};

use crate::faults::Faults;
use crate::http::{Reply, Request};
use crate::random::Random;

/// How long a token lives, in ms: 35 minutes.
pub(crate) const LIFETIME: u64 = 35 * 60 * 1_000;

/// One account and its tokens.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(crate) user: String,
    pub(crate) password: String,
    user_guid: String,
    customer_guid: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
struct Token {
    value: String,
    id: String,
    refresh_id: String,
    expires_at: u64,
    /// Whether it came by OAuth: the API takes it, this host does not.
    foreign: bool,
}

/// Why nobody is let in.
enum Refusal {
    /// There is no header, or it has another form.
    Header,
    /// The password is wrong, or the token is unknown, too old or logged out.
    Credential,
    /// What is wrong with a certificate or what was signed with it.
    Certificate(&'static str),
}

impl Accounts {
    pub(crate) fn new(random: &mut Random, user: String, password: String) -> Self {
        Self {
            user,
            password,
            user_guid: random.lower_hex(),
            customer_guid: random.lower_hex(),
            tokens: Vec::new(),
        }
    }

    /// A new token.
    pub(crate) fn issue(&mut self, random: &mut Random, now: u64) -> String {
        self.log_in(random, now, false).value
    }

    /// A new access token of OAuth.
    pub(crate) fn issue_by_oauth(&mut self, random: &mut Random, now: u64) -> String {
        self.log_in(random, now, true).value
    }

    /// Whether a token lets its bearer in.
    pub(crate) fn holds(&self, value: &str, now: u64) -> bool {
        self.tokens.iter().any(|token| token.value == value && now < token.expires_at)
    }

    /// Ends all tokens.
    pub(crate) fn expire(&mut self) {
        self.tokens.clear();
    }

    /// Whether a request to the API carries a good token: as `AnaplanAuthToken` or, there, `Bearer`.
    pub(crate) fn admits(&self, request: &Request, now: u64) -> bool {
        request
            .header("authorization")
            .and_then(|header| credentials(header, &["AnaplanAuthToken", "Bearer"]))
            .is_some_and(|value| self.holds(value, now))
    }

    /// Answers a request for `path`, which starts with `/token`.
    pub(crate) fn handle(
        &mut self,
        random: &mut Random,
        faults: &Faults,
        now: u64,
        request: &Request,
    ) -> Reply {
        // Whoever takes the printed address for the host of authentication puts `/token` behind it.
        let asked = request.path();
        let once = asked.strip_prefix("/token").filter(|rest| rest.starts_with("/token"));
        let path = once.unwrap_or(asked);
        let (method, malformed) = match path {
            "/token/authenticate" | "/token/logout" => ("POST", 401),
            "/token/refresh" => ("POST", 400),
            "/token/validate" => ("GET", 400),
            _ => return Reply::error(404, "Not Found", asked, faults.clock(now)),
        };
        if request.method != method {
            return Reply::error(405, "Method Not Allowed", asked, faults.clock(now))
                .with("allow", method);
        }
        let outcome = match path {
            "/token/authenticate" => self.authenticate(random, faults, now, request),
            "/token/refresh" => self.refresh(faults, now, request),
            "/token/validate" => self.validate(faults, now, request),
            _ => self.log_out(now, request),
        };
        outcome.unwrap_or_else(|refusal| match refusal {
            Refusal::Header => Reply::json(
                malformed,
                &json!({
                    "status": "FAILURE_BAD_HEADER",
                    "statusMessage": "The Authorization header is missing or malformed.",
                }),
            ),
            Refusal::Credential => bad_credential(),
            Refusal::Certificate(message) => bad(message),
        })
    }

    fn authenticate(
        &mut self,
        random: &mut Random,
        faults: &Faults,
        now: u64,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let header = request.header("authorization").ok_or(Refusal::Header)?;
        if let Some(certificate) = credentials(header, &["CACertificate"]) {
            let text = decode_base64(certificate).ok_or(Refusal::Header)?;
            if !is_certificate(&text) {
                return Err(Refusal::Certificate("The header holds no certificate in PEM."));
            }
            let clock = faults.clock(now);
            if request.media() != "application/json" {
                return Ok(Reply::error(415, "Unsupported Media Type", request.path(), clock));
            }
            check_signed(&request.body, clock, faults).map_err(Refusal::Certificate)?;
            let token = self.log_in(random, now, false);
            return Ok(success(faults, 201, "Login successful", &token, &json!({}), true));
        }
        let basic = credentials(header, &["Basic"]).ok_or(Refusal::Header)?;
        let text = decode_base64(basic)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(Refusal::Header)?;
        let (user, password) = text.split_once(':').ok_or(Refusal::Header)?;
        if user != self.user || password != self.password {
            return Err(Refusal::Credential);
        }
        let token = self.log_in(random, now, false);
        Ok(success(faults, 201, "Login successful", &token, &json!({}), true))
    }

    fn refresh(&mut self, faults: &Faults, now: u64, request: &Request) -> Result<Reply, Refusal> {
        let token = self.token(now, request)?;
        token.expires_at = now.saturating_add(LIFETIME);
        Ok(success(faults, 200, "Token refreshed", token, &json!({}), true))
    }

    fn validate(&mut self, faults: &Faults, now: u64, request: &Request) -> Result<Reply, Refusal> {
        let user = json!({ "userInfo": {
            "userGuid": self.user_guid,
            "userId": self.user,
            "customerGuid": self.customer_guid,
        } });
        let token = self.token(now, request)?;
        Ok(success(faults, 200, "Token validated", token, &user, false))
    }

    fn log_out(&mut self, now: u64, request: &Request) -> Result<Reply, Refusal> {
        let value = self.token(now, request)?.value.clone();
        self.tokens.retain(|token| token.value != value);
        Ok(Reply::empty(204))
    }

    /// The token in the header. Unlike the API, this host refuses `Bearer`.
    fn token(&mut self, now: u64, request: &Request) -> Result<&mut Token, Refusal> {
        let value = request
            .header("authorization")
            .and_then(|header| credentials(header, &["AnaplanAuthToken"]))
            .ok_or(Refusal::Header)?;
        self.tokens
            .iter_mut()
            .find(|token| !token.foreign && token.value == value && now < token.expires_at)
            .ok_or(Refusal::Credential)
    }

    fn log_in(&mut self, random: &mut Random, now: u64, foreign: bool) -> Token {
        self.tokens.retain(|token| now < token.expires_at);
        let token = Token {
            value: random.token(),
            id: random.uuid(),
            refresh_id: random.uuid(),
            expires_at: now.saturating_add(LIFETIME),
            foreign,
        };
        self.tokens.push(token.clone());
        token
    }
}

/// The 401 of this host.
pub(crate) fn bad_credential() -> Reply {
    bad("The credentials are wrong, or the token is not valid any more.")
}

fn bad(message: &str) -> Reply {
    Reply::json(401, &json!({ "status": "FAILURE_BAD_CREDENTIAL", "statusMessage": message }))
}

/// Of format v2: the time in front of the random bytes, and those.
const TIMESTAMP: usize = 8;
const RANDOM: usize = 100;
/// A signature by a key of 1024 bits.
const SIGNATURE: usize = 128;
/// How far the time of a signature may be from the server's, in ms. Anaplan's is undocumented.
const TOLERANCE: u64 = 5 * 60 * 1_000;

/// Whether some text is a certificate in PEM, as far as that can be seen from outside.
fn is_certificate(text: &[u8]) -> bool {
    let body = std::str::from_utf8(text).ok().and_then(|text| {
        let (_, text) = text.split_once("-----BEGIN CERTIFICATE-----")?;
        Some(text.split_once("-----END CERTIFICATE-----")?.0)
    });
    let digits: String = body.unwrap_or_default().split_ascii_whitespace().collect();
    // A sequence, in DER.
    decode_base64(&digits).is_some_and(|bytes| bytes.first() == Some(&0x30))
}

/// The body of a login by certificate. The error is for people.
fn check_signed(body: &[u8], clock: u64, faults: &Faults) -> Result<(), &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "The body is no JSON.")?;
    let bytes = |name| body.get(name).and_then(Value::as_str).and_then(decode_base64);
    let data = bytes("encodedData").ok_or("encodedData is no base64.")?;
    let signature = bytes("encodedSignedData").ok_or("encodedSignedData is no base64.")?;
    if signature.len() < SIGNATURE {
        return Err("encodedSignedData is too short for a signature.");
    }
    let random = match body.get("encodedDataFormat").map(Value::as_str) {
        Some(Some("v2")) => {
            let (time, random) =
                data.split_first_chunk::<TIMESTAMP>().ok_or("encodedData has no timestamp.")?;
            let time = u64::from_be_bytes(*time);
            // Anaplan does not say which: its sample is in seconds, clients of it send milliseconds.
            let fits = |ms: u64| ms.abs_diff(clock) <= TOLERANCE;
            if !fits(time) && !fits(time.saturating_mul(1_000)) {
                return Err("The timestamp is not within five minutes of now.");
            }
            random
        }
        None if faults.certificate_v1 => data.as_slice(),
        _ => return Err("encodedDataFormat is not v2."),
    };
    if random.len() < RANDOM {
        return Err("encodedData has fewer than 100 random bytes.");
    }
    Ok(())
}

fn success(
    faults: &Faults,
    status: u16,
    message: &str,
    token: &Token,
    more: &Value,
    with_value: bool,
) -> Reply {
    let mut info = json!({ "expiresAt": faults.clock(token.expires_at), "tokenId": token.id });
    if let (true, Some(info)) = (with_value, info.as_object_mut()) {
        info.insert("tokenValue".into(), token.value.clone().into());
        info.insert("refreshTokenId".into(), token.refresh_id.clone().into());
    }
    let mut body = json!({
        "meta": { "validationUrl": "https://auth.anaplan.com/token/validate" },
        "status": "SUCCESS",
        "statusMessage": message,
        "tokenInfo": info,
    });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    Reply::json(status, &body)
}

/// What follows one of `schemes` in the header, if that is one word.
fn credentials<'a>(header: &'a str, schemes: &[&str]) -> Option<&'a str> {
    let (scheme, value) = header.split_once(' ')?;
    let value = value.trim();
    let known = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (known && !value.is_empty() && !value.contains(' ')).then_some(value)
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.len() % 4 == 1 || text.len().saturating_sub(digits.len()) > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit.wrapping_sub(b'A'),
            b'a'..=b'z' => digit.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => digit.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        // Never more than 12 bits are held, and those above the lowest 6 were taken already.
        held = (held << 6 | u32::from(value)) & 0xFFF;
        bits = bits.saturating_add(6);
        if let Some(rest) = bits.checked_sub(8) {
            bits = rest;
            bytes.push(u8::try_from(held >> rest & 0xFF).unwrap_or_default());
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_it_is_written() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("YQ==", Some(b"a")),
            ("YQ", Some(b"a")),
            ("YTpi", Some(b"a:b")),
            ("dXNlcjpww6Rzcw==", Some("user:päss".as_bytes())),
            ("+/+/", Some(&[0xFB, 0xFF, 0xBF])),
            ("Y", None),
            ("Y===", None),
            ("YQ=a", None),
            ("Y Q=", None),
        ] {
            assert_eq!(decode_base64(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_header_is_a_scheme_and_one_word() {
        assert_eq!(credentials("basic  YQ== ", &["Basic"]), Some("YQ=="));
        for header in ["Basic", "Basic ", "Basic a b", "Digest a", ""] {
            assert_eq!(credentials(header, &["Basic"]), None, "{header}");
        }
    }
}
