//! The annotation in which `kubectl apply` keeps what it applied last, where the server applies
//! for it (`kubectl apply --server-side`).
//!
//! Invariant: only kubectl's own manager is helped; whoever has another name opts out.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::compare::{compare, fields};
use super::entries::Manager;
use super::set::FieldSet;
use super::typed::check;
use crate::access::text;
use crate::schema::{Schema, Type};

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
const POINTER: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
/// The manager that kubectl is when nobody gave it another name.
const KUBECTL: &str = "kubectl";
/// Most bytes of all annotations together.
const ANNOTATIONS: usize = 256 * 1024;

/// Fields that kubectl may take over without a conflict: what it applied last by itself, and
/// nobody has changed since.
pub(super) fn own_fields(schema: &Schema, ty: &Type, live: &Value, manager: &Manager) -> FieldSet {
    let kept = text(live, POINTER);
    let none = FieldSet::default();
    if manager.name != KUBECTL || kept.is_empty() {
        return none;
    }
    let Ok(mut kept) = serde_json::from_str::<Value>(kept) else {
        return none;
    };
    if text(&kept, "/apiVersion") != manager.api_version {
        return none;
    }
    crate::access::remove(&mut kept, "apiVersion");
    crate::access::remove(&mut kept, "kind");
    if check(schema, ty, &kept).is_some() {
        return none;
    }
    let mut own = fields(schema, ty, &kept);
    let differs = compare(schema, ty, &kept, live);
    for set in [differs.removed, differs.modified, differs.added] {
        own.subtract(&set);
    }
    own
}

/// Keeps the annotation, where there is one, in step with what kubectl has had applied.
pub(crate) fn follow(object: &mut Value, config: &Value, kind: &str, manager: &Manager) {
    if manager.name != KUBECTL || text(object, POINTER).is_empty() {
        return;
    }
    let mut applied = config.clone();
    applied["apiVersion"] = Value::from(manager.api_version.as_str());
    applied["kind"] = Value::from(kind);
    if let Some(Value::Object(annotations)) = applied.pointer_mut("/metadata/annotations") {
        annotations.remove(ANNOTATION);
        if annotations.is_empty() {
            crate::access::remove(&mut applied["metadata"], "annotations");
        }
    }
    let annotations = &mut object["metadata"]["annotations"];
    annotations[ANNOTATION] = Value::from(format!("{}\n", in_go(applied)));
    let lengths = annotations.as_object().into_iter().flatten();
    let lengths = lengths.map(|(key, value)| key.len() + value.as_str().map_or(0, str::len));
    if lengths.sum::<usize>() > ANNOTATIONS {
        crate::access::remove(annotations, ANNOTATION);
    }
}

/// The text that Go makes of a document: keys in order, and nothing that HTML would mind.
fn in_go(value: Value) -> String {
    let mut text = String::new();
    for letter in sorted(value).to_string().chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(letter));
            }
            other => text.push(other),
        }
    }
    text
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            let entries = entries.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
