//! What is under `/oauth`: refresh tokens, and people who sign in on another device.
//!
//! Fields and errors as in Anaplan's OAuth 2.0 API and RFC 8628. Which HTTP status an error of the
//! device flow has is undocumented; here it is the 400 of the RFC, unless a switch says otherwise.

#![forbid(unsafe_code)]

use serde_json::{Value, json};

use crate::auth::{Accounts, LIFETIME};
use crate::faults::Faults;
use crate::http::{Reply, Request, field};
use crate::random::Random;
use crate::shape::Object;

/// How long a refresh token lives, in ms: 43 000 s, the most that is the default of a tenant.
const REFRESH_LIFETIME: u64 = 43_000 * 1_000;
/// How long a person has to sign in, in ms.
const DEVICE_LIFETIME: u64 = 900 * 1_000;
/// From one question to the next, in ms; as much is added for each that comes too soon.
const INTERVAL: u64 = 5_000;
/// By how much a question may be early, in ms: timers are.
const EARLY: u64 = 100;
/// Of refresh tokens and of devices, so that no client fills the memory. The oldest go first.
const MOST: usize = 1_000;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The tenant's one OAuth client, which has no secret: it uses the device grant.
#[derive(Debug, Clone)]
pub(crate) struct OAuth {
    pub(crate) client_id: String,
    grants: Vec<Grant>,
    devices: Vec<Device>,
}

/// A refresh token.
#[derive(Debug, Clone)]
struct Grant {
    value: String,
    expires_at: u64,
}

/// A device on which somebody wants to be signed in.
#[derive(Debug, Clone)]
struct Device {
    code: String,
    user_code: String,
    scope: String,
    expires_at: u64,
    interval: u64,
    asked_at: Option<u64>,
    answer: Option<Answer>,
}

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Approved,
    Denied,
}

/// `error` and `error_description`.
struct Refusal(&'static str, &'static str);

impl OAuth {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self { client_id: random.lower_hex(), grants: Vec::new(), devices: Vec::new() }
    }

    /// A new refresh token.
    pub(crate) fn grant(&mut self, random: &mut Random, now: u64) -> String {
        let value = random.token();
        self.grants.retain(|grant| now < grant.expires_at);
        make_room(&mut self.grants);
        self.grants
            .push(Grant { value: value.clone(), expires_at: now.saturating_add(REFRESH_LIFETIME) });
        value
    }

    /// Whether a refresh token is good.
    pub(crate) fn holds(&self, value: &str, now: u64) -> bool {
        self.grants.iter().any(|grant| grant.value == value && now < grant.expires_at)
    }

    /// A person signs in with a user code. The error is for people.
    pub(crate) fn approve(&mut self, now: u64, user_code: &str) -> Result<(), String> {
        let wanted = user_code.trim();
        let device = self.devices.iter_mut().find(|device| {
            device.user_code.eq_ignore_ascii_case(wanted)
                && now < device.expires_at
                && device.answer.is_none()
        });
        let device = device.ok_or("userCode: no device waits for this code")?;
        device.answer = Some(Answer::Approved);
        Ok(())
    }

    /// Answers a request for a path that starts with `/oauth`.
    pub(crate) fn handle(
        &mut self,
        accounts: &mut Accounts,
        random: &mut Random,
        faults: &Faults,
        now: u64,
        request: &Request,
    ) -> Reply {
        let (path, clock) = (request.path(), faults.clock(now));
        if !matches!(path, "/oauth/token" | "/oauth/device/code") {
            return Reply::error(404, "Not Found", path, clock);
        }
        if request.method != "POST" {
            return Reply::error(405, "Method Not Allowed", path, clock).with("allow", "POST");
        }
        let outcome = Fields::of(request).and_then(|fields| {
            if fields.get("client_id").as_deref() != Some(self.client_id.as_str()) {
                return Err(Refusal("invalid_client", "There is no such client."));
            }
            if path == "/oauth/device/code" {
                return Ok(self.device(&fields, random, now));
            }
            let scope = match fields.get("grant_type").as_deref() {
                Some("refresh_token") => {
                    return self.refresh(&fields, accounts, random, faults, now);
                }
                Some(DEVICE_GRANT) => self.signed_in(&fields, faults, now)?,
                _ => return Err(Refusal("unsupported_grant_type", "Not for this client.")),
            };
            let refresh = scope.split(' ').any(|one| one == "offline_access");
            let refresh = refresh.then(|| self.grant(random, now));
            Ok(tokens(accounts.issue_by_oauth(random, now), &scope, refresh))
        });
        outcome.map_or_else(
            |Refusal(error, text)| refuse(faults, error, text),
            |body| Reply::json(200, &body),
        )
    }

    fn device(&mut self, fields: &Fields, random: &mut Random, now: u64) -> Value {
        let (code, user_code) = (random.token(), user_code(random));
        let complete = format!("{VERIFICATION}?user_code={user_code}");
        let body = json!({
            "device_code": code,
            "user_code": user_code,
            "verification_uri": VERIFICATION,
            "verification_uri_complete": complete,
            "expires_in": DEVICE_LIFETIME / 1_000,
            "interval": INTERVAL / 1_000,
        });
        make_room(&mut self.devices);
        self.devices.push(Device {
            code,
            user_code,
            scope: fields.get("scope").unwrap_or_default(),
            expires_at: now.saturating_add(DEVICE_LIFETIME),
            interval: INTERVAL,
            asked_at: None,
            answer: None,
        });
        body
    }

    /// The scope of a device whose person has signed in. That ends it: it is good for one token.
    fn signed_in(&mut self, fields: &Fields, faults: &Faults, now: u64) -> Result<String, Refusal> {
        let code = fields.get("device_code").unwrap_or_default();
        let place = self.devices.iter().position(|device| device.code == code);
        let device = place.and_then(|place| self.devices.get_mut(place));
        let device = device.ok_or(Refusal("invalid_grant", "The device code is not valid."))?;
        if now >= device.expires_at {
            return Err(Refusal("expired_token", "The device code has expired."));
        }
        let next = device.asked_at.map(|asked| asked.saturating_add(device.interval));
        device.asked_at = Some(now);
        if next.is_some_and(|next| now.saturating_add(EARLY) < next) {
            device.interval = device.interval.saturating_add(INTERVAL);
            return Err(Refusal("slow_down", "Questions come too fast."));
        }
        if faults.deny_user_codes && device.answer.is_none() {
            device.answer = Some(Answer::Denied);
        }
        match device.answer {
            None => Err(Refusal("authorization_pending", "Nobody has signed in yet.")),
            Some(Answer::Denied) => Err(Refusal("access_denied", "The user has refused.")),
            Some(Answer::Approved) => {
                let scope = std::mem::take(&mut device.scope);
                self.devices.retain(|device| device.code != code);
                Ok(scope)
            }
        }
    }

    /// Tokens that rotate are good for one use.
    fn refresh(
        &mut self,
        fields: &Fields,
        accounts: &mut Accounts,
        random: &mut Random,
        faults: &Faults,
        now: u64,
    ) -> Result<Value, Refusal> {
        let value = fields.get("refresh_token").unwrap_or_default();
        if !self.holds(&value, now) {
            return Err(Refusal("invalid_grant", "Unknown or invalid refresh token."));
        }
        let rotated = (!faults.lasting_refresh_tokens).then(|| {
            self.grants.retain(|grant| grant.value != value);
            self.grant(random, now)
        });
        Ok(tokens(accounts.issue_by_oauth(random, now), SCOPE, rotated))
    }
}

const VERIFICATION: &str = "https://iam.anaplan.com/activate";
const SCOPE: &str = "openid profile email offline_access";

fn tokens(access: String, scope: &str, refresh: Option<String>) -> Value {
    let mut body = json!({
        "access_token": access,
        "scope": scope,
        "expires_in": LIFETIME / 1_000,
        "token_type": "Bearer",
    });
    if let (Some(body), Some(refresh)) = (body.as_object_mut(), refresh) {
        body.insert("refresh_token".into(), refresh.into());
    }
    body
}

/// An error, with the status that belongs to it.
pub(crate) fn refuse(faults: &Faults, error: &str, description: &str) -> Reply {
    let usual = if error == "invalid_client" { 401 } else { 400 };
    let status = faults.oauth_error_status.unwrap_or(usual);
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}

/// Eight letters that nobody mistakes for others.
fn user_code(random: &mut Random) -> String {
    const LETTERS: [char; 16] =
        ['B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T'];
    let mut bits = random.next();
    let mut code = String::with_capacity(9);
    for place in 0..8 {
        if place == 4 {
            code.push('-');
        }
        code.extend(usize::try_from(bits & 15).ok().and_then(|letter| LETTERS.get(letter)));
        bits >>= 4;
    }
    code
}

fn make_room<T>(rows: &mut Vec<T>) {
    if rows.len() >= MOST {
        rows.remove(0);
    }
}

/// What was sent: documented as JSON; a form works, too.
enum Fields {
    Json(Object),
    Form(String),
}

impl Fields {
    fn of(request: &Request) -> Result<Self, Refusal> {
        let fields = match request.media().as_str() {
            "application/json" => serde_json::from_slice(&request.body).ok().map(Self::Json),
            "application/x-www-form-urlencoded" => {
                String::from_utf8(request.body.clone()).ok().map(Self::Form)
            }
            _ => None,
        };
        fields.ok_or(Refusal("invalid_request", "The body is neither JSON nor a form."))
    }

    fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(fields) => fields.get(name)?.as_str().map(str::to_owned),
            Self::Form(form) => field(form, name),
        }
    }
}
