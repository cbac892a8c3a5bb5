use anaplan_tasks::policy::{Cadence, FLOOR};
use proptest::prelude::*;

#[test]
fn the_interval_is_the_root_of_the_age_between_five_and_thirty_seconds() {
    let cadence = Cadence::default();
    let all = [
        (0.0, 5_000.0),
        (12_000.0, 7_000.0),
        (60_000.0, 12_041.594_578_792_296),
        (187_500.0, 20_000.0),
        (437_500.0, 30_000.0),
        (86_400_000.0, 30_000.0),
    ];
    for (age, interval) in all {
        assert!((cadence.delay(age, 0.0, None) - interval).abs() < 1e-6);
        assert!((cadence.delay(age, 1.0, None) - interval * 1.1).abs() < 1e-6);
    }
}

#[test]
fn each_wait_is_about_a_second_longer_than_the_one_before() {
    let cadence = Cadence::default();
    let (mut age, mut before) = (0.0, cadence.delay(0.0, 0.0, None));
    while before < 28_000.0 {
        age += before;
        let wait = cadence.delay(age, 0.0, None);
        assert!((850.0..1_000.0).contains(&(wait - before)), "{before} {wait}");
        before = wait;
    }
}

#[test]
fn the_interval_can_be_raised_but_not_lowered() {
    assert!(Cadence::new(Some(0.0), Some(0.0)).delay(1e9, 0.0, None) >= FLOOR);
    let slow = Cadence::new(Some(60_000.0), None);
    assert!((slow.delay(0.0, 0.0, None) - 60_000.0).abs() < 1e-6);
    let wide = Cadence::new(None, Some(60_000.0));
    assert!((wide.delay(1e9, 0.0, None) - 60_000.0).abs() < 1e-6);
}

proptest! {
    #[test]
    fn no_delay_is_below_the_floor(
        interval in prop::option::of(0.0..1e7), most in prop::option::of(0.0..1e7),
        age in prop_oneof![0.0..1e9, Just(f64::INFINITY), Just(f64::NAN), -1e9..0.0],
        jitter in prop_oneof![0.0..1.0, Just(-1.0), Just(2.0), Just(f64::NAN)],
    ) {
        let delay = Cadence::new(interval, most).delay(age, jitter, None);
        prop_assert!(delay >= FLOOR, "{delay}");
        prop_assert!(delay <= 1.1e7 + 1.0);
    }
}
