use anaplan_tasks::error::{Code, Error};
use anaplan_tasks::policy::{Circumstances, LONGEST_PAUSE, Millis, Retry, retry_after};
use proptest::prelude::*;

/// Draws the longest delay, so that it shows the bound.
const UNLUCKY: Circumstances =
    Circumstances { chance: 1.0, is_known: false, is_cancel: false, is_patient: false };
const KNOWN: Circumstances = Circumstances { is_known: true, ..UNLUCKY };
const CANCEL: Circumstances = Circumstances { is_cancel: true, ..UNLUCKY };
const PATIENT: Circumstances = Circumstances { is_patient: true, ..UNLUCKY };

const REPEATED: [u16; 7] = [408, 409, 410, 423, 424, 429, 500];

#[test]
fn of_all_answers_these_are_asked_for_again() {
    for status in (100..200).chain(300..600) {
        let expected = REPEATED.contains(&status) || status >= 500;
        assert_eq!(is_repeated(&answered(status), UNLUCKY), expected, "{status}");
    }
    assert!(!is_repeated(&Error::answered(503, "deprecated", None), UNLUCKY));
}

#[test]
fn without_an_answer_the_network_and_the_time_are_tried_again() {
    use Code::*;
    let all = [
        (InvalidArgument, false),
        (Unauthorized, false),
        (Forbidden, false),
        (NotFound, false),
        (Conflict, false),
        (ModelUnavailable, false),
        (RateLimited, false),
        (Server, false),
        (Network, true),
        (Timeout, true),
        (Protocol, false),
        (TaskFailed, false),
        (TaskCancelled, false),
        (Internal, false),
    ];
    for (code, expected) in all {
        assert_eq!(is_repeated(&Error::new(code, ""), UNLUCKY), expected, "{code:?}");
    }
    assert!(!is_repeated(&Error::redirected(Some(302)), UNLUCKY));
}

#[test]
fn a_broken_body_is_asked_for_again_and_a_foreign_one_is_not() {
    let foreign = Error::not_understood(200, "a task", "<html>");
    assert!(!is_repeated(&foreign, UNLUCKY));
    assert!(is_repeated(&Error { retryable: true, ..foreign }, UNLUCKY));
}

#[test]
fn what_was_there_before_and_is_missing_is_looked_for_once_more() {
    assert!(!is_repeated(&answered(404), UNLUCKY));
    let mut retry = Retry::new(9.0);
    assert_eq!(retry.again(&answered(404), &KNOWN), Some(1_000.0));
    assert_eq!(retry.again(&answered(404), &KNOWN), None);
}

#[test]
fn what_has_moved_is_asked_for_once_more() {
    let mut retry = Retry::new(9.0);
    assert_eq!(retry.again(&answered(410), &UNLUCKY), Some(1_000.0));
    assert_eq!(retry.again(&answered(410), &UNLUCKY), None);
}

#[test]
fn a_refused_token_is_replaced_once_and_at_once() {
    let mut retry = Retry::new(9.0);
    assert_eq!(retry.again(&refused(), &UNLUCKY), Some(0.0));
    assert_eq!(retry.again(&refused(), &UNLUCKY), None);
}

#[test]
fn what_is_tried_once_more_is_remembered_across_other_failures() {
    for between in [answered(503), refused(), Error::new(Code::Network, "")] {
        let mut retry = Retry::new(9.0);
        assert!(retry.again(&answered(410), &UNLUCKY).is_some());
        assert!(retry.again(&between, &UNLUCKY).is_some());
        assert_eq!(retry.again(&answered(410), &UNLUCKY), None, "{between}");
    }
    let mut retry = Retry::new(9.0);
    assert!(retry.again(&refused(), &KNOWN).is_some());
    assert!(retry.again(&answered(404), &KNOWN).is_some());
    assert_eq!(retry.again(&refused(), &KNOWN), None);
}

#[test]
fn to_a_cancel_busy_and_gone_are_answers() {
    for status in [409, 410] {
        assert!(!is_repeated(&answered(status), CANCEL), "{status}");
    }
    for status in [408, 423, 424, 429, 500] {
        assert!(is_repeated(&answered(status), CANCEL), "{status}");
    }
}

#[test]
fn whoever_can_wait_waits_for_the_network_for_ever() {
    let offline = Error::new(Code::Network, "");
    let mut retry = Retry::new(1.0);
    for _ in 0..100 {
        assert_eq!(retry.again(&offline, &PATIENT), Some(Retry::LONGEST));
    }
    assert!(retry.made() < 1.0);
    assert_eq!(retry.again(&Error::new(Code::Timeout, ""), &PATIENT), None);
    assert_eq!(Retry::new(1.0).again(&offline, &UNLUCKY), None);
}

#[test]
fn the_bound_doubles_up_to_the_longest() {
    let delays = |status| -> Vec<Millis> {
        let mut retry = Retry::new(8.0);
        (0..7).filter_map(|_| retry.again(&answered(status), &UNLUCKY)).collect()
    };
    for status in [408, 429, 500, 502] {
        assert_eq!(delays(status), [1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3], "{status}");
    }
    // A model takes its time.
    for status in [409, 423, 424] {
        assert_eq!(delays(status), [5e3, 10e3, 20e3, 30e3, 30e3, 30e3, 30e3], "{status}");
    }
}

#[test]
fn an_answer_makes_the_next_failure_a_first_one() {
    let mut retry = Retry::new(3.0);
    assert!(retry.again(&answered(410), &UNLUCKY).is_some());
    assert!(retry.again(&answered(500), &UNLUCKY).is_some());
    retry.succeeded();
    assert_eq!(retry, Retry::new(3.0));
}

/// The failure behind this status.
fn answered(status: u16) -> Error {
    Error::answered(status, "", None)
}

/// A 401 where another token can be had.
fn refused() -> Error {
    Error { retryable: true, ..answered(401) }
}

fn is_repeated(error: &Error, circumstances: Circumstances) -> bool {
    Retry::new(2.0).again(error, &circumstances).is_some()
}

#[derive(Debug, Clone)]
enum Event {
    Fails(Error, Circumstances),
    Succeeds,
}

fn error() -> impl Strategy<Value = Error> {
    let status = prop_oneof![
        4 => prop::sample::select(REPEATED.to_vec()),
        2 => prop::sample::select(vec![404u16, 410]),
        1 => 400u16..600,
    ];
    let kind = prop_oneof![
        6 => status.prop_map(answered),
        2 => Just(refused()),
        2 => Just(Error::new(Code::Network, "")),
        1 => Just(Error::new(Code::Timeout, "")),
    ];
    (kind, prop::option::weighted(0.3, 0.0..LONGEST_PAUSE))
        .prop_map(|(error, retry_after)| Error { retry_after, ..error })
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    (0.0..1.0, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(chance, is_known, is_cancel, is_patient)| Circumstances {
            chance,
            is_known,
            is_cancel,
            is_patient,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        9 => (error(), circumstances()).prop_map(|(error, around)| Event::Fails(error, around)),
        1 => Just(Event::Succeeds),
    ]
}

/// What has been tried since the last success.
#[derive(Default)]
struct Tried {
    failures: f64,
    missing: u32,
    refused: u32,
    /// How often a delay of our own was drawn.
    drawn: i32,
}

proptest! {
    #[test]
    fn every_call_makes_its_attempts_and_waits_in_between(
        attempts in (1u32..12).prop_map(f64::from), events in prop::collection::vec(event(), 1..40),
    ) {
        let (mut retry, mut tried) = (Retry::new(attempts), Tried::default());
        for event in events {
            let Event::Fails(error, around) = event else {
                retry.succeeded();
                tried = Tried::default();
                continue;
            };
            let asked = error.retry_after.unwrap_or(0.0);
            let bound = retry.clone().again(&error, &Circumstances { chance: 1.0, ..around });
            let delay = retry.again(&error, &around);
            prop_assert_eq!(delay.is_some(), bound.is_some(), "chance decides when, not whether");

            if around.is_patient && error.code == Code::Network {
                prop_assert_eq!(delay, Some(Retry::LONGEST * around.chance));
                prop_assert!((retry.made() - tried.failures).abs() < 1e-9, "it was counted");
                continue;
            }
            tried.failures += 1.0;
            prop_assert!((retry.made() - tried.failures).abs() < 1e-9);

            let times = match error.code {
                Code::NotFound => &mut tried.missing,
                Code::Unauthorized => &mut tried.refused,
                _ => &mut 0,
            };
            let is_missing = error.status == Some(404) && around.is_known;
            let is_answer = around.is_cancel && matches!(error.status, Some(409 | 410));
            let may_help = (error.retryable || is_missing) && !is_answer && *times == 0;
            prop_assert_eq!(delay.is_some(), may_help && tried.failures < attempts);
            let (Some(delay), Some(bound)) = (delay, bound) else {
                continue;
            };
            *times += 1;
            prop_assert!(delay >= asked, "{delay} where the server wants {asked}");
            if error.code == Code::Unauthorized {
                prop_assert!(delay <= asked);
                continue;
            }
            let is_busy = matches!(error.status, Some(409 | 423 | 424));
            let first = if is_busy { 5e3 } else { 1e3 };
            let own = f64::min(first * f64::powi(2.0, tried.drawn), Retry::LONGEST);
            tried.drawn += 1;
            prop_assert_eq!(bound, own.max(asked));
            prop_assert_eq!(delay, (own * around.chance).max(asked));
        }
    }
}

const NOW: f64 = 1_767_225_600_000.0;

/// Reads one date, as a browser reads all.
fn date(text: &str) -> Option<f64> {
    (text == "Thu, 01 Jan 2026 00:00:30 GMT").then_some(NOW + 30_000.0)
}

#[test]
fn the_server_says_in_seconds_or_by_a_date_how_long_to_send_nothing() {
    let all = [
        (None, 10e3),
        (Some(""), 10e3),
        (Some("  "), 10e3),
        (Some("0"), 0.0),
        (Some("1"), 1e3),
        (Some(" 007 "), 7e3),
        (Some("120"), 120e3),
        (Some("121"), 120e3),
        (Some("4294967296"), 120e3),
        (Some("99999999999999999999999999999999999"), 120e3),
        (Some("-1"), 10e3),
        (Some("+1"), 10e3),
        (Some("1.5"), 10e3),
        (Some("1e3"), 10e3),
        (Some("1, 2"), 10e3),
        (Some("١"), 10e3),
        (Some("soon"), 10e3),
        (Some("Thu, 01 Jan 2026 00:00:30 GMT"), 30e3),
        (Some("2026-01-01"), 10e3),
    ];
    for (header, expected) in all {
        let pause = retry_after(header, date, NOW);
        assert!((pause - expected).abs() < 1e-9, "{header:?}: {pause}");
    }
}

#[test]
fn a_date_that_is_over_asks_for_no_pause_and_one_far_off_for_the_longest() {
    let header = Some("Thu, 01 Jan 2026 00:00:30 GMT");
    assert!(retry_after(header, date, NOW + 30_001.0) == 0.0);
    assert!(retry_after(header, date, NOW - 1e12) == LONGEST_PAUSE);
}

proptest! {
    #[test]
    fn whatever_the_server_says_the_pause_has_an_end(
        header in prop::option::of(prop_oneof![".*", "[0-9]{1,40}", "[A-Z][a-z]{2}, .*"]),
        date in prop::option::of(any::<f64>()), now in -1e15..1e15,
    ) {
        let date = date.filter(|date| date.is_finite());
        let pause = retry_after(header.as_deref(), |_| date, now);
        prop_assert!((0.0..=LONGEST_PAUSE).contains(&pause), "{pause}");
    }
}
