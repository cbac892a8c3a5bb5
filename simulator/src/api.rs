//! What is under `/2/0`: models, their actions, the tasks of those, and what they leave.

#![forbid(unsafe_code)]

mod files;
mod uploads;

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use anaplan_tasks::reference::{ActionRef, Directory, FileRef, Id, Kind, ModelRef, Path, TaskRef};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};

use crate::action::Action;
use crate::faults::{CancelAnswer, Faults};
use crate::http::{Reply, Request, reason};
use crate::random::Random;
use crate::shape::{self, Object, Page};
use crate::task::Snapshot;
use crate::tenant::{Model, Tenant};

/// Where the API begins.
pub(crate) const BASE: &str = "/2/0";
/// Lists without a `limit` have this many rows at most.
const DEFAULT_LIMIT: usize = 5_000;

/// One request of a user who was let in.
pub(crate) struct Api<'a> {
    pub(crate) tenant: &'a mut Tenant,
    pub(crate) random: &'a mut Random,
    pub(crate) faults: &'a Faults,
    pub(crate) now: u64,
    pub(crate) user: &'a str,
    pub(crate) request: &'a Request,
}

/// An answer other than the one hoped for.
type Refused = Box<Reply>;

impl Api<'_> {
    /// Answers it.
    pub(crate) fn handle(mut self) -> Reply {
        let asked = self.now;
        let reply = self.route().unwrap_or_else(|refused| *refused);
        Reply { delay: self.now.saturating_sub(asked), ..reply }
    }

    fn route(&mut self) -> Result<Reply, Refused> {
        let place = place_of(self.request, &self.tenant.workspace_id);
        let place = place.ok_or_else(|| self.refuse(404))?;
        let allowed = match place {
            Place::Model(Path::Tasks(_)) => "GET, POST",
            Place::Model(Path::Task(_)) => "GET, DELETE",
            Place::Model(Path::File(ref file)) if self.is_for_uploads(file) => {
                "GET, POST, PUT, DELETE"
            }
            Place::Model(Path::Chunk(ref file, _)) if self.is_for_uploads(file) => "GET, PUT",
            Place::Model(Path::Complete(_)) => "POST",
            _ => "GET",
        };
        let method = self.request.method.as_str();
        if !allowed.split(", ").any(|one| one == method) {
            let mut refused = self.refuse(405);
            refused.headers.push(("allow", allowed.into()));
            return Err(refused);
        }
        // Bytes are sent to whoever asks: Anaplan Connect names no media type for them.
        let is_json = !matches!(place, Place::Model(Path::File(_) | Path::Chunk(..)));
        if is_json && !accepts_json(self.request) {
            return Err(self.refuse(406));
        }
        let path = match place {
            Place::Directory(Directory::Workspaces) => return self.workspaces(),
            Place::Directory(Directory::Models(of)) => return self.models(of.as_ref()),
            Place::Model(path) => path,
        };
        self.wait_for_files(&path);
        match (path, method) {
            (Path::Actions(model, kind), _) => self.actions(&model, kind),
            (Path::Action(action), _) => self.action(&action),
            (Path::Tasks(action), "POST") => self.start(&action),
            (Path::Tasks(action), _) => self.tasks(&action),
            (Path::Task(task), "DELETE") => self.cancel(&task),
            (Path::Task(task), _) => self.status(&task),
            (Path::Files(model), _) => self.files(&model),
            (Path::File(file), "POST") => self.begin(&file),
            (Path::File(file), "PUT") => self.upload(&file),
            (Path::File(file), "DELETE") => self.remove(&file),
            (Path::Chunk(file, number), "PUT") => self.put(&file, number),
            (Path::File(file), _) => self.bytes(&file),
            (Path::Complete(file), _) => self.complete(&file),
            (Path::Chunks(file), _) => self.chunks(&file),
            (Path::Chunk(file, number), _) => self.chunk(&file, number),
        }
    }

    /// Lets the time pass until nothing runs in the model, if that is what files wait for.
    fn wait_for_files(&mut self, path: &Path) {
        let model = files::model_of_files(path).filter(|_| self.faults.block_files);
        let model = model.and_then(|model| self.tenant.model(model));
        if let Some(free) = model.and_then(|model| model.free_from(self.now)) {
            self.now = self.now.max(free);
        }
    }

    fn workspaces(&self) -> Result<Reply, Refused> {
        let id = &self.tenant.workspace_id;
        let rows = vec![json!({ "id": id, "name": "Simulated workspace", "active": true })];
        self.list(None, "workspace", "workspaces", rows, |row| row)
    }

    /// The models in which the account has a role.
    fn models(&self, workspace: Option<&Id>) -> Result<Reply, Refused> {
        let id = &self.tenant.workspace_id;
        if workspace.is_some_and(|wanted| wanted.as_str() != id) {
            return Err(self.refuse(404));
        }
        let rows = self.tenant.models.iter().map(|model| {
            json!({
                "id": model.id,
                "name": model.name,
                "activeState": "UNLOCKED",
                "currentWorkspaceId": id,
            })
        });
        self.list(None, "model", "models", rows.collect(), |row| row)
    }

    fn actions(&self, model: &ModelRef, kind: Kind) -> Result<Reply, Refused> {
        let rows = self
            .tenant
            .model(model)
            .ok_or_else(|| self.refuse(404))?
            .of_kind(kind)
            .map(|action| {
                let mut row = shape::object(action.summary.clone());
                row.insert("id".into(), action.id.into());
                row.insert("name".into(), action.name.into());
                Value::Object(row)
            })
            .collect();
        self.list(Some(model), schema(kind), kind.segment(), rows, |row| row)
    }

    fn action(&self, wanted: &ActionRef) -> Result<Reply, Refused> {
        let found = self.tenant.action(wanted).ok_or_else(|| {
            // On record: a bad id is not found, but a bad import is a failure of the server.
            let reachable = self.tenant.model(&wanted.model).is_some();
            self.refuse(if reachable && wanted.kind == Kind::Import { 500 } else { 404 })
        })?;
        let key = match wanted.kind {
            Kind::Export => "exportMetadata",
            Kind::Import => "importMetadata",
            Kind::Process => "processMetadata",
            Kind::Action => "action",
        };
        let mut metadata = found.metadata.clone();
        if wanted.kind == Kind::Process && self.says_yes("showImportDataSource") {
            self.show_sources(&wanted.model, &mut metadata);
        }
        let content = Object::from_iter([(key.into(), metadata)]);
        Ok(self.answer(&wanted.model, schema(wanted.kind), content))
    }

    /// Says of each step of a process that is an import what it reads.
    fn show_sources(&self, model: &ModelRef, metadata: &mut Value) {
        let steps = metadata.get_mut("actions").and_then(Value::as_array_mut);
        for step in steps.into_iter().flatten().filter_map(Value::as_object_mut) {
            let id = step.get("id").and_then(Value::as_str);
            let imports = self.tenant.model(model).into_iter();
            let mut imports = imports.flat_map(|model| model.of_kind(Kind::Import));
            let Some(import) = imports.find(|import| Some(import.id) == id) else {
                continue;
            };
            let mut source = Object::new();
            source.extend(import.metadata.get("type").map(|kind| ("type".into(), kind.clone())));
            source.extend(import.reads.map(|file| ("importDataSourceId".into(), file.into())));
            step.insert("importDataSource".into(), Value::Object(source));
        }
    }

    fn says_yes(&self, name: &str) -> bool {
        self.request.query(name).as_deref() == Some("true")
    }

    fn tasks(&self, wanted: &ActionRef) -> Result<Reply, Refused> {
        // On record: what is in a model without a role for the user is 404, but for this list.
        if self.tenant.model(&wanted.model).is_none() && !self.tenant.is_closed(&wanted.model) {
            return Err(self.refuse(404));
        }
        // On record: an action that does not exist has no tasks, which is no error.
        let action = self.tenant.action(wanted).into_iter();
        let seen: Vec<Snapshot<'_>> = action.flat_map(|action| action.observe(self.now)).collect();
        let rows = seen
            .iter()
            .map(|seen| Value::Object(shape::task_summary(&Faults::default(), seen)))
            .collect();
        self.list(Some(&wanted.model), "task", "tasks", rows, |row| {
            let id = row.get("taskId").and_then(Value::as_str);
            match seen.iter().find(|seen| Some(seen.run.id.as_str()) == id) {
                Some(seen) => Value::Object(shape::task_summary(self.faults, seen)),
                None => row,
            }
        })
    }

    fn start(&mut self, wanted: &ActionRef) -> Result<Reply, Refused> {
        if self.request.media() != "application/json" {
            return Err(self.refuse(415));
        }
        let Ok(body) = serde_json::from_slice::<Start>(&self.request.body) else {
            return Err(self.refuse_because(400, "Malformed JSON in the request body"));
        };
        if !body.has_locale {
            return Err(self.refuse_because(400, "localeName is required"));
        }
        if body.mapping_came_first {
            return Err(self.refuse_because(400, "localeName must precede mappingParameters"));
        }
        if self.tenant.action(wanted).is_none() {
            return Err(self.refuse(404));
        }
        let id = self.random.upper_hex();
        self.tenant
            .start(wanted, id.clone(), self.now, self.user, true, self.faults.queues)
            .ok_or_else(|| self.refuse(404))?;
        let content = match json!({ "taskId": id }) {
            task if self.faults.bare_start => shape::object(task),
            task => Object::from_iter([("task".into(), task)]),
        };
        Ok(self.answer(&wanted.model, "task", content))
    }

    fn status(&self, wanted: &TaskRef) -> Result<Reply, Refused> {
        let seen = self.seen(wanted)?;
        let mut content = self.content(&seen);
        if wanted.action.kind == Kind::Process && self.says_yes("includeProcessDetails") {
            shape::add_times(self.faults, &seen, &mut content);
        }
        Ok(self.answer(&wanted.action.model, "task", content))
    }

    fn cancel(&mut self, wanted: &TaskRef) -> Result<Reply, Refused> {
        let ended = self.seen(wanted)?.ended;
        match self.faults.cancel_answer {
            CancelAnswer::NotFound => return Err(self.refuse(404)),
            CancelAnswer::Conflict => return Err(self.refuse(409)),
            CancelAnswer::BadRequest => return Err(self.refuse(400)),
            _ if ended => {}
            _ => self.ask_to_cancel(wanted),
        }
        let answer = |content| self.answer(&wanted.action.model, "task", content);
        let task = || Ok::<_, Refused>(answer(self.content(&self.seen(wanted)?)));
        Ok(match self.faults.cancel_answer {
            CancelAnswer::Envelope => answer(Object::new()),
            CancelAnswer::Empty => Reply::empty(200),
            CancelAnswer::NoContent => Reply::empty(204),
            CancelAnswer::Accepted => Reply { status: 202, ..task()? },
            _ => task()?,
        })
    }

    fn ask_to_cancel(&mut self, wanted: &TaskRef) {
        let action = self.tenant.action_mut(&wanted.action);
        let runs = action.map(|action| &mut action.runs).into_iter().flatten();
        for run in runs.filter(|run| run.id == wanted.task_id.as_str()) {
            if run.cancel.is_none() {
                run.cancel = Some(self.now);
                run.script.obeys_cancel &= !self.faults.cancel_loses;
            }
        }
        let model = self.tenant.model_mut(&wanted.action.model);
        model.into_iter().for_each(Model::queue);
    }

    /// A task, under the action that it belongs to and no other.
    fn seen(&self, wanted: &TaskRef) -> Result<Snapshot<'_>, Refused> {
        self.tenant
            .action(&wanted.action)
            .and_then(|action: &Action| {
                action.observe(self.now).find(|seen| seen.run.id == wanted.task_id.as_str())
            })
            .ok_or_else(|| self.refuse(404))
    }

    fn content(&self, seen: &Snapshot<'_>) -> Object {
        let task = shape::task(self.faults, seen);
        if self.faults.bare_task {
            task
        } else {
            Object::from_iter([("task".into(), Value::Object(task))])
        }
    }

    fn answer(&self, model: &ModelRef, schema: &str, content: Object) -> Reply {
        let body = shape::answer(self.faults, Some(model.model_id.as_str()), schema, content);
        Reply::json(200, &body)
    }

    /// Sorts and pages `rows`, then lets each be `dressed` as the switches want it.
    fn list(
        &self,
        model: Option<&ModelRef>,
        schema: &str,
        key: &str,
        mut rows: Vec<Value>,
        dressed: impl Fn(Value) -> Value,
    ) -> Result<Reply, Refused> {
        if let Some(order) = self.request.query("sort") {
            sort(&mut rows, &order).map_err(|message| self.refuse_because(400, &message))?;
        }
        self.page(model, schema, key, rows.len(), |range| {
            let count = range.len();
            rows.into_iter().skip(range.start).take(count).map(dressed).collect()
        })
    }

    /// The page of a list of `total` rows that is asked for; `rows` makes those in a range.
    fn page(
        &self,
        model: Option<&ModelRef>,
        schema: &str,
        key: &str,
        total: usize,
        rows: impl FnOnce(Range<usize>) -> Vec<Value>,
    ) -> Result<Reply, Refused> {
        let limit = self.number("limit")?;
        let offset = self.number("offset")?.unwrap_or_default();
        let size = limit.unwrap_or(DEFAULT_LIMIT);
        let shrunk = self.faults.page_size.and_then(|size| usize::try_from(size).ok());
        let size = shrunk.map_or(size, |shrunk| shrunk.min(size));
        let start = offset.min(total);
        let rows = rows(start..start.saturating_add(size).min(total));
        let page = Page { total, offset, limit, rows };
        let model = model.map(|model| model.model_id.as_str());
        let body = shape::list(self.faults, model, schema, key, self.request, page);
        Ok(Reply::json(200, &body))
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Refused> {
        match self.request.query(name).map(|text| text.parse()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(self.refuse_because(400, &format!("Bad {name}: not a number"))),
        }
    }

    fn refuse(&self, status: u16) -> Refused {
        self.refuse_because(status, reason(status))
    }

    fn refuse_because(&self, status: u16, message: &str) -> Refused {
        let clock = self.faults.clock(self.now);
        Box::new(Reply::error(status, message, self.request.path(), clock))
    }
}

/// What a request to the API is about.
pub(crate) enum Place {
    Directory(Directory),
    Model(Path),
}

/// Anaplan answers a malformed id like an unknown one.
///
/// On record: lists, metadata and files are also there without the workspace in front, which is
/// `workspace` then; tasks are not, nor is anything that changes something.
pub(crate) fn place_of(request: &Request, workspace: &str) -> Option<Place> {
    let path = request.path().strip_prefix(BASE)?;
    if path.strip_prefix("/models/").is_some_and(|rest| rest.contains('/')) {
        let path = Path::parse(&format!("/workspaces/{workspace}{path}")).ok().flatten()?;
        let is_known = match &path {
            Path::Actions(..) | Path::Action(_) | Path::Files(_) => true,
            Path::File(file) | Path::Chunks(file) | Path::Chunk(file, _) => {
                matches!(file, FileRef::File(..))
            }
            _ => false,
        };
        return (is_known && request.method == "GET").then_some(Place::Model(path));
    }
    let directory = || Directory::parse(path).ok().flatten().map(Place::Directory);
    Path::parse(path).ok().flatten().map(Place::Model).or_else(directory)
}

fn schema(kind: Kind) -> &'static str {
    match kind {
        Kind::Export => "export",
        Kind::Import => "import",
        Kind::Process => "process",
        Kind::Action => "action",
    }
}

fn accepts_json(request: &Request) -> bool {
    let Some(accept) = request.header("accept").filter(|accept| !accept.is_empty()) else {
        return true;
    };
    accept.split(',').any(|range| {
        let media = range.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json"]
            .iter()
            .any(|known| media.eq_ignore_ascii_case(known))
    })
}

/// Sorts by `[+|-]field[,…]`. Fields are not validated, only the form is.
fn sort(rows: &mut [Value], order: &str) -> Result<(), String> {
    let mut fields = Vec::new();
    for part in order.split(',') {
        // A plus that nobody encoded arrives as a space.
        let (name, descending) = match part.strip_prefix('-') {
            Some(name) => (name, true),
            None => (part.strip_prefix(['+', ' ']).unwrap_or(part), false),
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(format!("Bad sort order format: {order}"));
        }
        // The documentation has both names.
        fields.push((if name == "creationDate" { "creationTime" } else { name }, descending));
    }
    rows.sort_by(|a, b| {
        fields
            .iter()
            .map(|(name, descending)| {
                let order = compare(a.get(name), b.get(name));
                if *descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    Ok(())
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(a), Some(b)) => {
            let (a, b) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
            a.total_cmp(&b)
        }
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The body of a start. Anaplan reads it in order.
#[derive(Default)]
struct Start {
    has_locale: bool,
    mapping_came_first: bool,
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Start;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Start, A::Error> {
                let mut start = Start::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "localeName" {
                        let value = map.next_value::<Value>()?;
                        start.has_locale = value.as_str().is_some_and(|name| !name.is_empty());
                        continue;
                    }
                    start.mapping_came_first |= key == "mappingParameters" && !start.has_locale;
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(start)
            }
        }

        d.deserialize_map(Fields)
    }
}
