//! Takes secrets out of text before it reaches a report or a log.
//!
//! Invariants:
//! - Pure, total and idempotent: `text(text(x)) == text(x)`.
//! - In doubt it takes too much: a word lost is a nuisance, a token kept a leak.

mod patterns;
mod scalar;
mod secret;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Error;

/// What stands in a secret's place.
pub const MARK: &str = "<redacted>";

/// What is taken out can bring the words around it together, so that they look
/// like something else: it goes on until nothing changes. Two passes do for
/// all but what was made to need more.
const MOST_PASSES: usize = 16;

/// The text with every secret in it replaced.
pub fn text(text: &str) -> String {
    let mut before = text.to_owned();
    for _ in 0..MOST_PASSES {
        let after = patterns::all(&scalar::blocks(&secret::manifests(&before)));
        if after == before {
            break;
        }
        before = after;
    }
    before
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
