//! Work that nobody waits for.

use std::future::Future;
use std::pin::Pin;

/// Does `work` by and by. One type for all of it, so that the code around is there once.
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    wasm_bindgen_futures::spawn_local(work);
}
