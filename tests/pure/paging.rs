use anaplan_tasks::policy::{Follows, Paging};
use proptest::prelude::*;

const LIMIT: usize = Paging::LIMIT;

#[test]
fn a_short_list_takes_one_question() {
    assert_eq!(Paging::default().got(3, Some("a"), Some(3.0)), Follows::End);
    assert_eq!(Paging::default().got(0, None, Some(0.0)), Follows::End);
    assert_eq!(Paging::default().got(0, None, None), Follows::End);
    assert_eq!(Paging::default().got(0, None, Some(7.0)), Follows::End);
}

#[test]
fn a_total_that_cannot_be_is_as_good_as_none() {
    for total in [None, Some(f64::NAN), Some(-1.0), Some(0.0), Some(2.0), Some(f64::INFINITY)] {
        let mut paging = Paging::default();
        assert_eq!(paging.got(3, Some("a"), total), Follows::Page(3), "{total:?}");
        assert_eq!(paging.got(0, None, total), Follows::End, "{total:?}");
    }
}

#[test]
fn a_total_that_a_full_page_reaches_may_be_its_count() {
    let mut paging = Paging::default();
    let limit = LIMIT as f64;
    assert_eq!(paging.got(LIMIT, Some("a"), Some(limit)), Follows::Page(LIMIT));
    assert_eq!(paging.got(5, Some("b"), Some(limit + 5.0)), Follows::End);
}

#[test]
fn the_same_page_again_shows_that_offsets_are_passed_over() {
    let mut paging = Paging::default();
    assert_eq!(paging.got(3, Some("a"), None), Follows::Page(3));
    assert_eq!(paging.got(3, Some("a"), None), Follows::Repeated);
    // Rows without an id cannot be told apart.
    let mut paging = Paging::default();
    assert_eq!(paging.got(3, None, None), Follows::Page(3));
    assert_eq!(paging.got(3, None, None), Follows::Page(6));
}

#[test]
fn a_list_without_end_is_none() {
    let mut paging = Paging::default();
    let follows = (1..).map(|page| paging.got(1, None, Some(f64::from(page) + 1.0)));
    let pages = follows.take_while(|follows| *follows != Follows::Endless).count();
    assert_eq!(pages + 1, Paging::MOST);
}

/// What a server says is the total.
#[derive(Debug, Clone, Copy)]
enum Total {
    True,
    None,
    NaN,
    Negative,
    /// Less than there is.
    Less,
    /// One more with each page.
    Growing,
    /// What was sent with this page.
    SoFar,
}

#[derive(Debug, Clone)]
struct Server {
    rows: usize,
    /// At most so many rows are in a page, each page by another.
    cuts: Vec<usize>,
    total: Total,
    ignores_offset: bool,
    asked: usize,
}

impl Server {
    fn page(&mut self, offset: usize) -> (Vec<usize>, Option<f64>) {
        let cut = self.cuts[self.asked % self.cuts.len()].min(LIMIT);
        self.asked += 1;
        let from = if self.ignores_offset { 0 } else { offset.min(self.rows) };
        let page: Vec<usize> = (from..self.rows).take(cut).collect();
        let total = match self.total {
            Total::True => Some(self.rows as f64),
            Total::None => None,
            Total::NaN => Some(f64::NAN),
            Total::Negative => Some(-1.0),
            // Never what has just come by chance.
            Total::Less => Some((from + page.len()) as f64 - 0.5),
            Total::Growing => Some((self.rows + self.asked) as f64),
            Total::SoFar => Some((from + page.len()) as f64),
        };
        (page, total)
    }

    /// All rows that a reader gets.
    fn read(&mut self) -> Vec<usize> {
        let mut paging = Paging::default();
        let (mut all, mut offset) = (Vec::new(), 0);
        loop {
            let (page, total) = self.page(offset);
            let first = page.first().map(ToString::to_string);
            let follows = paging.got(page.len(), first.as_deref(), total);
            if follows != Follows::Repeated {
                all.extend(page);
            }
            match follows {
                Follows::Page(next) => offset = next,
                Follows::End | Follows::Repeated => return all,
                Follows::Endless => panic!("endless"),
            }
        }
    }
}

fn server() -> impl Strategy<Value = Server> {
    let rows = prop_oneof![0..30usize, 0..3_500usize, Just(LIMIT), Just(2 * LIMIT)];
    let cuts = prop_oneof![
        2 => Just(vec![LIMIT]),
        1 => (20..LIMIT).prop_map(|cut| vec![cut]),
        1 => prop::collection::vec(1..LIMIT, 1..5),
    ];
    let totals =
        [Total::True, Total::None, Total::NaN, Total::Negative, Total::Less, Total::Growing];
    (rows, cuts, prop::sample::select(totals.to_vec())).prop_map(|(rows, cuts, total)| Server {
        rows,
        cuts,
        total,
        ignores_offset: false,
        asked: 0,
    })
}

proptest! {
    #[test]
    fn every_row_comes_once(mut server in server()) {
        prop_assert_eq!(server.read(), (0..server.rows).collect::<Vec<_>>());
    }

    /// As a server has it that counts only what it sends.
    #[test]
    fn a_total_that_follows_the_rows_costs_none(rows in 0..5_000usize) {
        let cuts = vec![LIMIT];
        let mut server =
            Server { rows, cuts, total: Total::SoFar, ignores_offset: false, asked: 0 };
        prop_assert_eq!(server.read(), (0..rows).collect::<Vec<_>>());
    }

    #[test]
    fn no_question_too_many(mut server in server()) {
        server.read();
        let read = server.asked;
        let least = (0..).scan(0, |sent, page: usize| {
            *sent += server.cuts[page % server.cuts.len()];
            Some(*sent)
        });
        let least = least.take_while(|sent| *sent < server.rows).count() + 1;
        let spare = match server.total {
            Total::True if server.rows == 0 || server.cuts == [LIMIT] && server.rows % LIMIT != 0 => 0,
            _ => 1,
        };
        prop_assert!(read <= least + spare, "{} instead of {}", read, least);
    }

    #[test]
    fn a_server_that_passes_over_the_offset_sends_no_row_twice(server in server()) {
        let mut server = Server { ignores_offset: true, cuts: vec![LIMIT], ..server };
        prop_assert_eq!(server.read(), (0..server.rows.min(LIMIT)).collect::<Vec<_>>());
        prop_assert!(server.asked <= 2);
    }
}
