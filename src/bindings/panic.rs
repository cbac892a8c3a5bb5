//! What happens should the core panic: a trap would leave every promise pending without a word.

use js_sys::Function;
use wasm_bindgen::JsValue;

/// Has `report` called with the place of a panic, before the trap.
pub fn report_to(report: Function) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = match panic.location() {
            Some(place) => format!("{}:{}", place.file(), place.line()),
            None => String::new(),
        };
        // The trap follows whatever this does.
        let _ = report.call1(&JsValue::UNDEFINED, &JsValue::from_str(&place));
    }));
}
