//! Any JSON value, and what can be used of it.

/// A JSON value. A field of another type than the reader wants counts as absent, so reading never
/// fails.
///
/// Results nest results, and a stack that overflows would take the whole core with it: what lies
/// deeper than [`Json::DEEPEST`] is left out. Processes nest a few levels.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json {
    /// `null`, and whatever is not there.
    #[default]
    Null,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in the order it was sent.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Objects and lists within each other, beyond which nothing is read.
    pub const DEEPEST: u8 = 64;

    /// Takes a field out of an object. Of two of the same name the last counts, as in JavaScript.
    pub fn take(&mut self, name: &str) -> Self {
        match self {
            Self::Object(fields) => {
                let field = fields.iter_mut().rev().find(|(key, _)| key == name);
                field.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
            }
            _ => Self::Null,
        }
    }

    /// A field of an object that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A field of an object that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Does something to each text in it, names included.
    pub fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Text(text) => change(text),
            Self::List(list) => list.iter_mut().for_each(|item| item.each_text(change)),
            Self::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
                change(name);
                value.each_text(change);
            }),
            Self::Null | Self::Flag(_) | Self::Number(_) => {}
        }
    }

    /// Text; a whole number or a boolean as text.
    pub fn into_text(self) -> Option<String> {
        /// Beyond this a double no longer holds every whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(true) => Some("true".to_owned()),
            Self::Flag(false) => Some("false".to_owned()),
            Self::Number(n) if n.trunc() == n && n.abs() < EXACT => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
                let whole = n as i64;
                Some(whole.to_string())
            }
            _ => None,
        }
    }

    /// A number.
    pub fn into_number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A boolean, or the text of one.
    pub fn into_flag(self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(flag),
            Self::Text(text) if text == "true" => Some(true),
            Self::Text(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// An object.
    pub fn into_object(self) -> Option<Self> {
        Some(self).filter(|json| matches!(json, Self::Object(_)))
    }

    /// The objects of a list. A single object is a list of one; what is no object is left out.
    pub fn into_objects(self) -> impl Iterator<Item = Self> {
        let list = match self {
            Self::List(list) => list,
            other => vec![other],
        };
        list.into_iter().filter_map(Self::into_object)
    }

    /// A flat list `key, value, key, value` as pairs, or the fields of an object. A key without a
    /// value keeps `None`; a value without a key is left out, and so is the one name that an object
    /// in JavaScript cannot hold like any other.
    pub fn into_pairs(self) -> Vec<(String, Option<String>)> {
        let mut pairs = self.pairs();
        pairs.retain(|(key, _)| key != "__proto__");
        pairs
    }

    fn pairs(self) -> Vec<(String, Option<String>)> {
        match self {
            Self::List(list) => {
                let mut list = list.into_iter();
                let mut pairs = Vec::new();
                while let Some(key) = list.next() {
                    let value = list.next().and_then(Self::into_text);
                    pairs.extend(key.into_text().map(|key| (key, value)));
                }
                pairs
            }
            Self::Object(fields) => {
                fields.into_iter().map(|(key, value)| (key, value.into_text())).collect()
            }
            _ => Vec::new(),
        }
    }
}
