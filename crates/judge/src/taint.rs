//! How a taint is written.

use serde_json::Value;

use crate::served::text;

/// A taint as kubectl writes it: `key=value:Effect`.
pub fn in_words(taint: &Value) -> String {
    let of = |field| text(taint, field).unwrap_or_default();
    match of("/value") {
        "" => format!("{}:{}", of("/key"), of("/effect")),
        value => format!("{}={value}:{}", of("/key"), of("/effect")),
    }
}
