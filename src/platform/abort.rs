//! `AbortSignal`, listened to and given.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::value::{Opaque, property};

/// A signal of the caller's.
#[derive(Clone)]
pub struct Signal(web_sys::AbortSignal);

impl Signal {
    /// Takes what looks like a signal. Its class is not asked for: there is one in every realm.
    pub fn new(value: JsValue) -> Option<Self> {
        let looks_right = property(&value, "aborted").as_bool().is_some()
            && property(&value, "addEventListener").is_function();
        looks_right.then(|| Self(value.unchecked_into()))
    }

    /// Its reason, once it is aborted. It may be any value at all.
    pub fn reason(&self) -> Option<Opaque> {
        let aborted = property(&self.0, "aborted").as_bool() == Some(true);
        aborted.then(|| Opaque(property(&self.0, "reason")))
    }

    /// Resolves with the reason. Dropping it takes its listener away.
    pub fn aborted(&self) -> Aborted {
        Aborted { signal: self.clone(), listener: None }
    }
}

pub struct Aborted {
    signal: Signal,
    listener: Option<Listener>,
}

struct Listener {
    closure: Closure<dyn FnMut()>,
    waker: Rc<RefCell<Waker>>,
}

impl Future for Aborted {
    type Output = Opaque;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Opaque> {
        if let Some(reason) = self.signal.reason() {
            return Poll::Ready(reason);
        }
        match &self.listener {
            Some(listener) => listener.waker.borrow_mut().clone_from(cx.waker()),
            None => {
                let waker = Rc::new(RefCell::new(cx.waker().clone()));
                let wake = Rc::clone(&waker);
                let closure = Closure::new(move || wake.borrow().wake_by_ref());
                let function = closure.as_ref().unchecked_ref();
                // A signal that takes no listener is looked at whenever something else happens.
                let _ = self.signal.0.add_event_listener_with_callback("abort", function);
                self.listener = Some(Listener { closure, waker });
            }
        }
        Poll::Pending
    }
}

impl Drop for Aborted {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            let function = listener.closure.as_ref().unchecked_ref();
            let _ = self.signal.0.remove_event_listener_with_callback("abort", function);
        }
    }
}

/// A signal of ours. It aborts when this is dropped, unless [`finish`](Self::finish) came first.
pub(super) struct AbortOnDrop(Option<web_sys::AbortController>);

impl AbortOnDrop {
    pub(super) fn new() -> Result<Self, JsValue> {
        web_sys::AbortController::new().map(|controller| Self(Some(controller)))
    }

    pub(super) fn signal(&self) -> Option<web_sys::AbortSignal> {
        self.0.as_ref().map(web_sys::AbortController::signal)
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
