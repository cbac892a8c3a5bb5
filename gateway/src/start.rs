//! What a task is started with: read from a body, and written anew.

#![forbid(unsafe_code)]

use anaplan_tasks::wire::is_locale;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body of a start. Anaplan's pages want `localeName` before `mappingParameters`, and so they are
/// written in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Start {
    locale_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mapping_parameters: Option<Vec<MappingParameter>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MappingParameter {
    entity_type: String,
    entity_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    import_id: Option<String>,
}

impl Start {
    /// Reads a body. The error says what is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        const EXPECTED: &str = "expected JSON like {\"localeName\":\"en_US\"}, for imports and processes with \
             mappingParameters";
        let start: Self = serde_json::from_slice(body)
            .map_err(|error| format!("{EXPECTED}; found: {}", what(&error)))?;
        if !is_of_objects(body) {
            return Err(format!("{EXPECTED}; found a list instead of an object"));
        }
        if is_locale(&start.locale_name) {
            Ok(start)
        } else {
            Err(format!("{EXPECTED}; found another localeName"))
        }
    }

    /// The body for Anaplan.
    pub fn write(&self) -> String {
        // Strings alone: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether there are objects where they should be. Serde takes a list of their values for one, too.
fn is_of_objects(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let parameters = body.get("mappingParameters").and_then(Value::as_array);
    body.is_object() && parameters.is_none_or(|list| list.iter().all(Value::is_object))
}

/// What is wrong, without repeating a value.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!("at line {} column {}", error.line(), error.column());
    match error.classify() {
        // Its name is repeated, and what is in it is not; that could say "field", too.
        serde_json::error::Category::Data if is_about_a_field(&text) => {
            let name: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
            name
        }
        serde_json::error::Category::Data => format!("a value of another type {place}"),
        _ => format!("no JSON {place}"),
    }
}

fn is_about_a_field(text: &str) -> bool {
    ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .any(|start| text.starts_with(start))
}
