//! Partial match: every field asked for has to be there and equal.
//!
//! Invariants:
//! - All mismatches are found, not the first.
//! - In place of a list, `$any`, `$every`, `$none` and `$size` ask for its elements.
//! - Nothing is coerced: `"1"` is not `1`, and a mismatch of mere type says so.
//! - An empty list or `null` asks for nothing to be there: it never matches
//!   whatever is.

mod lists;
mod operators;
mod values;

use serde_json::{Map, Value};
use stayput_events::Mismatch;

use crate::served;
pub(crate) use values::{same, short};

/// Every difference between what is asked for and what was seen.
///
/// Fields of objects that are not asked for are not looked at. Each expected
/// element of a list has to be matched by an element of its own: the one with
/// the same merge key where there is one (`name`, `type`, `containerPort`…),
/// else the closest. `object` of the mismatches is empty.
pub fn compare(expected: &Value, seen: &Value) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    compare_at("", expected, Some(seen), &mut mismatches);
    if served::kind(seen) == "Secret" {
        mismatches.iter_mut().for_each(conceal);
    }
    mismatches
}

/// The same, with `object` of the mismatches as `Kind namespace/name`.
pub fn compare_object(expected: &Value, object: &Value) -> Vec<Mismatch> {
    let title = served::title(object);
    let mut mismatches = compare(expected, object);
    for mismatch in &mut mismatches {
        mismatch.object.clone_from(&title);
    }
    mismatches
}

/// What of `seen` was asked for: `seen` pruned to the fields of `expected`, a
/// Secret to its kind.
pub fn prune(expected: &Value, seen: &Value) -> Value {
    if served::kind(seen) == "Secret" {
        return serde_json::json!({"kind": "Secret"});
    }
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => Value::Object(
            expected
                .iter()
                .filter_map(|(key, expected)| Some((key.clone(), prune(expected, seen.get(key)?))))
                .collect(),
        ),
        (Value::Array(expected), Value::Array(seen)) if !expected.is_empty() => Value::Array(
            lists::assign(expected, seen)
                .iter()
                .zip(expected)
                .filter_map(|(found, expected)| Some(prune(expected, seen.get((*found)?)?)))
                .collect(),
        ),
        _ => seen.clone(),
    }
}

/// A report may be read by anyone: it says which field of a Secret differs, and
/// no value of it. Annotations can hold the whole of it, as it was applied.
fn conceal(mismatch: &mut Mismatch) {
    let holds_values = [".data", ".stringData", ".metadata"];
    if holds_values
        .iter()
        .any(|path| mismatch.path.starts_with(path))
    {
        "the value asked for".clone_into(&mut mismatch.expected);
        if mismatch.seen != "not there" {
            "another value".clone_into(&mut mismatch.seen);
        }
    }
}

fn compare_at(path: &str, expected: &Value, seen: Option<&Value>, found: &mut Vec<Mismatch>) {
    match (expected, seen) {
        (Value::Null, None | Some(Value::Null)) => {}
        (Value::Array(expected), None | Some(Value::Null)) if expected.is_empty() => {}
        (Value::Object(expected), seen) if operators::are(expected) => {
            operators::compare(path, expected, seen, found);
        }
        (Value::Object(expected), Some(Value::Object(seen))) => {
            compare_fields(path, expected, seen, found);
        }
        (Value::Array(expected), Some(Value::Array(seen))) => {
            lists::compare(path, expected, seen, found);
        }
        (expected, Some(seen)) if same(expected, seen) => {}
        (expected, seen) => found.push(values::mismatch(path, expected, seen)),
    }
}

fn compare_fields(
    path: &str,
    expected: &Map<String, Value>,
    seen: &Map<String, Value>,
    found: &mut Vec<Mismatch>,
) {
    for (key, expected) in expected {
        compare_at(&field(path, key), expected, seen.get(key), found);
    }
}

/// The path of a field, as `.metadata.labels['app.kubernetes.io/name']`.
fn field(path: &str, key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) {
        format!("{path}.{key}")
    } else {
        format!("{path}['{key}']")
    }
}

#[cfg(test)]
mod tests;
