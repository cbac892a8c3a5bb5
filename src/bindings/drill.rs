//! Panics and traps on demand, for the tests of what happens then: `panic-on-demand` as an id's
//! beginning, and the moment behind it.

use crate::client::Call;
use crate::error::Error;
use crate::platform::{from_timer, sleep};
use crate::reference::TaskRef;

/// In the call itself.
pub fn at_once(task: &Result<TaskRef, Error>) {
    if task.as_ref().is_ok_and(|task| wanted(task) == Some("at-once")) {
        panic();
    }
}

/// After something was awaited, and where a timer calls.
pub async fn later(call: &Call) {
    let Some(moment) = call.task().and_then(wanted) else { return };
    sleep(10.0).await;
    match moment {
        "after-await" => panic(),
        "in-timer" => from_timer(panic),
        // As when memory or stack run out: without a panic's hook.
        "trap" => core::arch::wasm32::unreachable(),
        _ => (),
    }
}

fn wanted(task: &TaskRef) -> Option<&str> {
    task.task_id.as_str().strip_prefix("panic-on-demand-")
}

#[expect(clippy::panic, reason = "what this file is for")]
fn panic() {
    panic!("on demand");
}
