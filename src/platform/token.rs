//! The caller's function that gives a token.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::JsValue;

use super::abort::AbortOnDrop;
use super::value::{Opaque, promised, property};

/// A function `({ reason, signal }) => token | { token, expiresAt }`, or a promise of one.
pub struct TokenSource(Function);

/// What the function gave.
pub struct Asked {
    /// `None` where it gave no string.
    pub token: Option<String>,
    /// Milliseconds since the epoch.
    pub expires_at: Option<f64>,
}

impl TokenSource {
    /// Takes the function.
    pub fn new(function: Function) -> Self {
        Self(function)
    }

    /// Asks it, with a signal that aborts when nobody waits any more.
    pub async fn ask(&self, reason: &str) -> Result<Asked, Opaque> {
        self.call(reason).await.map_err(Opaque)
    }

    async fn call(&self, reason: &str) -> Result<Asked, JsValue> {
        let abort = AbortOnDrop::new()?;
        let ask = Object::new();
        Reflect::set(&ask, &"reason".into(), &reason.into())?;
        Reflect::set(&ask, &"signal".into(), &abort.signal().into())?;
        let given = self.0.call1(&JsValue::UNDEFINED, &ask)?;
        let given = promised(&given).await?;
        abort.finish();
        let token = given.as_string().or_else(|| property(&given, "token").as_string());
        Ok(Asked { token, expires_at: property(&given, "expiresAt").as_f64() })
    }
}
