//! Files that come from Anaplan. Their bytes go from the answer to the caller; only handles to them
//! pass through here.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::call::{After, Reading};
use super::chunk::{Fetching, Part};
use super::flight::{Flight, Ticket};
use super::lists::Listing;
use super::tasks::Want;
use super::{Client, Failure, Limits, Value};
use crate::error::{Code, Error};
use crate::platform::{Bytes, Notify, wall};
use crate::policy::{self, Meaning, Other, State, Transfer};
use crate::reference::{FileRef, Id, Kind};
use crate::status::{Phase, TaskSummary};

/// A file, of which only its list of chunks was asked for yet. Chunks are fetched while somebody reads.
/// Dropping it ends that.
pub struct Download {
    client: Client,
    limits: Rc<Limits>,
    fetching: Rc<Fetching>,
    parts: RefCell<VecDeque<(Rc<Part>, Ticket)>>,
    /// What was handed on, and of how many chunks.
    bytes: Cell<f64>,
    ended: Cell<bool>,
    stopped: Notify,
    /// What it is called that there is nothing.
    lack: Code,
    /// What is known of it.
    pub about: Told,
}

/// What is known of a file before it is read.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    name: String,
    chunk_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    caveats: Vec<&'static str>,
}

/// How far a file is.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    bytes: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<f64>,
    chunks: usize,
    chunk_count: usize,
}

const DOWNLOADING: &str = "Downloading the file";
const EMPTY: &str = "the file is empty. If an export wrote it, then nothing passed its filters, or it is \
     another user's file, of which Anaplan shows others nothing.";
const MISSING: &str = "there is no such file for this user. An export's file belongs to the user who ran \
     it, and is deleted 48 hours after it was last read.";
const NO_DUMP: &str = "there is no dump of rows that failed. Anaplan keeps that of a user's last run \
     alone, for 48 hours, and may say failureDumpAvailable after it is gone.";

impl Client {
    /// Finds out about a file.
    pub(super) async fn open_file(
        &self,
        file: FileRef,
        reading: Reading,
        limits: Limits,
    ) -> Result<Value, Failure> {
        let Reading { concurrency, after, is_export } = reading;
        let lack = if after.is_some() { Code::StaleFile } else { Code::NotFound };
        if let Some(reason) = after
            .as_ref()
            .and_then(|after| policy::staleness(after.succeeded, after.creation_time, wall()))
        {
            return Err(Error::new(Code::StaleFile, reason).into());
        }
        let known = RefCell::default();
        let work = async {
            let chunk_count = self.chunks(&file, lack).await?;
            let caveats = match &after {
                Some(after) => self.caveats(after).await?,
                None => Vec::new(),
            };
            let (name, encoding) = self.name(&file, is_export).await?;
            known.replace(Some(Told { name, chunk_count, encoding, caveats }));
            Ok(Value::Nothing)
        };
        self.run(&limits, pin!(work)).await?;
        let Some(about) = known.take() else {
            return Err(Error::new(Code::Internal, "nothing is known of the file").into());
        };
        let transfer = Transfer::new(about.chunk_count, concurrency);
        Ok(Value::File(Rc::new(Download {
            client: self.clone(),
            limits: Rc::new(limits),
            fetching: Rc::new(Fetching::new(Rc::clone(&self.0.exchange), file, transfer)),
            parts: RefCell::default(),
            bytes: Cell::default(),
            ended: Cell::default(),
            stopped: Notify::default(),
            lack,
            about,
        })))
    }

    /// How many chunks a file has.
    async fn chunks(&self, file: &FileRef, lack: Code) -> Result<usize, Failure> {
        let is_dump = !matches!(file, FileRef::File(..));
        let none = |status| {
            let text = if is_dump { NO_DUMP } else { MISSING };
            Failure::from(Error { status, ..Error::new(lack, text) })
        };
        let rows = match self.all(&Listing::Chunks(file.clone())).await {
            Ok(rows) => rows,
            Err(failure) => {
                let status = failure.http_status();
                let is_missing =
                    status == Some(404) || (is_dump && matches!(status, Some(204 | 400)));
                return Err(if is_missing { none(status) } else { failure });
            }
        };
        // In whatever order: there is one of each number from 0.
        let mut is_there = vec![false; rows.len()];
        for row in rows {
            let number = row.text("id").and_then(|id| id.parse::<usize>().ok());
            if let Some(place) = number.and_then(|number| is_there.get_mut(number)) {
                *place = true;
            }
        }
        match is_there.len() {
            0 => Err(none(None)),
            count if is_there.iter().all(|is_there| *is_there) => Ok(count),
            _ => Err(Error::new(Code::Protocol, "the list of its chunks has a hole").into()),
        }
    }

    /// What could not be checked of a run's file.
    async fn caveats(&self, after: &After) -> Result<Vec<&'static str>, Failure> {
        const UNCHECKED: &str = "Whether the export was run again since could not be checked: its runs cannot be listed.";
        const MAY_BE_REPLACED: &str = "The export was run again since. If it was by the same user, which \
             Anaplan does not say, the file is of that run.";
        const MAY_CHANGE: &str = "The export is being run again. If it is by the same user, which Anaplan \
             does not say, the file may change while it is read.";
        let action = &after.task.action;
        let rows = match self.newest(action).await {
            Ok(page) => page.rows,
            Err(Failure::Failed(..)) => return Ok(vec![UNCHECKED]),
            Err(failure) => return Err(failure),
        };
        let mut caveats = Vec::new();
        for task in rows.into_iter().filter_map(|row| TaskSummary::read(row, action)) {
            if task.reference == after.task {
                continue;
            }
            let is_later = match (task.creation_time, after.creation_time) {
                (Some(theirs), Some(ours)) => Some(theirs > ours),
                _ => None,
            };
            let state = match task.task_state.as_str() {
                "COMPLETE" => State::Complete,
                "CANCELLED" => State::Cancelled,
                _ => State::UnderWay,
            };
            let is_ours = self.0.starts.knows(action, &task.task_id);
            let caveat = match policy::meaning(Other { is_later, state, is_ours }) {
                Meaning::None => continue,
                Meaning::MayBeReplaced => MAY_BE_REPLACED,
                Meaning::MayChange => MAY_CHANGE,
                Meaning::Replaced => {
                    // A list says COMPLETE of what failed, too, and that has written nothing.
                    let task = self.0.tasks.open(&task.reference);
                    match self.wait(&task, Want::Once).await.map(|status| status.phase) {
                        Ok(Phase::Failed) => continue,
                        Ok(Phase::Succeeded) => {
                            let text = "the export was run again since, by the same user: the file \
                                 is of that run";
                            return Err(Error::new(Code::StaleFile, text).into());
                        }
                        Err(failure) if failure.error().is_none() => return Err(failure),
                        _ => MAY_BE_REPLACED,
                    }
                }
            };
            if !caveats.contains(&caveat) {
                caveats.push(caveat);
            }
        }
        Ok(caveats)
    }

    /// What a file is called, and how its text is encoded, as far as lists say so. They are asked once:
    /// it can be read without.
    async fn name(
        &self,
        file: &FileRef,
        is_export: bool,
    ) -> Result<(String, Option<String>), Failure> {
        let (listing, id, ending) = match file {
            FileRef::File(model, id) if is_export => {
                (Listing::Actions(model.clone(), Kind::Export), id, "csv")
            }
            FileRef::File(model, id) => (Listing::Files(model.clone()), id, "txt"),
            FileRef::Dump(task) => return Ok((dump_name(&task.action.id), None)),
            FileRef::StepDump(_, object) => return Ok((dump_name(object), None)),
        };
        // One page: a model with a thousand of them is rare, and a name is not worth much.
        let rows = match self.page(&listing, 0, false).await {
            Ok(page) => page.rows,
            Err(Failure::Failed(..)) => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let row = rows.into_iter().find(|row| row.text("id") == Some(id.as_str()));
        let mut row = row.unwrap_or_default();
        let name = row.take("name").into_text().filter(|name| !name.trim().is_empty());
        Ok((name.unwrap_or_else(|| format!("{id}.{ending}")), row.take("encoding").into_text()))
    }
}

fn dump_name(object: &Id) -> String {
    format!("{object}-dump.csv")
}

impl Download {
    /// The next bytes; `None` after the last, and after [`stop`](Self::stop).
    pub async fn next(&self) -> Result<Option<Bytes>, Failure> {
        let changed = &self.fetching.changed;
        let (mut listening, mut stopping) = (changed.listen(), self.stopped.listen());
        let work = poll_fn(|cx| {
            listening.heard(cx);
            stopping.heard(cx);
            self.step()
        });
        let result = self.client.run(&self.limits, pin!(work)).await;
        match result {
            Ok(Value::Bytes(bytes)) => Ok(Some(bytes)),
            Ok(_) => Ok(None),
            Err(failure) => {
                self.stop();
                Err(failure.map(&mut |error| error.doing(DOWNLOADING)))
            }
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let (chunks, chunk_count, bytes) =
            (self.fetching.done(), self.about.chunk_count, self.bytes.get());
        let size = match self.parts.borrow().front() {
            _ if chunks == chunk_count => Some(bytes),
            // Of one that is a single chunk, its answer says how long it is.
            Some((part, _)) if chunk_count == 1 => part.length(),
            _ => None,
        };
        Progress { bytes, size, chunks, chunk_count }
    }

    /// Ends it, and with it a [`next`](Self::next) that is waiting.
    pub fn stop(&self) {
        self.ended.set(true);
        self.parts.borrow_mut().clear();
        self.stopped.notify();
    }

    fn step(&self) -> Poll<Result<Value, Failure>> {
        loop {
            if self.ended.get() {
                return Poll::Ready(Ok(Value::Nothing));
            }
            self.begin();
            let mut parts = self.parts.borrow_mut();
            let Some((part, _)) = parts.front() else {
                return Poll::Ready(self.end());
            };
            if let Some(bytes) = part.give() {
                self.bytes.set(self.bytes.get() + bytes.length());
                self.fetching.gave(&bytes);
                return Poll::Ready(Ok(Value::Bytes(bytes)));
            }
            match part.result() {
                None => return Poll::Pending,
                Some(Err(failure)) => return Poll::Ready(Err(failure)),
                Some(Ok(())) => {
                    let gone = parts.pop_front();
                    drop(parts);
                    drop(gone);
                    self.fetching.finished();
                }
            }
        }
    }

    /// Begins with the chunks that are to be fetched now.
    fn begin(&self) {
        while let Some(place) = self.fetching.begin() {
            let part = Rc::new(Part::new(place));
            let (fetching, its) = (Rc::clone(&self.fetching), Rc::clone(&part));
            let (client, limits) = (self.client.clone(), Rc::clone(&self.limits));
            let ticket = Flight::default().join(move || async move {
                let work = async { fetching.fetch(&its).await.map(|()| Value::Nothing) };
                // Also when nobody reads just then.
                let result = client.run(&limits, pin!(work)).await;
                fetching.ended(&its, result.map(|_| ()));
                Ok(())
            });
            self.parts.borrow_mut().push_back((part, ticket));
        }
    }

    fn end(&self) -> Result<Value, Failure> {
        self.ended.set(true);
        if self.bytes.get() > 0.0 {
            return Ok(Value::Nothing);
        }
        Err(Error::new(self.lack, EMPTY).into())
    }
}
