//! Prints documents as Go prints them inside error texts.

use std::fmt::Write as _;

use serde_json::Value;

/// As `%v` prints a map: `map[a:1 b:map[c:d]]`.
pub(crate) fn go_map(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(go_map).collect::<Vec<_>>().join(" ")
        ),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", go_map(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.to_string(),
    }
}

const METADATA: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const MANAGED: [&str; 7] = [
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

/// What a patch touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touched {
    /// The metadata.
    Metadata,
    /// Only other fields.
    Others,
}

/// A whole object: metadata in the order of Go's struct, unless the patch touched it.
pub(crate) fn object(object: &Value, touched: Touched) -> String {
    let Value::Object(map) = object else {
        return object.to_string();
    };
    let mut out = String::from("{");
    for (index, (key, value)) in map.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(out, "{comma}{}:", Value::from(key.as_str()));
        match (key.as_str(), value) {
            ("metadata", Value::Object(metadata)) => {
                let order: Vec<&str> = if touched == Touched::Metadata {
                    metadata.keys().map(String::as_str).collect()
                } else {
                    METADATA.to_vec()
                };
                fields(&mut out, value, &order);
            }
            _ => {
                let _ = write!(out, "{value}");
            }
        }
    }
    out.push('}');
    out
}

fn fields(out: &mut String, value: &Value, order: &[&str]) {
    let mut separator = '{';
    for key in order {
        let Some(inner) = value.get(key) else {
            continue;
        };
        let _ = write!(out, "{separator}\"{key}\":");
        separator = ',';
        match (*key, inner) {
            ("managedFields", Value::Array(entries)) => {
                out.push('[');
                for (index, entry) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    fields(out, entry, &MANAGED);
                }
                out.push(']');
            }
            _ => {
                let _ = write!(out, "{inner}");
            }
        }
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}
