use anaplan_tasks::policy::{
    Answer, Cadence, FLOOR, Millis, Polling, Step, Surroundings, Watcher, WhenHidden,
};
use proptest::prelude::*;

/// Nothing that matters.
const AROUND: Surroundings<'_> = Surroundings { woken: None, hidden: false, forecast: None };

/// A long export, followed as a watch does it: the cost of an hour.
#[test]
fn an_hour_costs_few_questions_and_the_end_is_seen_soon() {
    let (length, mut now, mut asked) = (3_600_000.0, 0.0, 0);
    let mut polling = Polling::default();
    let mut watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    loop {
        match polling.watch(&watcher, now, &AROUND) {
            Step::Ask => {
                asked += 1;
                let done = now >= length;
                polling.answered(Answer { asked: now, at: now, age: now, jitter: 0.5, done });
            }
            Step::Wait(until) => now = until,
            Step::Deliver => {
                polling.delivered(&mut watcher);
                if now >= length {
                    break;
                }
            }
        }
    }
    assert!((100..150).contains(&asked), "{asked}");
    assert!(now - length <= 33_000.0);
}

#[test]
fn the_first_watcher_asks_at_once_and_a_second_takes_its_answer() {
    let mut polling = Polling::default();
    let first = Watcher::new(Cadence::default(), WhenHidden::Normal);
    assert_eq!(polling.watch(&first, 100.0, &AROUND), Step::Ask);
    answer(&mut polling, 100.0, 200.0);
    let second = Watcher::new(Cadence::default(), WhenHidden::Normal);
    assert_eq!(polling.watch(&second, 5_199.0, &AROUND), Step::Deliver);
    assert_eq!(polling.watch(&second, 5_200.0, &AROUND), Step::Ask);
}

#[test]
fn one_who_comes_late_gets_no_old_answer() {
    let mut polling = Polling::default();
    answer(&mut polling, 0.0, 0.0);
    let mut watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    polling.delivered(&mut watcher);
    answer(&mut polling, 6_000.0, 6_000.0);
    assert_eq!(polling.watch(&watcher, 7_000.0, &AROUND), Step::Deliver);
    assert_eq!(polling.watch(&watcher, 60_000.0, &AROUND), Step::Ask);
}

#[test]
fn the_last_answer_is_delivered_however_late() {
    let mut polling = Polling::default();
    answer(&mut polling, 0.0, 0.0);
    let mut watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    polling.delivered(&mut watcher);
    polling.answered(Answer { asked: 6e3, at: 6e3, age: 6e3, jitter: 0.0, done: true });
    assert_eq!(polling.watch(&watcher, 1e9, &AROUND), Step::Deliver);
}

#[test]
fn after_a_cancel_the_next_question_is_due_in_five_seconds() {
    let hour = 3_600_000.0;
    let mut polling = Polling::default();
    polling.answered(Answer { asked: 0.0, at: 0.0, age: hour, jitter: 0.0, done: false });
    let mut watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    polling.delivered(&mut watcher);
    assert_eq!(polling.watch(&watcher, 10_000.0, &AROUND), Step::Wait(30_000.0));
    polling.cancelled(10_000.0);
    assert_eq!(polling.watch(&watcher, 10_000.0, &AROUND), Step::Deliver);
    polling.delivered(&mut watcher);
    assert_eq!(polling.watch(&watcher, 10_000.0, &AROUND), Step::Wait(15_000.0));
    // And the one after that is not half a minute off, though the task is old.
    polling.answered(Answer { asked: 15e3, at: 15e3, age: hour, jitter: 0.0, done: false });
    polling.delivered(&mut watcher);
    let Step::Wait(until) = polling.watch(&watcher, 16_000.0, &AROUND) else { panic!() };
    assert!((20_000.0..21_000.0).contains(&until), "{until}");
}

#[test]
fn an_answer_from_before_a_cancel_is_no_news() {
    let mut polling = Polling::default();
    answer(&mut polling, 0.0, 0.0);
    polling.cancelled(6_000.0);
    let old = Answer { asked: 5_900.0, at: 6_100.0, age: 0.0, jitter: 0.0, done: false };
    assert!(!polling.answered(old));
    assert!(polling.answered(Answer { done: true, ..old }), "an end always is");
    assert!(polling.answered(Answer { asked: 12_000.0, ..old }));
}

#[test]
fn a_failure_counts_as_a_question() {
    let mut polling = Polling::default();
    polling.settled(1_000.0);
    assert_eq!(polling.once(1_000.0, &AROUND), Step::Wait(6_000.0));
    assert_eq!(polling.once(6_000.0, &AROUND), Step::Ask);
    assert!(!polling.is_idle(5_999.0) && polling.is_idle(6_000.0));
}

fn answer(polling: &mut Polling, asked: Millis, at: Millis) {
    polling.answered(Answer { asked, at, age: 0.0, jitter: 0.0, done: false });
}

/// What happens to a task, from outside.
#[derive(Debug, Clone)]
enum Event {
    /// Somebody starts to watch.
    Watch { interval: Millis, most: Millis },
    /// Watcher number so many gives up.
    Leave(usize),
    /// Somebody asks once.
    Once,
    /// Somebody cancels, and the server accepts.
    Cancel,
    /// Nothing, for a while.
    Pass(Millis),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0.0..20_000.0, 0.0..60_000.0).prop_map(|(interval, most)| Event::Watch { interval, most }),
        1 => (0usize..8).prop_map(Event::Leave),
        3 => Just(Event::Once),
        1 => Just(Event::Cancel),
        6 => (0.0..20_000.0).prop_map(Event::Pass),
    ]
}

/// How a question ends: after so long, answered or not.
fn ending() -> impl Strategy<Value = (Millis, bool)> {
    (0.0..8_000.0, prop::bool::weighted(0.8))
}

/// A client around one [`Polling`], with a clock that is driven.
#[derive(Default)]
struct World {
    now: Millis,
    polling: Polling,
    watchers: Vec<Option<(Watcher, Cadence, Millis)>>,
    once: bool,
    flight: Option<(Millis, Millis, bool)>,
    asked: Vec<Millis>,
    settled: Vec<Millis>,
}

impl World {
    /// Lets everybody who waits act at this moment; says when to look again.
    fn act(&mut self, endings: &mut dyn Iterator<Item = (Millis, bool)>) -> Result<Millis, String> {
        let mut wake = f64::INFINITY;
        if let Some((asked, end, good)) = self.flight {
            if self.now < end {
                return Ok(end);
            }
            self.flight = None;
            self.settled.push(self.now);
            if good {
                let age = self.now;
                let answer = Answer { asked, at: self.now, age, jitter: 0.3, done: false };
                self.polling.answered(answer);
            } else {
                self.polling.settled(self.now);
            }
        }
        let mut steps = Vec::new();
        if self.once {
            let step = self.polling.once(self.now, &AROUND);
            self.once = step != Step::Deliver;
            steps.push(step);
        }
        for (watcher, _, since) in self.watchers.iter_mut().flatten() {
            let step = self.polling.watch(watcher, self.now, &AROUND);
            if step == Step::Deliver {
                self.polling.delivered(watcher);
                *since = self.now;
            }
            steps.push(self.polling.watch(watcher, self.now, &AROUND));
        }
        for step in steps {
            match step {
                Step::Ask if self.flight.is_none() => {
                    let (length, good) = endings.next().unwrap_or((10.0, true));
                    self.asked.push(self.now);
                    self.flight = Some((self.now, self.now + length, good));
                    wake = wake.min(self.now + length);
                }
                Step::Wait(until) if until <= self.now => return Err("a wait for the past".into()),
                Step::Wait(until) => wake = wake.min(until),
                Step::Ask | Step::Deliver => {}
            }
        }
        Ok(wake)
    }

    fn pass(
        &mut self,
        time: Millis,
        endings: &mut dyn Iterator<Item = (Millis, bool)>,
    ) -> Result<(), String> {
        let end = self.now + time;
        loop {
            let wake = self.act(endings)?;
            if wake > end {
                self.now = end;
                return Ok(());
            }
            self.now = wake;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_history_makes_two_questions_come_closer_than_the_floor(
        events in prop::collection::vec(event(), 1..80),
        endings in prop::collection::vec(ending(), 0..40),
    ) {
        let mut world = World::default();
        let mut endings = endings.into_iter();
        for event in events {
            match event {
                Event::Watch { interval, most } => {
                    let cadence = Cadence::new(Some(interval), Some(most));
                    let now = world.now;
                    world.watchers.push(Some((Watcher::new(cadence, WhenHidden::Normal), cadence, now)));
                }
                Event::Leave(number) => {
                    if let Some(place) = world.watchers.get_mut(number) {
                        *place = None;
                    }
                }
                Event::Once => world.once = true,
                Event::Cancel => world.polling.cancelled(world.now),
                Event::Pass(time) => world.pass(time, &mut endings).map_err(TestCaseError::fail)?,
            }
        }
        for (question, &settled) in world.asked.iter().skip(1).zip(&world.settled) {
            prop_assert!(*question >= settled + FLOOR, "asked at {question}, settled at {settled}");
        }
        // Nor is anybody forgotten, once questions are answered.
        world.pass(200_000.0, &mut std::iter::repeat((10.0, true))).map_err(TestCaseError::fail)?;
        prop_assert!(!world.once);
        for (_, cadence, since) in world.watchers.iter().flatten() {
            let longest = cadence.delay(f64::INFINITY, 1.0, None) + 10.0;
            prop_assert!(world.now - since <= longest, "last served at {since} of {}", world.now);
        }
    }
}
