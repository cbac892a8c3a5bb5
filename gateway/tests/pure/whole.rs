use anaplan_tasks::wire::Json;
use anaplan_tasks_gateway::whole::{Brought, Whole};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::json;

/// What Anaplan answers from row `offset` of `total` on, in pages of so many.
fn page(total: usize, offset: usize, size: usize) -> Json {
    let rows: Vec<_> =
        (offset..total.min(offset + size)).map(|id| json!({ "id": id.to_string() })).collect();
    let paging = json!({ "currentPageSize": rows.len(), "offset": offset, "totalSize": total });
    json(&json!({ "meta": { "paging": paging }, "exports": rows }))
}

/// Where the page begins that is asked for.
fn offset(whole: &Whole) -> usize {
    whole.query().strip_prefix("?limit=1000&offset=").unwrap().parse().unwrap()
}

fn ids(whole: Whole) -> Vec<String> {
    whole.into_rows().iter().map(|row| row.text("id").unwrap().to_owned()).collect()
}

#[test]
fn a_list_in_one_page_is_asked_for_once() {
    let mut whole = Whole::default();
    assert_eq!(whole.query(), "?limit=1000&offset=0");
    assert_eq!(whole.add(page(3, 0, 1_000), "exports", 1.0), Some(Brought::All));
    assert_eq!(ids(whole), ["0", "1", "2"]);
}

#[test]
fn an_empty_list_has_no_key() {
    let mut whole = Whole::default();
    assert_eq!(whole.add(json(&json!({ "status": {} })), "exports", 1.0), Some(Brought::All));
    assert!(whole.into_rows().is_empty());
}

#[test]
fn one_row_may_be_no_list() {
    let mut whole = Whole::default();
    let sent = json!({ "meta": { "paging": { "totalSize": 1 } }, "export": { "id": "a" } });
    assert_eq!(whole.add(json(&sent), "exports", 1.0), Some(Brought::All));
    assert_eq!(ids(whole), ["a"]);
}

#[test]
fn what_is_no_object_is_no_page() {
    for sent in [json!(null), json!([]), json!("x"), json!(1)] {
        assert_eq!(Whole::default().add(json(&sent), "exports", 1.0), None, "{sent}");
    }
}

#[test]
fn an_offset_that_is_passed_over_counts_no_row_twice() {
    let mut whole = Whole::default();
    for brought in [Brought::More, Brought::All] {
        assert_eq!(whole.add(page(9, 0, 4), "exports", 1.0), Some(brought));
    }
    assert_eq!(ids(whole), ["0", "1", "2", "3"]);
}

#[test]
fn what_never_ends_is_given_up() {
    let endless = |size: f64| {
        let mut whole = Whole::default();
        let mut pages = 1;
        loop {
            let offset = offset(&whole);
            match whole.add(page(usize::MAX, offset, 1), "exports", size).unwrap() {
                Brought::More => pages += 1,
                Brought::TooMuch => return pages,
                Brought::All => panic!("it has no end"),
            }
        }
    };
    assert_eq!(endless(1.0), Whole::PAGES);
    assert_eq!(endless(4e6), 4, "by its characters");
}

proptest! {
    #[test]
    fn every_row_comes_once_however_pages_are_cut(
        total in 0..60_usize,
        sizes in prop::collection::vec(1..9_usize, 1..5),
        total_size in prop::option::of(0..70_i64),
    ) {
        let mut whole = Whole::default();
        for size in sizes.iter().cycle() {
            let offset = offset(&whole);
            let mut sent = page(total, offset, *size);
            if let Json::Object(fields) = &mut sent && let Some(said) = total_size {
                // It may be missing, or wrong; where it is just what came, it is believed.
                prop_assume!(said as usize >= total || said == 0);
                fields.retain(|(name, _)| name != "meta");
                let meta: Value = json!({ "paging": { "totalSize": said } });
                fields.push(("meta".to_owned(), json(&meta)));
            }
            if whole.add(sent, "exports", 1.0).unwrap() == Brought::All {
                break;
            }
        }
        let expected: Vec<_> = (0..total).map(|id| id.to_string()).collect();
        prop_assert_eq!(ids(whole), expected);
    }
}
