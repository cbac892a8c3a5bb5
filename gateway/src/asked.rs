//! What a request asks for: an operation and a reference. Whatever cannot be read as these is
//! refused.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use anaplan_tasks::reference::{FileRef, Kind, Path};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Asks for a task.
    Status,
    /// Cancels one.
    Cancel,
    /// Starts one.
    Start,
    /// Lists the tasks of an action.
    Tasks,
    /// Lists the actions of a model, or says what one is made of.
    List,
    /// Gets what a task wrote, or refused.
    Download,
}

/// A request that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What to do.
    pub operation: Operation,
    /// With what.
    pub path: Path,
}

/// Why a request was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misunderstood {
    /// There is nothing of that kind.
    Path,
    /// There is, but not with this method. These there are.
    Method(&'static str),
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Status, Self::Cancel, Self::Start, Self::Tasks, Self::List, Self::Download];

    /// As rules name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Cancel => "cancel",
            Self::Start => "start",
            Self::Tasks => "tasks",
            Self::List => "list",
            Self::Download => "download",
        }
    }

    /// The method that Anaplan wants for it.
    pub fn method(self) -> &'static str {
        match self {
            Self::Cancel => "DELETE",
            Self::Start => "POST",
            Self::Status | Self::Tasks | Self::List | Self::Download => "GET",
        }
    }

    /// Whether it changes something at Anaplan.
    pub fn changes(self) -> bool {
        matches!(self, Self::Cancel | Self::Start)
    }
}

/// The reference of a path, as the host application sees it: ids by name.
pub struct Subject<'a>(&'a Path);

impl Serialize for Subject<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (model, field) = match self.0 {
            Path::Task(task) => return task.serialize(s),
            Path::File(file) | Path::Chunks(file) | Path::Chunk(file, _) | Path::Complete(file) => {
                match file {
                    FileRef::Dump(task) | FileRef::StepDump(task, _) => return task.serialize(s),
                    FileRef::File(model, id) => (model, Some((Kind::Export.field(), id))),
                }
            }
            Path::Action(action) | Path::Tasks(action) => {
                (&action.model, Some((action.kind.field(), &action.id)))
            }
            Path::Actions(model, _) | Path::Files(model) => (model, None),
        };
        let mut map = s.serialize_map(None)?;
        map.serialize_entry("workspaceId", model.workspace_id.as_str())?;
        map.serialize_entry("modelId", model.model_id.as_str())?;
        if let Some((name, id)) = field {
            map.serialize_entry(name, id.as_str())?;
        }
        map.end()
    }
}

impl Asked {
    /// What it is about.
    pub fn subject(&self) -> Subject<'_> {
        Subject(&self.path)
    }

    /// Reads a method, as it was spelled, and a path below the prefix.
    pub fn read(method: &str, path: &str) -> Result<Self, Misunderstood> {
        let path = Path::parse(path).ok().flatten().filter(|path| !operations(path).is_empty());
        let path = path.ok_or(Misunderstood::Path)?;
        let operations = operations(&path);
        match operations.iter().find(|operation| operation.method() == method) {
            Some(&operation) => Ok(Self { operation, path }),
            None => Err(Misunderstood::Method(methods(operations))),
        }
    }
}

/// What can be done with a path.
fn operations(path: &Path) -> &'static [Operation] {
    match path {
        Path::Actions(..) | Path::Action(_) => &[Operation::List],
        Path::Tasks(_) => &[Operation::Tasks, Operation::Start],
        Path::Task(_) => &[Operation::Status, Operation::Cancel],
        Path::Chunks(_) | Path::Chunk(..) => &[Operation::Download],
        // Bytes go through here in chunks, and no client asks for more.
        Path::Files(_) | Path::File(_) | Path::Complete(_) => &[],
    }
}

fn methods(operations: &[Operation]) -> &'static str {
    match operations {
        [Operation::Tasks, ..] => "GET, POST",
        [Operation::Status, ..] => "GET, DELETE",
        _ => "GET",
    }
}

/// The part of a list that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    limit: Option<u32>,
    offset: Option<u32>,
    sort: Option<(bool, &'static str)>,
}

/// What Anaplan's lists of tasks can be sorted by.
const FIELDS: [&str; 4] = ["creationTime", "taskId", "taskState", "progress"];

impl Part {
    /// Reads a query string. What is not known in it is passed over, as Anaplan does; what is known
    /// and wrong is refused by its name.
    pub fn read(query: &str) -> Result<Self, &'static str> {
        let mut part = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "limit" => part.limit = Some(number(value).ok_or("limit")?),
                "offset" => part.offset = Some(number(value).ok_or("offset")?),
                "sort" => part.sort = Some(sort(value).ok_or("sort")?),
                _ => {}
            }
        }
        Ok(part)
    }

    /// The same part in the order that Anaplan has by itself.
    #[must_use]
    pub fn unsorted(self) -> Self {
        Self { sort: None, ..self }
    }

    /// Where it begins.
    pub fn offset(&self) -> u32 {
        self.offset.unwrap_or_default()
    }

    /// This part of a list that is here as a whole.
    pub fn of<T>(&self, rows: Vec<T>) -> Vec<T> {
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        rows.into_iter().skip(self.offset() as usize).take(limit).collect()
    }

    /// The query string, with its question mark; empty where all is asked for.
    pub fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &dyn std::fmt::Display| {
            let mark = if query.is_empty() { '?' } else { '&' };
            // Into a string, this cannot fail.
            let _ = write!(query, "{mark}{name}={value}");
        };
        if let Some(limit) = self.limit {
            add("limit", &limit);
        }
        if let Some(offset) = self.offset {
            add("offset", &offset);
        }
        if let Some((descending, field)) = self.sort {
            add("sort", &format_args!("{}{field}", if descending { "-" } else { "%2B" }));
        }
        query
    }
}

fn number(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn sort(text: &str) -> Option<(bool, &'static str)> {
    let (descending, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => {
            (false, ["%2B", "%2b", "+"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text))
        }
    };
    FIELDS.into_iter().find(|field| *field == name).map(|field| (descending, field))
}
