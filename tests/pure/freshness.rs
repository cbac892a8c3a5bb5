use anaplan_tasks::policy::{Meaning, Other, State, meaning, staleness};

const NOW: f64 = 1_780_000_000_000.0;
const HOUR: f64 = 3_600_000.0;

#[test]
fn a_run_that_did_not_succeed_wrote_nothing() {
    for created in [None, Some(NOW), Some(NOW - 100.0 * HOUR)] {
        assert!(staleness(false, created, NOW).unwrap().contains("did not succeed"));
    }
}

#[test]
fn a_file_is_kept_for_two_days() {
    let old = |created| staleness(true, created, NOW).is_some();
    assert!(!old(Some(NOW - 48.0 * HOUR)));
    assert!(old(Some(NOW - 48.0 * HOUR - 1.0)));
    assert!(old(Some(0.0)));
    assert!(staleness(true, Some(0.0), NOW).unwrap().contains("48 hours"));
    // Nobody says when, a clock is off, or there is no sense in it: nothing contradicts.
    for created in [None, Some(NOW + HOUR), Some(f64::NAN), Some(f64::INFINITY)] {
        assert!(!old(created), "{created:?}");
    }
}

#[test]
fn another_run_means_what_it_can() {
    use Meaning::{MayBeReplaced, MayChange, None as Nothing, Replaced};
    use State::{Cancelled, Complete, UnderWay};
    let (later, earlier, unknown) = (Some(true), Some(false), None);
    for (is_later, state, is_ours, expected) in [
        (later, Complete, true, Replaced),
        (later, Complete, false, MayBeReplaced),
        (later, UnderWay, true, MayChange),
        (later, UnderWay, false, MayChange),
        // When it began is not known: it may have been before.
        (unknown, Complete, true, MayBeReplaced),
        (unknown, Complete, false, MayBeReplaced),
        (unknown, UnderWay, true, MayChange),
        (unknown, UnderWay, false, MayChange),
    ] {
        assert_eq!(meaning(Other { is_later, state, is_ours }), expected, "{is_later:?} {state:?}");
    }
    for is_ours in [true, false] {
        for state in [UnderWay, Complete, Cancelled] {
            assert_eq!(meaning(Other { is_later: earlier, state, is_ours }), Nothing);
        }
        for is_later in [later, earlier, unknown] {
            assert_eq!(meaning(Other { is_later, state: Cancelled, is_ours }), Nothing);
        }
    }
}
