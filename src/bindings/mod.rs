//! JavaScript values in, promises out. The only room with `#[wasm_bindgen]`; it decides nothing.
//!
//! Every call gives an outcome, `{ value }` or `{ failure }`, and its promise rejects with the
//! reason of an abort alone. So the caller tells the three apart without looking at what they are.
//!
//! The exports are the client's alone. How options are read and outcomes are written, the gateway
//! needs, too.

#[cfg(feature = "panic-on-demand")]
mod drill;
#[cfg(feature = "bindings")]
mod exports;
pub mod options;
pub mod outcome;
pub mod panic;
