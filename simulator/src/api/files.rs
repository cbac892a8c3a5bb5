//! Files and dumps: what there is, and its bytes.

use std::ops::Range;

use anaplan_tasks::reference::{ActionRef, FileRef, Kind, ModelRef, Path};
use serde_json::{Value, json};

use super::{Api, Refused};
use crate::faults::DumpAnswer;
use crate::files::Content;
use crate::http::Reply;

/// Bytes, and the run that left them.
struct Found {
    content: Content,
    run: Option<(ActionRef, String)>,
}

/// The model that a path to files is in. Dumps are not among them: Anaplan hands those out while a
/// model is busy.
pub(super) fn model_of_files(path: &Path) -> Option<&ModelRef> {
    match path {
        Path::Files(model)
        | Path::File(FileRef::File(model, _))
        | Path::Chunks(FileRef::File(model, _))
        | Path::Chunk(FileRef::File(model, _), _) => Some(model),
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
        let uploaded = model.uploads.iter().map(|file| {
            json!({
                "id": file.id,
                "name": file.name,
                "chunkCount": self.chunk_count(file.content),
                "delimiter": "\"",
                "encoding": "UTF-8",
                "firstDataRow": 2,
                "format": "txt",
                "headerRow": 1,
                "separator": ",",
            })
        });
        self.list(Some(wanted), "file", "files", written.chain(uploaded).collect(), |row| row)
    }

    /// A file without bytes has no chunks, which is no error; with a dump it is one.
    pub(super) fn chunks(&self, file: &FileRef) -> Result<Reply, Refused> {
        let count = match (self.find(file)?, file) {
            (Some(found), _) => self.chunk_count(found.content),
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
        let part = found.content.chunk(number, self.faults.bytes_of_a_chunk());
        let part = part.filter(|_| !self.faults.lost_chunks).ok_or_else(|| self.refuse(404))?;
        self.remember_reading(found);
        Ok(Reply::part(part, content_type(file)))
    }

    /// The whole of it: of a file its bytes, not what is known of it.
    pub(super) fn bytes(&mut self, file: &FileRef) -> Result<Reply, Refused> {
        match self.find(file)? {
            Some(found) if !self.faults.lost_chunks => {
                let part = found.content.whole();
                self.remember_reading(found);
                Ok(Reply::part(part, content_type(file)))
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
                    return Ok(Some(Found { content: upload.content, run: None }));
                }
                let export = ActionRef { model: model.clone(), kind: Kind::Export, id: id.clone() };
                let action = self.tenant.action(&export).ok_or_else(|| self.refuse(404))?;
                let (stale, rows) = (self.faults.stale_file, self.faults.file_rows);
                return Ok(action.file(self.user, self.now, stale, rows).map(|(run, content)| {
                    Found { content, run: Some((export.clone(), run.to_owned())) }
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
        let content = self
            .tenant
            .action(&task.action)
            .filter(|_| !self.faults.lost_dumps)
            .and_then(|action| action.dump(run, object.as_str(), self.user, self.now));
        Ok(content
            .map(|content| Found { content, run: Some((task.action.clone(), run.to_owned())) }))
    }

    fn chunk_count(&self, content: Content) -> u64 {
        content.size().div_ceil(self.faults.bytes_of_a_chunk().max(1).into())
    }

    /// Bytes that somebody reads are kept for longer.
    fn remember_reading(&mut self, found: Found) {
        let Some((action, id)) = found.run else {
            return;
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
