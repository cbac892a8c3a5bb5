//! What a call is about: workspace, model, action, task, and the address of the API.
//!
//! Each type is parsed once, where a value enters, and is valid for ever after: an
//! [`Id`] cannot hold a slash, so no path built from one can leave its place.

#![forbid(unsafe_code)]

use std::fmt;
use std::rc::Rc;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value as it was given, before anybody looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Not there at all, `undefined` or `null`.
    Missing,
    /// A string.
    Text(String),
    /// Anything else, by the name of its type: `"a number"`.
    Other(&'static str),
}

/// Why a value was refused. It never repeats the value, which may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The argument's name, as the caller spells it: `taskId`.
    pub argument: &'static str,
    /// What would have been right.
    pub expected: &'static str,
    /// What was wrong with the value.
    pub found: Found,
}

impl Invalid {
    /// A refusal of `argument`.
    pub fn new(argument: &'static str, expected: &'static str, found: &'static str) -> Self {
        Self { argument, expected, found: Found::Kind(found) }
    }
}

/// What was wrong with a value, as far as that may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// What sort of value it is: `"a number"`.
    Kind(&'static str),
    /// A character that has no place in it.
    Character(char),
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.argument)?;
        f.write_str(": expected ")?;
        f.write_str(self.expected)?;
        f.write_str(", found ")?;
        match self.found {
            Found::Kind(kind) => f.write_str(kind),
            Found::Character(c @ ' '..='~') => write!(f, "the character '{c}'"),
            Found::Character(c) => write!(f, "the character U+{:04X}", u32::from(c)),
        }
    }
}

/// One id of Anaplan's, cheap to clone. Opaque: samples in the vendor's documentation break the usual 32 hex
/// digits, so only what could break a path is refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Rc<str>);

const ID: &str = "a string of 1 to 128 ASCII letters, digits, '-' or '_'";
const LONGEST_ID: usize = 128;

impl Id {
    /// Parses the value of `argument`.
    pub fn parse(argument: &'static str, value: Given) -> Result<Self, Invalid> {
        let text = match value {
            Given::Text(text) => text,
            Given::Missing => return Err(Invalid::new(argument, ID, "nothing")),
            Given::Other(kind) => return Err(Invalid::new(argument, ID, kind)),
        };
        if text.is_empty() {
            return Err(Invalid::new(argument, ID, "an empty string"));
        }
        if let Some(c) = text.chars().find(|&c| !is_id_character(c)) {
            return Err(Invalid { argument, expected: ID, found: Found::Character(c) });
        }
        if text.len() > LONGEST_ID {
            return Err(Invalid::new(argument, ID, "a longer string"));
        }
        Ok(Self(text.into()))
    }

    /// The id as Anaplan spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The four kinds of action that run as tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Writes a file.
    Export,
    /// Reads a file or another model.
    Import,
    /// Several actions, one after another.
    Process,
    /// Any other action: delete, order, copy, optimise.
    Action,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Export, Self::Import, Self::Process, Self::Action];

    /// The segment of the path: `exports`.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Export => "exports",
            Self::Import => "imports",
            Self::Process => "processes",
            Self::Action => "actions",
        }
    }

    /// The field of a reference that holds the id: `exportId`.
    pub fn field(self) -> &'static str {
        match self {
            Self::Export => "exportId",
            Self::Import => "importId",
            Self::Process => "processId",
            Self::Action => "actionId",
        }
    }

    fn from_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.segment() == segment)
    }
}

/// A model in its workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelRef {
    /// The workspace, 32 lower-case hex digits as a rule.
    pub workspace_id: Id,
    /// The model, 32 upper-case hex digits as a rule.
    pub model_id: Id,
}

/// An action of a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionRef {
    /// Where it lives.
    pub model: ModelRef,
    /// What it is.
    pub kind: Kind,
    /// Its id, 12 digits as a rule.
    pub id: Id,
}

/// One run of an action. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef {
    /// What was run.
    pub action: ActionRef,
    /// The run.
    pub task_id: Id,
}

/// Where bytes can be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileRef {
    /// A file of the model's. What an export writes goes by the export's id.
    File(ModelRef, Id),
    /// The rows that an import refused.
    Dump(TaskRef),
    /// The rows that a step of a process refused; by the `objectId` of its result.
    StepDump(TaskRef, Id),
}

impl ModelRef {
    /// Reads the fields `workspaceId` and `modelId`.
    pub fn from_fields(field: &dyn Fn(&str) -> Given) -> Result<Self, Invalid> {
        Ok(Self {
            workspace_id: Id::parse("workspaceId", field("workspaceId"))?,
            model_id: Id::parse("modelId", field("modelId"))?,
        })
    }
}

impl ActionRef {
    /// Reads the model's fields and exactly one of `exportId`, `importId`, `processId`, `actionId`.
    pub fn from_fields(field: &dyn Fn(&str) -> Given) -> Result<Self, Invalid> {
        const ONE: &str = "exactly one of exportId, importId, processId and actionId";
        let model = ModelRef::from_fields(field)?;
        let mut given = Kind::ALL.into_iter().filter_map(|kind| match field(kind.field()) {
            Given::Missing => None,
            value => Some((kind, value)),
        });
        match (given.next(), given.next()) {
            (Some((kind, value)), None) => {
                Ok(Self { model, kind, id: Id::parse(kind.field(), value)? })
            }
            (None, _) => Err(Invalid::new("ref", ONE, "none")),
            (Some(_), Some(_)) => Err(Invalid::new("ref", ONE, "more than one")),
        }
    }

    /// Reads an action's URL or path as [`TaskRef::from_url`] does; that of one of its tasks will do.
    pub fn from_url(url: &str) -> Result<Self, Invalid> {
        const URL: &str = "an action's URL or path, \
            .../workspaces/{workspaceId}/models/{modelId}/exports/{exportId} \
            (or imports, processes, actions)";
        match Path::from_url(url)? {
            Some(Path::Action(action) | Path::Tasks(action)) => Ok(action),
            Some(Path::Task(task)) => Ok(task.action),
            _ => Err(Invalid::new("ref", URL, "something else")),
        }
    }
}

impl TaskRef {
    /// Reads the action's fields and `taskId`.
    pub fn from_fields(field: &dyn Fn(&str) -> Given) -> Result<Self, Invalid> {
        Ok(Self {
            action: ActionRef::from_fields(field)?,
            task_id: Id::parse("taskId", field("taskId"))?,
        })
    }

    /// Reads a task's URL, or the path of one with any prefix before `/workspaces/`.
    ///
    /// Only the ids count. The host does not: a client speaks to its own `baseUrl`.
    pub fn from_url(url: &str) -> Result<Self, Invalid> {
        const URL: &str = "a task's URL or path, \
            .../workspaces/{workspaceId}/models/{modelId}/exports/{exportId}/tasks/{taskId} \
            (or imports, processes, actions)";
        match Path::from_url(url)? {
            Some(Path::Task(task)) => Ok(task),
            _ => Err(Invalid::new("ref", URL, "something else")),
        }
    }
}

impl FileRef {
    /// Reads the model's fields and `fileId`.
    pub fn from_fields(field: &dyn Fn(&str) -> Given) -> Result<Self, Invalid> {
        let model = ModelRef::from_fields(field)?;
        Ok(Self::File(model, Id::parse("fileId", field("fileId"))?))
    }
}

/// As JavaScript holds it: one flat object with the ids as strings.
impl Serialize for ActionRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        flat(&self.model, &[(self.kind.field(), &self.id)], s)
    }
}

impl Serialize for TaskRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let ActionRef { model, kind, id } = &self.action;
        flat(model, &[(kind.field(), id), ("taskId", &self.task_id)], s)
    }
}

/// A file of a model alone; what was refused is told by its task.
impl Serialize for FileRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File(model, id) => flat(model, &[("fileId", id)], s),
            Self::Dump(task) | Self::StepDump(task, _) => task.serialize(s),
        }
    }
}

fn flat<S: Serializer>(model: &ModelRef, ids: &[(&str, &Id)], s: S) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(None)?;
    map.serialize_entry("workspaceId", model.workspace_id.as_str())?;
    map.serialize_entry("modelId", model.model_id.as_str())?;
    for (name, id) in ids {
        map.serialize_entry(name, id.as_str())?;
    }
    map.end()
}

/// A path below the base URL: the only place that knows how Anaplan spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// All actions of one kind.
    Actions(ModelRef, Kind),
    /// One action.
    Action(ActionRef),
    /// The tasks of an action: `GET` lists them, `POST` starts one.
    Tasks(ActionRef),
    /// One task: `GET` asks for it, `DELETE` cancels it.
    Task(TaskRef),
    /// The files of a model.
    Files(ModelRef),
    /// All bytes of a file.
    File(FileRef),
    /// The chunks of a file.
    Chunks(FileRef),
    /// The bytes of one chunk, counted from 0.
    Chunk(FileRef, u32),
    /// Where it is said that all chunks of an upload are there.
    Complete(FileRef),
}

impl Path {
    /// Parses a path that starts with `/workspaces/`. `None` is a path of another form; a path of
    /// a known form with a bad id is [`Invalid`].
    pub fn parse(path: &str) -> Result<Option<Self>, Invalid> {
        match path.strip_prefix('/') {
            Some(path) => Self::from_segments(&path.split('/').take(13).collect::<Vec<_>>()),
            None => Ok(None),
        }
    }

    /// The path in a URL, or in a path with any prefix before `/workspaces/`.
    fn from_url(url: &str) -> Result<Option<Self>, Invalid> {
        let path = match url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
            Some(rest) => rest.split_once('/').map_or("", |(_host, path)| path),
            None => url,
        };
        let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        let start = segments.iter().position(|&segment| segment == "workspaces");
        let found = start.and_then(|start| segments.get(start..)).map(Self::from_segments);
        found.transpose().map(Option::flatten)
    }

    fn from_segments(segments: &[&str]) -> Result<Option<Self>, Invalid> {
        let id =
            |argument: &'static str, text: &str| Id::parse(argument, Given::Text(text.to_owned()));
        let ["workspaces", workspace, "models", model, kind, rest @ ..] = segments else {
            return Ok(None);
        };
        let model = || {
            Ok::<_, Invalid>(ModelRef {
                workspace_id: id("workspaceId", workspace)?,
                model_id: id("modelId", model)?,
            })
        };
        match (*kind, rest) {
            ("files", []) => return Ok(Some(Self::Files(model()?))),
            ("files", [file, rest @ ..]) => {
                let file = || Ok(FileRef::File(model()?, id("fileId", file)?));
                return Self::of_file(&file, rest);
            }
            _ => {}
        }
        let Some(kind) = Kind::from_segment(kind) else {
            return Ok(None);
        };
        let action = |text| {
            Ok::<_, Invalid>(ActionRef { model: model()?, kind, id: id(kind.field(), text)? })
        };
        let task = |text, task| {
            Ok::<_, Invalid>(TaskRef { action: action(text)?, task_id: id("taskId", task)? })
        };
        Ok(match rest {
            [] => Some(Self::Actions(model()?, kind)),
            [text] => Some(Self::Action(action(text)?)),
            [text, "tasks"] => Some(Self::Tasks(action(text)?)),
            [text, "tasks", run] => Some(Self::Task(task(text, run)?)),
            [text, "tasks", run, "dump", rest @ ..] => {
                return Self::of_file(&|| Ok(FileRef::Dump(task(text, run)?)), rest);
            }
            [text, "tasks", run, "dumps", object, rest @ ..] => {
                let dump = || Ok(FileRef::StepDump(task(text, run)?, id("objectId", object)?));
                return Self::of_file(&dump, rest);
            }
            _ => None,
        })
    }

    fn of_file(
        file: &dyn Fn() -> Result<FileRef, Invalid>,
        segments: &[&str],
    ) -> Result<Option<Self>, Invalid> {
        Ok(match segments {
            [] => Some(Self::File(file()?)),
            ["complete"] => Some(Self::Complete(file()?)),
            ["chunks"] => Some(Self::Chunks(file()?)),
            ["chunks", number] => Some(Self::Chunk(file()?, chunk_number(number)?)),
            _ => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actions(model, kind) => write!(f, "{}/{}", At(model), kind.segment()),
            Self::Action(action) => write!(f, "{}", At(action)),
            Self::Tasks(action) => write!(f, "{}/tasks", At(action)),
            Self::Task(task) => write!(f, "{}", At(task)),
            Self::Files(model) => write!(f, "{}/files", At(model)),
            Self::File(file) => write!(f, "{}", At(file)),
            Self::Chunks(file) => write!(f, "{}/chunks", At(file)),
            Self::Chunk(file, number) => write!(f, "{}/chunks/{number}", At(file)),
            Self::Complete(file) => write!(f, "{}/complete", At(file)),
        }
    }
}

/// What leads to a model: paths below the base URL that are about none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// The workspaces that a user may see.
    Workspaces,
    /// The models of a workspace, or of all of them.
    Models(Option<Id>),
}

impl Directory {
    /// Parses a path as [`Path::parse`] does.
    pub fn parse(path: &str) -> Result<Option<Self>, Invalid> {
        let segments: Vec<&str> = path.split('/').take(5).collect();
        Ok(match segments.as_slice() {
            ["", "workspaces"] => Some(Self::Workspaces),
            ["", "models"] => Some(Self::Models(None)),
            ["", "workspaces", workspace, "models"] => {
                let given = Given::Text((*workspace).to_owned());
                Some(Self::Models(Some(Id::parse("workspaceId", given)?)))
            }
            _ => None,
        })
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspaces => f.write_str("/workspaces"),
            Self::Models(None) => f.write_str("/models"),
            Self::Models(Some(workspace)) => write!(f, "/workspaces/{workspace}/models"),
        }
    }
}

/// Where something is, as a path.
struct At<'a, T>(&'a T);

impl fmt::Display for At<'_, ModelRef> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ModelRef { workspace_id, model_id } = self.0;
        write!(f, "/workspaces/{workspace_id}/models/{model_id}")
    }
}

impl fmt::Display for At<'_, ActionRef> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ActionRef { model, kind, id } = self.0;
        write!(f, "{}/{}/{id}", At(model), kind.segment())
    }
}

impl fmt::Display for At<'_, TaskRef> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaskRef { action, task_id } = self.0;
        write!(f, "{}/tasks/{task_id}", At(action))
    }
}

impl fmt::Display for At<'_, FileRef> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            FileRef::File(model, id) => write!(f, "{}/files/{id}", At(model)),
            FileRef::Dump(task) => write!(f, "{}/dump", At(task)),
            FileRef::StepDump(task, object) => write!(f, "{}/dumps/{object}", At(task)),
        }
    }
}

/// Spelled in one way alone, so that no two paths lead to one chunk.
fn chunk_number(text: &str) -> Result<u32, Invalid> {
    const NUMBER: &str = "a chunk's number, in decimal digits from 0";
    let is_plain = text.len() <= 6 && (text == "0" || !text.starts_with('0'));
    let digits = is_plain && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Invalid::new("chunk", NUMBER, "something else"))
}

/// Where the API is: `https://api.anaplan.com/2/0`, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Parses the value of `argument`: https, or http on loopback, or the page's own origin.
    ///
    /// The grammar is a small part of what a URL may be, so that no two parsers can read what
    /// passes here in two ways. `page_origin` is the origin of the page, where there is one: then a
    /// path is enough.
    pub fn parse(
        argument: &'static str,
        text: &str,
        page_origin: Option<&str>,
    ) -> Result<Self, Invalid> {
        const EXPECTED: &str = "an https URL, an http URL on loopback or, in a browser, \
            a path of the page's own origin; without user, query or fragment";
        let refuse = |found| Invalid::new(argument, EXPECTED, found);
        if let Some(c) = text.chars().find(|&c| !is_url_character(c)) {
            return Err(Invalid { argument, expected: EXPECTED, found: Found::Character(c) });
        }
        let (origin, path) = if text.starts_with('/') {
            let origin = page_origin.ok_or_else(|| refuse("a path, and no page around it"))?;
            (origin.to_owned(), text)
        } else {
            let parts =
                text.split_once(':').map(|(scheme, rest)| (scheme, rest.strip_prefix("//")));
            let Some((scheme, Some(rest))) = parts else {
                return Err(refuse("no scheme"));
            };
            let scheme = scheme.to_ascii_lowercase();
            let slash = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(slash).unwrap_or((rest, ""));
            let host = parse_authority(authority).map_err(refuse)?;
            let origin = format!("{scheme}://{}", authority.to_ascii_lowercase());
            match scheme.as_str() {
                "https" => {}
                "http" if is_loopback(&host) || page_origin == Some(origin.as_str()) => {}
                "http" => return Err(refuse("http to another machine")),
                _ => return Err(refuse("another scheme")),
            }
            (origin, path)
        };
        let path = path.trim_end_matches('/');
        if path.split('/').skip(1).any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(refuse("an empty or dotted path segment"));
        }
        Ok(Self(origin + path))
    }

    /// One that was not given by anybody: it is ours.
    pub(crate) fn known(url: String) -> Self {
        Self(url)
    }

    /// Without `end`, should it end so: that is where somebody was a step too precise.
    #[must_use]
    pub fn without(self, end: &str) -> Self {
        match self.0.strip_suffix(end) {
            Some(shorter) => Self(shorter.to_owned()),
            None => self,
        }
    }

    /// The address of `path`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The host of `host`, `host:port` or `[v6]:port`, in lower case.
fn parse_authority(authority: &str) -> Result<String, &'static str> {
    let split = if authority.starts_with('[') {
        authority.find(']').and_then(|end| end.checked_add(1))
    } else {
        Some(authority.find(':').unwrap_or(authority.len()))
    };
    let (host, port) = match split.and_then(|at| authority.split_at_checked(at)) {
        Some(parts) => parts,
        None => return Err("a broken IPv6 address"),
    };
    let port_is_good = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    if !port_is_good {
        return Err("a bad port");
    }
    let name_is_good = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let host_is_good = match host.strip_prefix('[') {
        Some(v6) => {
            let v6 = v6.strip_suffix(']').unwrap_or_default();
            v6.contains(':') && v6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
        }
        None => host.split('.').all(name_is_good),
    };
    if host_is_good { Ok(host.to_ascii_lowercase()) } else { Err("a bad host name") }
}

fn is_loopback(host: &str) -> bool {
    let v4 = || {
        let numbers: Vec<&str> = host.split('.').collect();
        numbers.len() == 4
            && numbers.first() == Some(&"127")
            && numbers.iter().all(|number| number.parse::<u8>().is_ok())
    };
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || v4()
}

fn is_id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn is_url_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | ':' | '/' | '[' | ']')
}
