//! Uploads: a file is told how many chunks there will be, then they come.

use anaplan_tasks::reference::{ActionRef, FileRef, Id, Kind, ModelRef};
use serde_json::Value;

use super::{Api, Refused};
use crate::http::Reply;
use crate::shape::Object;
use crate::uploads::{LARGEST_CHUNK, MOST_CHUNKS, Upload, gunzip};

/// What all uploads together may take of this memory, in bytes. Anaplan's room is not so narrow.
const ROOM: usize = 128_000_000;
/// Files of a model, so that nobody fills the memory with them.
const MOST_FILES: usize = 1_000;

impl Api<'_> {
    /// Whether a file is of those that are uploaded, or would be if it were there: what exports
    /// write is theirs to write.
    pub(super) fn is_for_uploads(&self, file: &FileRef) -> bool {
        let FileRef::File(model, id) = file else {
            return false;
        };
        let export = ActionRef { model: model.clone(), kind: Kind::Export, id: id.clone() };
        self.tenant.action(&export).is_none()
    }

    /// Begins an upload, of so many chunks or, with -1, of as many as will come. On record: an id
    /// that nobody knows makes another file, whose id is in the answer.
    pub(super) fn begin(&mut self, file: &FileRef) -> Result<Reply, Refused> {
        self.expect_media(&["application/json"])?;
        let body = serde_json::from_slice::<Object>(&self.request.body);
        let body =
            body.map_err(|_| self.refuse_because(400, "Malformed JSON in the request body"))?;
        let count = body.get("chunkCount").and_then(Value::as_i64);
        let expected = match count.map(|count| (count, u32::try_from(count))) {
            Some((-1, _)) => None,
            Some((_, Ok(count @ 1..=MOST_CHUNKS))) => Some(count),
            _ => return Err(self.refuse_because(400, "chunkCount must be -1, or from 1 to 1000")),
        };
        let (model, id) = self.place_of_file(file)?;
        let now = self.now;
        let files = &mut self.model_mut(model)?.uploads;
        let number = files.len();
        let place = files.iter().position(|upload| upload.id == id.as_str());
        if place.is_none() {
            if number >= MOST_FILES {
                return Err(self.refuse_because(400, "There are too many files"));
            }
            let name = body.get("name").and_then(Value::as_str).unwrap_or(id.as_str());
            let id = format!("113{:09}", number.saturating_add(1));
            files.push(Upload::new(id, name.chars().take(255).collect(), None));
        }
        let upload = files.get_mut(place.unwrap_or(number));
        upload.into_iter().for_each(|upload| upload.begin(expected, now));
        self.describe_file(model, place.unwrap_or(number))
    }

    /// Puts a chunk at its place.
    pub(super) fn put(&mut self, file: &FileRef, number: u32) -> Result<Reply, Refused> {
        let chunk = self.chunk_in_body()?;
        self.change(file, |upload, now| match upload.own_mut(now) {
            Some(own) => own.put(number, chunk, now),
            None => Err("chunkCount must be set before"),
        })?;
        Ok(Reply::empty(204))
    }

    /// Puts a whole file in place, which is documented for small ones and without gzip.
    pub(super) fn upload(&mut self, file: &FileRef) -> Result<Reply, Refused> {
        self.expect_media(&["application/octet-stream"])?;
        let chunk = self.chunk_in_body()?;
        self.change(file, |upload, now| {
            upload.begin(Some(1), now);
            upload.own_mut(now).map_or(Ok(()), |own| own.put(0, chunk, now))
        })?;
        Ok(Reply::empty(204))
    }

    /// Ends an upload. Only those need it of which nobody said how many chunks there would be.
    pub(super) fn complete(&mut self, file: &FileRef) -> Result<Reply, Refused> {
        self.expect_media(&["application/json"])?;
        self.change(file, |upload, now| match upload.own_mut(now) {
            Some(own) => own.complete(now),
            None => Err("Nothing was uploaded"),
        })?;
        let (model, id) = self.place_of_file(file)?;
        let known = self.tenant.model(model).map(|model| model.uploads.as_slice());
        let place = known.and_then(|files| files.iter().position(|one| one.id == id.as_str()));
        self.describe_file(model, place.unwrap_or(usize::MAX))
    }

    /// Removes what the user uploaded. The file stays, with what is there for all.
    pub(super) fn remove(&mut self, file: &FileRef) -> Result<Reply, Refused> {
        let (model, id) = self.place_of_file(file)?;
        let now = self.now;
        let removed = self.upload_mut(model, id).is_some_and(|upload| upload.remove(now));
        if removed { Ok(Reply::empty(204)) } else { Err(self.refuse(404)) }
    }

    pub(super) fn upload_mut(&mut self, model: &ModelRef, id: &Id) -> Option<&mut Upload> {
        let files = &mut self.tenant.model_mut(model)?.uploads;
        files.iter_mut().find(|upload| upload.id == id.as_str())
    }

    /// Changes a file that is there.
    fn change(
        &mut self,
        file: &FileRef,
        change: impl FnOnce(&mut Upload, u64) -> Result<(), &'static str>,
    ) -> Result<(), Refused> {
        let (model, id) = self.place_of_file(file)?;
        let now = self.now;
        match self.upload_mut(model, id).map(|upload| change(upload, now)) {
            None => Err(self.refuse(404)),
            Some(changed) => changed.map_err(|message| self.refuse_because(400, message)),
        }
    }

    fn model_mut(&mut self, model: &ModelRef) -> Result<&mut crate::tenant::Model, Refused> {
        let missing = self.refuse(404);
        self.tenant.model_mut(model).ok_or(missing)
    }

    fn place_of_file<'f>(&self, file: &'f FileRef) -> Result<(&'f ModelRef, &'f Id), Refused> {
        match file {
            FileRef::File(model, id) => Ok((model, id)),
            _ => Err(self.refuse(404)),
        }
    }

    fn describe_file(&self, model: &ModelRef, place: usize) -> Result<Reply, Refused> {
        let known = self.tenant.model(model).and_then(|model| model.uploads.get(place));
        let row = known.map(|upload| self.upload_row(upload)).ok_or_else(|| self.refuse(404))?;
        let content = Object::from_iter([("file".into(), row)]);
        Ok(self.answer(model, "file", content))
    }

    fn expect_media(&self, known: &[&str]) -> Result<(), Refused> {
        if known.contains(&self.request.media().as_str()) { Ok(()) } else { Err(self.refuse(415)) }
    }

    /// The bytes that were sent, unpacked.
    fn chunk_in_body(&self) -> Result<Vec<u8>, Refused> {
        self.expect_media(&["application/octet-stream", "application/x-gzip"])?;
        let chunk = if self.request.media() == "application/x-gzip" {
            let unpacked = gunzip(&self.request.body, LARGEST_CHUNK);
            unpacked.ok_or_else(|| self.refuse_because(400, "Not gzip, or more than 50 MB"))?
        } else {
            self.request.body.clone()
        };
        if chunk.len() > LARGEST_CHUNK {
            return Err(self.refuse_because(400, "A chunk has at most 50 MB"));
        }
        if self.tenant.held().saturating_add(chunk.len()) > ROOM {
            return Err(self.refuse_because(413, "The simulator holds at most 128 MB of uploads"));
        }
        Ok(chunk)
    }
}
