//! Files and dumps: what there is, and its bytes.

use std::ops::Range;
use std::sync::Arc;

use anaplan_tasks::reference::{ActionRef, FileRef, Id, Kind, ModelRef, Path};
use serde_json::{Value, json};

use super::{Api, Refused};
use crate::action::Dump;
use crate::faults::DumpAnswer;
use crate::files::Content;
use crate::http::Reply;
use crate::uploads::Upload;

/// Bytes, and what is read with them.
struct Found {
    bytes: Bytes,
    of: Source,
}

enum Bytes {
    /// Made when they are read, and cut as the switches say.
    Made(Content),
    /// Held in memory, and cut likewise.
    Kept(Arc<[u8]>),
    /// Uploaded, in chunks as they came; all of them, or those that are there.
    Uploaded { chunks: Vec<Arc<[u8]>>, whole: bool },
}

/// Whose bytes are kept for longer when somebody reads them.
enum Source {
    Run(ActionRef, String),
    Upload(ModelRef, Id),
    Nobody,
}

/// The model that a path to files is in. Dumps are not among them: Anaplan hands those out while a
/// model is busy.
pub(super) fn model_of_files(path: &Path) -> Option<&ModelRef> {
    match path {
        Path::Files(model)
        | Path::File(FileRef::File(model, _))
        | Path::Chunks(FileRef::File(model, _))
        | Path::Chunk(FileRef::File(model, _), _)
        | Path::Complete(FileRef::File(model, _)) => Some(model),
        _ => None,
    }
}

impl Api<'_> {
    /// The files of a model: what its exports write, by the ids of the exports, and what was uploaded.
    pub(super) fn files(&self, wanted: &ModelRef) -> Result<Reply, Refused> {
        let model = self.tenant.model(wanted).ok_or_else(|| self.refuse(404))?;
        let written = model.of_kind(Kind::Export).map(|export| {
            let file =
                export.file(self.user, self.now, self.faults.stale_file, self.faults.file_rows);
            json!({
                "id": export.id,
                "name": export.name,
                "chunkCount": file.map_or(0, |(_, content)| self.chunk_count(content)),
                "firstDataRow": 0,
                "headerRow": 0,
            })
        });
        let uploaded = model.uploads.iter().map(|upload| self.upload_row(upload));
        self.list(Some(wanted), "file", "files", written.chain(uploaded).collect(), |row| row)
    }

    /// An uploaded file, as lists have it.
    pub(super) fn upload_row(&self, upload: &Upload) -> Value {
        let common = upload.common.map(|content| self.chunk_count(content));
        let count = match upload.own(self.now) {
            Some(own) => own.chunk_count().into(),
            None => json!(common.unwrap_or_default()),
        };
        json!({
            "id": upload.id,
            "name": upload.name,
            "chunkCount": count,
            "delimiter": "\"",
            "encoding": "UTF-8",
            "firstDataRow": 2,
            "format": "txt",
            "headerRow": 1,
            "separator": ",",
        })
    }

    /// A file without bytes has no chunks, which is no error; with a dump it is one.
    pub(super) fn chunks(&self, file: &FileRef) -> Result<Reply, Refused> {
        let count = match (self.find(file)?, file) {
            (Some(found), _) => match found.bytes {
                Bytes::Made(content) => self.chunk_count(content),
                Bytes::Kept(bytes) => self.pieces(bytes.len() as u64),
                Bytes::Uploaded { chunks, .. } => chunks.len() as u64,
            },
            (None, FileRef::File(..)) => 0,
            (None, FileRef::Dump(_) | FileRef::StepDump(..)) => {
                return Err(self.refuse(match self.faults.dump_answer {
                    DumpAnswer::NotFound => 404,
                    DumpAnswer::NoContent => 400,
                }));
            }
        };
        let total = usize::try_from(count).unwrap_or(usize::MAX);
        let rows = |range: Range<usize>| range.map(chunk_row).collect();
        self.page(Some(model_of(file)), "chunk", "chunks", total, rows)
    }

    pub(super) fn chunk(&mut self, file: &FileRef, number: u32) -> Result<Reply, Refused> {
        let found = self.find(file)?.ok_or_else(|| self.refuse(404))?;
        let (size, media) = (self.faults.bytes_of_a_chunk(), content_type(file));
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let reply = match found.bytes {
            _ if self.faults.lost_chunks => None,
            Bytes::Made(content) => {
                content.chunk(number, size).map(|part| Reply::part(part, media))
            }
            Bytes::Kept(bytes) => bytes
                .chunks(usize::try_from(size).unwrap_or(usize::MAX).max(1))
                .nth(place)
                .map(|chunk| Reply::bytes(chunk.to_vec(), media)),
            Bytes::Uploaded { chunks, .. } => {
                chunks.get(place).map(|chunk| Reply::bytes(chunk.to_vec(), media))
            }
        };
        let reply = reply.ok_or_else(|| self.refuse(404))?;
        self.remember_reading(found.of);
        Ok(reply)
    }

    /// The whole of it: of a file its bytes, not what is known of it.
    pub(super) fn bytes(&mut self, file: &FileRef) -> Result<Reply, Refused> {
        let found = self.find(file)?.filter(|found| {
            let whole = !matches!(found.bytes, Bytes::Uploaded { whole: false, .. });
            whole && !self.faults.lost_chunks
        });
        match found {
            Some(Found { bytes, of }) => {
                self.remember_reading(of);
                let media = content_type(file);
                Ok(match bytes {
                    Bytes::Made(content) => Reply::part(content.whole(), media),
                    Bytes::Kept(bytes) => Reply::bytes(bytes.to_vec(), media),
                    Bytes::Uploaded { chunks, .. } => Reply::bytes(chunks.concat(), media),
                })
            }
            _ if matches!(file, FileRef::File(..)) => Err(self.refuse(404)),
            _ => match self.faults.dump_answer {
                DumpAnswer::NotFound => Err(self.refuse(404)),
                DumpAnswer::NoContent => Ok(Reply::empty(204)),
            },
        }
    }

    /// `None` is a file that could be there and is not. What is answered for a file that nobody
    /// knows is undocumented: 404.
    fn find(&self, file: &FileRef) -> Result<Option<Found>, Refused> {
        let (task, object) = match file {
            FileRef::File(model, id) => {
                let known = self.tenant.model(model).ok_or_else(|| self.refuse(404))?;
                let upload = known.uploads.iter().find(|upload| upload.id == id.as_str());
                if let Some(upload) = upload {
                    return Ok(self.content_of(upload, model, id));
                }
                let export = ActionRef { model: model.clone(), kind: Kind::Export, id: id.clone() };
                let action = self.tenant.action(&export).ok_or_else(|| self.refuse(404))?;
                let (stale, rows) = (self.faults.stale_file, self.faults.file_rows);
                return Ok(action.file(self.user, self.now, stale, rows).map(|(run, content)| {
                    let of = Source::Run(export.clone(), run.to_owned());
                    Found { bytes: Bytes::Made(content), of }
                }));
            }
            FileRef::Dump(task) => (task, &task.action.id),
            // Only processes have steps.
            FileRef::StepDump(task, _) if task.action.kind != Kind::Process => {
                return self.seen(task).map(|_| None);
            }
            FileRef::StepDump(task, object) => (task, object),
        };
        self.seen(task)?;
        let run = task.task_id.as_str();
        let dump = self
            .tenant
            .action(&task.action)
            .filter(|_| !self.faults.lost_dumps)
            .and_then(|action| action.dump(run, object.as_str(), self.user, self.now));
        Ok(dump.map(|dump| Found {
            bytes: match dump {
                Dump::Made(content) => Bytes::Made(content),
                Dump::Kept(bytes) => Bytes::Kept(bytes),
            },
            of: Source::Run(task.action.clone(), run.to_owned()),
        }))
    }

    /// What the user uploaded, else what is there for all.
    fn content_of(&self, upload: &Upload, model: &ModelRef, id: &Id) -> Option<Found> {
        match upload.own(self.now) {
            Some(own) => Some(Found {
                bytes: Bytes::Uploaded { chunks: own.chunks.clone(), whole: own.is_whole() },
                of: Source::Upload(model.clone(), id.clone()),
            }),
            None => upload
                .common
                .map(|content| Found { bytes: Bytes::Made(content), of: Source::Nobody }),
        }
    }

    fn chunk_count(&self, content: Content) -> u64 {
        self.pieces(content.size())
    }

    fn pieces(&self, size: u64) -> u64 {
        size.div_ceil(self.faults.bytes_of_a_chunk().max(1).into())
    }

    /// Bytes that somebody reads are kept for longer.
    fn remember_reading(&mut self, of: Source) {
        let (action, id) = match of {
            Source::Run(action, id) => (action, id),
            Source::Upload(model, id) => {
                let now = self.now;
                let upload = self.upload_mut(&model, &id).and_then(|upload| upload.own_mut(now));
                upload.into_iter().for_each(|own| own.touch(now));
                return;
            }
            Source::Nobody => return,
        };
        let runs = self.tenant.action_mut(&action).map(|action| &mut action.runs);
        for run in runs.into_iter().flatten().filter(|run| run.id == id) {
            run.read = Some(self.now);
        }
    }
}

fn chunk_row(number: usize) -> Value {
    json!({ "id": number.to_string(), "name": format!("Chunk {number}") })
}

fn model_of(file: &FileRef) -> &ModelRef {
    match file {
        FileRef::File(model, _) => model,
        FileRef::Dump(task) | FileRef::StepDump(task, _) => &task.action.model,
    }
}

/// Raw bytes, also of text; only dumps are sent as what they are.
fn content_type(file: &FileRef) -> &'static str {
    match file {
        FileRef::File(..) => "application/octet-stream",
        FileRef::Dump(_) | FileRef::StepDump(..) => "text/plain",
    }
}
