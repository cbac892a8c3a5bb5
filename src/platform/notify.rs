//! Waking everybody who waits for a change.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, Waker};

/// Something that changes now and then. However many wait, each comes and goes in constant time.
#[derive(Default)]
pub struct Notify {
    changes: Cell<u32>,
    waiting: RefCell<Waiting>,
}

/// A waker at each place that is taken; the free places are chained.
#[derive(Default)]
struct Waiting {
    places: Vec<Result<Waker, u32>>,
    free: Option<u32>,
}

/// One who may wait for a change. It must be handed to the same [`Notify`] always.
#[derive(Default)]
pub struct Place {
    /// The count of changes when the place was taken, and the place. It is there until the next.
    taken: Option<(u32, u32)>,
}

impl Notify {
    /// Wakes all who wait.
    pub fn notify(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
        let waiting = self.waiting.take();
        waiting.places.into_iter().flatten().for_each(Waker::wake);
    }

    /// Wakes whoever polls here at the next change. Says whether there was one since the last time.
    pub fn wait(&self, place: &mut Place, cx: &Context<'_>) -> bool {
        let changes = self.changes.get();
        let mut waiting = self.waiting.borrow_mut();
        match place.taken {
            Some((then, at)) if then == changes => {
                waiting.set(at, cx.waker());
                false
            }
            before => {
                place.taken = Some((changes, waiting.take(cx.waker().clone())));
                before.is_some()
            }
        }
    }

    /// Gives up a place.
    pub fn leave(&self, place: &mut Place) {
        if let Some((then, at)) = place.taken.take()
            && then == self.changes.get()
        {
            let gone = self.waiting.borrow_mut().free(at);
            // Now that nothing is borrowed: whose last waker this is goes with it.
            drop(gone);
        }
    }

    /// One who waits for as long as this lives.
    pub fn listen(&self) -> Guest<'_> {
        Guest { notify: self, place: Place::default() }
    }

    /// Resolves at the next change. Dropping it leaves nothing behind.
    pub fn changed(&self) -> impl Future<Output = ()> {
        let mut guest = self.listen();
        let seen = self.changes.get();
        poll_fn(move |cx| {
            guest.heard(cx);
            if guest.notify.changes.get() == seen { Poll::Pending } else { Poll::Ready(()) }
        })
    }
}

/// One who waits for changes. Dropping it leaves nothing behind.
pub struct Guest<'a> {
    notify: &'a Notify,
    place: Place,
}

impl Guest<'_> {
    /// Wakes whoever polls here at the next change. Says whether there was one since the last time.
    pub fn heard(&mut self, cx: &Context<'_>) -> bool {
        self.notify.wait(&mut self.place, cx)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.notify.leave(&mut self.place);
    }
}

impl Waiting {
    fn take(&mut self, waker: Waker) -> u32 {
        let found = self.free.and_then(|at| Some((at, self.places.get_mut(at as usize)?)));
        if let Some((at, place)) = found {
            self.free = place.as_ref().err().copied().filter(|next| *next != u32::MAX);
            *place = Ok(waker);
            return at;
        }
        let at = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Ok(waker));
        at
    }

    fn set(&mut self, at: u32, waker: &Waker) {
        if let Some(Ok(place)) = self.places.get_mut(at as usize) {
            place.clone_from(waker);
        }
    }

    fn free(&mut self, at: u32) -> Option<Result<Waker, u32>> {
        let place = self.places.get_mut(at as usize)?;
        let next = self.free.replace(at).unwrap_or(u32::MAX);
        Some(std::mem::replace(place, Err(next)))
    }
}
