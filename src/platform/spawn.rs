//! Work that nobody waits for.

use std::future::{Future, poll_fn};
use std::mem::replace;
use std::pin::Pin;
use std::task::Poll;

/// Does `work` by and by. One type for all of it, so that the code around is there once.
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    wasm_bindgen_futures::spawn_local(work);
}

/// Lets all other work that can go on do so first.
pub fn yield_now() -> impl Future<Output = ()> {
    let mut has_yielded = false;
    poll_fn(move |cx| {
        if replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
