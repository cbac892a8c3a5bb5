//! How a list that comes in pages is read to its end.

/// Where the next page begins, and whether there is one.
///
/// Guarantees, whatever a server says of its pages:
/// - An offset is the number of rows that really came, so that a page which the server cuts short is
///   continued where it ends.
/// - No row is left out: the end is an empty page, or as many rows as there are by `totalSize`. A
///   total that is missing, no number, or less than what came is not believed, nor one that a full
///   page just reaches, for it may be the count of that page. Then it is asked on until a page is
///   empty. That is one question more, but a page with fewer rows than were asked for may be one cut
///   short: its `currentPageSize` is the same in either case, and therefore not looked at.
/// - It ends: on a page that was there before, which is how an offset that is passed over shows, and
///   after [`MOST`](Self::MOST) pages.
///
/// `next` is not followed, since it leads on where nothing is; nor is `offset` believed. `limit` and
/// `offset` count rows
/// (<https://github.com/setikites/anaplan-openapi>, `integration/README.md`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Paging {
    rows: usize,
    pages: usize,
    first: Option<String>,
}

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// The page that begins at this row.
    Page(usize),
    /// Nothing.
    End,
    /// Nothing, and the rows of this page are those of the page before, which are not to be counted
    /// twice.
    Repeated,
    /// Ever more: this is no list that can be read to its end.
    Endless,
}

impl Paging {
    /// How many rows to ask for.
    pub const LIMIT: usize = 1_000;

    /// More pages than any list has.
    pub const MOST: usize = 10_000;

    /// A page came with so many rows, those included that cannot be read; `first` is the id of the
    /// first of them, and `total` what `totalSize` says.
    pub fn got(&mut self, rows: usize, first: Option<&str>, total: Option<f64>) -> Follows {
        if rows == 0 {
            return Follows::End;
        }
        if self.pages > 0 && first.is_some() && first == self.first.as_deref() {
            return Follows::Repeated;
        }
        let is_full = rows >= Self::LIMIT;
        self.rows = self.rows.saturating_add(rows);
        self.pages = self.pages.saturating_add(1);
        self.first = first.map(str::to_owned);
        let is_reached = total.is_some_and(|total| total == self.rows as f64);
        if is_reached && !is_full {
            Follows::End
        } else if self.pages >= Self::MOST {
            Follows::Endless
        } else {
            Follows::Page(self.rows)
        }
    }
}
