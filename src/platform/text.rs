//! Text as bytes.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Takes characters for bytes, and throws where one is none.
    #[wasm_bindgen(catch)]
    fn btoa(text: &str) -> Result<String, JsValue>;
}

/// `text` in UTF-8, as base64.
pub fn base64(text: &str) -> String {
    let bytes: String = text.bytes().map(char::from).collect();
    btoa(&bytes).unwrap_or_default()
}
