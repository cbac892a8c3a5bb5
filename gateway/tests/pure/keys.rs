use anaplan_tasks_gateway::keys::{Differs, Found, KEPT, Key, Keys, Print, Told};
use proptest::prelude::*;

const UUID: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const BODY: &str = r#"{"localeName":"en_US"}"#;

fn key(text: &str) -> Key {
    Key::read(text).unwrap()
}

fn numbered(number: usize) -> Key {
    key(&format!("{number:016}"))
}

fn print(key: &Key) -> Print {
    Print::new(key, "/tasks", BODY, [None; 3])
}

#[test]
fn a_key_is_what_nobody_else_has_by_chance() {
    assert_eq!(key(UUID), key(&format!("\"{UUID}\"")), "as the draft has it, or as many send it");
    let (longest, long) = ("k".repeat(128), "k".repeat(129));
    for fit in ["abcdefghijklmnop", "A_0-A_0-A_0-A_0-", &longest] {
        assert!(Key::read(fit).is_some(), "{fit}");
    }
    let quoted = format!("\"{UUID}");
    let twice = format!("\"{UUID}\", \"{UUID}\"");
    for unfit in [
        "",
        "\"",
        "\"\"",
        "abcdefghijklmno",
        "\"abcdefghijklmno\"",
        &long,
        &quoted,
        &twice,
        "abcdefgh ijklmnop",
        "abcdefgh:ijklmnop",
        "abcdefgh\nijklmnop",
        "abcdefgh\u{e4}ijklmnop",
        "\"abcdefgh\\\"ijklmnop\"",
    ] {
        assert_eq!(Key::read(unfit), None, "{unfit}");
    }
}

#[test]
fn a_repetition_is_the_same_start_under_way_and_afterwards() {
    let (key, mut keys) = (key(UUID), Keys::new(9));
    let print = print(&key);
    let never = || panic!("made a second time");
    assert_eq!(keys.find(&key, print, 0.0, || "one"), Found::New("one"));
    // However long it takes.
    assert_eq!(keys.find(&key, print, 9.0 * KEPT, never), Found::Same("one"));
    keys.over(&key, true, 9.0 * KEPT);
    assert_eq!(keys.find(&key, print, 10.0 * KEPT - 1.0, never), Found::Same("one"));
    assert_eq!(keys.find(&key, print, 10.0 * KEPT, || "two"), Found::New("two"));
    assert_eq!(keys.count(), 1);
}

#[test]
fn what_proves_that_nothing_ran_may_be_started_by_the_same_key() {
    let (key, mut keys) = (key(UUID), Keys::new(9));
    let print = print(&key);
    assert_eq!(keys.find(&key, print, 0.0, || 1), Found::New(1));
    keys.over(&key, false, 1.0);
    assert_eq!(keys.count(), 0);
    assert_eq!(keys.find(&key, print, 1.0, || 2), Found::New(2));
    keys.over(&key, true, 2.0);
    assert_eq!(keys.find(&key, print, 3.0, || 3), Found::Same(2));
}

#[test]
fn one_key_is_for_one_action_one_body_and_one_caller() {
    let (one, mut keys) = (key(UUID), Keys::new(9));
    let caller = [Some("https://gate.example"), Some("session=1"), None];
    let first = Print::new(&one, "/tasks", BODY, caller);
    assert_eq!(keys.find(&one, first, 0.0, || ()), Found::New(()));
    let others = [
        (Print::new(&one, "/others", BODY, caller), Differs::Start),
        (Print::new(&one, "/tasks", "{}", caller), Differs::Start),
        // What is one after the other must not run into each other.
        (Print::new(&one, "/tasks{", &BODY[1..], caller), Differs::Start),
        (Print::new(&one, "/tasks", BODY, [caller[0], Some("session=2"), None]), Differs::Caller),
        (Print::new(&one, "/tasks", BODY, [caller[0], None, caller[1]]), Differs::Caller),
        (Print::new(&one, "/tasks", BODY, [None; 3]), Differs::Caller),
        (Print::new(&one, "/others", BODY, [None; 3]), Differs::Start),
    ];
    for (other, what) in others {
        assert_eq!(keys.find(&one, other, 0.0, || ()), Found::Other(what));
        // The other processes say the same.
        assert_eq!(other.told(&first.under_way("1a")), Some(Told::Other(what)));
        assert_eq!(other.told(&first.over("200 0\n{}")), Some(Told::Other(what)));
    }
    assert_eq!(keys.find(&one, first, 0.0, || ()), Found::Same(()));
    // By another key it is another start.
    let two = numbered(2);
    assert_eq!(keys.find(&two, print(&two), 0.0, || ()), Found::New(()));
}

#[test]
fn no_more_than_so_many_are_known_and_none_under_way_is_forgotten() {
    let mut keys = Keys::new(3);
    let found = |keys: &mut Keys<usize>, number: usize, now| {
        let key = numbered(number);
        keys.find(&key, print(&key), now, || number)
    };
    for number in 0..3 {
        assert_eq!(found(&mut keys, number, 0.0), Found::New(number));
    }
    assert_eq!(found(&mut keys, 3, 0.0), Found::Full);
    assert_eq!(found(&mut keys, 0, 0.0), Found::Same(0));
    // Of those that are over, the first makes room.
    keys.over(&numbered(2), true, 1.0);
    keys.over(&numbered(1), true, 2.0);
    assert_eq!(found(&mut keys, 4, 3.0), Found::New(4));
    assert_eq!(keys.count(), 3);
    assert_eq!(found(&mut keys, 1, 3.0), Found::Same(1));
    assert_eq!(found(&mut keys, 2, 3.0), Found::New(2));
    assert_eq!(found(&mut keys, 0, 3.0), Found::Same(0));
    assert_eq!(found(&mut keys, 1, 3.0), Found::Full);
}

#[test]
fn processes_understand_each_other_and_nothing_else() {
    let one = key(UUID);
    let print = print(&one);
    assert_eq!(print.told(&print.under_way("1a2b")), Some(Told::UnderWay));
    let answer = "200 0\n{\"task\":{}}";
    assert_eq!(print.told(&print.over(answer)), Some(Told::Over(answer)));
    for other in ["", "over", "\n", "1\n", "1 2\n", "x y over\n{}", "1 over\n{}"] {
        assert_eq!(print.told(other), None, "{other:?}");
    }
}

#[test]
fn no_secret_can_be_read_from_what_is_kept() {
    let (one, two) = (key(UUID), numbered(2));
    let caller = [None, Some("session=hunter2"), Some("Bearer t0ken")];
    let of = |key: &Key| Print::new(key, "/tasks", BODY, caller).under_way("1a");
    for text in [of(&one), one.place()] {
        assert!(!text.contains(UUID) && !text.contains("hunter2") && !text.contains("t0ken"));
    }
    // Nor whether two keys are of one caller.
    let caller_of = |text: String| text.split(' ').nth(1).unwrap().to_owned();
    assert_ne!(caller_of(of(&one)), caller_of(of(&two)));
    assert_ne!(one.place(), two.place());
    assert_eq!(one.place(), key(&format!("\"{UUID}\"")).place());
}

proptest! {
    /// Whatever happens in whatever order: as many as may be, each key once until it is forgotten, and
    /// nothing that is under way is.
    #[test]
    fn each_key_makes_one_start(
        steps in prop::collection::vec((0..6_usize, 0..3_u8, 0.0..KEPT), 1..200),
    ) {
        let mut keys = Keys::new(4);
        let (mut now, mut made) = (0.0, 0_usize);
        // By number: which start it is, and when it was over.
        let mut model: Vec<Option<(usize, Option<f64>)>> = vec![None; 6];
        for (number, what, passed) in steps {
            now += passed / 4.0;
            let key = numbered(number);
            match (what, model[number]) {
                (0, _) => {
                    let found = keys.find(&key, print(&key), now, || made);
                    let alive = model[number].filter(|(_, over)| over.is_none_or(|at| now < at + KEPT));
                    match (found, alive) {
                        (Found::Same(start), Some((known, _))) => prop_assert_eq!(start, known),
                        (Found::New(start), known) => {
                            prop_assert_eq!(start, made);
                            // Only what was over may have made room.
                            prop_assert!(known.is_none_or(|(_, over)| over.is_some()));
                            made += 1;
                            model[number] = Some((start, None));
                        }
                        (Found::Full, known) => {
                            let busy = model.iter().flatten().filter(|(_, over)| over.is_none());
                            prop_assert!(known.is_none_or(|(_, over)| over.is_some()));
                            prop_assert_eq!(busy.count(), 4);
                        }
                        (found, alive) => prop_assert!(false, "{:?} {:?}", found, alive),
                    }
                }
                (kept, Some((start, None))) => {
                    keys.over(&key, kept == 1, now);
                    model[number] = (kept == 1).then_some((start, Some(now)));
                }
                _ => {}
            }
            prop_assert!(keys.count() <= 4);
        }
    }
}
