//! Types of values, in words.

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

/// `a`, `b` or `c`.
pub(super) fn listed(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}
