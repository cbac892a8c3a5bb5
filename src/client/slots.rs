//! How many do something at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::gate::Seat;

/// So many places, and a queue for them.
pub struct Slots {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<Rc<Seat>>>,
}

/// A place, until this is dropped.
pub struct Slot<'a> {
    slots: &'a Slots,
    seat: Rc<Seat>,
}

impl Slots {
    /// With so many places.
    pub fn new(free: usize) -> Self {
        Self { free: Cell::new(free), waiting: RefCell::default() }
    }

    /// Resolves with a place, first come, first served.
    pub async fn take(&self) -> Slot<'_> {
        let slot = Slot { slots: self, seat: Rc::default() };
        match self.free.get().checked_sub(1) {
            Some(left) => {
                self.free.set(left);
                slot.seat.admit();
            }
            None => self.waiting.borrow_mut().push_back(Rc::clone(&slot.seat)),
        }
        poll_fn(|cx| if slot.seat.may_go(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
        slot
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if !self.seat.is_admitted() {
            return;
        }
        loop {
            let next = self.slots.waiting.borrow_mut().pop_front();
            match next {
                // Nobody else holds it: who waited is gone.
                Some(seat) if Rc::strong_count(&seat) == 1 => {}
                Some(seat) => return seat.admit(),
                None => return self.slots.free.set(self.slots.free.get().saturating_add(1)),
            }
        }
    }
}
