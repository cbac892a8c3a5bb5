//! What the client's wasm file gives to JavaScript.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

#[cfg(feature = "panic-on-demand")]
use super::drill;
use super::options::{connection, limits, task_ref, watching};
use super::outcome::{self, outcome, settled};
use super::panic;
use crate::client::{self, Failure};
use crate::error::Error;
use crate::platform::Opaque;

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

/// See [`client::Client`].
#[wasm_bindgen]
pub struct Client(client::Client);

/// See [`client::Call`].
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Call {
    Status,
    Cancel,
    Outcome,
    Success,
}

#[wasm_bindgen]
impl Client {
    /// The value is a status.
    pub fn call(&self, call: Call, task: &JsValue, options: &JsValue) -> Given {
        let parsed = || {
            let call = match call {
                Call::Status => client::Call::Status,
                Call::Cancel => client::Call::Cancel,
                Call::Outcome => client::Call::Outcome(watching(options)?),
                Call::Success => client::Call::Success(watching(options)?),
            };
            Ok::<_, Error>((call, task_ref(task)?, limits(options)?))
        };
        let (client, parsed) = (self.0.clone(), parsed());
        Ok(promise(async move {
            let (call, task, limits) = parsed?;
            #[cfg(feature = "panic-on-demand")]
            drill::later(&task).await;
            Ok(outcome::to_js(&*client.call(call, task, limits).await?)?)
        }))
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

/// One place for every kind of work, so that the code around it is there once.
fn promise(work: impl Future<Output = Result<JsValue, Failure>> + 'static) -> JsValue {
    promise_of(Box::pin(work))
}

fn promise_of(work: Pin<Box<dyn Future<Output = Result<JsValue, Failure>>>>) -> JsValue {
    future_to_promise(async move { settled(work.await) }).into()
}
