use anaplan_tasks::policy::{
    Answer, Cadence, FLOOR, Forecast, Millis, Polling, Step, Surroundings, Watcher, WhenHidden,
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

#[test]
fn after_failures_nobody_asks_for_as_long_as_the_longest_says() {
    let mut polling = Polling::default();
    polling.settled(1_000.0);
    polling.failed(1_000.0, 20_000.0);
    polling.failed(1_001.0, 3_000.0);
    assert_eq!(polling.once(2_000.0, &AROUND), Step::Wait(26_000.0));
    let watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    assert_eq!(polling.watch(&watcher, 2_000.0, &AROUND), Step::Wait(26_000.0));
    // An answer ends it.
    answer(&mut polling, 3_000.0, 3_000.0);
    assert_eq!(polling.once(8_000.0, &AROUND), Step::Ask);
}

#[test]
fn what_failed_before_a_wake_says_nothing_of_now() {
    let mut polling = Polling::default();
    let watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    polling.settled(1_000.0);
    polling.failed(1_000.0, 90_000.0);
    let around = Surroundings { woken: Some(2_000.0), ..AROUND };
    assert_eq!(polling.watch(&watcher, 2_000.0, &around), Step::Wait(6_000.0));
    // Nor does it once more has failed since.
    polling.settled(6_000.0);
    polling.failed(6_000.0, 100.0);
    assert_eq!(polling.watch(&watcher, 6_000.0, &around), Step::Wait(11_100.0));
}

#[test]
fn while_nobody_looks_one_who_watches_asks_seldom_or_not_at_all() {
    let mut polling = Polling::default();
    answer(&mut polling, 0.0, 0.0);
    let hidden = Surroundings { hidden: true, ..AROUND };
    let next = |when_hidden| {
        let mut watcher = Watcher::new(Cadence::default(), when_hidden);
        polling.delivered(&mut watcher);
        assert_eq!(polling.watch(&watcher, 1_000.0, &AROUND), Step::Wait(5_000.0));
        polling.watch(&watcher, 1_000.0, &hidden)
    };
    assert_eq!(next(WhenHidden::Normal), Step::Wait(5_000.0));
    assert_eq!(next(WhenHidden::Slow), Step::Wait(30_000.0));
    assert_eq!(next(WhenHidden::Pause), Step::Wait(Millis::INFINITY));
}

#[test]
fn after_a_wake_a_question_is_due_at_once() {
    let hour = 3_600_000.0;
    let mut polling = Polling::default();
    polling.answered(Answer { asked: 0.0, at: 0.0, age: hour, jitter: 0.0, done: false });
    let mut watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    polling.delivered(&mut watcher);
    assert_eq!(polling.watch(&watcher, 8_000.0, &AROUND), Step::Wait(30_000.0));
    let woken = |at| Surroundings { woken: Some(at), ..AROUND };
    assert_eq!(polling.watch(&watcher, 8_000.0, &woken(8_000.0)), Step::Ask);
    assert_eq!(polling.watch(&watcher, 2_000.0, &woken(2_000.0)), Step::Wait(5_000.0));
}

#[test]
fn an_answer_to_a_question_from_before_is_none_for_one_who_needs_a_newer() {
    let mut polling = Polling::default();
    answer(&mut polling, 1_000.0, 1_100.0);
    assert_eq!(polling.since(1_000.0, 60_000.0, &AROUND), Step::Deliver);
    assert_eq!(polling.since(1_001.0, 1_100.0, &AROUND), Step::Wait(6_100.0));
    assert_eq!(polling.since(1_001.0, 6_100.0, &AROUND), Step::Ask);
}

#[test]
fn earlier_runs_move_the_next_question_until_a_cancel() {
    let (hour, minute) = (3_600_000.0, 60_000.0);
    let forecast = Forecast::new(&[hour; 5]);
    let around = Surroundings { forecast: forecast.as_ref(), ..AROUND };
    let mut polling = Polling::default();
    let watcher = Watcher::new(Cadence::default(), WhenHidden::Normal);
    assert_eq!(polling.due(&watcher, &around), None);
    polling.answered(Answer { asked: 0.0, at: 0.0, age: minute, jitter: 0.0, done: false });
    let plain = Cadence::default().delay(minute, 0.0, None);
    assert_eq!(polling.due(&watcher, &AROUND), Some(plain));
    assert_eq!(polling.due(&watcher, &around), Some(30_000.0));
    polling.cancelled(1_000.0);
    assert_eq!(polling.due(&watcher, &around), Some(6_000.0));
    polling.answered(Answer { asked: 6e3, at: 6e3, age: minute, jitter: 0.0, done: false });
    assert!(polling.due(&watcher, &around).is_some_and(|due| due < 12_000.0));
}

#[test]
fn what_was_cancelled_is_not_forgotten_before_its_question_is_due() {
    let mut polling = Polling::default();
    answer(&mut polling, 0.0, 0.0);
    polling.cancelled(60_000.0);
    assert!(!polling.is_idle(64_999.0) && polling.is_idle(65_000.0));
}

#[test]
fn the_task_ages_from_its_answer_on() {
    let mut polling = Polling::default();
    assert_eq!(polling.age(0.0), None);
    polling.answered(Answer { asked: 0.0, at: 100.0, age: 7_000.0, jitter: 0.0, done: false });
    assert_eq!(polling.age(1_100.0), Some(8_000.0));
}

fn answer(polling: &mut Polling, asked: Millis, at: Millis) {
    polling.answered(Answer { asked, at, age: 0.0, jitter: 0.0, done: false });
}

/// What happens to a task, from outside.
#[derive(Debug, Clone)]
enum Event {
    /// Somebody starts to watch.
    Watch { interval: Millis, most: Millis, when_hidden: WhenHidden },
    /// Watcher number so many gives up.
    Leave(usize),
    /// Somebody asks once.
    Once,
    /// Somebody needs an answer to a question from now or later.
    Since,
    /// Somebody cancels, and the server accepts.
    Cancel,
    /// Nobody looks, or somebody does again.
    Hide(bool),
    /// The machine wakes, or comes online.
    Wake,
    /// Nothing, for a while.
    Pass(Millis),
    /// The clock is set back.
    Back(Millis),
    /// What need not be known any more is forgotten.
    Sweep,
}

fn event() -> impl Strategy<Value = Event> {
    let when_hidden = prop::sample::select(vec![
        WhenHidden::Slow,
        WhenHidden::Slow,
        WhenHidden::Pause,
        WhenHidden::Normal,
    ]);
    prop_oneof![
        3 => (0.0..20_000.0, 0.0..60_000.0, when_hidden).prop_map(
            |(interval, most, when_hidden)| Event::Watch { interval, most, when_hidden }
        ),
        1 => (0usize..8).prop_map(Event::Leave),
        2 => Just(Event::Once),
        1 => Just(Event::Since),
        1 => Just(Event::Cancel),
        2 => any::<bool>().prop_map(Event::Hide),
        1 => Just(Event::Wake),
        6 => (0.0..20_000.0).prop_map(Event::Pass),
        1 => Just(Event::Sweep),
    ]
}

/// How a question ends, and after how long.
#[derive(Debug, Clone, Copy)]
struct Ending {
    after: Millis,
    how: How,
}

#[derive(Debug, Clone, Copy)]
enum How {
    /// With this jitter until the next.
    Answered(f64),
    /// And two who waited for it want so long a delay.
    Failed(Millis, Millis),
    /// Nobody waited for it any more.
    Dropped,
}

fn ending() -> impl Strategy<Value = Ending> {
    let how = prop_oneof![
        6 => (0.0..1.0).prop_map(How::Answered),
        2 => (0.0..30_000.0, 0.0..30_000.0).prop_map(|(one, other)| How::Failed(one, other)),
        1 => Just(How::Dropped),
    ];
    (0.0..8_000.0, how).prop_map(|(after, how)| Ending { after, how })
}

/// From earlier runs, if any are known.
fn forecast() -> impl Strategy<Value = Option<Forecast>> {
    let alike = (5e3..4e6).prop_map(|length| vec![length; 5]);
    let runs = prop_oneof![prop::collection::vec(1e3..4e6, 0..6), alike];
    runs.prop_map(|runs| Forecast::new(&runs))
}

/// A client around one [`Polling`], with a clock that is driven.
#[derive(Default)]
struct World {
    /// By the clock that the policy is told.
    now: Millis,
    /// By one that never goes back.
    passed: Millis,
    has_gone_back: bool,
    /// How old the task is at the beginning.
    age: Millis,
    is_over: bool,
    forecast: Option<Forecast>,
    hidden: bool,
    woken: Option<Millis>,
    polling: Polling,
    endings: Vec<Ending>,
    watchers: Vec<Option<Seat>>,
    once: bool,
    since: Option<Millis>,
    flight: Option<Flight>,
    /// By the clock that never goes back.
    settled: Option<Millis>,
    /// When five seconds have passed since then, by the other clock, as is all that follows.
    free: Millis,
    /// Since when and until when nobody asks after a failure.
    hold: Option<(Millis, Millis)>,
    answer: Option<Answer>,
    cancelled: Option<Millis>,
}

struct Seat {
    watcher: Watcher,
    cadence: Cadence,
    most: Millis,
    when_hidden: WhenHidden,
    has_seen: bool,
}

struct Flight {
    asked: Millis,
    lands: Millis,
    how: How,
}

impl World {
    fn happen(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Watch { interval, most, when_hidden } => {
                let cadence = Cadence::new(Some(interval), Some(most));
                let watcher = Watcher::new(cadence, when_hidden);
                let most = most.max(interval).max(FLOOR);
                let seat = Seat { watcher, cadence, most, when_hidden, has_seen: false };
                self.watchers.push(Some(seat));
            }
            Event::Leave(number) => {
                if let Some(place) = self.watchers.get_mut(number) {
                    *place = None;
                }
            }
            Event::Once => self.once = true,
            Event::Since => self.since = Some(self.now),
            Event::Cancel => {
                self.polling.cancelled(self.now);
                self.cancelled = Some(self.now);
            }
            Event::Hide(hidden) => {
                if self.hidden && !hidden {
                    self.woken = Some(self.now);
                }
                self.hidden = hidden;
            }
            Event::Wake => self.woken = Some(self.now),
            Event::Pass(time) => self.pass(time)?,
            Event::Back(time) => {
                self.now -= time;
                self.has_gone_back = true;
            }
            Event::Sweep => {
                let is_alone = self.flight.is_none() && self.is_served();
                if is_alone && self.polling.is_idle(self.now) {
                    self.polling = Polling::default();
                    (self.answer, self.cancelled, self.hold) = (None, None, None);
                }
            }
        }
        Ok(())
    }

    fn is_served(&self) -> bool {
        !self.once && self.since.is_none() && self.watchers.iter().flatten().next().is_none()
    }

    fn pass(&mut self, time: Millis) -> Result<(), TestCaseError> {
        let mut left = time;
        loop {
            let wait = self.act()?.min(left);
            self.now += wait;
            self.passed += wait;
            left -= wait;
            if left <= 0.0 {
                return Ok(());
            }
        }
    }

    /// Lets everybody who waits act at this moment; says for how long nothing happens then.
    fn act(&mut self) -> Result<Millis, TestCaseError> {
        if let Some(flight) = self.flight.take_if(|flight| flight.lands <= self.passed) {
            self.land(&flight);
        }
        let mut steps = Vec::new();
        let forecast = self.forecast.as_ref();
        let around = Surroundings { woken: self.woken, hidden: self.hidden, forecast };
        let unmoved = Surroundings { forecast, ..AROUND };
        let (now, answer) = (self.now, self.answer);

        if self.once {
            let step = self.polling.once(now, &unmoved);
            if step == Step::Deliver {
                prop_assert!(answer.is_some_and(|answer| now < answer.at + FLOOR));
                self.once = false;
            }
            steps.push((step, self.free(None), self.free(None)));
        }
        if let Some(moment) = self.since {
            let step = self.polling.since(moment, now, &unmoved);
            if step == Step::Deliver {
                prop_assert!(answer.is_some_and(|answer| answer.asked >= moment));
                self.since = None;
            }
            steps.push((step, self.free(None), self.free(None)));
        }
        let mut watchers = std::mem::take(&mut self.watchers);
        for place in &mut watchers {
            let Some(seat) = place else { continue };
            if self.polling.watch(&seat.watcher, now, &around) == Step::Deliver {
                prop_assert!(answer.is_some(), "there is nothing to deliver");
                self.polling.delivered(&mut seat.watcher);
                seat.has_seen = true;
                if answer.is_some_and(|answer| answer.done) {
                    *place = None;
                    continue;
                }
            }
            let (earliest, latest) = self.due(seat);
            steps.push((self.polling.watch(&seat.watcher, now, &around), earliest, latest));
        }
        self.watchers = watchers;

        let mut is_asked = self.flight.is_some();
        for (step, earliest, latest) in &steps {
            if self.flight.is_none() && !self.has_gone_back {
                let is_late = *step != Step::Ask && *step != Step::Deliver && now >= *latest;
                prop_assert!(!is_late, "{step:?} at {now}, though due at {latest}");
                let is_early = *step == Step::Ask && now < *earliest;
                prop_assert!(!is_early, "asked at {now}, though due at {earliest}");
            }
            is_asked |= *step == Step::Ask;
        }
        if is_asked && self.flight.is_none() {
            self.ask()?;
        }
        let mut wait =
            self.flight.as_ref().map_or(f64::INFINITY, |flight| flight.lands - self.passed);
        for (step, ..) in steps {
            if let Step::Wait(until) = step {
                prop_assert!(until > now, "a wait for the past");
                wait = wait.min(until - now);
            }
        }
        Ok(wait)
    }

    fn ask(&mut self) -> Result<(), TestCaseError> {
        if let Some(settled) = self.settled {
            prop_assert!(self.passed >= settled + FLOOR - 1e-6, "{settled} {}", self.passed);
        }
        let Ending { after, how } =
            self.endings.pop().unwrap_or(Ending { after: 10.0, how: How::Answered(0.3) });
        self.flight = Some(Flight { asked: self.now, lands: self.passed + after, how });
        Ok(())
    }

    fn land(&mut self, flight: &Flight) {
        let (now, asked) = (self.now, flight.asked);
        self.settled = Some(self.passed);
        self.free = now + FLOOR;
        match flight.how {
            How::Answered(jitter) => {
                let (age, done) = (self.age + self.passed, self.is_over);
                let answer = Answer { asked, at: now, age, jitter, done };
                self.hold = None;
                if self.polling.answered(answer) {
                    self.answer = Some(answer);
                }
                self.polling.settled(now);
            }
            How::Failed(one, other) => {
                self.polling.settled(now);
                self.polling.failed(now, one);
                self.polling.failed(now, other);
                self.hold = Some((now, now + FLOOR + one.max(other)));
            }
            How::Dropped => self.polling.settled(now),
        }
    }

    /// When a question may be sent, whoever wants to.
    fn free(&self, woken: Option<Millis>) -> Millis {
        let hold = self.hold.filter(|(since, _)| woken.is_none_or(|woken| woken <= *since));
        hold.map_or(self.free, |(_, until)| until.max(self.free))
    }

    /// When this watcher asks, at the earliest and at the latest.
    fn due(&self, seat: &Seat) -> (Millis, Millis) {
        let free = self.free(self.woken);
        let Some(answer) = self.answer.filter(|_| seat.has_seen) else {
            return (free, free);
        };
        let (at, least) = (answer.at, seat.cadence.delay(0.0, 0.0, None));
        let (earliest, latest) = match self.cancelled {
            // Nobody waits for long after a cancel.
            Some(cancelled) if at <= cancelled => (cancelled + FLOOR, cancelled + FLOOR),
            Some(cancelled) => (at + least, at + seat.cadence.delay(at - cancelled, 1.0, None)),
            None => (at + least, at + seat.most * 1.1),
        };
        let (earliest, latest) = match seat.when_hidden {
            WhenHidden::Pause if self.hidden => return (f64::INFINITY, f64::INFINITY),
            WhenHidden::Slow if self.hidden => {
                (earliest.max(at + seat.most), latest.max(at + seat.most))
            }
            _ => (earliest, latest),
        };
        let woken = self.woken.filter(|woken| *woken > at).unwrap_or(f64::INFINITY);
        // Sums of times are that exact.
        (earliest.min(woken).max(free) - 1e-6, latest.min(woken).max(free) + 1e-6)
    }

    /// The task ends, and everybody who waits hears of it.
    fn finish(&mut self) -> Result<(), TestCaseError> {
        self.is_over = true;
        self.endings.clear();
        self.happen(Event::Hide(false))?;
        self.pass(200_000.0)?;
        prop_assert!(self.is_served(), "somebody was forgotten");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_history_makes_a_question_come_too_early_or_too_late(
        events in prop::collection::vec(event(), 1..80),
        endings in prop::collection::vec(ending(), 0..40),
        age in 0.0..4e6, forecast in forecast(),
    ) {
        let mut world = World { age, forecast, endings, ..World::default() };
        for event in events {
            world.happen(event)?;
        }
        world.finish()?;
    }
}

proptest! {
    #[test]
    fn a_clock_that_goes_back_makes_no_question_come_too_early(
        events in prop::collection::vec(
            prop_oneof![9 => event(), 1 => (0.0..30_000.0).prop_map(Event::Back)], 1..80,
        ),
        endings in prop::collection::vec(ending(), 0..40),
    ) {
        let mut world = World { endings, ..World::default() };
        let mut back = 0.0;
        for event in events {
            if let Event::Back(time) = event {
                back += time;
            }
            world.happen(event)?;
        }
        // Nor does anybody wait for ever.
        world.pass(back)?;
        world.finish()?;
    }
}
