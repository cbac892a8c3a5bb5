//! `AbortSignal`, listened to and given.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use js_sys::WeakMap;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, AbortSignal};

use super::notify::{Notify, Place};
use super::value::{Opaque, property};

/// A signal of the caller's.
#[derive(Clone)]
pub struct Signal(AbortSignal);

impl Signal {
    /// Takes what looks like a signal. Its class is not asked for: there is one in every realm.
    pub fn new(value: JsValue) -> Option<Self> {
        let looks_right = property(&value, "aborted").as_bool().is_some()
            && property(&value, "addEventListener").is_function();
        looks_right.then(|| Self(value.unchecked_into()))
    }

    /// Begins to listen.
    pub fn hear(&self) -> Hearing {
        Hearing { listener: Listener::of(&self.0), place: Place::default(), is_told: true }
    }
}

/// One who listens. Dropping it leaves nothing behind.
pub struct Hearing {
    listener: Rc<Listener>,
    place: Place,
    /// Whether there is reason to look.
    is_told: bool,
}

impl Hearing {
    /// The reason, once the signal is aborted; until then whoever polls is woken by that.
    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<Opaque> {
        let heard = &self.listener.heard;
        self.is_told |= heard.wait(&mut self.place, cx);
        let signal: &JsValue = &self.listener.signal;
        if std::mem::take(&mut self.is_told) && property(signal, "aborted").as_bool() == Some(true)
        {
            return Poll::Ready(Opaque(property(signal, "reason")));
        }
        Poll::Pending
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.listener.heard.leave(&mut self.place);
    }
}

/// The one listener on a signal, however many calls wait for it: Node warns of a leak when there are
/// more than ten. It goes with the last call.
struct Listener {
    signal: AbortSignal,
    heard: Rc<Notify>,
    closure: Closure<dyn FnMut()>,
    place: usize,
}

/// Where the listeners are, and where in the list that of a signal is.
#[derive(Default)]
struct Listeners {
    places: WeakMap,
    list: Vec<Weak<Listener>>,
    free: Vec<usize>,
}

thread_local! {
    static LISTENERS: RefCell<Listeners> = RefCell::default();
}

impl Listener {
    fn of(signal: &AbortSignal) -> Rc<Self> {
        let known = LISTENERS.with_borrow(|listeners| listeners.find(signal));
        known.unwrap_or_else(|| Self::start(signal.clone()))
    }

    fn start(signal: AbortSignal) -> Rc<Self> {
        let place = LISTENERS.with_borrow_mut(Listeners::take_place);
        let heard = Rc::new(Notify::default());
        let hears = Rc::clone(&heard);
        let closure = Closure::new(move || hears.notify());
        // What takes no listener is never heard of; nothing else about the call changes.
        let _ = signal.add_event_listener_with_callback("abort", closure.as_ref().unchecked_ref());
        let listener = Rc::new(Self { signal, heard, closure, place });
        LISTENERS.with_borrow_mut(|listeners| listeners.keep(&listener));
        listener
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        let _ = self.signal.remove_event_listener_with_callback("abort", function);
        LISTENERS.with_borrow_mut(|listeners| listeners.free.push(self.place));
    }
}

impl Listeners {
    fn find(&self, signal: &AbortSignal) -> Option<Rc<Listener>> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
        let place = self.places.get(signal.unchecked_ref()).as_f64()? as usize;
        let listener = self.list.get(place)?.upgrade()?;
        // The place may be another's by now.
        (listener.signal == *signal).then_some(listener)
    }

    fn take_place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.list.push(Weak::new());
            self.list.len().saturating_sub(1)
        })
    }

    fn keep(&mut self, listener: &Rc<Listener>) {
        if let Some(place) = self.list.get_mut(listener.place) {
            *place = Rc::downgrade(listener);
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53")]
        let place = JsValue::from_f64(listener.place as f64);
        self.places.set(listener.signal.unchecked_ref(), &place);
    }
}

/// A signal of ours. It aborts when this is dropped, unless [`finish`](Self::finish) came first.
pub(super) struct AbortOnDrop(Option<AbortController>);

impl AbortOnDrop {
    pub(super) fn new() -> Result<Self, JsValue> {
        AbortController::new().map(|controller| Self(Some(controller)))
    }

    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }

    pub(super) fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}
