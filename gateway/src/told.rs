//! What is told of the gateway's work, for logs and metrics. No secret is in it, and no query string.

#![forbid(unsafe_code)]

use anaplan_tasks::policy::Millis;
use serde::Serialize;

use crate::asked::Operation;

/// Something that happened. The names and what they mean to users are in `ts/gateway/types.ts`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event<'a> {
    /// A request was answered.
    Served {
        /// As it was spelled, if it is one of those that are in use.
        method: &'static str,
        /// Below the prefix, as it was understood.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<&'a str>,
        /// Likewise.
        #[serde(skip_serializing_if = "Option::is_none")]
        operation: Option<Operation>,
        /// Of the answer.
        status: u16,
        /// From the request to the beginning of the answer.
        duration: Millis,
        /// The client's.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<&'a str>,
    },
    /// The host application's own code threw.
    Fault {
        /// What it said.
        message: &'a str,
    },
    /// The store can be reached again, or cannot.
    Store {
        /// Which of the two.
        state: &'static str,
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
}
