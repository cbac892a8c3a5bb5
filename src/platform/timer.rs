//! One timer of the host's for all who wait here, however many.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use gloo_timers::callback::Timeout;

use super::clock::{monotonic, wall};
use super::presence;

/// A group of those who wait, with one timer of the host's.
#[derive(Clone)]
pub struct Timers(Rc<RefCell<Inner>>);

/// One who waits for a moment. Dropping it leaves nothing behind, and the last of a group takes the
/// host's timer along, so that nothing keeps a process alive.
pub struct Timer {
    timers: Timers,
    place: Option<usize>,
}

/// Resolves after `millis`, on a later turn of the event loop in any case.
pub fn sleep(millis: f64) -> impl Future<Output = ()> {
    let until = monotonic() + millis;
    let mut timer = Timers::shared().timer();
    let mut is_first = true;
    poll_fn(move |cx| {
        if !std::mem::take(&mut is_first) && monotonic() >= until {
            return Poll::Ready(());
        }
        timer.set(until, cx);
        Poll::Pending
    })
}

impl Timers {
    /// A group of its own, for whoever wants to [`suspend`](Self::suspend) it.
    pub fn open() -> Self {
        let timers = Self(Rc::default());
        GROUPS.with_borrow_mut(|groups| {
            // Now and then, so that it costs next to nothing each time.
            if groups.len() == groups.capacity() {
                groups.retain(|group| group.strong_count() > 0);
            }
            groups.push(Rc::downgrade(&timers.0));
        });
        timers
    }

    /// The group of all others.
    pub fn shared() -> Self {
        SHARED.with(Self::clone)
    }

    /// A timer of this group, not set yet.
    pub fn timer(&self) -> Timer {
        Timer { timers: self.clone(), place: None }
    }

    /// Wakes nobody, until it is resumed, and keeps no process alive.
    pub fn suspend(&self) {
        let mut inner = self.0.borrow_mut();
        inner.is_suspended = true;
        inner.host = None;
    }

    /// Wakes again, those first who should have been woken meanwhile.
    pub fn resume(&self) {
        self.0.borrow_mut().is_suspended = false;
        self.arm();
    }

    fn arm(&self) {
        let group = Rc::downgrade(&self.0);
        self.0.borrow_mut().arm(move || fire(&group));
    }
}

impl Timer {
    /// Wakes whoever polls here at `until`, or when the machine has slept, come online or is looked
    /// at again. It replaces what was set before. Infinity is for the latter alone.
    pub fn set(&mut self, until: f64, cx: &Context<'_>) {
        self.timers.0.borrow_mut().set(&mut self.place, until, cx.waker());
        self.timers.arm();
    }

    /// Wakes no more.
    pub fn clear(&mut self) {
        if let Some(place) = self.place.take() {
            let gone = self.timers.0.borrow_mut().clear(place);
            // Now that nothing is borrowed: whose last waker this is goes with it.
            drop(gone);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Has a timer call `work`.
#[cfg(feature = "panic-on-demand")]
pub fn from_timer(work: fn()) {
    drop(Timeout::new(10, work).forget());
}

/// Wakes all who wait: what they know of the world has changed.
pub(super) fn wake_all() {
    let groups = GROUPS.with_borrow(|groups| groups.iter().filter_map(Weak::upgrade).collect());
    let groups: Vec<Rc<RefCell<Inner>>> = groups;
    for group in groups {
        let woken = group.borrow_mut().due(f64::INFINITY);
        woken.into_iter().for_each(Waker::wake);
    }
}

fn fire(group: &Weak<RefCell<Inner>>) {
    let Some(group) = group.upgrade() else { return };
    let (steady, wall) = (monotonic(), wall());
    let since = group.borrow_mut().host.take().map(|host| host.since);
    let slept = since.is_some_and(|(steady_then, wall_then)| {
        presence::slept(steady - steady_then, wall - wall_then)
    });
    if slept {
        presence::wake();
    }
    let woken = group.borrow_mut().due(steady);
    Timers(group).arm();
    // Last, and with nothing borrowed: whoever is woken may come back here.
    woken.into_iter().for_each(Waker::wake);
}

/// However far off the next moment is, the host's timer fires after this time, so that one sees
/// that the machine slept in between: the clock of timers may stand still meanwhile.
const LONGEST: f64 = 10_000.0;

#[derive(Default)]
struct Inner {
    moments: BinaryHeap<Moment>,
    places: Vec<Place>,
    free: Vec<usize>,
    host: Option<Host>,
    is_suspended: bool,
}

#[derive(Clone)]
struct Place {
    waker: Option<Waker>,
    until: f64,
}

/// When to look at a place; out of date where the place is free or for another moment by now.
struct Moment {
    until: f64,
    place: usize,
}

struct Host {
    until: f64,
    since: (f64, f64),
    _timeout: Timeout,
}

thread_local! {
    static SHARED: Timers = Timers::open();
    static GROUPS: RefCell<Vec<Weak<RefCell<Inner>>>> = const { RefCell::new(Vec::new()) };
}

impl Inner {
    fn set(&mut self, place: &mut Option<usize>, until: f64, waker: &Waker) {
        let known = place.and_then(|at| self.places.get_mut(at));
        if let Some(Place { until: before, waker: Some(known) }) = known
            && *before == until
        {
            known.clone_from(waker);
            return;
        }
        let new = Place { waker: Some(waker.clone()), until };
        let at = match place.or_else(|| self.free.pop()) {
            Some(at) => at,
            None => {
                self.places.push(new.clone());
                self.places.len().saturating_sub(1)
            }
        };
        if let Some(kept) = self.places.get_mut(at) {
            *kept = new;
        }
        *place = Some(at);
        self.tidy();
        self.moments.push(Moment { until, place: at });
    }

    fn clear(&mut self, at: usize) -> Option<Waker> {
        let gone = self.places.get_mut(at).and_then(|place| place.waker.take());
        self.free.push(at);
        if self.free.len() == self.places.len() {
            *self = Self { is_suspended: self.is_suspended, ..Self::default() };
        }
        gone
    }

    /// Takes those who are due.
    fn due(&mut self, now: f64) -> Vec<Waker> {
        let mut woken = Vec::new();
        while self.moments.peek().is_some_and(|moment| moment.until <= now) {
            let Some(moment) = self.moments.pop() else { break };
            let place = self.places.get_mut(moment.place);
            let current = place.filter(|place| place.until == moment.until);
            woken.extend(current.and_then(|place| place.waker.take()));
        }
        woken
    }

    /// Keeps what is out of date from piling up.
    fn tidy(&mut self) {
        if self.moments.len() > self.places.len().saturating_mul(2).saturating_add(64) {
            let places = &self.places;
            self.moments.retain(|moment| {
                let place = places.get(moment.place);
                place.is_some_and(|place| place.waker.is_some() && place.until == moment.until)
            });
        }
    }

    fn arm(&mut self, fire: impl FnOnce() + 'static) {
        let Some(next) = self.moments.peek().map(|moment| moment.until) else {
            self.host = None;
            return;
        };
        if self.is_suspended {
            return;
        }
        let now = monotonic();
        let until = next.min(now + LONGEST);
        if self.host.as_ref().is_some_and(|host| host.until <= until) {
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to LONGEST"
        )]
        let millis = (until - now).ceil().clamp(0.0, LONGEST) as u32;
        let timeout = Timeout::new(millis, fire);
        self.host = Some(Host { until, since: (now, wall()), _timeout: timeout });
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives its greatest first.
        other.until.total_cmp(&self.until)
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Moment {}
