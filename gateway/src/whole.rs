//! A list that comes in pages, read to its end before any of it is told.

#![forbid(unsafe_code)]

use anaplan_tasks::policy::{Follows, Paging};
use anaplan_tasks::wire::{Json, Page};

/// What has come of a list.
#[derive(Debug, Default)]
pub struct Whole {
    paging: Paging,
    rows: Vec<Json>,
    next: usize,
    pages: usize,
    size: f64,
}

/// What a page has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// Another is to be asked for.
    More,
    /// All is here.
    All,
    /// There is more than is read.
    TooMuch,
}

impl Whole {
    /// Pages that are asked for at most: each takes of the budget that all share.
    pub const PAGES: usize = 100;
    /// Characters that are read at most, four times as many as of one answer: memory never shrinks.
    pub const SIZE: f64 = 16_000_000.0;

    /// The query string of the page that comes next.
    pub fn query(&self) -> String {
        format!("?limit={}&offset={}", Paging::LIMIT, self.next)
    }

    /// Takes a page, rows under `key`, of so many characters; `None` where it is no list. Of one row
    /// Anaplan now and then makes no list.
    pub fn add(&mut self, answer: Json, key: &str, size: f64) -> Option<Brought> {
        if !matches!(answer, Json::Object(_)) {
            return None;
        }
        let single = key.strip_suffix('s').unwrap_or_default();
        let Page { mut rows, received, total_size } = Page::in_answer(answer, key, single);
        let first = rows.first().and_then(|row| row.text("id")).map(str::to_owned);
        let follows = self.paging.got(received, first.as_deref(), total_size);
        if follows != Follows::Repeated {
            self.rows.append(&mut rows);
        }
        self.pages = self.pages.saturating_add(1);
        self.size += size;
        Some(match follows {
            Follows::End | Follows::Repeated => Brought::All,
            Follows::Page(next) if self.pages < Self::PAGES && self.size < Self::SIZE => {
                self.next = next;
                Brought::More
            }
            Follows::Page(_) | Follows::Endless => Brought::TooMuch,
        })
    }

    /// All rows that came.
    pub fn into_rows(self) -> Vec<Json> {
        self.rows
    }
}
