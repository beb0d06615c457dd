//! Types of values, in words.

use serde_json::{Map, Value};

use super::keywords::{choices, either, strings};
use crate::source::Kind;

pub(super) fn fits(kind: &Kind, name: &str) -> bool {
    match kind {
        Kind::Unreadable => false,
        Kind::Null => name == "null",
        Kind::Bool(_) => name == "boolean",
        Kind::Number(number) => name == "number" || (name == "integer" && !number.is_f64()),
        Kind::Text(_) => name == "string",
        Kind::List(_) => name == "array",
        Kind::Map(_) => name == "object",
    }
}

pub(super) fn in_words(name: &str) -> &'static str {
    match name {
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "text",
        "array" => "a list",
        "object" => "a map",
        _ => "nothing",
    }
}

pub(super) fn found(kind: &Kind) -> String {
    match kind {
        Kind::Unreadable | Kind::Null => "nothing".to_owned(),
        Kind::Bool(truth) => format!("`{truth}`"),
        Kind::Number(number) => format!("the number {number}"),
        Kind::Text(_) => "text".to_owned(),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a map".to_owned(),
    }
}

/// The least that a map has to hold, as it would be written; none where nothing has to be in it.
pub(super) fn form(keywords: &Map<String, Value>) -> Option<String> {
    let required = strings(keywords.get("required"));
    let choice = choices(keywords).into_iter().take(1);
    let either = either(keywords).into_iter().take(1);
    let fields: Vec<_> = required.chain(either).chain(choice).collect();
    (!fields.is_empty()).then(|| format!("{{{}: …}}", fields.join(": …, ")))
}

/// Whether a text could stand in a list without quotes.
pub(super) fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    !text.is_empty() && text.chars().all(plain)
}

/// `a`, `b` or `c`.
pub(super) fn listed(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}
