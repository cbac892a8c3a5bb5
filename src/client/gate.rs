//! Where requests wait until the budget lets them go.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::future::select;

use super::event::{Event, Events, Pause};
use crate::platform::{Notify, monotonic, sleep, spawn};
use crate::policy::{Budget, Class, Millis, Ticket, Turn};

/// The one way out for all requests of a client.
#[derive(Clone)]
pub struct Gate(Rc<Inner>);

struct Inner {
    budget: RefCell<Budget<Rc<Seat>>>,
    events: Rc<Events>,
    /// Whether somebody looks after those who wait.
    is_minded: Cell<bool>,
    is_paused: Cell<bool>,
    /// The last who waited has left.
    emptied: Notify,
    /// A pause began.
    paused: Notify,
}

/// One who waits to be let in.
#[derive(Default)]
pub struct Seat {
    may_go: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Seat {
    /// Lets this one in.
    pub fn admit(&self) {
        self.may_go.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whether this one was let in.
    pub fn is_admitted(&self) -> bool {
        self.may_go.get()
    }

    /// The same; if not, whoever polls here is woken by that.
    pub fn may_go(&self, cx: &Context<'_>) -> bool {
        if !self.is_admitted() {
            *self.waker.borrow_mut() = Some(cx.waker().clone());
        }
        self.is_admitted()
    }
}

impl Gate {
    /// Lets so many through in a minute.
    pub fn new(per_minute: f64, events: Rc<Events>) -> Self {
        Self(Rc::new(Inner {
            budget: RefCell::new(Budget::new(per_minute, monotonic())),
            events,
            is_minded: Cell::new(false),
            is_paused: Cell::new(false),
            emptied: Notify::default(),
            paused: Notify::default(),
        }))
    }

    /// Resolves when it is this request's turn. Dropping it gives up the place.
    pub async fn pass(&self, class: Class) {
        let seat = Rc::new(Seat::default());
        let ticket = self.0.budget.borrow_mut().enter(class, Rc::clone(&seat));
        let mut guest = Guest { gate: &self.0, ticket, seat, is_through: false };
        if let Turn::Wait(until) = self.0.advance() {
            self.mind(until);
        }
        let seat = &guest.seat;
        poll_fn(|cx| if seat.may_go(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
        guest.is_through = true;
    }

    /// The server wants nothing for so long.
    pub fn pause(&self, duration: Millis) {
        let now = monotonic();
        let is_news = self.0.budget.borrow_mut().pause(now, now + duration);
        self.0.paused.notify();
        self.0.events.tell(&Event::rate_limit(duration));
        if is_news && !self.0.is_paused.replace(true) {
            self.0.events.tell(&Event::pause(Pause::RateLimit, Some(duration)));
        }
    }

    /// How long the server wants nothing yet, if it does not.
    pub fn paused_for(&self) -> Option<Millis> {
        self.0.budget.borrow().paused_for(monotonic())
    }

    /// Resolves when a pause begins. Dropping it leaves nothing behind.
    pub fn pausing(&self) -> impl Future<Output = ()> {
        self.0.paused.changed()
    }

    /// One future looks after all who wait, so that a thousand of them do not wake for each who goes.
    fn mind(&self, mut until: Millis) {
        if self.0.is_minded.replace(true) {
            return;
        }
        let gate = Rc::clone(&self.0);
        spawn(async move {
            loop {
                let (passed, emptied) = (sleep(until - monotonic()), gate.emptied.changed());
                select(pin!(passed), pin!(emptied)).await;
                match gate.advance() {
                    Turn::Wait(next) => until = next,
                    Turn::Go(_) | Turn::Idle => break,
                }
            }
            gate.is_minded.set(false);
        });
    }
}

impl Inner {
    /// Lets go who may; gives what is next.
    fn advance(&self) -> Turn<Rc<Seat>> {
        let mut gone = Vec::new();
        let turn = loop {
            match self.budget.borrow_mut().next(monotonic()) {
                Turn::Go(seat) => gone.push(seat),
                turn => break turn,
            }
        };
        if !gone.is_empty() && self.is_paused.replace(false) {
            self.events.tell(&Event::resume(Pause::RateLimit));
        }
        for seat in gone {
            seat.admit();
        }
        turn
    }
}

struct Guest<'a> {
    gate: &'a Inner,
    ticket: Ticket,
    seat: Rc<Seat>,
    is_through: bool,
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        if self.is_through {
            return;
        }
        let mut budget = self.gate.budget.borrow_mut();
        if self.seat.is_admitted() {
            budget.give_back();
        } else {
            budget.leave(self.ticket);
        }
        if budget.is_idle() {
            drop(budget);
            self.gate.emptied.notify();
        }
    }
}
