//! The caller's memory of earlier runs.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::value::{hear_out, promised, property};

/// An object `{ load(action), save(action, durations) }`. Whatever it throws or gives, at the worst
/// nothing is known of earlier runs.
#[derive(Clone)]
pub struct HistoryStore {
    object: JsValue,
    load: Function,
    save: Function,
}

impl HistoryStore {
    /// Takes it, if it has both methods.
    pub fn new(object: JsValue) -> Option<Self> {
        let load = property(&object, "load").dyn_into().ok()?;
        let save = property(&object, "save").dyn_into().ok()?;
        Some(Self { object, load, save })
    }

    /// The durations on record, in milliseconds, newest last.
    pub async fn load(&self, action: &str) -> Vec<f64> {
        let Ok(given) = self.load.call1(&self.object, &JsValue::from_str(action)) else {
            return Vec::new();
        };
        let Ok(list) = promised(&given).await.map(JsCast::dyn_into::<Array>) else {
            return Vec::new();
        };
        // From the end, where the newest are: a store may hold more than anybody needs.
        const MOST: u32 = 100;
        let list = list.unwrap_or_default();
        let from = list.length().saturating_sub(MOST);
        let number = |at| Reflect::get_u32(&list, at).ok()?.as_f64();
        (from..list.length()).filter_map(number).collect()
    }

    /// Puts the durations on record. Does not wait for that.
    pub fn save(&self, action: &str, durations: &[f64]) {
        let list = Array::new();
        for duration in durations {
            list.push(&JsValue::from_f64(*duration));
        }
        if let Ok(given) = self.save.call2(&self.object, &JsValue::from_str(action), &list) {
            hear_out(given);
        }
    }
}
