//! `OpenAPI` documents: as much as kubectl's apply, explain and edit look at.
//!
//! Invariant: made when asked for; nothing of them is kept.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::load::definitions;
use super::notes::{self, Notes};
use super::types::ListKind;
use crate::kinds::{Catalogue, Kind};

/// The schemas with everything a client needs to merge by.
fn extended(catalogue: &Catalogue) -> Map<String, Value> {
    let mut schemas = definitions();
    for schema in schemas.values_mut() {
        // A real server asks for metadata when it checks an object, and its document does not say so.
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|field| field != "metadata");
        }
    }
    for ((def, field), notes) in notes::table() {
        let Some(schema) = schemas.get_mut(def) else {
            continue;
        };
        let place = if field == "-" {
            schema
        } else {
            &mut schema["properties"][field]
        };
        extend(place, &notes);
    }
    for served in catalogue.all() {
        let kind = served.kind;
        if let Some(schema) = schemas.get_mut(kind.schema) {
            schema["x-kubernetes-group-version-kind"] = json!([gvk(kind)]);
        }
    }
    schemas
}

fn extend(place: &mut Value, notes: &Notes) {
    if !place.is_object() {
        return;
    }
    let strategies: Vec<&str> = [
        (notes.merge.is_some(), "merge"),
        (notes.retain, "retainKeys"),
    ]
    .iter()
    .filter(|(on, _)| *on)
    .map(|(_, name)| *name)
    .collect();
    if !strategies.is_empty() {
        place["x-kubernetes-patch-strategy"] = json!(strategies.join(","));
    }
    if let Some(key) = notes.merge.as_deref().filter(|key| !key.is_empty()) {
        place["x-kubernetes-patch-merge-key"] = json!(key);
    }
    match &notes.list {
        None => {}
        Some(ListKind::Atomic) => place["x-kubernetes-list-type"] = json!("atomic"),
        Some(ListKind::Set) => place["x-kubernetes-list-type"] = json!("set"),
        Some(ListKind::Map(keys)) => {
            place["x-kubernetes-list-type"] = json!("map");
            place["x-kubernetes-list-map-keys"] = json!(keys);
        }
    }
    if notes.atomic {
        place["x-kubernetes-map-type"] = json!("atomic");
    }
    if !notes.values.is_empty() {
        place["enum"] = json!(notes.values);
    }
    if let Some(default) = &notes.default {
        place["default"] = default.clone();
    }
}

fn gvk(kind: &Kind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

/// `api/v1` or `apis/apps/v1`
fn root(kind: &Kind) -> String {
    if kind.group.is_empty() {
        format!("api/{}", kind.version)
    } else {
        format!("apis/{}/{}", kind.group, kind.version)
    }
}

fn paths(kind: &Kind) -> Vec<(String, Value)> {
    let root = root(kind);
    let place = if kind.namespaced() {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    let collection = format!("/{root}{place}/{}", kind.plural);
    let content = json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{}", kind.schema)}}});
    let operation = |action: &str| {
        let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force", "pretty"]
            .iter()
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}}))
            .collect();
        json!({
            "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk(kind), "parameters": parameters,
            "responses": {"200": {"description": "OK", "content": content}},
        })
    };
    if kind.review.is_some() {
        return vec![(collection, json!({"post": operation("post")}))];
    }
    let one = json!({"get": operation("get"), "put": operation("put"), "patch": operation("patch"), "delete": operation("delete")});
    vec![
        (
            collection.clone(),
            json!({"get": operation("list"), "post": operation("post")}),
        ),
        (format!("{collection}/{{name}}"), one),
    ]
}

/// The version 3 document of one group's version, or the index of all.
pub(crate) fn document_v3(
    catalogue: &Catalogue,
    which: Option<&str>,
    version: &str,
) -> Option<Value> {
    let Some(which) = which else {
        let roots: BTreeSet<String> = catalogue.all().map(|served| root(served.kind)).collect();
        let entry = |root: String| {
            let url = format!(
                "/openapi/v3/{root}?hash={:X}",
                hash(&format!("{root}{version}"))
            );
            (root, json!({"serverRelativeURL": url}))
        };
        return Some(json!({"paths": roots.into_iter().map(entry).collect::<Map<_, _>>()}));
    };
    let kinds: Vec<&Kind> = catalogue
        .all()
        .map(|served| served.kind)
        .filter(|kind| root(kind) == which)
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let schemas = reachable(&extended(catalogue), kinds.iter().map(|kind| kind.schema));
    let paths: Map<String, Value> = kinds.iter().flat_map(|kind| paths(kind)).collect();
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": format!("v{version}")},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

/// Definitions and all they use.
fn reachable<'a>(
    all: &Map<String, Value>,
    roots: impl Iterator<Item = &'a str>,
) -> Map<String, Value> {
    let mut found = Map::new();
    let mut todo: Vec<String> = roots.map(str::to_owned).collect();
    while let Some(name) = todo.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let Some(schema) = all.get(&name) else {
            continue;
        };
        references(schema, &mut todo);
        found.insert(name, schema.clone());
    }
    found
}

fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(name) = map
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| reference.rsplit('/').next())
            {
                into.push(name.to_owned());
            }
            map.values().for_each(|inner| references(inner, into));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, into)),
        _ => {}
    }
}

/// The version 2 document.
pub(crate) fn document_v2(catalogue: &Catalogue, version: &str) -> Value {
    let schemas = Value::Object(extended(catalogue))
        .to_string()
        .replace("#/components/schemas/", "#/definitions/");
    let definitions: Value = serde_json::from_str(&schemas).unwrap_or_default();
    let short: Vec<&str> = version.split('.').take(2).collect();
    let paths: Map<String, Value> = catalogue
        .all()
        .flat_map(|served| paths(served.kind))
        .collect();
    let without_content = |mut path: Value| {
        for operation in path
            .as_object_mut()
            .into_iter()
            .flat_map(|map| map.values_mut())
        {
            operation["responses"] = json!({"200": {"description": "OK"}});
        }
        path
    };
    let paths: Map<String, Value> = paths
        .into_iter()
        .map(|(path, value)| (path, without_content(value)))
        .collect();
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": short.join(".")}, "paths": paths, "definitions": definitions})
}

/// The version 2 document in protobuf with nothing but its title: kubectl looks there for kinds that version 3 does not
/// have, and must be able to read that they are not here either.
pub(crate) fn document_v2_protobuf(version: &str) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        let mut out = vec![
            number << 3 | 2,
            u8::try_from(bytes.len()).unwrap_or_default(),
        ];
        out.extend_from_slice(bytes);
        out
    };
    let info = [field(1, b"Kubernetes"), field(2, version.as_bytes())].concat();
    [field(1, b"2.0"), field(2, &info), field(8, b"")].concat()
}

/// A stable hash (FNV-1a): it names a version of a document, no more.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
