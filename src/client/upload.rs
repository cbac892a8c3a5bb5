//! Files that go to Anaplan: a chunk at a time, each of which may be sent again.

use super::event::About;
use super::failure::Failure;
use super::line::Content;
use super::{Client, Value};
use crate::error::{Code, Error};
use crate::platform::{Bytes, Payload};
use crate::policy::Class;
use crate::reference::{FileRef, Path};

impl Client {
    /// Prepares a file for so many chunks; without a number, for as many as will come.
    pub(super) async fn announce(
        &self,
        file: &FileRef,
        count: Option<u32>,
    ) -> Result<Value, Failure> {
        let body = match count {
            Some(count) => format!("{{\"chunkCount\":{count}}}"),
            None => "{\"chunkCount\":-1}".to_owned(),
        };
        let path = Path::File(file.clone()).to_string();
        let about = About { method: "POST", path: &path, task: None, attempt: 1.0 };
        let content = Content { payload: Payload::Json(&body), ..Content::default() };
        let answer = self.0.exchange.call(Class::Files, &about, content).await?;
        let id = answer.json().and_then(|mut json| json.take("file").take("id").into_text());
        match (id, file) {
            // Anaplan makes another file where there is none of this id.
            (Some(made), FileRef::File(_, id)) if made != id.as_str() => {
                let text =
                    format!("there is no file {id} in this model, and Anaplan has made another");
                Err(Error::new(Code::NotFound, text).into())
            }
            _ => Ok(Value::Nothing),
        }
    }

    /// Puts a chunk there.
    pub(super) async fn put(
        &self,
        file: &FileRef,
        chunk: u32,
        bytes: &Bytes,
        is_gzip: bool,
    ) -> Result<Value, Failure> {
        let media_type = if is_gzip { "application/x-gzip" } else { "application/octet-stream" };
        let path = Path::Chunk(file.clone(), chunk).to_string();
        let about = About { method: "PUT", path: &path, task: None, attempt: 1.0 };
        let content = Content { payload: Payload::Bytes(bytes, media_type), ..Content::default() };
        self.0.exchange.call(Class::Files, &about, content).await.map(|_| Value::Nothing)
    }

    /// Says that all chunks are there.
    pub(super) async fn complete(&self, file: &FileRef) -> Result<Value, Failure> {
        let path = Path::Complete(file.clone()).to_string();
        let about = About { method: "POST", path: &path, task: None, attempt: 1.0 };
        let content = Content { payload: Payload::Json("{}"), ..Content::default() };
        self.0.exchange.call(Class::Files, &about, content).await.map(|_| Value::Nothing)
    }
}
