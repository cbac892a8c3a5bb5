//! The pure rooms: no browser, no network, and no second that really passes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod adoption;
mod budget;
mod cadence;
mod device;
mod error;
mod forecast;
mod freshness;
mod hint;
mod page;
mod paging;
mod pem;
mod polling;
mod reference;
mod region;
mod retry;
mod starting;
mod status;
mod token;
mod transfer;
mod wire;

use anaplan_tasks::reference::{Given, TaskRef};

/// Some task.
fn task_ref() -> TaskRef {
    let field = |name: &str| match name {
        "workspaceId" => text("8a81b08e4f6d2b43014f8b11f3c20d39"),
        "modelId" => text("75A40874E6B64FA3AE0743278996850F"),
        "exportId" => text("116000000004"),
        "taskId" => text("4C1D90AA5E2B4F0C9B7A1D2E3F405162"),
        _ => Given::Missing,
    };
    TaskRef::from_fields(&field).unwrap()
}

fn text(text: &str) -> Given {
    Given::Text(text.to_owned())
}
