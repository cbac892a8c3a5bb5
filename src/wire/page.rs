//! Lists, which come in pages, and objects of which some fields are wanted.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Json;
use crate::reference::Kind;

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// What is on it.
    pub rows: Vec<Json>,
    /// How many came, those included that are no objects: offsets count them, too.
    pub received: usize,
    /// How many there are in all, by the server's word.
    pub total_size: Option<f64>,
}

impl Page {
    /// The page in an answer: rows under `key`, else under `single`, else the answer is one itself.
    pub fn in_answer(mut answer: Json, key: &str, single: &str) -> Self {
        let mut paging = answer.take("meta").take("paging");
        let total_size = paging.take("totalSize").into_number();
        let mut list = answer.take(key);
        if list == Json::Null && !single.is_empty() {
            list = answer.take(single);
            if list == Json::Null && answer.text("taskId").is_some() {
                list = answer;
            }
        }
        let received = match &list {
            Json::Null => 0,
            Json::List(list) => list.len(),
            _ => 1,
        };
        Self { rows: list.into_objects().collect(), received, total_size }
    }
}

/// A field that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    shape: Shape,
}

/// Of what kind it is.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A string.
    Text,
    /// A number.
    Number,
    /// Strings.
    Texts,
    /// An object.
    Object(&'static [Field]),
    /// Objects.
    Objects(&'static [Field]),
}

/// The wanted fields of an object, those of another kind left out.
pub fn shaped(mut json: Json, fields: &[Field]) -> Json {
    let field = |field: &Field| {
        let value = json.take(field.name);
        let value = match field.shape {
            Shape::Text => Json::Text(value.into_text()?),
            Shape::Number => match value {
                Json::Text(text) => Json::Number(text.parse::<u32>().ok()?.into()),
                value => Json::Number(value.into_number()?),
            },
            Shape::Texts => match value {
                Json::List(list) => Json::List(
                    list.into_iter()
                        .map(|item| Json::Text(item.into_text().unwrap_or_default()))
                        .collect(),
                ),
                _ => Json::List(Vec::new()),
            },
            Shape::Object(fields) => shaped(value.into_object()?, fields),
            Shape::Objects(fields) => {
                Json::List(value.into_objects().map(|one| shaped(one, fields)).collect())
            }
        };
        Some((field.name.to_owned(), value))
    };
    Json::Object(fields.iter().filter_map(field).collect())
}

const fn text(name: &'static str) -> Field {
    Field { name, shape: Shape::Text }
}

const fn number(name: &'static str) -> Field {
    Field { name, shape: Shape::Number }
}

const fn texts(name: &'static str) -> Field {
    Field { name, shape: Shape::Texts }
}

/// What a list says of an action.
pub fn summary(kind: Kind) -> &'static [Field] {
    const EXPORT: &[Field] = &[
        text("id"),
        text("name"),
        text("exportType"),
        text("exportFormat"),
        text("encoding"),
        text("layout"),
        text("code"),
    ];
    const IMPORT: &[Field] =
        &[text("id"), text("name"), text("importType"), text("importDataSourceId"), text("code")];
    const PROCESS: &[Field] = &[text("id"), text("name"), text("code")];
    const ACTION: &[Field] = &[text("id"), text("name"), text("actionType"), text("code")];
    match kind {
        Kind::Export => EXPORT,
        Kind::Import => IMPORT,
        Kind::Process => PROCESS,
        Kind::Action => ACTION,
    }
}

/// What a list says of a file.
pub const FILE: &[Field] = &[
    text("id"),
    text("name"),
    number("chunkCount"),
    text("encoding"),
    text("format"),
    text("separator"),
    text("delimiter"),
    number("headerRow"),
    number("firstDataRow"),
];

/// The metadata in an answer.
pub fn metadata(mut answer: Json, kind: Kind) -> Option<Json> {
    const EXPORT: &[Field] = &[
        number("columnCount"),
        number("rowCount"),
        texts("dataTypes"),
        texts("headerNames"),
        texts("listNames"),
        text("exportFormat"),
        text("encoding"),
        text("delimiter"),
        text("separator"),
        text("layout"),
    ];
    const SOURCE: &[Field] = &[
        text("textEncoding"),
        text("columnSeparator"),
        text("textDelimiter"),
        text("decimalSeparator"),
        number("headerRow"),
        number("firstDataRow"),
        number("columnCount"),
        texts("headerNames"),
    ];
    const IMPORT: &[Field] =
        &[text("name"), text("type"), Field { name: "source", shape: Shape::Object(SOURCE) }];
    const STEP: &[Field] =
        &[text("id"), text("name"), text("actionType"), text("importType"), text("exportType")];
    const PROCESS: &[Field] =
        &[text("name"), Field { name: "actions", shape: Shape::Objects(STEP) }];
    const ACTION: &[Field] = &[
        text("id"),
        text("name"),
        text("actionType"),
        text("code"),
        text("listId"),
        text("filterLineItemId"),
    ];
    let (key, fields) = match kind {
        Kind::Export => ("exportMetadata", EXPORT),
        Kind::Import => ("importMetadata", IMPORT),
        Kind::Process => ("processMetadata", PROCESS),
        Kind::Action => ("action", ACTION),
    };
    Some(shaped(answer.take(key).into_object()?, fields))
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => s.serialize_unit(),
            Self::Flag(flag) => s.serialize_bool(*flag),
            Self::Number(number) => s.serialize_f64(*number),
            Self::Text(text) => s.serialize_str(text),
            Self::List(list) => s.collect_seq(list),
            Self::Object(fields) => {
                let mut map = s.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
