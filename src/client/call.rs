//! What a client can be asked to do, and what comes of it.

use std::rc::Rc;

use super::download::Download;
use super::lists::Row;
use super::{RUNS_ON, STARTED};
use crate::platform::Bytes;
use crate::policy::Watcher;
use crate::reference::{ActionRef, FileRef, TaskRef};
use crate::status::TaskStatus;
use crate::wire::Json;

/// What can be asked. All share one way there: apart they were the same code for each.
pub enum Call {
    /// A task's status, at most five seconds old.
    Status(TaskRef),
    /// To cancel it.
    Cancel(TaskRef),
    /// Its last status, once it has ended.
    Outcome(TaskRef, Watcher),
    /// The same, if it has ended well.
    Success(TaskRef, Watcher),
    /// To start an action, with this body.
    Start(ActionRef, String),
    /// To start it and give its last status.
    Run(ActionRef, String, Watcher),
    /// What an action is made of.
    Metadata(ActionRef),
    /// To find out about a file, to read it then.
    Open(FileRef, Reading),
    /// To prepare a file for so many chunks, or for as many as will come.
    Announce(FileRef, Option<u32>),
    /// To put a chunk there, which is compressed or not.
    Put(FileRef, u32, Bytes, bool),
    /// To say that all chunks are there.
    Complete(FileRef),
    /// To get a token, should there be none.
    SignIn,
}

impl Call {
    /// What is being done, for the message of an error.
    pub(super) fn doing(&self) -> &'static str {
        match self {
            Self::Status(_) => "Asking for the task",
            Self::Cancel(_) => "Cancelling the task",
            Self::Outcome(..) | Self::Success(..) => "Waiting for the task",
            Self::Start(..) => "Starting the task",
            Self::Run(..) => "Running the action",
            Self::Metadata(_) => "Asking for the metadata",
            Self::Open(..) => "Asking for the file",
            Self::Announce(..) | Self::Put(..) | Self::Complete(_) => "Uploading the file",
            Self::SignIn => "Signing in",
        }
    }

    /// Which task it is about.
    pub fn task(&self) -> Option<&TaskRef> {
        match self {
            Self::Status(task)
            | Self::Cancel(task)
            | Self::Outcome(task, _)
            | Self::Success(task, _) => Some(task),
            _ => None,
        }
    }

    /// What goes on although nobody waits for it any more.
    pub(super) fn meanwhile(&self) -> &'static str {
        match self {
            Self::Start(..) => STARTED,
            _ if self.task().is_some() => RUNS_ON,
            _ => "",
        }
    }
}

/// How a file is read.
pub struct Reading {
    /// How many chunks are fetched at once.
    pub concurrency: usize,
    /// The run that is to have written it.
    pub after: Option<After>,
    /// Whether an export writes it.
    pub is_export: bool,
}

/// A run, as the caller knows of it.
pub struct After {
    /// Which one.
    pub task: TaskRef,
    /// Whether it ended well.
    pub succeeded: bool,
    /// When it was made, by the server's clock, in milliseconds since the epoch.
    pub creation_time: Option<f64>,
}

/// What comes of a call.
pub enum Value {
    /// A status.
    Status(Rc<TaskStatus>),
    /// A task that was started.
    Task(TaskRef),
    /// Data, as Anaplan has it.
    Json(Json),
    /// Rows of a list.
    Rows(Vec<Row>),
    /// A file, ready to be read.
    File(Rc<Download>),
    /// Bytes of one.
    Bytes(Bytes),
    /// Nothing, and that is all right.
    Nothing,
}
