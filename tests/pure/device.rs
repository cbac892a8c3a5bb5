use anaplan_tasks::policy::{DeviceAnswer, DevicePace, Millis};
use proptest::prelude::*;

const SECOND: Millis = 1_000.0;
const START: Millis = 5_000_000.0;

fn pace(interval: Option<f64>, lifetime: Option<f64>) -> DevicePace {
    DevicePace::new(START, interval, lifetime)
}

#[test]
fn the_first_question_waits_for_the_interval() {
    for (said, expected) in [
        (None, 5.0),
        (Some(5.0), 5.0),
        (Some(7.5), 7.5),
        (Some(0.0), 1.0),
        (Some(-3.0), 1.0),
        (Some(1e9), 60.0),
    ] {
        assert_eq!(pace(said, None).next(), Some(START + expected * SECOND), "{said:?}");
    }
}

#[test]
fn it_waits_after_each_answer() {
    let mut pace = pace(Some(5.0), None);
    // The answer took three seconds.
    pace.answered(START + 8.0 * SECOND, DeviceAnswer::Pending);
    assert_eq!(pace.next(), Some(START + 13.0 * SECOND));
}

#[test]
fn too_fast_makes_it_slower_for_good() {
    let mut pace = pace(Some(5.0), None);
    let mut now = START;
    let mut gap = |pace: &mut DevicePace, answer| {
        now = pace.next().unwrap();
        pace.answered(now, answer);
        pace.next().unwrap() - now
    };
    assert_eq!(gap(&mut pace, DeviceAnswer::Pending), 5.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::TooFast), 10.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::Pending), 10.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::TooFast), 15.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::Lost), 30.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::Lost), 60.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::Lost), 60.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::TooFast), 65.0 * SECOND);
    assert_eq!(gap(&mut pace, DeviceAnswer::Lost), 65.0 * SECOND, "never quicker");
}

#[test]
fn it_ends_with_the_code() {
    for (said, expected) in [(None, 179), (Some(900.0), 179), (Some(30.0), 5), (Some(5.0), 0)] {
        let mut pace = pace(Some(5.0), said);
        let mut asked = 0;
        while let Some(next) = pace.next() {
            assert!(next < START + DevicePace::lifetime(said));
            asked += 1;
            pace.answered(next, DeviceAnswer::Pending);
        }
        assert_eq!(asked, expected, "{said:?}");
    }
    assert_eq!(DevicePace::lifetime(Some(1e300)), 86_400_000.0);
    assert_eq!(pace(None, Some(-1.0)).next(), None);
}

#[test]
fn a_day_of_it_is_as_many_questions_as_it_should_be() {
    let mut pace = pace(Some(5.0), Some(86_400.0));
    let mut asked = 0;
    while let Some(next) = pace.next() {
        asked += 1;
        let answer = if asked % 1_000 == 0 { DeviceAnswer::TooFast } else { DeviceAnswer::Pending };
        pace.answered(next, answer);
    }
    // 1 000 at 5 s, 1 000 at 10, and so on; the one that would come as the day ends is not asked.
    assert_eq!(asked, 5_379);
}

fn answers() -> impl Strategy<Value = DeviceAnswer> {
    prop_oneof![Just(DeviceAnswer::Pending), Just(DeviceAnswer::TooFast), Just(DeviceAnswer::Lost)]
}

proptest! {
    #[test]
    fn nobody_is_asked_sooner_than_before(
        interval in proptest::option::of(any::<f64>()),
        lifetime in proptest::option::of(0.0..1e6),
        answers in proptest::collection::vec((answers(), 0.0..1e5), 0..100),
    ) {
        let mut pace = pace(interval, lifetime);
        let mut least = SECOND;
        for (answer, took) in answers {
            let Some(next) = pace.next() else { return Ok(()) };
            let now = next + took;
            pace.answered(now, answer);
            if let Some(next) = pace.next() {
                let gap = (next - now + 1e-6).round();
                prop_assert!(gap >= least.round(), "{} after {}", gap, least);
                least = gap;
            }
        }
    }
}
