//! Takes secrets out of text before it reaches a report or a log.
//!
//! Invariants:
//! - Pure, total and idempotent: `text(text(x)) == text(x)`.
//! - In doubt it takes too much: a word lost is a nuisance, a token kept a leak.

mod patterns;
mod secret;

use serde_json::Value;
use stayput_events::Record;

use crate::Error;

/// What stands in a secret's place.
pub const MARK: &str = "<redacted>";

/// The text with every secret in it replaced.
pub fn text(text: &str) -> String {
    let text = secret::manifests(text);
    patterns::all(&text)
}

/// The record with every secret in its texts replaced.
pub fn record(record: &Record) -> Result<Record, Error> {
    let write = |source| Error::Json {
        doing: "write",
        source,
    };
    let plain = serde_json::to_value(record).map_err(write)?;
    serde_json::from_value(value(plain)).map_err(write)
}

/// The value with every secret in its texts replaced.
///
/// What was expected and seen of an object of kind Secret is taken out whole:
/// pruned to what was asked, it no longer says what it is.
pub fn value(value: Value) -> Value {
    match value {
        Value::String(plain) => Value::String(text(&plain)),
        Value::Array(items) => items.into_iter().map(self::value).collect(),
        Value::Object(mut fields) => {
            secret::blank(&mut fields);
            let redacted = fields
                .into_iter()
                .map(|(key, field)| (key, self::value(field)));
            Value::Object(redacted.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[cfg(test)]
mod tests;
