//! WebCrypto.

use js_sys::{Array, Function, Object, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

use super::json::object;
use super::text::btoa;
use super::value::{promised, property};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn random_values(bytes: &mut [u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        key: Uint8Array,
        algorithm: &Object,
        extractable: bool,
        uses: &Array,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn sign(algorithm: &str, key: &JsValue, data: Uint8Array) -> Result<JsValue, JsValue>;
}

/// Whether there is any: browsers have it on secure pages alone.
pub fn has_crypto() -> bool {
    property(&property(&js_sys::global(), "crypto"), "subtle").is_object()
}

/// Fills `bytes` by chance that nobody can foresee. Says whether that worked.
pub fn unforeseen(bytes: &mut [u8]) -> bool {
    random_values(bytes).is_ok()
}

/// A random UUID, where there is chance that nobody can foresee. `crypto.randomUUID` is there on secure pages
/// alone, and what it does is done here in as many lines as it takes to look for it.
pub fn uuid() -> Option<String> {
    let mut bytes = [0; 16];
    if !unforeseen(&mut bytes) {
        return None;
    }
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match at {
            // Version 4,
            6 => byte & 0x0f | 0x40,
            // variant 1.
            8 => byte & 0x3f | 0x80,
            _ => byte,
        };
        text.extend([byte >> 4, byte & 0x0f].map(|digit| {
            let first = if digit < 10 { b'0' } else { b'a' - 10 };
            char::from(first.wrapping_add(digit))
        }));
    }
    Some(text)
}

/// The signature, in base64, of `data` by RSASSA-PKCS1-v1_5 with SHA-512; `None` where the host does not take the
/// key, in PKCS#8. Its own error is left out: nobody knows what is in there.
pub async fn signature(key: &[u8], data: &[u8]) -> Option<String> {
    const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";
    let algorithm = object(&[("name", ALGORITHM), ("hash", "SHA-512")]);
    let uses = Array::of1(&"sign".into());
    // Copies: the memory here may move while the host is at work.
    let key = import_key("pkcs8", Uint8Array::from(key), &algorithm, false, &uses).ok()?;
    let key = promised(&key).await.ok()?;
    let signature = sign(ALGORITHM, &key, Uint8Array::from(data)).ok()?;
    let signature = Uint8Array::new(&promised(&signature).await.ok()?);
    // A list of numbers is all that it takes for arguments.
    let text = property(&property(&js_sys::global(), "String"), "fromCharCode");
    let text = text.dyn_ref::<Function>()?.apply(&JsValue::UNDEFINED, signature.unchecked_ref());
    btoa(&text.ok()?).ok()
}
