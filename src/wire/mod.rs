//! What Anaplan sends and takes.
//!
//! Its documentation, its samples and its answers disagree on what is present, so every field is
//! optional here, a field of the wrong type counts as absent, and unknown ones are passed over.
//! What cannot be done without is for the reader of these types to say.

#![forbid(unsafe_code)]

mod json;
mod message;
mod page;
mod task;
mod token;

pub use json::Json;
pub use message::{excerpt, said};
pub use page::{FILE, Field, Page, Shape, metadata, shaped, summary};
pub use task::{Detail, Task, TaskResult, is_locale};
pub use token::{DeviceCode, Grant, TokenInfo};
