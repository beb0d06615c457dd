//! A document as it was written: order and repeated keys are kept.
//!
//! Invariant: nothing is interpreted here; what a key means is the schema's business.

use serde_json::{Map, Number, Value};

/// One node of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, with the text it was written as.
    Number(Number),
    /// A string
    Text(String),
    /// A list
    List(Vec<Tree>),
    /// A mapping, in order, with repeated keys.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The first value of `key`, when this is a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Tree::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) | Tree::List(_) => None,
        }
    }

    /// The text, when this is a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::List(_) | Tree::Map(_) => None,
        }
    }

    /// What Go calls this kind of value in its errors.
    pub(crate) fn go_kind(&self) -> &'static str {
        match self {
            Tree::Null => "null",
            Tree::Bool(_) => "bool",
            Tree::Number(_) => "number",
            Tree::Text(_) => "string",
            Tree::List(_) => "array",
            Tree::Map(_) => "object",
        }
    }

    /// That it cannot be read as a type of Go, in the words of Go's decoder.
    pub(crate) fn unlike(&self, expected: &str) -> String {
        let kind = self.go_kind();
        format!("json: cannot unmarshal {kind} into Go value of type {expected}")
    }

    /// The same document as plain JSON; of repeated keys the last one counts.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Tree::Null => Value::Null,
            Tree::Bool(yes) => Value::Bool(yes),
            Tree::Number(number) => Value::Number(number),
            Tree::Text(text) => Value::String(text),
            Tree::List(items) => Value::Array(items.into_iter().map(Tree::into_value).collect()),
            Tree::Map(entries) => Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, value.into_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

impl From<&Value> for Tree {
    fn from(value: &Value) -> Tree {
        match value {
            Value::Null => Tree::Null,
            Value::Bool(yes) => Tree::Bool(*yes),
            Value::Number(number) => Tree::Number(number.clone()),
            Value::String(text) => Tree::Text(text.clone()),
            Value::Array(items) => Tree::List(items.iter().map(Tree::from).collect()),
            Value::Object(map) => Tree::Map(
                map.iter()
                    .map(|(key, value)| (key.clone(), Tree::from(value)))
                    .collect(),
            ),
        }
    }
}
