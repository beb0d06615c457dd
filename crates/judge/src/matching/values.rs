//! Single values: whether they are the same, and how people read them.

use serde_json::Value;
use stayput_events::Mismatch;

/// Longer values are cut: a mismatch is a line, not a page.
const LONGEST: usize = 240;

/// Whether two values are the same. JSON knows no difference between 1 and 1.0.
pub(crate) fn same(expected: &Value, seen: &Value) -> bool {
    match (expected, seen) {
        (Value::Number(expected), Value::Number(seen)) => {
            expected == seen
                || ((expected.is_f64() || seen.is_f64()) && expected.as_f64() == seen.as_f64())
        }
        (expected, seen) => expected == seen,
    }
}

/// The mismatch of two values that are not the same.
pub(super) fn mismatch(path: &str, expected: &Value, seen: Option<&Value>) -> Mismatch {
    let (expected_text, seen_text) = match seen {
        Some(seen) if bare(expected) == bare(seen) => (with_type(expected), with_type(seen)),
        Some(seen) => (short(expected), short(seen)),
        None => (short(expected), "not there".to_owned()),
    };
    Mismatch {
        object: String::new(),
        path: path.to_owned(),
        expected: expected_text,
        seen: seen_text,
    }
}

/// A value as people read it: strings bare where they cannot be mistaken.
pub(crate) fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(elements) if elements.is_empty() => "an empty list".to_owned(),
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains('\n')
        && serde_json::from_str::<Value>(text).is_err()
}

fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn with_type(value: &Value) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("{} ({kind})", short(value))
}
