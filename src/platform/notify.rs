//! Waking everybody who waits for a change.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::task::{Poll, Waker};

/// Something that changes now and then.
#[derive(Default)]
pub struct Notify {
    changes: Cell<u64>,
    places: Cell<u64>,
    waiting: RefCell<Vec<(u64, Waker)>>,
}

impl Notify {
    /// Wakes all who wait.
    pub fn notify(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Resolves at the next change. Dropping it leaves nothing behind.
    pub fn changed(&self) -> impl Future<Output = ()> {
        let id = self.places.get();
        self.places.set(id.wrapping_add(1));
        let place = Place { notify: self, seen: self.changes.get(), id };
        poll_fn(move |cx| place.poll(cx.waker()))
    }
}

struct Place<'a> {
    notify: &'a Notify,
    seen: u64,
    id: u64,
}

impl Place<'_> {
    fn poll(&self, waker: &Waker) -> Poll<()> {
        if self.notify.changes.get() != self.seen {
            return Poll::Ready(());
        }
        let mut waiting = self.notify.waiting.borrow_mut();
        match waiting.iter_mut().find(|(id, _)| *id == self.id) {
            Some((_, place)) => place.clone_from(waker),
            None => waiting.push((self.id, waker.clone())),
        }
        Poll::Pending
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.notify.waiting.borrow_mut().retain(|(id, _)| *id != self.id);
    }
}
