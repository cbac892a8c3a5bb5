use std::collections::VecDeque;

use anaplan_tasks::policy::{Budget, Class, Millis, Rate, Ticket, Turn};
use proptest::prelude::*;
use proptest::sample::Index;

const MINUTE: Millis = 60_000.0;

/// The most urgent first.
const CLASSES: [Class; 5] =
    [Class::Cancel, Class::Renewal, Class::Start, Class::Status, Class::Files];

#[test]
fn a_tenth_goes_at_once_and_the_rest_evenly() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 1_000);
    assert_eq!(let_go(&mut budget, 0.0).len(), 30);
    let Turn::Wait(until) = budget.next(0.0) else { panic!() };
    assert!((until - MINUTE / 271.0).abs() < 1e-6, "{until}");
    assert_eq!(let_go(&mut budget, until).len(), 1);
    assert_eq!(let_go(&mut budget, until + 10_000.0).len(), 30);
}

#[test]
fn what_nobody_used_is_lost_beyond_a_tenth() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 1_000);
    assert_eq!(let_go(&mut budget, 86_400_000.0).len(), 30);
}

#[test]
fn the_most_urgent_goes_first_and_of_two_alike_the_first_come() {
    let mut budget = Budget::new(300.0, 0.0);
    for (number, class) in CLASSES.into_iter().rev().chain(CLASSES).enumerate() {
        budget.enter(class, number);
    }
    assert_eq!(let_go(&mut budget, 0.0), [4, 5, 3, 6, 2, 7, 1, 8, 0, 9]);
    assert_eq!(budget.next(0.0), Turn::Idle);
    assert!(budget.is_idle());
}

#[test]
fn a_file_goes_after_three_statuses() {
    let mut budget = Budget::new(300.0, 0.0);
    for _ in 0..9 {
        budget.enter(Class::Status, 's');
        budget.enter(Class::Files, 'f');
    }
    let order: String = let_go(&mut budget, 0.0).into_iter().collect();
    assert_eq!(order, "sssfsssfsssfffffff");
}

#[test]
fn after_a_pause_one_tries_and_the_others_follow_evenly() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 1_000);
    assert!(budget.pause(0.0, 10_000.0));
    assert_eq!(budget.next(9_999.9), Turn::Wait(10_000.0));
    assert_eq!(let_go(&mut budget, 10_000.0), [0]);
    assert_eq!(let_go(&mut budget, 11_000.0), [1, 2, 3, 4]);
}

#[test]
fn what_came_before_a_pause_lets_one_try_after_it() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 1_000);
    assert_eq!(let_go(&mut budget, 0.0).len(), 30);
    budget.pause(MINUTE, MINUTE + 10_000.0);
    assert_eq!(let_go(&mut budget, MINUTE + 10_000.0).len(), 1);
}

#[test]
fn a_pause_while_the_clock_is_back_makes_no_burst_after_it() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 100);
    assert_eq!(let_go(&mut budget, 60_000.0).len(), 30);
    budget.pause(10_000.0, 20_000.0);
    budget.give_back();
    budget.give_back();
    assert_eq!(let_go(&mut budget, 20_000.0).len(), 1);
    assert_eq!(let_go(&mut budget, 21_000.0).len(), 4);
}

#[test]
fn a_clock_that_trembles_gives_nothing() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 100);
    assert_eq!(let_go(&mut budget, 0.0).len(), 30);
    let tremble = (0..1_000).map(|step| f64::from(step % 2) * 100.0);
    assert_eq!(tremble.flat_map(|now| let_go(&mut budget, now)).count(), 0);
}

#[test]
fn of_two_pauses_the_longer_counts() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Cancel, 9);
    assert!(budget.pause(0.0, 10_000.0), "the first is news");
    assert!(!budget.pause(1_000.0, 5_000.0), "and the same pause is none");
    assert_eq!(budget.next(5_000.0), Turn::Wait(10_000.0));
    assert!(!budget.pause(5_000.0, 20_000.0));
    assert_eq!(budget.next(10_000.0), Turn::Wait(20_000.0));
    assert!(budget.pause(20_000.0, 30_000.0), "it was over");
}

#[test]
fn whoever_leaves_loses_a_place_and_nobody_else_does() {
    let mut budget = Budget::new(300.0, 0.0);
    let tickets: Vec<Ticket> = (0..6).map(|number| budget.enter(Class::Start, number)).collect();
    assert_eq!(budget.next(0.0), Turn::Go(0));
    // Who has gone has no place to leave, nor does one who has left.
    for place in [4, 0, 2, 4] {
        budget.leave(tickets[place]);
    }
    assert_eq!(let_go(&mut budget, 0.0), [1, 3, 5]);
    assert!(budget.is_idle());
}

#[test]
fn what_is_given_back_is_for_another() {
    let mut budget = Budget::new(20.0, 0.0);
    crowd(&mut budget, Class::Status, 9);
    assert_eq!(let_go(&mut budget, 1_000.0), [0, 1]);
    budget.give_back();
    assert_eq!(let_go(&mut budget, 1_000.0), [2]);
    // But no more than a full bucket.
    for _ in 0..9 {
        budget.give_back();
    }
    assert_eq!(let_go(&mut budget, 1_000.0), [3, 4]);
}

#[test]
fn what_is_given_back_in_a_pause_makes_no_burst_after_it() {
    let mut budget = Budget::new(300.0, 0.0);
    crowd(&mut budget, Class::Status, 100);
    assert_eq!(let_go(&mut budget, 1_000.0).len(), 30);
    budget.pause(1_000.0, 11_000.0);
    for _ in 0..30 {
        budget.give_back();
    }
    assert_eq!(let_go(&mut budget, 11_000.0).len(), 1);
}

#[test]
fn half_a_request_is_none() {
    let mut budget = Budget::new(2.5, 0.0);
    crowd(&mut budget, Class::Status, 9);
    let gone: usize = (0..60).map(|second| let_go(&mut budget, second as f64 * 1e3).len()).sum();
    assert_eq!(gone, 2);
}

#[test]
fn nearly_all_of_the_budget_can_be_used() {
    for per_minute in [1.0, 1.9, 2.0, 9.0, 11.0, 60.0, 150.0] {
        let mut world = World::new(per_minute, 0.0);
        world.enter(Class::Status, 12 * per_minute as u32);
        world.pass(10.0 * MINUTE).unwrap();
        let share = world.net() / 10.0 / per_minute.floor();
        assert!((0.9..1.1).contains(&share), "{share} of {per_minute}");
    }
}

#[test]
fn a_hundred_thousand_a_minute_are_kept_to() {
    let mut budget = Budget::new(100_000.0, 0.0);
    crowd(&mut budget, Class::Status, 150_000);
    let (mut now, mut gone) = (0.0, Vec::new());
    while now < 1.2 * MINUTE {
        match budget.next(now) {
            Turn::Go(_) => gone.push(now),
            Turn::Wait(until) if until > now => now = until,
            turn => panic!("{turn:?} at {now}"),
        }
    }
    assert!(gone.len() > 100_000);
    let minutes = gone.iter().zip(&gone[100_000..]);
    for (first, one_more) in minutes {
        assert!(one_more - first >= MINUTE - TOLERANCE, "{first} {one_more}");
    }
}

#[test]
fn a_rate_is_a_tenth_at_once_and_the_rest_evenly() {
    let all = [
        (300.0, 30.0, 271.0),
        (600.0, 60.0, 541.0),
        (15.0, 2.0, 14.0),
        (10.0, 1.0, 10.0),
        (1.0, 1.0, 1.0),
        // Half a request is none, and fewer than one is nothing to share.
        (300.9, 30.0, 271.0),
        (0.3, 1.0, 1.0),
        (0.0, 1.0, 1.0),
        (-7.0, 1.0, 1.0),
        (f64::NAN, 1.0, 1.0),
    ];
    for (per_minute, burst, evenly) in all {
        assert_eq!(Rate::of(per_minute), Rate { burst, interval: MINUTE / evenly }, "{per_minute}");
    }
}

#[test]
fn a_pause_is_as_long_as_it_has_left() {
    let mut budget = Budget::<()>::new(300.0, 0.0);
    assert_eq!(budget.paused_for(0.0), None);
    budget.pause(1_000.0, 11_000.0);
    assert_eq!(budget.paused_for(1_000.0), Some(10_000.0));
    assert_eq!(budget.paused_for(10_999.0), Some(1.0));
    assert_eq!(budget.paused_for(11_000.0), None, "then one may go");
    assert_eq!(budget.paused_for(12_000.0), None);
    budget.pause(12_000.0, 20_000.0);
    budget.pause(13_000.0, 14_000.0);
    assert_eq!(budget.paused_for(13_000.0), Some(7_000.0), "a shorter one ends no longer one");
    budget.pause(13_000.0, 30_000.0);
    assert_eq!(budget.paused_for(13_000.0), Some(17_000.0));
}

#[test]
fn a_pause_that_is_over_at_once_is_none() {
    let mut budget = Budget::<()>::new(300.0, 0.0);
    budget.pause(5_000.0, 5_000.0);
    assert_eq!(budget.paused_for(5_000.0), None);
}

fn crowd(budget: &mut Budget<u32>, class: Class, size: u32) {
    for number in 0..size {
        budget.enter(class, number);
    }
}

/// All who may go at this moment.
fn let_go<T>(budget: &mut Budget<T>, now: Millis) -> Vec<T> {
    std::iter::from_fn(|| match budget.next(now) {
        Turn::Go(who) => Some(who),
        Turn::Wait(_) | Turn::Idle => None,
    })
    .collect()
}

/// What happens to a budget, from outside.
#[derive(Debug, Clone)]
enum Event {
    /// So many come.
    Enter(Class, u32),
    /// One of those who wait gives up.
    Leave(Index),
    /// One who went sent nothing after all.
    GiveBack,
    /// The server wants nothing for so long; negative where it names a time that is over.
    Pause(Millis),
    /// Time passes, and whoever may go does.
    Pass(Millis),
    /// Time passes, and nobody looks.
    Sleep(Millis),
    /// The clock is set back.
    Back(Millis),
}

fn event() -> impl Strategy<Value = Event> {
    let class = prop::sample::select(CLASSES.to_vec());
    prop_oneof![
        4 => (class, prop_oneof![3 => 1u32..4, 1 => 1u32..100])
            .prop_map(|(class, size)| Event::Enter(class, size)),
        2 => any::<Index>().prop_map(Event::Leave),
        2 => Just(Event::GiveBack),
        1 => (-1e3..2e4).prop_map(Event::Pause),
        4 => prop_oneof![0.0..50.0, 0.0..1e4, 0.0..1e5].prop_map(Event::Pass),
        1 => (0.0..1e5).prop_map(Event::Sleep),
        1 => (0.0..1e4).prop_map(Event::Back),
    ]
}

fn per_minute() -> impl Strategy<Value = f64> {
    let whole = (1u32..30).prop_map(f64::from);
    prop_oneof![4 => whole, 4 => 1.0..30.0, 2 => 1.0..1e3, 1 => 1e3..1e5]
}

fn start() -> impl Strategy<Value = Millis> {
    prop_oneof![Just(0.0), Just(1e9)]
}

/// Sums of times are that exact, at the least.
const TOLERANCE: Millis = 1e-3;

/// A client around one [`Budget`], with a clock that is driven.
struct World {
    per_minute: f64,
    budget: Budget<u32>,
    /// By the clock that the budget is told.
    now: Millis,
    /// By one that never goes back.
    passed: Millis,
    entered: u32,
    /// In order.
    waiting: Vec<(Class, u32, Ticket)>,
    /// Who went, and what was given back, and when that was.
    flow: Vec<(Millis, f64)>,
    statuses_since_file: u8,
    paused_until: Millis,
    pauses: Vec<Pause>,
}

struct Pause {
    until: Millis,
    /// When it was over first, and how long the flow was then.
    over: Option<(Millis, usize)>,
}

impl World {
    fn new(per_minute: f64, now: Millis) -> Self {
        Self {
            per_minute,
            budget: Budget::new(per_minute, now),
            now,
            passed: 0.0,
            entered: 0,
            waiting: Vec::new(),
            flow: Vec::new(),
            statuses_since_file: 0,
            paused_until: Millis::NEG_INFINITY,
            pauses: Vec::new(),
        }
    }

    fn happen(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Enter(class, size) => self.enter(class, size),
            Event::Leave(place) if !self.waiting.is_empty() => {
                let (_, _, ticket) = self.waiting.remove(place.index(self.waiting.len()));
                self.budget.leave(ticket);
            }
            Event::GiveBack if self.net() > 0.0 => {
                self.budget.give_back();
                self.flow.push((self.passed, -1.0));
            }
            Event::Leave(_) | Event::GiveBack => {}
            Event::Pause(time) => {
                let until = self.now + time;
                let is_news = self.budget.pause(self.now, until);
                prop_assert_eq!(is_news, self.now >= self.paused_until);
                self.paused_until = self.paused_until.max(until);
                self.pauses.push(Pause { until, over: None });
                self.advance(0.0);
            }
            Event::Pass(time) => self.pass(time)?,
            Event::Sleep(time) => self.advance(time),
            Event::Back(time) => self.now -= time,
        }
        prop_assert_eq!(self.budget.is_idle(), self.waiting.is_empty());
        let left = self.paused_until - self.now;
        prop_assert_eq!(self.budget.paused_for(self.now), (left > 0.0).then_some(left));
        Ok(())
    }

    fn enter(&mut self, class: Class, size: u32) {
        for _ in 0..size {
            let ticket = self.budget.enter(class, self.entered);
            self.waiting.push((class, self.entered, ticket));
            self.entered += 1;
        }
    }

    fn advance(&mut self, time: Millis) {
        for pause in self.pauses.iter_mut().filter(|pause| pause.over.is_none()) {
            let left = (pause.until - self.now).max(0.0);
            pause.over = (left <= time).then_some((self.passed + left, self.flow.len()));
        }
        self.now += time;
        self.passed += time;
    }

    fn pass(&mut self, time: Millis) -> Result<(), TestCaseError> {
        let mut left = time;
        while let Some(wait) = self.look()?.filter(|wait| *wait < left) {
            self.advance(wait);
            left -= wait;
        }
        self.advance(left);
        Ok(())
    }

    /// Lets go who may; says how long nobody goes then.
    fn look(&mut self) -> Result<Option<Millis>, TestCaseError> {
        loop {
            match self.budget.next(self.now) {
                Turn::Go(who) => self.goes(who)?,
                Turn::Wait(until) => {
                    prop_assert!(!self.waiting.is_empty());
                    prop_assert!(until > self.now, "a wait for the past");
                    let share = self.now + MINUTE / (0.9 * self.per_minute.floor()) + 1.0;
                    prop_assert!(until <= share.max(self.paused_until), "{until} is too late");
                    return Ok(Some(until - self.now));
                }
                Turn::Idle => {
                    prop_assert!(self.waiting.is_empty());
                    return Ok(None);
                }
            }
        }
    }

    fn goes(&mut self, who: u32) -> Result<(), TestCaseError> {
        let place = self.waiting.iter().position(|(_, number, _)| *number == who);
        prop_assert!(place.is_some(), "{who} does not wait");
        let (class, _, _) = self.waiting[place.unwrap()];
        let first = |class| self.waiting.iter().find(|(of, _, _)| *of == class);
        prop_assert_eq!(first(class).map(|(_, number, _)| *number), Some(who), "not the first");
        let is_files_turn = self.statuses_since_file >= Budget::<u32>::STATUSES_PER_FILE;
        let before: &[Class] = match class {
            Class::Status if is_files_turn => &[Class::Files],
            Class::Files if is_files_turn => &[],
            _ => CLASSES.split(|other| *other == class).next().unwrap(),
        };
        let always_before = CLASSES[..3].iter().take_while(|other| **other != class);
        for other in before.iter().chain(always_before) {
            prop_assert!(first(*other).is_none(), "{class:?} went before {other:?}");
        }
        prop_assert!(self.now >= self.paused_until, "it is paused");

        self.waiting.remove(place.unwrap());
        self.flow.push((self.passed, 1.0));
        match class {
            Class::Files => self.statuses_since_file = 0,
            Class::Status => self.statuses_since_file = self.statuses_since_file.saturating_add(1),
            Class::Cancel | Class::Renewal | Class::Start => {}
        }
        Ok(())
    }

    /// How many went and did not give it back.
    fn net(&self) -> f64 {
        self.flow.iter().map(|(_, size)| size).sum()
    }

    fn check_flow(&self) -> Result<(), TestCaseError> {
        for (first, &(from, _)) in self.flow.iter().enumerate() {
            let minute = self.flow[first..].iter();
            let mut net = 0.0;
            for (_, size) in minute.take_while(|(at, _)| at - from < MINUTE - TOLERANCE) {
                net += size;
                prop_assert!(net <= self.per_minute, "{net} in the minute from {from}");
            }
        }
        for (over, start) in self.pauses.iter().filter_map(|pause| pause.over) {
            let mut net = 0.0;
            for (at, size) in &self.flow[start..] {
                net += size;
                let even = 1.0 + (at - over + TOLERANCE) * self.per_minute / MINUTE;
                prop_assert!(net <= even, "{net} within {} ms of a pause", at - over);
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn every_history_keeps_to_the_budget_and_to_the_order(
        per_minute in per_minute(), start in start(), events in prop::collection::vec(event(), 1..60),
    ) {
        let mut world = World::new(per_minute, start);
        for event in events {
            world.happen(event)?;
        }
        // Whoever still waits gets a turn.
        for _ in 0..50_000 {
            let Some(wait) = world.look()? else { break };
            world.advance(wait);
        }
        prop_assert!(world.budget.is_idle(), "it comes to no end");
        world.check_flow()?;
    }

    #[test]
    fn who_keeps_to_a_rate_stays_within_each_minute_and_uses_it(
        per_minute in per_minute(), gaps in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1e4], 1..200),
    ) {
        let Rate { burst, interval } = Rate::of(per_minute);
        prop_assert_eq!(burst.fract(), 0.0);
        prop_assert!(burst >= 1.0 && interval > 0.0);
        // Another bucket than ours, such as a store has.
        let (mut now, mut left, mut gone) = (0.0, burst, Vec::new());
        for gap in gaps {
            now += gap;
            left = burst.min(left + gap / interval);
            while left >= 1.0 {
                left -= 1.0;
                gone.push(now);
            }
        }
        let most = per_minute as usize;
        for (first, one_more) in gone.iter().zip(gone.iter().skip(most)) {
            prop_assert!(one_more - first >= MINUTE - TOLERANCE, "{first} {one_more}");
        }
        let even = burst + (MINUTE - interval) / interval;
        prop_assert!((even - per_minute.floor()).abs() < 1e-6, "{even} of {per_minute}");
    }

    #[test]
    fn more_tasks_than_the_budget_allows_take_turns(
        per_minute in per_minute(), start in start(), tasks in 1usize..50, files in 0usize..3,
        interval in prop_oneof![Just(0.0), 0.0..2e4],
        pauses in prop::collection::vec((0u32..500, 0.0..2e4), 0..3),
    ) {
        let (mut budget, mut now) = (Budget::new(per_minute, start), start);
        let mut asked = vec![0u32; tasks];
        // Who watches asks again after a while; whoever has an answer waits for it.
        let mut later: VecDeque<_> = (0..tasks).map(|task| (start, task)).collect();
        for _ in 0..files {
            budget.enter(Class::Files, None);
        }
        for step in 0..500 {
            for (_, length) in pauses.iter().filter(|(at, _)| *at == step) {
                budget.pause(now, now + length);
            }
            while later.front().is_some_and(|(due, _)| *due <= now) {
                budget.enter(Class::Status, later.pop_front().map(|(_, task)| task));
            }
            match budget.next(now) {
                Turn::Go(Some(task)) => {
                    asked[task] += 1;
                    later.push_back((now + interval, task));
                }
                Turn::Go(None) => {
                    budget.enter(Class::Files, None);
                }
                Turn::Wait(until) => now = later.front().map_or(until, |(due, _)| due.min(until)),
                Turn::Idle => now = later.front().map_or(now, |(due, _)| *due),
            }
            let (least, most) = (asked.iter().min(), asked.iter().max());
            prop_assert!(most.unwrap() - least.unwrap() <= 1, "{asked:?}");
        }
    }
}
