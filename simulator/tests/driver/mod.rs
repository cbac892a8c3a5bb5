//! Drives a simulator as a client would, on a clock that only tests move.

#![allow(dead_code, reason = "each test file uses a part of it")]

use anaplan_tasks_simulator::{Options, Reply, Request, Simulator};
use serde_json::{Value, json};

/// Not a round number, and late enough for a past.
pub const START: u64 = 1_780_000_000_123;

pub const SUCCEEDS: &str = "116000000001";
pub const FAILS: &str = "116000000002";
pub const TAKES_LONG: &str = "116000000003";
pub const CANNOT_BE_CANCELLED: &str = "116000000004";
pub const IN_SECONDS: &str = "116000000007";
pub const PROGRESS_UNKNOWN: &str = "116000000008";

pub struct Driver {
    pub simulator: Simulator,
    pub now: u64,
    pub tenant: Value,
}

impl Driver {
    pub fn new() -> Self {
        let mut simulator = Simulator::new(Options::default(), START);
        let tenant = simulator.describe(START);
        Self { simulator, now: START, tenant }
    }

    pub fn with(patch: Value) -> Self {
        let mut driver = Self::new();
        driver.set(patch);
        driver
    }

    pub fn set(&mut self, patch: Value) {
        self.simulator.set(&patch).unwrap();
    }

    pub fn advance(&mut self, ms: u64) {
        self.now += ms;
    }

    pub fn token(&self) -> &str {
        self.tenant["token"].as_str().unwrap()
    }

    pub fn model_of(&self, export: &str) -> &str {
        let models = self.tenant["models"].as_array().unwrap();
        let model = models
            .iter()
            .find(|model| model["exports"].to_string().contains(export))
            .unwrap_or(&models[0]);
        model["modelId"].as_str().unwrap()
    }

    /// The path of an export, and what follows.
    pub fn export(&self, export: &str, rest: &str) -> String {
        let workspace = self.tenant["workspaceId"].as_str().unwrap();
        let model = self.model_of(export);
        format!("/2/0/workspaces/{workspace}/models/{model}/exports/{export}{rest}")
    }

    pub fn send(&mut self, request: &Request) -> Reply {
        self.simulator.handle(self.now, request)
    }

    pub fn request(&self, method: &str, target: &str) -> Request {
        Request {
            method: method.into(),
            target: target.into(),
            headers: vec![("authorization".into(), format!("AnaplanAuthToken {}", self.token()))],
            body: Vec::new(),
        }
    }

    pub fn call(&mut self, method: &str, target: &str) -> Reply {
        let request = self.request(method, target);
        self.send(&request)
    }

    /// The path of a model, by its place, and what follows.
    pub fn model(&self, place: usize, rest: &str) -> String {
        let workspace = self.tenant["workspaceId"].as_str().unwrap();
        let model = self.tenant["models"][place]["modelId"].as_str().unwrap();
        format!("/2/0/workspaces/{workspace}/models/{model}{rest}")
    }

    pub fn post(&mut self, export: &str, body: &str) -> Reply {
        self.post_to(&self.export(export, "/tasks"), body)
    }

    pub fn post_to(&mut self, target: &str, body: &str) -> Reply {
        let mut request = self.request("POST", target);
        request.headers.push(("content-type".into(), "application/json".into()));
        request.body = body.as_bytes().to_vec();
        self.send(&request)
    }

    /// Starts an export and answers the task's path.
    pub fn start(&mut self, export: &str) -> String {
        let reply = self.post(export, r#"{"localeName":"en_US"}"#);
        assert_eq!(reply.status, 200, "{}", text(&reply));
        let body = body(&reply);
        let id = body["task"]["taskId"].as_str().or(body["taskId"].as_str()).unwrap();
        self.export(export, &format!("/tasks/{id}"))
    }

    /// Starts any action and answers the task's path.
    pub fn run(&mut self, action: &str) -> String {
        let reply = self.post_to(&format!("{action}/tasks"), r#"{"localeName":"en_US"}"#);
        assert_eq!(reply.status, 200, "{}", text(&reply));
        format!("{action}/tasks/{}", body(&reply)["task"]["taskId"].as_str().unwrap())
    }

    /// Takes a new token, for what takes longer than one lives.
    pub fn log_in(&mut self) {
        self.tenant = self.simulator.describe(self.now);
    }

    /// The bytes of a file, a dump or a chunk.
    pub fn bytes(&mut self, target: &str) -> Vec<u8> {
        let reply = self.call("GET", target);
        assert_eq!(reply.status, 200, "{target}: {}", text(&reply));
        bytes(&reply)
    }

    pub fn get(&mut self, target: &str) -> Value {
        let reply = self.call("GET", target);
        assert_eq!(reply.status, 200, "{target}: {}", text(&reply));
        body(&reply)
    }

    pub fn task(&mut self, path: &str) -> Value {
        self.get(path)["task"].take()
    }

    pub fn state(&mut self, path: &str) -> String {
        self.task(path)["taskState"].as_str().unwrap().into()
    }

    pub fn failing(answer: Value) -> Self {
        Self::with(json!({ "failures": [{ "answer": answer, "times": 1 }] }))
    }
}

pub fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// The bytes of a part of a file, as a shell reads them: a piece at a time.
pub fn bytes(reply: &Reply) -> Vec<u8> {
    let part = reply.part.unwrap();
    let mut bytes = Vec::new();
    loop {
        let piece = part.read(bytes.len() as u64, 65_536);
        if piece.is_empty() {
            break;
        }
        bytes.extend(piece);
    }
    assert_eq!(bytes.len() as u64, part.size());
    bytes
}

pub fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("no JSON: {}", text(reply)))
}

/// Asserts that a reply is Anaplan's error body.
pub fn assert_error(reply: &Reply, status: u16, path: &str) {
    assert_eq!(reply.status, status, "{}", text(reply));
    assert_eq!(reply.header("content-type"), Some("application/json;charset=UTF-8"));
    let body = body(reply);
    assert_eq!(body["status"]["code"], status);
    assert!(body["status"]["message"].as_str().is_some_and(|message| !message.is_empty()));
    assert_eq!(body["path"], path);
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == 30 && timestamp.ends_with("000000Z"), "{timestamp}");
    assert_eq!(body.get("meta"), None);
}

pub fn ids(list: &Value) -> Vec<String> {
    let rows = list["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| row["taskId"].as_str().unwrap().into()).collect()
}
