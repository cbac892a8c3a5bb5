//! What the client's wasm file gives to JavaScript.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

#[cfg(feature = "panic-on-demand")]
use super::drill;
use super::options::{
    action_ref, announced, connection, dump, export, file_ref, limits, model_ref, put, reading,
    start_body, task_ref, watching,
};
use super::outcome::{self, outcome, settled};
use super::panic;
use crate::client::{self, Failure, Listing, Value};
use crate::error::Error;
use crate::platform::Opaque;
use crate::reference::{ActionRef, FileRef, Kind, TaskRef};

/// What an export gives: never an error, and never as one value. The V8 of Node 20 compiles an
/// export that gives one JavaScript value into its callers, and when one of them is to be compiled
/// anew while the export runs, it ends the process with "unreachable code". More than one value, as
/// a `Result` has, it leaves alone.
type Given = Result<JsValue, JsValue>;

/// Has `report` called with a text should the core ever panic. Every promise that is pending then
/// stays so, and this instance is not to be used again.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(report: js_sys::Function) {
    panic::report_to(report);
}

/// Opens a client. The value is a [`Client`].
#[wasm_bindgen]
pub fn connect(options: &JsValue) -> Given {
    Ok(outcome(connection(options).map(|client| Client(client).into())))
}

/// Reads a task's reference or URL. The value is the reference as a plain object.
#[wasm_bindgen(js_name = taskRef)]
pub fn parse_task_ref(reference: &JsValue) -> Given {
    let task = task_ref(reference);
    #[cfg(feature = "panic-on-demand")]
    drill::at_once(&task);
    Ok(outcome(task.and_then(|task| outcome::to_js(&task))))
}

/// Reads an action's reference or URL, likewise.
#[wasm_bindgen(js_name = actionRef)]
pub fn parse_action_ref(reference: &JsValue) -> Given {
    Ok(outcome(action_ref(reference).and_then(|action| outcome::to_js(&action))))
}

/// Reads a file's reference, likewise.
#[wasm_bindgen(js_name = fileRef)]
pub fn parse_file_ref(reference: &JsValue) -> Given {
    Ok(outcome(file_ref(reference).and_then(|file| outcome::to_js(&file))))
}

/// See [`client::Client`].
#[wasm_bindgen]
pub struct Client(client::Client);

/// What is listed.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum List {
    Exports,
    Imports,
    Processes,
    Actions,
    Files,
    Tasks,
}

/// See [`client::Call`].
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Call {
    Status,
    Cancel,
    Outcome,
    Success,
    Start,
    Run,
    Metadata,
    Download,
    Dump,
    File,
    Announce,
    Put,
    Complete,
    SignIn,
}

#[wasm_bindgen]
impl Client {
    /// About a task, an action, a model or a file. `more` is what is no option of the caller's: which
    /// chunk is put, say.
    pub fn call(&self, call: Call, about: &JsValue, options: &JsValue, more: &JsValue) -> Given {
        let parsed = || {
            let call = match call {
                Call::Status | Call::Cancel | Call::Outcome | Call::Success | Call::Dump => {
                    of_task(call, task_ref(about)?, options)?
                }
                Call::Start | Call::Run | Call::Metadata | Call::Download => {
                    of_action(call, action_ref(about)?, options)?
                }
                Call::File | Call::Announce | Call::Put | Call::Complete => {
                    of_file(call, file_ref(about)?, options, more)?
                }
                Call::SignIn => client::Call::SignIn,
            };
            Ok::<_, Error>((call, limits(options)?))
        };
        let (client, parsed) = (self.0.clone(), parsed());
        Ok(promise(async move {
            let (call, limits) = parsed?;
            #[cfg(feature = "panic-on-demand")]
            drill::later(&call).await;
            Ok(match client.call(call, limits).await? {
                Value::Status(status) => outcome::to_js(&*status)?,
                Value::Task(task) => outcome::to_js(&task)?,
                Value::Json(json) => outcome::to_js(&json)?,
                Value::Rows(_) | Value::Nothing => JsValue::UNDEFINED,
                Value::File(file) => Download(file).into(),
                Value::Bytes(bytes) => bytes.into_js(),
            })
        }))
    }

    /// The value are [`Pages`] of a list, that of a model or of an action.
    pub fn list(&self, list: List, about: &JsValue, options: &JsValue) -> Given {
        let pages = || {
            let actions = |kind| Ok::<_, Error>(Listing::Actions(model_ref(about)?, kind));
            let listing = match list {
                List::Exports => actions(Kind::Export)?,
                List::Imports => actions(Kind::Import)?,
                List::Processes => actions(Kind::Process)?,
                List::Actions => actions(Kind::Action)?,
                List::Files => Listing::Files(model_ref(about)?),
                List::Tasks => Listing::Tasks(action_ref(about)?),
            };
            Ok(Pages(Rc::new(self.0.list(listing, limits(options)?))).into())
        };
        Ok(outcome(pages()))
    }

    /// The value is a [`Watch`] of all these tasks.
    pub fn watch(&self, tasks: Vec<JsValue>, options: &JsValue) -> Given {
        let watch = || {
            let tasks = tasks.iter().map(task_ref).collect::<Result<_, _>>()?;
            let watch = self.0.watch(tasks, watching(options)?, limits(options)?);
            Ok(Watch(Rc::new(watch)).into())
        };
        Ok(outcome(watch()))
    }

    /// Ends every watch, and rejects every other call with `reason`.
    pub fn close(&self, reason: JsValue) {
        self.0.close(Opaque(reason));
    }
}

fn of_task(call: Call, task: TaskRef, options: &JsValue) -> Result<client::Call, Error> {
    Ok(match call {
        Call::Status => client::Call::Status(task),
        Call::Cancel => client::Call::Cancel(task),
        Call::Outcome => client::Call::Outcome(task, watching(options)?),
        Call::Dump => client::Call::Open(dump(task, options)?, reading(options)?),
        _ => client::Call::Success(task, watching(options)?),
    })
}

fn of_action(call: Call, action: ActionRef, options: &JsValue) -> Result<client::Call, Error> {
    Ok(match call {
        Call::Start => client::Call::Start(action, start_body(options)?),
        Call::Run => client::Call::Run(action, start_body(options)?, watching(options)?),
        Call::Download => {
            let reading = export(&action, options)?;
            client::Call::Open(FileRef::File(action.model, action.id), reading)
        }
        _ => client::Call::Metadata(action),
    })
}

fn of_file(
    call: Call,
    file: FileRef,
    options: &JsValue,
    more: &JsValue,
) -> Result<client::Call, Error> {
    Ok(match call {
        Call::File => client::Call::Open(file, reading(options)?),
        Call::Announce => client::Call::Announce(file, announced(more)?),
        Call::Put => {
            let (chunk, bytes, is_gzip) = put(more)?;
            client::Call::Put(file, chunk, bytes, is_gzip)
        }
        _ => client::Call::Complete(file),
    })
}

/// See [`client::Watch`].
#[wasm_bindgen]
pub struct Watch(Rc<client::Watch>);

#[wasm_bindgen]
impl Watch {
    /// The value is a status, `{ failure }` of one of the tasks, or `undefined` after the last.
    pub fn next(&self) -> Given {
        let watch = Rc::clone(&self.0);
        Ok(promise(async move {
            Ok(match watch.next().await? {
                Some(Ok(status)) => outcome::to_js(&*status)?,
                // It is an error of ours: an abort is of no single task.
                Some(failed) => settled(failed.map(|_| JsValue::UNDEFINED)).unwrap_or_default(),
                None => JsValue::UNDEFINED,
            })
        }))
    }

    /// Ends it, and with it a `next` that is waiting.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// See [`client::Pages`].
#[wasm_bindgen]
pub struct Pages(Rc<client::Pages>);

#[wasm_bindgen]
impl Pages {
    /// The value is a list of rows, or `undefined` after the last.
    pub fn next(&self) -> Given {
        let pages = Rc::clone(&self.0);
        Ok(promise(async move {
            match pages.next().await? {
                Some(rows) => Ok(outcome::to_js(&rows)?),
                None => Ok(JsValue::UNDEFINED),
            }
        }))
    }
}

/// See [`client::Download`].
#[wasm_bindgen]
pub struct Download(Rc<client::Download>);

#[wasm_bindgen]
impl Download {
    /// The value is what is known of the file.
    pub fn about(&self) -> Given {
        Ok(outcome(outcome::to_js(&self.0.about)))
    }

    /// The value is how far it is.
    pub fn progress(&self) -> Given {
        Ok(outcome(outcome::to_js(&self.0.progress())))
    }

    /// The value is some bytes, or `undefined` after the last.
    pub fn next(&self) -> Given {
        let file = Rc::clone(&self.0);
        Ok(promise(async move {
            Ok(file.next().await?.map_or(JsValue::UNDEFINED, |bytes| bytes.into_js()))
        }))
    }

    /// Ends it, and with it a `next` that is waiting.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// One place for every kind of work, so that the code around it is there once.
fn promise(work: impl Future<Output = Result<JsValue, Failure>> + 'static) -> JsValue {
    promise_of(Box::pin(work))
}

fn promise_of(work: Pin<Box<dyn Future<Output = Result<JsValue, Failure>>>>) -> JsValue {
    future_to_promise(async move { settled(work.await) }).into()
}
