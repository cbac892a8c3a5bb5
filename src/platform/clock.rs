//! Clocks, timers, chance.

use gloo_timers::future::TimeoutFuture;

use super::value::{call, property};

/// Milliseconds by a clock that never goes back, where the host has one.
pub fn monotonic() -> f64 {
    let performance = property(&js_sys::global(), "performance");
    call(&performance, "now", &wasm_bindgen::JsValue::UNDEFINED)
        .ok()
        .and_then(|now| now.as_f64())
        .unwrap_or_else(wall)
}

/// Milliseconds since the epoch.
pub fn wall() -> f64 {
    js_sys::Date::now()
}

/// A number from 0 up to 1.
pub fn chance() -> f64 {
    js_sys::Math::random()
}

/// Resolves after `millis`, or after 24 days when that is sooner: longer timers fire at once.
/// Dropping it clears the timer.
pub async fn sleep(millis: f64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range by clamp"
    )]
    let millis = millis.ceil().clamp(0.0, f64::from(i32::MAX)) as u32;
    TimeoutFuture::new(millis).await;
}

/// Has a timer call `work`.
#[cfg(feature = "panic-on-demand")]
pub fn from_timer(work: fn()) {
    drop(gloo_timers::callback::Timeout::new(10, work).forget());
}
