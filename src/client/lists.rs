//! Lists, a page at a time.

use std::cell::{Cell, RefCell};
use std::pin::pin;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::event::About;
use super::failure::Failure;
use super::line::{Answer, Content};
use super::{Client, Limits, Value};
use crate::error::{Code, Error};
use crate::platform::monotonic;
use crate::policy::{Class, Follows, Millis, Paging};
use crate::reference::{ActionRef, FileRef, Given, Id, Kind, ModelRef, Path};
use crate::status::TaskSummary;
use crate::wire::{self, Json, Page, shaped};

/// What is listed.
#[derive(Clone)]
pub enum Listing {
    /// The actions of a model.
    Actions(ModelRef, Kind),
    /// Its files.
    Files(ModelRef),
    /// The runs of an action, the newest first.
    Tasks(ActionRef),
    /// The chunks of a file.
    Chunks(FileRef),
}

/// A page of a list, as it came.
pub(super) struct Rows {
    pub rows: Vec<Json>,
    /// What the server's clock shows, in milliseconds since the epoch, to the second.
    pub server_date: Option<f64>,
    /// How long the answer took, or all of them.
    pub took: Millis,
    /// How many rows came, those included that are none.
    received: usize,
    total: Option<f64>,
}

/// A row, for whoever asked for the list.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub enum Row {
    /// An action.
    Action(Told<ActionRef>),
    /// A file.
    File(Told<FileRef>),
    /// A task.
    Task(TaskSummary),
}

/// What a list says of something, and its reference.
pub struct Told<R> {
    fields: Json,
    reference: R,
}

impl<R: Serialize> Serialize for Told<R> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(None)?;
        if let Json::Object(fields) = &self.fields {
            for (name, value) in fields {
                map.serialize_entry(name, value)?;
            }
        }
        map.serialize_entry("ref", &self.reference)?;
        map.end()
    }
}

/// A list that is read page by page. Nothing is sent before the first [`next`](Self::next).
pub struct Pages {
    client: Client,
    listing: Listing,
    limits: Limits,
    paging: RefCell<Paging>,
    next: Cell<Option<usize>>,
}

const LISTING: &str = "Listing";

impl Pages {
    /// The next rows; `None` after the last.
    pub async fn next(&self) -> Result<Option<Vec<Row>>, Failure> {
        let Some(offset) = self.next.take() else {
            return Ok(None);
        };
        let work = async {
            let mut page = self.client.page(&self.listing, offset, true).await?;
            let mut paging = self.paging.take();
            let mut next = follow(&mut paging, &mut page)?;
            if matches!(self.listing, Listing::Tasks(_))
                && offset == 0
                && !is_newest_first(&page.rows)
            {
                // The server has its own order, so all must be there to be put in ours.
                self.client.rest(&self.listing, &mut paging, &mut page, next.take()).await?;
                page.rows = newest_first(page.rows);
            }
            self.paging.replace(paging);
            self.next.set(next);
            let rows = page.rows.into_iter().filter_map(|row| self.listing.row(row));
            Ok(Value::Rows(rows.collect()))
        };
        match self.client.run(&self.limits, pin!(work)).await {
            Ok(Value::Rows(rows)) => Ok(Some(rows)),
            Ok(_) => Ok(None),
            Err(failure) => Err(failure.map(&mut |error| error.doing(LISTING))),
        }
    }
}

impl Client {
    /// A list.
    pub fn list(&self, listing: Listing, limits: Limits) -> Pages {
        let (paging, next) = (RefCell::default(), Cell::new(Some(0)));
        Pages { client: self.clone(), listing, limits, paging, next }
    }

    /// What an action is made of.
    pub(super) async fn metadata(&self, action: &ActionRef) -> Result<Json, Failure> {
        let answer = self.get(&Path::Action(action.clone()).to_string(), "", true).await?;
        let fields = answer.json().and_then(|json| wire::metadata(json, action.kind));
        fields.ok_or_else(|| answer.not_understood("the metadata of an action"))
    }

    /// All rows of a list.
    pub(super) async fn all(&self, listing: &Listing) -> Result<Vec<Json>, Failure> {
        Ok(self.whole(listing, &|_| false).await?.rows)
    }

    /// The newest tasks of an action, in whatever order, and many an older one.
    pub(super) async fn newest(&self, action: &ActionRef) -> Result<Rows, Failure> {
        self.whole(&Listing::Tasks(action.clone()), &is_newest_first).await
    }

    /// All of a list, unless its first page will do.
    async fn whole(
        &self,
        listing: &Listing,
        will_do: &dyn Fn(&[Json]) -> bool,
    ) -> Result<Rows, Failure> {
        let mut page = self.page(listing, 0, true).await?;
        if !will_do(&page.rows) {
            let mut paging = Paging::default();
            let next = follow(&mut paging, &mut page)?;
            let before = monotonic();
            self.rest(listing, &mut paging, &mut page, next).await?;
            // The `Date` is still that of the first, which came at some moment in this time.
            page.took += monotonic() - before;
        }
        Ok(page)
    }

    /// Puts all that follows behind a page, from row `next`.
    async fn rest(
        &self,
        listing: &Listing,
        paging: &mut Paging,
        page: &mut Rows,
        mut next: Option<usize>,
    ) -> Result<(), Failure> {
        while let Some(offset) = next {
            let mut more = self.page(listing, offset, true).await?;
            next = follow(paging, &mut more)?;
            page.rows.append(&mut more.rows);
        }
        Ok(())
    }

    /// A page that begins at this row; asked for as often as makes sense, or once.
    pub(super) async fn page(
        &self,
        listing: &Listing,
        offset: usize,
        repeats: bool,
    ) -> Result<Rows, Failure> {
        let answer = self.get(&listing.path().to_string(), &listing.query(offset), repeats).await?;
        let (key, single) = listing.keys();
        let json = answer.json().ok_or_else(|| answer.not_understood("a list"))?;
        let Page { rows, received, total_size } = Page::in_answer(json, key, single);
        let (server_date, took) = (answer.date(), answer.took());
        Ok(Rows { rows, server_date, took, received, total: total_size })
    }

    async fn get(&self, path: &str, query: &str, repeats: bool) -> Result<Answer, Failure> {
        let about = About { method: "GET", path, task: None, attempt: 1.0 };
        let content = Content { query, ..Content::default() };
        let exchange = &self.0.exchange;
        if repeats {
            return exchange.call(Class::Status, &about, content).await;
        }
        let token = exchange.ready(Class::Status).await?;
        exchange.send(&about, content, token).await
    }
}

impl Listing {
    fn path(&self) -> Path {
        match self {
            Self::Actions(model, kind) => Path::Actions(model.clone(), *kind),
            Self::Files(model) => Path::Files(model.clone()),
            Self::Tasks(action) => Path::Tasks(action.clone()),
            Self::Chunks(file) => Path::Chunks(file.clone()),
        }
    }

    /// Under which names the rows are: as documented, and as samples have it.
    fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::Actions(_, kind) => (kind.segment(), ""),
            Self::Files(_) => ("files", ""),
            Self::Tasks(_) => ("tasks", "task"),
            Self::Chunks(_) => ("chunks", ""),
        }
    }

    fn query(&self, offset: usize) -> String {
        let sort = if matches!(self, Self::Tasks(_)) { "&sort=-creationTime" } else { "" };
        format!("?limit={}&offset={offset}{sort}", Paging::LIMIT)
    }

    /// A row as it is told. One without an id that can be used is left out.
    fn row(&self, json: Json) -> Option<Row> {
        match self {
            Self::Actions(model, kind) => {
                let (id, fields) = identified(kind.field(), shaped(json, wire::summary(*kind)))?;
                let reference = ActionRef { model: model.clone(), kind: *kind, id };
                Some(Row::Action(Told { fields, reference }))
            }
            Self::Files(model) => {
                let (id, fields) = identified("fileId", shaped(json, wire::FILE))?;
                let reference = FileRef::File(model.clone(), id);
                Some(Row::File(Told { fields, reference }))
            }
            Self::Tasks(action) => TaskSummary::read(json, action).map(Row::Task),
            Self::Chunks(_) => None,
        }
    }
}

/// The id of a row, which has a name then, be it an empty one: everybody takes that for granted.
fn identified(argument: &'static str, mut fields: Json) -> Option<(Id, Json)> {
    let id = fields.text("id")?.to_owned();
    if fields.text("name").is_none()
        && let Json::Object(fields) = &mut fields
    {
        fields.push(("name".to_owned(), Json::Text(String::new())));
    }
    Some((Id::parse(argument, Given::Text(id)).ok()?, fields))
}

/// Where the next page begins. Rows that were there before are taken out.
fn follow(paging: &mut Paging, page: &mut Rows) -> Result<Option<usize>, Failure> {
    let id = |row: &Json| row.text("id").or_else(|| row.text("taskId")).map(str::to_owned);
    let first = page.rows.first().and_then(id);
    match paging.got(page.received, first.as_deref(), page.total) {
        Follows::Page(offset) => Ok(Some(offset)),
        Follows::End => Ok(None),
        Follows::Repeated => {
            page.rows.clear();
            Ok(None)
        }
        Follows::Endless => Err(Error::new(Code::Protocol, "the list does not end").into()),
    }
}

fn is_newest_first(rows: &[Json]) -> bool {
    rows.is_sorted_by(|a, b| created(a) >= created(b))
}

/// By hand: it is a question of a few hundred bytes or of ten thousand, and most lists are in order, or
/// in the other one.
fn newest_first(rows: Vec<Json>) -> Vec<Json> {
    let mut sorted: Vec<Json> = Vec::new();
    for row in rows.into_iter().rev() {
        let place = sorted.partition_point(|other| created(other) >= created(&row));
        sorted.insert(place, row);
    }
    sorted
}

/// When a task was made; before all others, where nobody says when.
fn created(row: &Json) -> f64 {
    row.number("creationTime").unwrap_or(f64::NEG_INFINITY)
}
