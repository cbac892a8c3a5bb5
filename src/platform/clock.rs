//! Clocks and chance.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Looked up when it is called, like everything here.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds by a clock that never goes back.
pub fn monotonic() -> f64 {
    performance_now()
}

/// Milliseconds since the epoch.
pub fn wall() -> f64 {
    js_sys::Date::now()
}

/// The time that a text means, in milliseconds since the epoch.
pub fn date(text: &str) -> Option<f64> {
    Some(js_sys::Date::parse(text)).filter(|time| time.is_finite())
}

/// A number from 0 up to 1.
pub fn chance() -> f64 {
    js_sys::Math::random()
}
