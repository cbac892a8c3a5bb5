//! Work that several callers wait for together.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use futures_util::future::{FutureExt, LocalBoxFuture, Shared, WeakShared};

use super::Failure;

/// At most one piece of work at a time. It goes on while anybody waits for it, and is dropped with
/// the last who does. What it finds out it keeps elsewhere, so that one type serves all kinds.
#[derive(Default)]
pub struct Flight(Rc<RefCell<Option<WeakShared<Work>>>>);

/// A share in the work.
pub type Ticket = Shared<Work>;

type Work = LocalBoxFuture<'static, Result<(), Failure>>;

impl Flight {
    /// Whether there is work under way.
    pub fn is_busy(&self) -> bool {
        self.current().is_some()
    }

    /// Joins the work under way, or starts some.
    pub fn join<W>(&self, work: impl FnOnce() -> W) -> Ticket
    where
        W: Future<Output = Result<(), Failure>> + 'static,
    {
        self.current().unwrap_or_else(|| self.start(work().boxed_local()))
    }

    fn current(&self) -> Option<Ticket> {
        self.0.borrow().as_ref().and_then(WeakShared::upgrade)
    }

    fn start(&self, work: Work) -> Ticket {
        let place = Rc::clone(&self.0);
        let work = async move {
            let result = work.await;
            // Whoever comes now is too late for this one.
            place.borrow_mut().take();
            result
        };
        let ticket = work.boxed_local().shared();
        *self.0.borrow_mut() = ticket.downgrade();
        ticket
    }
}
