//! Takes secrets out of text before it reaches a report or a log.
//!
//! Invariants:
//! - Pure, total and idempotent: `text(text(x)) == text(x)`.
//! - In doubt it takes too much: a word lost is a nuisance, a token kept a leak.

mod patterns;
mod secret;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Error;

/// What stands in a secret's place.
pub const MARK: &str = "<redacted>";

/// The text with every secret in it replaced.
pub fn text(text: &str) -> String {
    let text = secret::manifests(text);
    patterns::all(&text)
}

/// A record, or a whole summary, with every secret in its texts replaced.
pub fn whole<T: Serialize + DeserializeOwned>(plain: &T) -> Result<T, Error> {
    let plain = serde_json::to_value(plain).map_err(|source| Error::Redact { source })?;
    serde_json::from_value(value(plain)).map_err(|source| Error::Redact { source })
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
