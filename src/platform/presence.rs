//! Whether somebody is there: a page may be in the background, a machine asleep or offline.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

use super::clock::monotonic;
use super::timer::wake_all;
use super::value::property;

/// One who wants to know. While there is any, the page's events are listened to.
pub struct Presence(Rc<Ears>);

thread_local! {
    static EARS: RefCell<std::rc::Weak<Ears>> = RefCell::default();
    static HIDDEN: Cell<bool> = const { Cell::new(false) };
    static WOKEN: Cell<Option<f64>> = const { Cell::new(None) };
}

impl Presence {
    /// Begins to listen.
    pub fn open() -> Self {
        EARS.with_borrow_mut(|ears| {
            if let Some(ears) = ears.upgrade() {
                return Self(ears);
            }
            let new = Rc::new(Ears::open());
            *ears = Rc::downgrade(&new);
            Self(new)
        })
    }

    /// Whether the page is in the background.
    pub fn is_hidden(&self) -> bool {
        HIDDEN.get()
    }

    /// When the machine woke last, came online, or the page was shown again, as far as it was seen.
    pub fn woken(&self) -> Option<f64> {
        // Of use to those alone whose events are heard.
        WOKEN.get().filter(|_| Rc::strong_count(&self.0) > 0)
    }
}

/// Whether the host says that there is no network. That it says nothing means nothing.
pub fn is_offline() -> bool {
    let navigator = property(&js_sys::global(), "navigator");
    property(&navigator, "onLine").as_bool() == Some(false)
}

/// Whether the machine slept, by how far its two clocks went meanwhile: only one runs on then.
pub(super) fn slept(steady: f64, wall: f64) -> bool {
    const NOTICEABLE: f64 = 3_000.0;
    wall - steady > NOTICEABLE
}

/// What was known is old.
pub(super) fn wake() {
    WOKEN.set(Some(monotonic()));
    wake_all();
}

/// The listeners, which are there for as long as this is.
struct Ears {
    _heard: Vec<Ear>,
}

struct Ear {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn FnMut()>,
}

impl Ears {
    fn open() -> Self {
        let global: JsValue = js_sys::global().into();
        let document = property(&global, "document");
        look(&document);
        let heard = [
            // From the network being back, and from the page being taken out of the browser's cache.
            Ear::new(&global, "online", wake),
            Ear::new(&global, "pageshow", wake),
            Ear::new(&document.clone(), "visibilitychange", move || {
                look(&document);
                if !HIDDEN.get() {
                    wake();
                }
            }),
        ];
        Self { _heard: heard.into_iter().flatten().collect() }
    }
}

impl Ear {
    /// `None` where there is no such thing: Node has neither windows nor documents.
    fn new(target: &JsValue, event: &'static str, hear: impl FnMut() + 'static) -> Option<Self> {
        if !property(target, "addEventListener").is_function() {
            return None;
        }
        let target: EventTarget = target.clone().unchecked_into();
        let closure = Closure::new(hear);
        target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref()).ok()?;
        Some(Self { target, event, closure })
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        // It was added, so it can be removed.
        let _ = self.target.remove_event_listener_with_callback(self.event, function);
    }
}

fn look(document: &JsValue) {
    HIDDEN.set(property(document, "visibilityState").as_string().as_deref() == Some("hidden"));
}
