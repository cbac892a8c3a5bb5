//! The page around us.

use super::value::property;

/// The origin of the page or worker, where there is one.
pub fn origin() -> Option<String> {
    let location = property(&js_sys::global(), "location");
    property(&location, "origin").as_string().filter(|origin| origin.starts_with("http"))
}
