use anaplan_tasks::policy::{Cadence, FLOOR, Forecast, Millis};
use proptest::prelude::*;

const MINUTE: Millis = 60_000.0;
const HOUR: Millis = 60.0 * MINUTE;

#[test]
fn no_run_says_nothing() {
    assert_eq!(Forecast::new(&[]), None);
    assert_eq!(Forecast::new(&NONSENSE), None);
}

#[test]
fn three_runs_alike_save_questions_and_time() {
    let forecast = Forecast::new(&[590e3, 612e3, 601e3]).unwrap();
    let (plain, plain_delay) = follow(605e3, None);
    let (asked, delay) = follow(605e3, Some(&forecast));
    assert!(asked < plain, "{asked} instead of {plain}");
    assert!(delay < plain_delay.min(10e3), "{delay} instead of {plain_delay}");
}

#[test]
fn questions_gather_where_earlier_runs_ended() {
    let forecast = Forecast::new(&[10.0 * MINUTE; 10]).unwrap();
    assert!(interval(20e3, &forecast) > 25e3);
    assert!((interval(5.0 * MINUTE, &forecast) - 30e3).abs() < 1e-6);
    assert!(interval(10.0 * MINUTE, &forecast) < 8e3);
    // However fast they gather, the question before does not jump past the end.
    assert!(interval(9.5 * MINUTE, &forecast) < 30e3);
}

#[test]
fn a_run_that_ends_early_is_noticed_within_the_most() {
    let forecast = Forecast::new(&[HOUR; 20]).unwrap();
    for length in [1e3, 40e3, 333e3, 1_000e3] {
        let (_, delay) = follow(length, Some(&forecast));
        assert!(delay <= 30e3, "{delay}");
    }
}

#[test]
fn two_ways_of_one_action_are_both_waited_for() {
    // Nothing to do on most days.
    let days = [30e3, 600e3, 30e3, 30e3, 610e3, 31e3, 590e3, 29e3, 30e3, 605e3];
    let forecast = Forecast::new(&days).unwrap();
    assert!(interval(20e3, &forecast) < 10e3);
    assert!(interval(200e3, &forecast) > 25e3);
    assert!(interval(590e3, &forecast) < 27e3);
}

#[test]
fn three_runs_outweigh_all_before() {
    let mut runs = vec![HOUR; 20];
    for _ in 0..3 {
        Forecast::remember(&mut runs, 5.0 * MINUTE);
    }
    let forecast = Forecast::new(&runs).unwrap();
    assert_eq!(forecast.expected(0.0).map(|expected| expected.total), Some(5.0 * MINUTE));
    let (_, late) = follow(302e3, Some(&Forecast::new(&[HOUR; 20]).unwrap()));
    let (_, soon) = follow(302e3, Some(&forecast));
    assert!(soon < 12e3 && soon < late, "{soon} instead of {late}");

    let mut runs = vec![5.0 * MINUTE; 20];
    for _ in 0..3 {
        Forecast::remember(&mut runs, HOUR);
    }
    let forecast = Forecast::new(&runs).unwrap();
    assert_eq!(forecast.expected(0.0).map(|expected| expected.total), Some(HOUR));
}

#[test]
fn expected_is_the_median_of_the_runs_that_took_longer() {
    let forecast = Forecast::new(&[100e3, 400e3, 200e3, 300e3]).unwrap();
    // By weight, newest first: 1, 0.75, 0.5625 and 0.42.
    let all = [(0.0, 300e3), (150e3, 300e3), (250e3, 300e3), (300e3, 400e3), (399e3, 400e3)];
    for (age, total) in all {
        let expected = forecast.expected(age).unwrap();
        assert!((expected.total - total).abs() < 1e-6, "{age}: {expected:?}");
        assert!((expected.remaining - (total - age)).abs() < 1e-6);
        assert_eq!(expected.runs, 4);
    }
    assert_eq!(forecast.expected(400e3), None);

    // Those that it has outlasted no longer count.
    let forecast = Forecast::new(&[400e3, 300e3, 200e3, 100e3, 100e3]).unwrap();
    assert_eq!(forecast.expected(0.0).map(|expected| expected.total), Some(100e3));
    assert_eq!(forecast.expected(150e3).map(|expected| expected.total), Some(300e3));
}

#[test]
fn a_task_from_the_future_is_new() {
    let forecast = Forecast::new(&[10.0 * MINUTE; 10]).unwrap();
    for age in [-1.0, -HOUR, f64::NAN, f64::NEG_INFINITY] {
        assert!((interval(age, &forecast) - interval(0.0, &forecast)).abs() < 1e-6);
    }
    let expected = forecast.expected(-HOUR).unwrap();
    assert!(expected.remaining <= expected.total);
}

#[test]
fn what_is_no_duration_is_skipped() {
    let sane = [500e3, 600e3, 550e3];
    let mut mixed = vec![7.0; 1_000];
    mixed.splice(.., sane);
    for (place, nonsense) in NONSENSE.into_iter().enumerate() {
        mixed.insert(place % 4, nonsense);
    }
    assert_eq!(Forecast::new(&mixed), Forecast::new(&sane));
}

#[test]
fn only_the_newest_runs_are_kept() {
    let mut runs = NONSENSE.to_vec();
    runs.extend((1..=5_000).map(f64::from));
    Forecast::remember(&mut runs, 5_001.0);
    let newest: Vec<f64> = (4_982..=5_001).map(f64::from).collect();
    assert_eq!(runs, newest);
    Forecast::remember(&mut runs, f64::NAN);
    assert_eq!(runs, newest);
}

const NONSENSE: [f64; 8] =
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -5.0, f64::MAX, 1e300];

fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => prop::sample::select(NONSENSE.to_vec()),
        1 => Just(f64::MIN_POSITIVE),
        1 => any::<f64>(),
        4 => 1.0..1e8,
        8 => 5e4..7e4,
    ]
}

fn runs() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        8 => prop::collection::vec(anything(), 0..30),
        1 => prop::collection::vec(anything(), 200..400),
    ]
}

/// Runs that are all known, and of any spread.
fn durations(size: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<f64>> {
    let around = (1e3..1e8, prop_oneof![Just(1.0), 1.0..10.0]);
    (around, prop::collection::vec(0.0..1.0, size)).prop_map(|((length, spread), places)| {
        places.into_iter().map(|place: f64| length * f64::powf(spread, place)).collect()
    })
}

fn longest(runs: &[f64]) -> f64 {
    runs.iter().copied().fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn no_history_brings_a_delay_below_the_least_or_above_the_most(
        runs in runs(), interval in 0.0..1e5, most in prop_oneof![0.0..1e5, Just(1e15)],
        age in prop_oneof![8 => 0.0..2e5, 4 => 0.0..2e8, 1 => anything()],
        jitter in 0.0..1.0,
    ) {
        let cadence = Cadence::new(Some(interval), Some(most));
        let delay = cadence.delay(age, jitter, Forecast::new(&runs).as_ref());
        let least = interval.max(FLOOR);
        prop_assert!(delay >= least, "{delay}");
        prop_assert!(delay <= most.max(least) * 1.1 * (1.0 + 1e-9), "{delay}");
    }

    #[test]
    fn few_runs_never_make_it_wider_than_the_plain_rule(
        runs in durations(1..Forecast::ENOUGH), part in 0.0..3.0, most in 5e3..1e6,
    ) {
        let cadence = Cadence::new(None, Some(most));
        let forecast = Forecast::new(&runs).unwrap();
        let age = longest(&runs) * part;
        prop_assert!(cadence.delay(age, 0.0, Some(&forecast)) <= cadence.delay(age, 0.0, None));
    }

    #[test]
    fn past_the_longest_run_it_is_never_wider_than_the_plain_rule(
        runs in durations(1..20), part in 1.0..3.0, most in 5e3..1e6,
    ) {
        let cadence = Cadence::new(None, Some(most));
        let forecast = Forecast::new(&runs).unwrap();
        let age = longest(&runs) * part;
        prop_assert!(cadence.delay(age, 0.0, Some(&forecast)) <= cadence.delay(age, 0.0, None));
        prop_assert_eq!(forecast.expected(age), None);
    }

    #[test]
    fn past_twice_the_longest_run_it_is_the_plain_rule(
        runs in durations(1..20), part in 2.000_001..10.0, most in 5e3..1e6,
    ) {
        let cadence = Cadence::new(None, Some(most));
        let forecast = Forecast::new(&runs).unwrap();
        let age = longest(&runs) * part;
        let plain = cadence.delay(age, 0.0, None);
        prop_assert!((cadence.delay(age, 0.0, Some(&forecast)) - plain).abs() < 1e-9);
    }

    #[test]
    fn three_runs_of_another_length_are_what_is_expected(
        old in durations(0..30), new in 1e3..1e8, spread in 0.95..1.05,
    ) {
        let mut runs = old;
        for length in [new, new * spread, new] {
            Forecast::remember(&mut runs, length);
        }
        let total = Forecast::new(&runs).unwrap().expected(0.0).unwrap().total;
        // Where old runs are on either side, the median may be one of theirs that is near.
        prop_assert!((new * 0.949..new * 1.051).contains(&total), "{total} for {new}");
    }

    #[test]
    fn what_remains_is_never_negative(runs in runs(), age in anything()) {
        let forecast = Forecast::new(&runs);
        if let Some(expected) = forecast.and_then(|forecast| forecast.expected(age)) {
            prop_assert!(expected.remaining >= 0.0 && expected.remaining.is_finite());
            prop_assert!(expected.total.is_finite());
            prop_assert!((1..=Forecast::RUNS).contains(&expected.runs));
        }
    }

    #[test]
    fn what_is_remembered_is_known_and_newest_last(runs in runs(), duration in 1.0..1e9) {
        let mut kept = runs;
        Forecast::remember(&mut kept, duration);
        prop_assert!(kept.len() <= Forecast::RUNS);
        prop_assert!(kept.iter().all(|run| *run > 0.0 && run.is_finite()));
        prop_assert_eq!(kept.last().copied(), Some(duration));
    }
}

fn interval(age: Millis, forecast: &Forecast) -> Millis {
    Cadence::default().delay(age, 0.0, Some(forecast))
}

/// How often a run of this length is asked for, and how late its end is noticed.
fn follow(length: Millis, forecast: Option<&Forecast>) -> (u32, Millis) {
    let (mut asked, mut now) = (1, 0.0);
    while now < length {
        now += Cadence::default().delay(now, 0.0, forecast);
        asked += 1;
    }
    (asked, now - length)
}
