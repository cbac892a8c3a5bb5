//! The JavaScript face: text and bytes in, text and bytes out.

use js_sys::{Array, Uint8Array};
use serde_json::json;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::{Options, Part, Request, Simulator};

/// Bytes that are read at once, at most: memory that WebAssembly once took it keeps.
const PIECE: u32 = 1 << 18;

/// A simulator in JavaScript's hands.
#[wasm_bindgen]
pub struct Core(Simulator);

#[wasm_bindgen]
impl Core {
    /// A tenant from options in JSON, at a time in ms since the epoch. Throws what is wrong with
    /// the options, as text.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, now: f64) -> Result<Core, String> {
        let options: Options = serde_json::from_str(options).map_err(|error| error.to_string())?;
        Ok(Self(Simulator::new(options, whole(now))))
    }

    /// Answers a request: `[head, body]`, where the head is JSON with `status`, `headers`, `delay`
    /// in ms, `ending`, and where the body is part of a file, `part` and its `size` instead of the
    /// body. `headers` come in as a flat list of names and values. Never throws, and is
    /// a `Result` for the same reason as the client's exports.
    pub fn handle(
        &mut self,
        now: f64,
        method: String,
        target: String,
        headers: Vec<String>,
        body: Vec<u8>,
    ) -> Result<Array, JsValue> {
        let (names, values) = (headers.iter().step_by(2), headers.iter().skip(1).step_by(2));
        let request = Request {
            method,
            target,
            headers: names.cloned().zip(values.cloned()).collect(),
            body,
        };
        let reply = self.0.handle(whole(now), &request);
        let head = json!({
            "status": reply.status,
            "headers": reply.headers,
            "delay": reply.delay,
            "ending": reply.ending,
            "part": reply.part,
            "size": reply.part.map(|part| part.size()),
        });
        Ok(Array::of2(&head.to_string().into(), &Uint8Array::from(reply.body.as_slice())))
    }

    /// The bytes of a `part` from a place on, not necessarily all of them; none after the end. Takes
    /// the part as JSON, as it came in a head.
    pub fn read(part: &str, from: f64) -> Result<Uint8Array, String> {
        let part: Part = serde_json::from_str(part).map_err(|error| error.to_string())?;
        Ok(Uint8Array::from(part.read(whole(from), PIECE).as_slice()))
    }

    /// Sets switches from JSON and answers with all of them. Throws what is wrong, as text.
    pub fn set(&mut self, patch: &str) -> Result<String, String> {
        let patch = serde_json::from_str(patch).map_err(|error| error.to_string())?;
        self.0.set(&patch).map(|faults| faults.to_string())
    }

    /// Somebody signs in with a user code. Throws what is wrong with it, as text.
    pub fn approve(&mut self, now: f64, user_code: &str) -> Result<JsValue, JsValue> {
        self.0.approve(whole(now), user_code)?;
        Ok(JsValue::UNDEFINED)
    }

    /// Another user starts an action. Takes its reference as JSON and answers with that of the task.
    /// Throws what is wrong with it, as text.
    pub fn start_as_another(&mut self, now: f64, action: &str) -> Result<JsValue, JsValue> {
        let action = serde_json::from_str(action).map_err(|error| error.to_string())?;
        let task = self.0.start_as_another(whole(now), &action)?;
        Ok(task.to_string().into())
    }

    /// The tenant, as JSON.
    pub fn describe(&mut self, now: f64) -> String {
        self.0.describe(whole(now)).to_string()
    }
}

/// The cast saturates, and what is no number is 0.
fn whole(number: f64) -> u64 {
    number as u64
}
