//! One request through faults, credentials, budget and routing.

#![forbid(unsafe_code)]

use anaplan_tasks::reference::{ActionRef, FileRef, Given, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::SOMEBODY_ELSE;
use crate::api::{self, Api, Place};
use crate::auth::{self, Accounts};
use crate::faults::{Answer, AnswerKind, Failure, Faults, Operation, RetryAfter};
use crate::http::{Ending, Reply, Request, reason};
use crate::oauth::{self, OAuth};
use crate::random::Random;
use crate::rate::Bucket;
use crate::tenant::Tenant;
use crate::time;

/// What a tenant is made from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    /// The same seed gives the same ids, tokens and password. 1 when absent.
    pub seed: Option<u64>,
    /// Who may log in.
    pub user: Option<String>,
    /// With what.
    pub password: Option<String>,
}

/// A tenant, its switches and its past.
#[derive(Debug, Clone)]
pub struct Simulator {
    now: u64,
    random: Random,
    accounts: Accounts,
    /// The token that [`Simulator::describe`] hands out.
    token: String,
    oauth: OAuth,
    /// The refresh token that it hands out.
    refresh_token: String,
    tenant: Tenant,
    bucket: Bucket,
    faults: Faults,
}

/// Requests in a minute for a tenant, as documented.
const REQUESTS_PER_MINUTE: u32 = 600;

impl Simulator {
    /// The ready tenant as it is at `now`, in ms since the epoch.
    pub fn new(options: Options, now: u64) -> Self {
        let mut random = Random::new(options.seed.unwrap_or(1));
        let user = options.user.unwrap_or_else(|| "planner@example.com".into());
        let password = format!("simulated-{:08x}", random.next() >> 32);
        let password = options.password.unwrap_or(password);
        let mut accounts = Accounts::new(&mut random, user, password);
        let tenant = Tenant::ready(&mut random, now, &accounts.user);
        let token = accounts.issue(&mut random, now);
        let mut oauth = OAuth::new(&mut random);
        let refresh_token = oauth.grant(&mut random, now);
        Self {
            now,
            random,
            accounts,
            token,
            oauth,
            refresh_token,
            tenant,
            bucket: Bucket::new(now, REQUESTS_PER_MINUTE),
            faults: Faults::default(),
        }
    }

    /// Answers a request at `now`. Time never goes back: an earlier `now` counts as the latest.
    pub fn handle(&mut self, now: u64, request: &Request) -> Reply {
        self.now = self.now.max(now);
        let origin = request.header("origin");
        if origin.is_some_and(|origin| self.faults.refuse_origins && !is_anaplan(origin)) {
            return self.send(Reply::empty(403));
        }
        let reply = match origin {
            Some(_) if request.method == "OPTIONS" => preflight(),
            _ => match self.faults.take_failure(operation(request, &self.tenant.workspace_id)) {
                Some(failure) => self.fail(&failure, request),
                None => self.route(request),
            },
        };
        match origin {
            Some(origin) => self.send(let_in(reply, origin)),
            None => self.send(reply),
        }
    }

    /// Sets switches: an object that names them, or `null` to turn all off ([`Faults::with`]). The
    /// word `expireTokens` is no switch but is done at once: all tokens end. Answers with the
    /// switches as they are now.
    pub fn set(&mut self, patch: &Value) -> Result<Value, String> {
        let mut patch = patch.clone();
        let expire = match patch.as_object_mut().and_then(|fields| fields.remove("expireTokens")) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err("expireTokens: expected true or false".into()),
        };
        let faults = self.faults.with(&patch)?;
        if faults.requests_per_minute != self.faults.requests_per_minute {
            self.bucket = Bucket::new(self.now, per_minute(&faults));
        }
        self.faults = faults;
        if expire {
            self.accounts.expire();
        }
        serde_json::to_value(&self.faults).map_err(|error| error.to_string())
    }

    /// A person signs in at `now`, on another device, with the code that is shown on this one. The
    /// error is for people.
    pub fn approve(&mut self, now: u64, user_code: &str) -> Result<(), String> {
        self.now = self.now.max(now);
        self.oauth.approve(self.now, user_code)
    }

    /// Another user starts an action at `now`: `wanted` has the fields of a reference. Answers with
    /// those of the task. The error is for people.
    pub fn start_as_another(&mut self, now: u64, wanted: &Value) -> Result<Value, String> {
        self.now = self.now.max(now);
        let field = |name: &str| match wanted.get(name) {
            None | Some(Value::Null) => Given::Missing,
            Some(Value::String(text)) => Given::Text(text.clone()),
            Some(_) => Given::Other("something else"),
        };
        let action = ActionRef::from_fields(&field).map_err(|invalid| invalid.to_string())?;
        let (id, queues) = (self.random.upper_hex(), self.faults.queues);
        // What they would have uploaded is not here.
        self.tenant
            .start(&action, id.clone(), self.now, SOMEBODY_ELSE, false, queues)
            .ok_or("ref: there is no such action")?;
        let model = action.model;
        Ok(json!({
            "workspaceId": model.workspace_id.as_str(),
            "modelId": model.model_id.as_str(),
            action.kind.field(): action.id.as_str(),
            "taskId": id,
        }))
    }

    /// The tenant at `now` as data: user, password, a token that is good, ids, actions, tasks.
    pub fn describe(&mut self, now: u64) -> Value {
        self.now = self.now.max(now);
        if !self.accounts.holds(&self.token, self.now) {
            self.token = self.accounts.issue(&mut self.random, self.now);
        }
        if !self.oauth.holds(&self.refresh_token, self.now) {
            self.refresh_token = self.oauth.grant(&mut self.random, self.now);
        }
        json!({
            "user": self.accounts.user,
            "password": self.accounts.password,
            "token": self.token,
            "oauth": { "clientId": self.oauth.client_id, "refreshToken": self.refresh_token },
            "workspaceId": self.tenant.workspace_id,
            "models": self.tenant.describe_models(),
            "closedModelId": self.tenant.closed_model,
            "tasks": self.tenant.describe_tasks(&self.faults, self.now),
        })
    }

    fn route(&mut self, request: &Request) -> Reply {
        let (path, now) = (request.path(), self.now);
        let clock = self.faults.clock(now);
        if is_below(path, "/token") {
            return self.accounts.handle(&mut self.random, &self.faults, now, request);
        }
        if is_below(path, "/oauth") {
            let (accounts, random) = (&mut self.accounts, &mut self.random);
            return self.oauth.handle(accounts, random, &self.faults, now, request);
        }
        if !is_below(path, api::BASE) {
            return Reply::error(404, "Not Found", path, clock);
        }
        if !self.accounts.admits(request, now) {
            return Reply::error(401, "Unauthorized", path, clock);
        }
        if let Err(seconds) = self.bucket.take(now, per_minute(&self.faults)) {
            return Reply::error(429, "Too Many Requests", path, clock)
                .with("retry-after", seconds.to_string());
        }
        Api {
            tenant: &mut self.tenant,
            random: &mut self.random,
            faults: &self.faults,
            now,
            user: &self.accounts.user,
            request,
        }
        .handle()
    }

    fn fail(&mut self, failure: &Failure, request: &Request) -> Reply {
        let answer = if failure.executes() {
            self.route(request)
        } else {
            Reply::json(200, &json!({ "status": { "code": 200, "message": "Success" } }))
        };
        let reply = match failure.answer {
            Answer::Status(status) => self.failure(status, request),
            Answer::Kind(AnswerKind::Deprecated) => {
                Reply::text(503, "This URL is deprecated. Use https://api.anaplan.com instead.")
            }
            Answer::Kind(AnswerKind::LoginPage) => Reply::html(200, LOGIN_PAGE),
            Answer::Kind(AnswerKind::Truncated) => answer.first_half(),
            Answer::Kind(AnswerKind::Empty) => Reply { body: Vec::new(), part: None, ..answer },
            Answer::Kind(AnswerKind::Reset) => ending(answer, Ending::Reset),
            Answer::Kind(AnswerKind::Stall) => ending(answer, Ending::Stall),
            Answer::Kind(AnswerKind::NoAnswer) => ending(answer, Ending::NoAnswer),
            Answer::Kind(AnswerKind::Hang) => ending(answer, Ending::Hang),
        };
        match &failure.retry_after {
            None => reply,
            Some(RetryAfter::Seconds(seconds)) => reply.with("retry-after", seconds.to_string()),
            Some(RetryAfter::Text(text)) => reply.with("retry-after", text),
        }
    }

    fn failure(&self, status: u16, request: &Request) -> Reply {
        let of_auth = operation(request, &self.tenant.workspace_id) == Some(Operation::Auth);
        let of_oauth = is_below(request.path(), "/oauth");
        let faults = Faults { oauth_error_status: Some(status), ..Faults::default() };
        match status {
            403 => Reply::empty(403),
            400 if of_oauth => oauth::refuse(&faults, "invalid_request", "The request is wrong."),
            401 if of_oauth => oauth::refuse(&faults, "invalid_client", "There is no such client."),
            401 if of_auth => auth::bad_credential(),
            500.. => Reply::html(
                status,
                &format!(
                    "<!DOCTYPE html>\n<html><head><title>{status} {0}</title></head>\n\
                     <body><h1>{status} {0}</h1><hr><p>gateway</p></body></html>\n",
                    reason(status)
                ),
            ),
            _ => Reply::error(status, reason(status), request.path(), self.faults.clock(self.now)),
        }
    }

    /// The last touch, the same for every reply.
    fn send(&self, reply: Reply) -> Reply {
        Reply {
            delay: reply.delay.saturating_add(self.faults.latency.into()),
            ..reply
                .with("date", time::http_date(self.faults.clock(self.now)))
                .with("cache-control", "no-store")
        }
    }
}

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n\
    <body><form method=\"post\"><input name=\"user\"></form></body></html>\n";

fn ending(reply: Reply, ending: Ending) -> Reply {
    Reply { ending, ..reply }
}

fn per_minute(faults: &Faults) -> u32 {
    faults.requests_per_minute.unwrap_or(REQUESTS_PER_MINUTE)
}

fn is_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a request is for, as far as the switches tell requests apart.
fn operation(request: &Request, workspace: &str) -> Option<Operation> {
    if ["/token", "/oauth"].iter().any(|base| is_below(request.path(), base)) {
        return Some(Operation::Auth);
    }
    let method = request.method.as_str();
    let path = match api::place_of(request, workspace)? {
        Place::Model(path) => path,
        Place::Directory(_) => return (method == "GET").then_some(Operation::List),
    };
    match (path, method) {
        (Path::Task(_), "GET") => Some(Operation::Status),
        (Path::Task(_), "DELETE") => Some(Operation::Cancel),
        (Path::Tasks(_), "POST") => Some(Operation::Start),
        (Path::Tasks(_), "GET") => Some(Operation::Tasks),
        (Path::Actions(..) | Path::Action(_), "GET") => Some(Operation::List),
        (Path::Files(_) | Path::Chunks(_), "GET") => Some(Operation::Files),
        (Path::File(_) | Path::Chunk(..), "GET") => Some(Operation::Download),
        (Path::File(FileRef::File(..)), "POST" | "PUT" | "DELETE")
        | (Path::Chunk(FileRef::File(..), _), "PUT")
        | (Path::Complete(_), "POST") => Some(Operation::Upload),
        _ => None,
    }
}

/// Anaplan's own pages are the only ones that it lets in.
fn is_anaplan(origin: &str) -> bool {
    origin.strip_prefix("https://").is_some_and(|host| host.ends_with(".app.anaplan.com"))
}

fn preflight() -> Reply {
    Reply::empty(204)
        .with("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS")
        .with(
            "access-control-allow-headers",
            "authorization, content-type, accept, idempotency-key",
        )
        .with("access-control-max-age", "600")
}

fn let_in(reply: Reply, origin: &str) -> Reply {
    reply
        .with("access-control-allow-origin", origin)
        .with("access-control-expose-headers", "retry-after")
        .with("vary", "origin")
}
