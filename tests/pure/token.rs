use anaplan_tasks::policy::{Millis, Moment, Reason, TokenLife};
use proptest::prelude::*;

const MINUTE: Millis = 60_000.0;

/// Some time on both clocks.
const START: Moment = Moment { steady: 1_000.0, wall: 1_767_225_600_000.0 };

/// So much later, by both clocks.
fn after(time: Millis) -> Moment {
    by(time, time)
}

/// So much later by the steady clock, and by the wall's.
fn by(steady: Millis, wall: f64) -> Moment {
    Moment { steady: START.steady + steady, wall: START.wall + wall }
}

fn lasting(time: Option<Millis>) -> TokenLife {
    let mut life = TokenLife::default();
    life.renewed(START, time.map(|time| START.wall + time));
    life
}

#[test]
fn the_first_is_had_at_once() {
    let life = TokenLife::default();
    assert_eq!(life.need(START), Some(Reason::First));
    assert!(!life.is_good(START));
}

#[test]
fn it_is_renewed_when_four_fifths_are_over() {
    for (said, soon) in [(None, 28.0 * MINUTE), (Some(10.0 * MINUTE), 8.0 * MINUTE)] {
        let life = lasting(said);
        assert_eq!(life.need(after(soon - 1.0)), None);
        assert_eq!(life.need(after(soon)), Some(Reason::Expiring));
        assert!(life.is_good(after(soon)), "it serves meanwhile");
    }
}

#[test]
fn the_clock_that_went_further_counts() {
    let life = lasting(Some(10.0 * MINUTE));
    // The machine slept.
    assert_eq!(life.need(by(0.0, 8.0 * MINUTE)), Some(Reason::Expiring));
    assert!(!life.is_good(by(0.0, 10.0 * MINUTE)));
    // The clock was set back.
    assert_eq!(life.need(by(8.0 * MINUTE, -600.0 * MINUTE)), Some(Reason::Expiring));
    assert!(!life.is_good(by(10.0 * MINUTE, -600.0 * MINUTE)));
}

#[test]
fn a_renewal_that_fails_is_not_tried_again_at_once() {
    let mut life = lasting(Some(10.0 * MINUTE));
    assert!(life.failed(after(8.0 * MINUTE)));
    assert_eq!(life.need(after(8.0 * MINUTE + TokenLife::PATIENCE - 1.0)), None);
    assert_eq!(life.need(after(8.0 * MINUTE + TokenLife::PATIENCE)), Some(Reason::Expiring));
    // A new one begins anew.
    life.renewed(after(8.0 * MINUTE), Some(START.wall + 8.0 * MINUTE + 1_000.0));
    assert_eq!(life.need(after(8.0 * MINUTE + 800.0)), Some(Reason::Expiring));
}

#[test]
fn one_that_is_over_does_not_serve_on_when_its_renewal_fails() {
    let mut life = lasting(Some(MINUTE));
    assert!(life.failed(after(0.9 * MINUTE)));
    assert_eq!(life.need(after(MINUTE)), Some(Reason::Expiring));
    assert!(!life.failed(after(MINUTE)));
    assert_eq!(life.need(after(MINUTE)), Some(Reason::Expiring));
    assert!(!TokenLife::default().failed(START), "there is none");
}

#[test]
fn where_nobody_said_when_it_ends_only_the_server_knows() {
    let mut life = lasting(None);
    assert!(life.is_good(after(1_000.0 * MINUTE)));
    assert!(life.failed(after(1_000.0 * MINUTE)));
}

#[test]
fn one_that_was_refused_is_not_used_again() {
    let mut life = lasting(None);
    life.refused();
    assert_eq!(life.need(START), Some(Reason::Rejected));
    assert!(!life.is_good(START) && !life.failed(START));
    assert_eq!(life.need(after(1_000.0 * MINUTE)), Some(Reason::Rejected));
    life.renewed(START, None);
    assert_eq!(life.need(START), None);
    assert!(life.is_good(START));
}

#[test]
fn one_that_comes_too_late_is_renewed_at_the_next_use() {
    for said in [-MINUTE, 0.0, f64::NAN] {
        let life = lasting(Some(said));
        assert_eq!(life.need(START), Some(Reason::Expiring), "{said}");
        assert!(!life.is_good(START));
    }
}

#[test]
fn every_reason_has_its_word() {
    let words = [Reason::First, Reason::Expiring, Reason::Rejected].map(Reason::as_str);
    assert_eq!(words, ["first", "expiring", "rejected"]);
}

/// What happens around a token.
#[derive(Debug, Clone)]
enum Event {
    /// Somebody sends a request; should a token be needed for that, this is what the renewal brings.
    Use(Renewal),
    /// The server does not accept the token.
    Refuse,
    /// Time passes.
    Pass(Millis),
    /// The machine sleeps, in which the steady clock stands still.
    Sleep(Millis),
    /// The clock on the wall is set.
    Set(f64),
}

#[derive(Debug, Clone)]
enum Renewal {
    Fails,
    /// A token that lives so long, if that is said.
    Brings(Option<Millis>),
}

fn event() -> impl Strategy<Value = Event> {
    let lifetime = prop_oneof![4 => 0.0..40.0 * MINUTE, 1 => -MINUTE..1.0];
    let renewal = prop_oneof![
        3 => Just(Renewal::Fails),
        2 => prop::option::weighted(0.8, lifetime).prop_map(Renewal::Brings),
    ];
    let time = || prop_oneof![0.0..MINUTE, 0.0..10.0 * MINUTE];
    prop_oneof![
        8 => renewal.prop_map(Event::Use),
        1 => Just(Event::Refuse),
        5 => time().prop_map(Event::Pass),
        1 => time().prop_map(Event::Sleep),
        1 => (-40.0 * MINUTE..40.0 * MINUTE).prop_map(Event::Set),
    ]
}

/// What the world knows of the token in use.
#[derive(Debug, Clone, Copy)]
struct Token {
    since: Moment,
    lifetime: Option<Millis>,
    /// When its renewal failed last, by the steady clock.
    failed: Option<Millis>,
}

impl Token {
    fn age(&self, now: Moment) -> Millis {
        f64::max(now.steady - self.since.steady, now.wall - self.since.wall)
    }

    fn is_over(&self, now: Moment) -> bool {
        self.lifetime.is_some_and(|lifetime| self.age(now) >= lifetime - ROUNDING)
    }
}

/// What the end of a token is rounded by, as time since the epoch.
const ROUNDING: Millis = 0.001;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_request_has_a_token_that_lives(events in prop::collection::vec(event(), 1..60)) {
        let (mut life, mut now, mut held) = (TokenLife::default(), START, None::<Token>);
        let mut is_refused = false;
        for event in events {
            match event {
                Event::Pass(time) => {
                    now = Moment { steady: now.steady + time, wall: now.wall + time };
                }
                Event::Sleep(time) | Event::Set(time) => now.wall += time,
                Event::Refuse if held.is_some() => {
                    life.refused();
                    (held, is_refused) = (None, true);
                }
                Event::Refuse => {}
                Event::Use(renewal) => {
                    let Some(reason) = life.need(now) else {
                        // What is used is neither refused nor over, nor old but for a while after
                        // a renewal that failed.
                        let token = held.ok_or_else(|| TestCaseError::fail("there is none"))?;
                        prop_assert!(life.is_good(now));
                        prop_assert!(token.lifetime.is_none_or(|lifetime| token.age(now) < lifetime + ROUNDING));
                        let lifetime = token.lifetime.unwrap_or(TokenLife::LIFETIME);
                        let has_failed = token.failed.is_some_and(|at| now.steady < at + TokenLife::PATIENCE);
                        let is_young = token.age(now) < 0.8 * lifetime + ROUNDING;
                        prop_assert!(is_young || has_failed, "{token:?} at {now:?}");
                        continue;
                    };
                    match held {
                        // It is not renewed before its time, nor again and again.
                        Some(token) => {
                            prop_assert_eq!(reason, Reason::Expiring);
                            let lifetime = token.lifetime.unwrap_or(TokenLife::LIFETIME);
                            prop_assert!(token.age(now) > 0.8 * lifetime - ROUNDING);
                            let failed = token.failed.unwrap_or(f64::NEG_INFINITY);
                            prop_assert!(
                                token.is_over(now) || now.steady >= failed + TokenLife::PATIENCE,
                                "{token:?} at {now:?}",
                            );
                        }
                        None if is_refused => prop_assert_eq!(reason, Reason::Rejected),
                        None => prop_assert_eq!(reason, Reason::First),
                    }
                    match renewal {
                        Renewal::Brings(lifetime) => {
                            life.renewed(now, lifetime.map(|lifetime| now.wall + lifetime));
                            let lifetime = lifetime.map(|lifetime| lifetime.max(0.0));
                            held = Some(Token { since: now, lifetime, failed: None });
                            is_refused = false;
                        }
                        Renewal::Fails => {
                            let serves_on = life.failed(now);
                            prop_assert_eq!(serves_on, life.is_good(now));
                            match &mut held {
                                Some(token) if serves_on => token.failed = Some(now.steady),
                                Some(token) => prop_assert!(token.is_over(now)),
                                None => prop_assert!(!serves_on),
                            }
                        }
                    }
                }
            }
        }
    }
}
