//! What several processes share, as JavaScript gives it: an object with four methods. Whatever goes
//! wrong with it, the gateway goes on alone.

use std::cell::Cell;
use std::pin::pin;

use anaplan_tasks::bindings::options::tell;
use anaplan_tasks::platform::{Opaque, monotonic, promised, property, sleep};
use anaplan_tasks::policy::{Millis, Rate};
use anaplan_tasks::wire::excerpt;
use futures_util::future::{Either, select};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::told::Event;

/// The store.
pub struct Store {
    object: JsValue,
    get: Function,
    set: Function,
    delete: Function,
    take: Function,
    on_event: Option<Function>,
    is_away: Cell<bool>,
    /// While it is away, it is tried no earlier.
    try_at: Cell<Millis>,
}

/// It cannot be reached.
pub struct Away;

/// A value, and how long it is still there.
pub struct Held {
    /// The value.
    pub value: String,
    /// Milliseconds.
    pub ttl: Millis,
}

impl Store {
    /// What it must be.
    pub const EXPECTED: &'static str =
        "an object with the methods get, set, delete and take, as redisStore() makes it";
    /// Longer than this it may not take: a page waits.
    const PATIENCE: Millis = 250.0;
    /// How long it is left alone once it is away.
    const REST: Millis = 5_000.0;

    /// Takes it, if it has the methods.
    pub fn new(object: JsValue, on_event: Option<Function>) -> Option<Self> {
        let method = |name| property(&object, name).dyn_into::<Function>().ok();
        Some(Self {
            get: method("get")?,
            set: method("set")?,
            delete: method("delete")?,
            take: method("take")?,
            object,
            on_event,
            is_away: Cell::new(false),
            try_at: Cell::new(Millis::NEG_INFINITY),
        })
    }

    /// Whether it could be reached the last time.
    pub fn is_away(&self) -> bool {
        self.is_away.get()
    }

    /// The value of a key.
    pub async fn get(&self, key: &str) -> Result<Option<Held>, Away> {
        let held = self.call(&self.get, &Array::of1(&key.into())).await?;
        let value = property(&held, "value").as_string();
        let ttl = property(&held, "ttl").as_f64().filter(|ttl| *ttl > 0.0);
        Ok(value.zip(ttl).map(|(value, ttl)| Held { value, ttl }))
    }

    /// Sets it for so long.
    pub async fn set(&self, key: &str, value: &str, ttl: Millis) -> Result<(), Away> {
        self.set_with(key, value, ttl, false).await.map(|_| ())
    }

    /// The same, where there is none. Says whether it was set.
    pub async fn claim(&self, key: &str, value: &str, ttl: Millis) -> Result<bool, Away> {
        self.set_with(key, value, ttl, true).await
    }

    /// Removes a key that has this value.
    pub async fn delete(&self, key: &str, value: &str) -> Result<(), Away> {
        self.call(&self.delete, &Array::of2(&key.into(), &value.into())).await.map(|_| ())
    }

    /// Takes one from a bucket, or says how long to wait before another try.
    pub async fn take(&self, key: &str, rate: Rate) -> Result<Millis, Away> {
        let object = Object::new();
        for (name, value) in [("interval", rate.interval), ("burst", rate.burst)] {
            // On an object just made, this cannot fail.
            let _ = Reflect::set(&object, &name.into(), &value.into());
        }
        let wait = self.call(&self.take, &Array::of2(&key.into(), &object)).await?;
        match wait.as_f64().filter(|wait| wait.is_finite()) {
            Some(wait) => Ok(wait),
            None => Err(self.lost("its take() gave no number")),
        }
    }

    async fn set_with(
        &self,
        key: &str,
        value: &str,
        ttl: Millis,
        if_absent: bool,
    ) -> Result<bool, Away> {
        let options = Object::new();
        // As above.
        let _ = Reflect::set(&options, &"ttl".into(), &ttl.ceil().max(1.0).into());
        let _ = Reflect::set(&options, &"ifAbsent".into(), &if_absent.into());
        let arguments = Array::of3(&key.into(), &value.into(), &options);
        match self.call(&self.set, &arguments).await?.as_bool() {
            Some(is_set) => Ok(is_set),
            None => Err(self.lost("its set() gave neither true nor false")),
        }
    }

    async fn call(&self, method: &Function, arguments: &Array) -> Result<JsValue, Away> {
        let now = monotonic();
        if self.is_away.get() {
            if now < self.try_at.get() {
                return Err(Away);
            }
            // One tries, and the others need not wait for that.
            self.try_at.set(now + Self::REST);
        }
        let given = match method.apply(&self.object, arguments) {
            Ok(given) => given,
            Err(cause) => return Err(self.lost(&clean(&Opaque(cause)))),
        };
        let patience = async {
            sleep(Self::PATIENCE).await;
            // Where everything stood still for as long, the answer is there and was not looked at.
            sleep(1.0).await;
        };
        match select(promised(&given), pin!(patience)).await {
            Either::Left((Ok(value), _)) => {
                if self.is_away.replace(false) {
                    self.tell(&Event::Store { state: "back", message: None });
                }
                Ok(value)
            }
            Either::Left((Err(cause), _)) => Err(self.lost(&clean(&Opaque(cause)))),
            Either::Right(_) => Err(self.lost("no answer within 250 ms")),
        }
    }

    fn lost(&self, message: &str) -> Away {
        self.try_at.set(monotonic() + Self::REST);
        if !self.is_away.replace(true) {
            self.tell(&Event::Store { state: "away", message: Some(message) });
        }
        Away
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(listener) = &self.on_event {
            tell(listener, event);
        }
    }
}

/// What a store says of its failure, in a line. Addresses may hold a password.
fn clean(cause: &Opaque) -> String {
    let text = excerpt(&cause.describe());
    if text.contains('@') { "it failed, with an address in its message".to_owned() } else { text }
}
