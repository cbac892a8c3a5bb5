//! Watch, await and cancel Anaplan's long-running tasks.
//!
//! The rooms, and who knows whom (nothing points back):
//!
//! ```text
//! bindings  ->  client  ->  policy, status  ->  wire, reference, error
//!                  \->  platform            ->  wire (what JSON is), error
//! ```
//!
//! - [`reference`]: what a call is about, parsed once; [`region`]: where that is.
//! - [`pem`]: certificates and keys.
//! - [`wire`]: what Anaplan sends, and the tolerance that takes.
//! - [`status`]: what we say of a task.
//! - [`error`]: what we say when something fails; [`hint`]: what to do about it.
//! - [`policy`]: when to ask, who goes next, whether to repeat, when to renew a token, which task a
//!   lost start has made, where the next page begins. State machines without clock or I/O.
//! - `client`: the conversation with Anaplan.
//! - `platform`: fetch, timers, clocks, abort.
//! - `bindings`: JavaScript values in, promises out.
//!
//! The last three exist in the wasm build alone; everything above them runs under `cargo test`.

pub mod error;
pub mod hint;
pub mod pem;
pub mod policy;
pub mod reference;
pub mod region;
pub mod status;
pub mod wire;

#[cfg(all(target_arch = "wasm32", feature = "client"))]
pub mod bindings;
#[cfg(all(target_arch = "wasm32", feature = "client"))]
pub mod client;
#[cfg(all(target_arch = "wasm32", feature = "client"))]
pub mod platform;
