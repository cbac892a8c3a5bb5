//! Text as bytes.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Takes characters for bytes, and throws where one is none.
    #[wasm_bindgen(catch)]
    pub(super) fn btoa(text: &JsValue) -> Result<String, JsValue>;
    /// The other way round; throws where it is no base64.
    #[wasm_bindgen(catch)]
    fn atob(base64: &str) -> Result<String, JsValue>;
}

/// `bytes` as base64.
pub fn base64(bytes: &[u8]) -> String {
    let text: String = bytes.iter().copied().map(char::from).collect();
    btoa(&text.into()).unwrap_or_default()
}

/// The bytes behind base64, where it is some.
pub fn from_base64(base64: &str) -> Option<Vec<u8>> {
    atob(base64).ok()?.chars().map(|c| u8::try_from(c).ok()).collect()
}
