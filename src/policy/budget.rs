//! Who may send a request next, and when.

use std::collections::VecDeque;

use super::Millis;

/// What a request is for, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Stops work that nobody wants.
    Cancel,
    /// Gets a token, which others wait for.
    Renewal,
    /// Starts a task.
    Start,
    /// Asks for something: a task's status, a list.
    Status,
    /// Moves the bytes of a file.
    Files,
}

/// A client's share of the tenant's requests: a token bucket, and a queue before it.
///
/// Guarantees, of [`Turn::Go`]:
/// - within any minute there are no more than `per_minute`, whatever bursts come;
/// - while it is paused there is none, and after that they come one by one, not as a burst;
/// - the most urgent class goes first, and within a class the one who came first. So tasks that are
///   asked for again and again take turns, and of more than the budget allows none starves;
/// - of statuses and files, the two that may come without end, each gets its share: while a file
///   waits, at most [`Budget::STATUSES_PER_FILE`] statuses go before it.
///
/// The tenant's own budget is 600 requests a minute
/// (<https://help.anaplan.com/api-request-limits>), which all its workspaces and tools share.
#[derive(Debug)]
pub struct Budget<T> {
    capacity: f64,
    per_milli: f64,
    left: f64,
    /// When `left` was so.
    at: Millis,
    paused_until: Millis,
    queues: [VecDeque<(u64, T)>; 5],
    tickets: u64,
    statuses_since_file: u8,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    class: Class,
    number: u64,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Turn<T> {
    /// This one goes now.
    Go(T),
    /// Nobody goes before then.
    Wait(Millis),
    /// Nobody waits.
    Idle,
}

/// What a budget comes to: so many at once, and one more each interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// A whole number.
    pub burst: f64,
    /// The time that brings one.
    pub interval: Millis,
}

const MINUTE: Millis = 60_000.0;

impl Rate {
    /// For so many a minute, at least 1.
    pub fn of(per_minute: f64) -> Self {
        // Half a request is none.
        let per_minute = per_minute.max(1.0).floor();
        // A tenth of a minute's worth may go at once; the rest comes evenly, and so much slower
        // that both together stay within the minute.
        let burst = (per_minute / 10.0).ceil();
        Self { burst, interval: MINUTE / (per_minute + 1.0 - burst) }
    }
}

impl<T> Budget<T> {
    /// Of the tenant's 600, when nobody says otherwise.
    pub const PER_MINUTE: f64 = 300.0;
    /// How many statuses may go before a file that waits.
    pub const STATUSES_PER_FILE: u8 = 3;

    /// A full bucket.
    pub fn new(per_minute: f64, now: Millis) -> Self {
        let Rate { burst, interval } = Rate::of(per_minute);
        Self {
            capacity: burst,
            per_milli: 1.0 / interval,
            left: burst,
            at: now,
            paused_until: Millis::NEG_INFINITY,
            queues: Default::default(),
            tickets: 0,
            statuses_since_file: 0,
        }
    }

    /// Queues up. `who` comes back with its [`Turn::Go`].
    pub fn enter(&mut self, class: Class, who: T) -> Ticket {
        let number = self.tickets;
        self.tickets = number.wrapping_add(1);
        self.queue(class).push_back((number, who));
        Ticket { class, number }
    }

    /// Gives up a place.
    pub fn leave(&mut self, ticket: Ticket) {
        let queue = self.queue(ticket.class);
        if let Ok(place) = queue.binary_search_by(|(number, _)| number.cmp(&ticket.number)) {
            queue.remove(place);
        }
    }

    /// Lets the next one go, if it is time.
    pub fn next(&mut self, now: Millis) -> Turn<T> {
        let Some(class) = self.first() else {
            return Turn::Idle;
        };
        if now < self.paused_until {
            return Turn::Wait(self.paused_until);
        }
        self.refill(now);
        if self.left < 1.0 {
            // Rounded, a moment may come that brings not quite a whole one.
            let wait = ((1.0 - self.left) / self.per_milli).max(1.0);
            return Turn::Wait(now + wait);
        }
        let Some((_, who)) = self.queue(class).pop_front() else {
            return Turn::Idle;
        };
        self.left -= 1.0;
        self.statuses_since_file = match class {
            Class::Files => 0,
            Class::Status => self.statuses_since_file.saturating_add(1),
            _ => self.statuses_since_file,
        };
        Turn::Go(who)
    }

    /// One who was let go sent nothing after all.
    pub fn give_back(&mut self) {
        // After a pause that began meanwhile, one may try and no more.
        let most = if self.at > self.paused_until { self.capacity } else { 1.0 };
        self.left = (self.left + 1.0).min(most);
    }

    /// The server wants no more before `until`. Says whether that is news.
    pub fn pause(&mut self, now: Millis, until: Millis) -> bool {
        let is_news = now >= self.paused_until;
        self.refill(now);
        self.paused_until = self.paused_until.max(until);
        // The tenant's bucket is empty: one may try after the pause, the others follow evenly.
        self.left = self.left.min(1.0);
        self.at = now.max(self.paused_until);
        is_news
    }

    /// How long a pause goes on, if there is one.
    pub fn paused_for(&self, now: Millis) -> Option<Millis> {
        Some(self.paused_until - now).filter(|left| *left > 0.0)
    }

    /// Whether nobody waits.
    pub fn is_idle(&self) -> bool {
        self.first().is_none()
    }

    fn first(&self) -> Option<Class> {
        let [cancels, renewals, starts, statuses, files] = &self.queues;
        let files_turn = self.statuses_since_file >= Self::STATUSES_PER_FILE && !files.is_empty();
        [
            (cancels, Class::Cancel),
            (renewals, Class::Renewal),
            (starts, Class::Start),
            if files_turn { (files, Class::Files) } else { (statuses, Class::Status) },
            (files, Class::Files),
        ]
        .into_iter()
        .find_map(|(queue, class)| (!queue.is_empty()).then_some(class))
    }

    fn queue(&mut self, class: Class) -> &mut VecDeque<(u64, T)> {
        let [cancels, renewals, starts, statuses, files] = &mut self.queues;
        match class {
            Class::Cancel => cancels,
            Class::Renewal => renewals,
            Class::Start => starts,
            Class::Status => statuses,
            Class::Files => files,
        }
    }

    fn refill(&mut self, now: Millis) {
        // A clock that goes back gives nothing and takes nothing.
        let passed = (now - self.at).max(0.0);
        self.left = (self.left + passed * self.per_milli).min(self.capacity);
        self.at = self.at.max(now);
    }
}
