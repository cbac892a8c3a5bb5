//! A fake Anaplan: `(now, request) -> reply`, scriptable, without a clock, I/O or JavaScript.
//!
//! Time is an argument and tasks are scripts read at that time, so hours pass in microseconds. Who
//! embeds [`Simulator`] does what a [`Reply`] asks for besides: wait, cut the connection, hang.
//!
//! The rooms, top down:
//!
//! - [`simulator`]: one request through faults, credentials, budget and routing.
//! - [`faults`]: the switches that make it misbehave, each with its source.
//! - `api`: what is under `/2/0`: lists, start, status, cancel, files.
//! - `auth`, `oauth`: what is under `/token` and `/oauth`.
//! - `shape`: what an answer looks like, and how the switches bend that.
//! - [`tenant`]: the ready workspace, its models, actions and past tasks.
//! - `action`: what can be run there, and how that ends.
//! - [`task`]: one run as a function of time.
//! - [`files`]: the bytes that runs leave behind.
//! - `uploads`: what was uploaded, and what an import finds in it.
//! - `rate`, `random`, `time`: token bucket, ids, dates.
//! - [`http`]: requests and replies.
//! - `bindings`: the JavaScript face; the only room that knows of it.

mod action;
mod api;
mod auth;
#[cfg(target_arch = "wasm32")]
mod bindings;
pub mod faults;
pub mod files;
pub mod http;
mod oauth;
mod random;
mod rate;
mod shape;
pub mod simulator;
pub mod task;
pub mod tenant;
mod time;
mod uploads;

pub use faults::Faults;
pub use files::Part;
pub use http::{Ending, Reply, Request};
pub use simulator::{Options, Simulator};
