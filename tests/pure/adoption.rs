use anaplan_tasks::policy::{Adoption, Look, Millis, Verdict};
use proptest::prelude::*;

/// By the clock here.
const SENT: f64 = 1_780_000_000_000.0;

#[test]
fn with_a_date_the_clocks_may_differ() {
    for skew in [0.0, 3_600_000.0, -3_600_000.0] {
        let old = ("old", Some(SENT + skew - 2_100.0));
        let ours = ("ours", Some(SENT + skew + 1_500.0));
        assert_eq!(verdict(Some(skew), &[ours, old]), Verdict::Ours(0), "{skew}");
        assert_eq!(verdict(Some(skew), &[old]), Verdict::Nobody, "{skew}");
    }
}

#[test]
fn without_a_date_they_are_one() {
    let look = |after: f64| verdict(None, &[("one", Some(SENT + after))]);
    assert_eq!(look(-3.0), Verdict::Nobody);
    assert_eq!(look(-1.0), Verdict::Ours(0));
    assert_eq!(look(1_003.0), Verdict::Ours(0));
}

#[test]
fn of_two_none_is_taken() {
    let made = |after: f64| Some(SENT + after);
    let tasks = [("b", made(2_000.0)), ("old", made(-9_000.0)), ("a", made(1_500.0))];
    assert_eq!(verdict(Some(0.0), &tasks), Verdict::Unclear(vec![0, 2]));
}

#[test]
fn what_another_start_made_is_not_ours() {
    let tasks = [("other", Some(SENT + 2_000.0)), ("ours", Some(SENT + 1_500.0))];
    let is_other = |id: &str| id == "other";
    let mut adoption = Adoption::new(SENT);
    assert_eq!(adoption.looked(&look(Some(0.0)), &tasks, &is_other), Verdict::Ours(1));
    assert_eq!(adoption.looked(&look(Some(0.0)), &tasks[..1], &is_other), Verdict::Nobody);
}

#[test]
fn a_task_without_its_time_may_be_ours_and_is_not_taken() {
    for none in [None, Some(f64::NAN), Some(f64::INFINITY)] {
        assert_eq!(verdict(Some(0.0), &[("one", none)]), Verdict::Unclear(vec![0]), "{none:?}");
    }
}

#[test]
fn a_task_from_the_future_shows_another_clock() {
    let future = Some(SENT + 3_000.0 + 1_000.0 + 60_001.0);
    assert_eq!(verdict(Some(0.0), &[("one", future)]), Verdict::Unclear(vec![0]));
    // Whose it is does not matter.
    let tasks = [("other", future), ("ours", Some(SENT + 1_500.0))];
    let mut adoption = Adoption::new(SENT);
    let verdict = adoption.looked(&look(Some(0.0)), &tasks, &|id| id == "other");
    assert_eq!(verdict, Verdict::Unclear(vec![1]));
    assert_eq!(adoption.again(SENT + 3_000.0), None);
}

#[test]
fn where_nobody_is_found_it_is_looked_twice_more() {
    let mut adoption = Adoption::new(SENT);
    let mut delays = Vec::new();
    while let Some(delay) = adoption.again(SENT + 3_000.0) {
        delays.push(delay);
        assert_eq!(adoption.looked(&look(Some(0.0)), &[], &|_| false), Verdict::Nobody);
    }
    assert_eq!(delays, [0.0, 5_000.0, 10_000.0]);
}

#[test]
fn what_is_found_is_not_looked_for_again() {
    for after in [1_500.0, 2_000.0] {
        let mut adoption = Adoption::new(SENT);
        assert_eq!(adoption.again(SENT), Some(0.0));
        adoption.looked(&look(Some(0.0)), &[("one", Some(SENT + after))], &|_| false);
        assert_eq!(adoption.again(SENT + 3_000.0), None);
    }
}

#[test]
fn a_doubt_is_looked_into_three_times() {
    let mut adoption = Adoption::new(SENT);
    adoption.looked(&look(Some(0.0)), &[("one", Some(SENT + 100.0))], &|_| false);
    for _ in 0..Adoption::SHARPER {
        // The second turns 900 ms later, if the task was made as the start was sent.
        assert_eq!(adoption.again(SENT + 3_000.0), Some(880.0));
    }
    assert_eq!(adoption.again(SENT + 3_000.0), None);
}

#[test]
fn clocks_that_contradict_each_other_leave_it_open() {
    let tasks = [("one", Some(SENT + 2_000.0))];
    let mut adoption = Adoption::new(SENT);
    assert_eq!(adoption.looked(&look(Some(100_000.0)), &[], &|_| false), Verdict::Nobody);
    assert_eq!(adoption.looked(&look(Some(0.0)), &tasks, &|_| false), Verdict::Unclear(vec![0]));
}

/// A look three seconds after the start, answered at once.
fn look(skew: Option<f64>) -> Look {
    let at = SENT + 3_000.0;
    Look { asked_at: at, answered_at: at, server_date: skew.map(|skew| at + skew) }
}

fn verdict(skew: Option<f64>, tasks: &[(&str, Option<f64>)]) -> Verdict {
    Adoption::new(SENT).looked(&look(skew), tasks, &|_| false)
}

/// A world in which everything happens at a moment that nobody knows exactly.
#[derive(Debug, Clone)]
struct World {
    /// By how much the server's clock is ahead.
    skew: f64,
    sent: f64,
    /// How long after it was sent the start made its task, if it did.
    made: Option<f64>,
    /// When others made theirs, counted from when the start was sent.
    others: Vec<f64>,
    /// How long each look takes, there and back, and by how much timers are late.
    looks: Vec<(f64, f64, f64)>,
    /// How long after it was sent the start failed.
    failed: f64,
}

impl World {
    /// Looks as often as wanted, and returns each verdict, and what was listed then: the moment it
    /// was made, counted from when the start was sent, and whether the start made it.
    fn run(&self) -> Vec<(Verdict, Vec<(f64, bool)>)> {
        let mut adoption = Adoption::new(self.sent.floor());
        let mut now = self.sent + self.failed;
        let mut verdicts = Vec::new();
        for (there, back, late) in self.looks.iter().cycle() {
            let Some(delay) = adoption.again(now) else { break };
            let asked = now + delay + late;
            let arrived = asked + there;
            let made = self.others.iter().map(|&other| (other, false));
            let all = made.chain(self.made.map(|made| (made, true)));
            let listed: Vec<_> = all.filter(|(made, _)| self.sent + made <= arrived).collect();
            let created = |made: f64| Some((self.sent + self.skew + made).floor());
            let tasks: Vec<_> = listed.iter().map(|(made, _)| ("id", created(*made))).collect();
            let look = self.look(asked, *there, *back);
            verdicts.push((adoption.looked(&look, &tasks, &|_| false), listed));
            now = arrived + back;
        }
        verdicts
    }

    fn look(&self, asked: f64, there: f64, back: f64) -> Look {
        let date = ((asked + there + self.skew) / 1_000.0).floor() * 1_000.0;
        Look {
            asked_at: asked.floor(),
            answered_at: (asked + there + back).floor(),
            server_date: Some(date),
        }
    }
}

/// Mostly short, and up to half a minute.
fn latency() -> impl Strategy<Value = Millis> {
    prop_oneof![4 => 0.0..300.0, 2 => 0.0..5_000.0, 1 => 0.0..30_000.0]
}

fn world() -> impl Strategy<Value = World> {
    let other = prop_oneof![
        2 => -3_000.0..3_000.0,
        1 => -100.0..100.0,
        1 => -8_000_000.0..60_000.0,
    ];
    (
        -3_600_000.0..3_600_000.0,
        0.0..1_000.0,
        prop::option::weighted(0.7, latency()),
        prop::collection::vec(other, 0..4),
        prop::collection::vec((latency(), latency(), 0.0..20.0), 1..5),
        latency(),
    )
        .prop_map(|(skew, part, made, others, looks, failed)| World {
            skew,
            sent: SENT + part,
            made,
            others,
            looks,
            failed,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn none_that_was_there_long_before_is_taken(world in world()) {
        for (verdict, listed) in world.run() {
            if let Verdict::Ours(place) = verdict {
                prop_assert!(listed[place].0 >= -Adoption::NEAR, "made {} ms before", -listed[place].0);
            }
        }
    }

    #[test]
    fn ours_is_never_passed_over(world in world()) {
        for (verdict, listed) in world.run() {
            let Some(ours) = listed.iter().position(|(_, is_ours)| *is_ours) else { continue };
            match verdict {
                Verdict::Ours(place) => prop_assert_eq!(place, ours),
                Verdict::Nobody => prop_assert!(false, "passed over"),
                Verdict::Unclear(places) => prop_assert!(places.contains(&ours)),
            }
        }
    }

    #[test]
    fn of_several_since_none_is_taken(world in world()) {
        for (verdict, listed) in world.run() {
            if listed.iter().filter(|(made, _)| *made >= 0.0).count() > 1 {
                prop_assert!(matches!(verdict, Verdict::Unclear(_)), "{:?}", verdict);
            }
        }
    }

    #[test]
    fn no_more_than_six_looks_and_all_within_half_a_minute(world in world()) {
        let looks = world.run().len();
        prop_assert!((1..=3 + Adoption::SHARPER).contains(&looks));
    }

    /// However quickly it was made.
    #[test]
    fn the_only_one_since_is_taken(
        world in world(),
        made in 0.0..20_000.0,
        looks in prop::collection::vec((0.0..20.0, 0.0..200.0, 0.0..20.0), 1..5),
        others in prop::collection::vec(-8_000_000.0..-1_300.0, 0..4),
    ) {
        let world = World { made: Some(made), others, looks, ..world };
        // A list that was asked for later than the last look has it.
        prop_assume!(made < world.failed + 15_000.0);
        let verdicts = world.run();
        let (verdict, listed) = verdicts.last().unwrap();
        let ours = listed.iter().position(|(_, is_ours)| *is_ours).unwrap();
        prop_assert_eq!(verdict, &Verdict::Ours(ours));
    }
}
