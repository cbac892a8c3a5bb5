//! What stands between browsers and Anaplan: a request is read into an operation and a reference,
//! looked up in the list of what may pass, and another request is made from these two. Nothing of
//! the first one is handed on.
//!
//! The rooms, top down; those marked with a star run under `cargo test`:
//!
//! - `bindings`: the JavaScript face: options in, answers out.
//! - `incoming`: a request as a server hands it in.
//! - `server`: one request, from its arrival to its answer.
//! - `upstream`: the way to Anaplan, through budget, pauses and credentials.
//! - `starts`: what is started, once.
//! - `shared`: one answer for all who ask the same.
//! - `store`: what several processes share.
//! - [`address`] *: the address of a request.
//! - [`asked`] *: what a request asks for.
//! - [`allow`] *: what may pass.
//! - [`origin`] *: whose pages may ask.
//! - [`clients`] *: how much at once.
//! - [`start`] *: what a task is started with.
//! - [`keys`] *: which starts are known by their keys.
//! - [`whole`] *: a list, from its first page to its last.
//! - [`reply`] *: what is answered.
//! - [`told`] *: what is told of it.

pub mod address;
pub mod allow;
pub mod asked;
pub mod clients;
pub mod keys;
pub mod origin;
pub mod reply;
pub mod start;
pub mod told;
pub mod whole;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod incoming;
#[cfg(target_arch = "wasm32")]
mod server;
#[cfg(target_arch = "wasm32")]
mod shared;
#[cfg(target_arch = "wasm32")]
mod starts;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
mod upstream;
