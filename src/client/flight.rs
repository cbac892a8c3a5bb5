//! Work that several callers wait for together.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use super::Failure;
use crate::platform::{Notify, Place, spawn};

/// At most one piece of work at a time. It goes on by itself while anybody holds a [`Ticket`],
/// whether or not that is looked at, so that what came while somebody was busy is known to be as old
/// as it is; it is dropped with the last of them. What it finds out it keeps elsewhere, so that one
/// type serves all kinds.
#[derive(Default)]
pub struct Flight(Rc<RefCell<Weak<Aboard>>>);

/// A share in the work.
pub struct Ticket {
    aboard: Rc<Aboard>,
    place: Place,
}

/// The work, or what became of it.
struct Aboard {
    work: RefCell<Option<Work>>,
    result: RefCell<Option<Result<(), Failure>>>,
    landed: Notify,
    /// Wakes whoever sees the work done.
    pilot: RefCell<Option<Waker>>,
}

type Work = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

impl Flight {
    /// Whether there is work under way.
    pub fn is_busy(&self) -> bool {
        self.0.borrow().strong_count() > 0
    }

    /// Joins the work under way, or starts some.
    pub fn join<W>(&self, work: impl FnOnce() -> W) -> Ticket
    where
        W: Future<Output = Result<(), Failure>> + 'static,
    {
        let current = self.0.borrow().upgrade();
        let aboard = current.unwrap_or_else(|| self.start(Box::pin(work())));
        Ticket { aboard, place: Place::default() }
    }

    fn start(&self, work: Work) -> Rc<Aboard> {
        let aboard = Rc::new(Aboard {
            work: RefCell::new(Some(work)),
            result: RefCell::default(),
            landed: Notify::default(),
            pilot: RefCell::default(),
        });
        let this = Rc::downgrade(&aboard);
        *self.0.borrow_mut() = Weak::clone(&this);
        let place = Rc::clone(&self.0);
        spawn(poll_fn(move |cx| {
            // Nobody holds a ticket any more.
            let Some(aboard) = this.upgrade() else { return Poll::Ready(()) };
            aboard.pilot.borrow_mut().get_or_insert_with(|| cx.waker().clone());
            let Some(mut work) = aboard.work.take() else { return Poll::Ready(()) };
            let Poll::Ready(result) = work.as_mut().poll(cx) else {
                aboard.work.replace(Some(work));
                return Poll::Pending;
            };
            // Whoever comes now is too late for this one.
            if place.borrow().ptr_eq(&this) {
                *place.borrow_mut() = Weak::new();
            }
            aboard.pilot.take();
            aboard.result.replace(Some(result));
            aboard.landed.notify();
            Poll::Ready(())
        }));
        aboard
    }
}

impl Ticket {
    /// Another share in the same work.
    pub fn share(&self) -> Self {
        Self { aboard: Rc::clone(&self.aboard), place: Place::default() }
    }
}

impl Future for Ticket {
    type Output = Result<(), Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.aboard.landed.wait(&mut this.place, cx);
        this.aboard.result.borrow().clone().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        // It has nothing to do any more, and would wait for ever to be told.
        if let Some(pilot) = self.pilot.take() {
            pilot.wake();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.aboard.landed.leave(&mut self.place);
    }
}
