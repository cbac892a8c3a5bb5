//! What a task is started with: read from a body, and written anew.

#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

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
        let is_locale = !start.locale_name.is_empty()
            && start.locale_name.len() <= 35
            && start
                .locale_name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if is_locale { Ok(start) } else { Err(format!("{EXPECTED}; found another localeName")) }
    }

    /// The body for Anaplan.
    pub fn write(&self) -> String {
        // Strings alone: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What is wrong, without repeating a value.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!("at line {} column {}", error.line(), error.column());
    match error.classify() {
        // Names of fields are quoted by backticks, values are not.
        serde_json::error::Category::Data if text.contains("field `") => {
            let name: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
            name
        }
        serde_json::error::Category::Data => format!("a value of another type {place}"),
        _ => format!("no JSON {place}"),
    }
}
