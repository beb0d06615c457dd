//! Strategic merge patch: merge that knows which lists are keyed, and by what.
//!
//! Invariants:
//! - Which field merges how is the schema's business; without a schema, maps merge and lists are replaced.
//! - No directive survives in the result.

mod lists;

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::show::go_map;
use crate::schema::{Field, Schema, Type};

/// What a directive's key begins with.
const SET_ORDER: &str = "$setElementOrder/";
const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";
const RETAIN: &str = "$retainKeys";
const PATCH: &str = "$patch";

/// A patch that cannot be carried out; Kubernetes calls that its own fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

/// Applies a strategic merge patch to an object of that type.
pub(crate) fn apply(
    schema: &Schema,
    ty: &Type,
    document: &mut Value,
    patch: &Value,
) -> Result<(), Refused> {
    let Value::Object(changes) = patch else {
        return Ok(());
    };
    let original = std::mem::take(document);
    let original = match original {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    *document = Value::Object(merge_map(schema, ty, original, changes)?);
    Ok(())
}

fn field<'a>(schema: &'a Schema, ty: &Type, key: &str) -> Option<&'a Field> {
    match ty {
        Type::Struct(id) => schema.field(*id, key),
        _ => None,
    }
}

fn inner<'a>(schema: &'a Schema, ty: &'a Type, key: &str) -> &'a Type {
    match ty {
        Type::Struct(id) => schema.field(*id, key).map_or(&Type::Any, |field| &field.ty),
        Type::Map(item) => item,
        _ => &Type::Any,
    }
}

fn merge_map(
    schema: &Schema,
    ty: &Type,
    mut original: Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, Refused> {
    match patch.get(PATCH) {
        None => {}
        Some(Value::String(directive)) => match directive.as_str() {
            "replace" => return Ok(without_directives(patch)),
            "delete" => return Ok(Map::new()),
            "merge" => {}
            other => return Err(unknown(other, patch)),
        },
        Some(other) => return Err(unknown(&other.to_string(), patch)),
    }
    if let Some(Value::Array(kept)) = patch.get(RETAIN) {
        let kept: HashSet<&str> = kept.iter().filter_map(Value::as_str).collect();
        original.retain(|key, _| kept.contains(key.as_str()));
    }
    for (directive, values) in patch
        .iter()
        .filter(|(key, _)| key.starts_with(DELETE_PRIMITIVES))
    {
        if let (Some(Value::Array(items)), Value::Array(gone)) = (
            original.get_mut(&directive[DELETE_PRIMITIVES.len()..]),
            values,
        ) {
            let gone: HashSet<&Value> = gone.iter().collect();
            items.retain(|item| !gone.contains(item));
        }
    }
    for (key, change) in patch.iter().filter(|(key, _)| !is_directive(key)) {
        if change.is_null() {
            original.remove(key);
            continue;
        }
        let merged = match (original.remove(key), change) {
            (Some(Value::Object(old)), Value::Object(changes)) => {
                Value::Object(merge_map(schema, inner(schema, ty, key), old, changes)?)
            }
            (Some(Value::Array(old)), Value::Array(changes)) => {
                let order = patch
                    .get(&format!("{SET_ORDER}{key}"))
                    .and_then(Value::as_array);
                lists::merge(schema, field(schema, ty, key), old, changes, order)?
            }
            (_, change) => drop_directives(change),
        };
        original.insert(key.clone(), merged);
    }
    reorder_only(schema, ty, &mut original, patch);
    Ok(original)
}

/// An order without a patch of the list itself still orders it.
fn reorder_only(
    schema: &Schema,
    ty: &Type,
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) {
    for (directive, order) in patch.iter().filter(|(key, _)| key.starts_with(SET_ORDER)) {
        let key = &directive[SET_ORDER.len()..];
        if patch.contains_key(key) {
            continue;
        }
        let Some(merge_key) = field(schema, ty, key).and_then(|field| field.merge.as_deref())
        else {
            continue;
        };
        if let (Some(Value::Array(items)), Value::Array(order)) = (original.get_mut(key), order) {
            let before = items.clone();
            *items = lists::ordered(std::mem::take(items), order, &before, merge_key);
        }
    }
}

fn unknown(directive: &str, patch: &Map<String, Value>) -> Refused {
    Refused(format!(
        "unknown patch type: {directive} in map: {}",
        go_map(&Value::Object(patch.clone()))
    ))
}

fn is_directive(key: &str) -> bool {
    key == PATCH
        || key == RETAIN
        || key.starts_with(SET_ORDER)
        || key.starts_with(DELETE_PRIMITIVES)
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    let plain = patch
        .iter()
        .filter(|(key, value)| !is_directive(key) && !value.is_null());
    plain
        .map(|(key, value)| (key.clone(), drop_directives(value)))
        .collect()
}

/// A value that meets nothing to merge with.
fn drop_directives(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(without_directives(map)),
        Value::Array(items) => {
            let kept = items.iter().filter(|item| {
                item.get(PATCH)
                    .is_none_or(|directive| directive != "delete" && directive != "replace")
            });
            kept.map(drop_directives).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn check(document: Value, patch: &Value) -> String {
        let schema = Schema::load();
        let pod = Type::Struct(
            schema
                .find("io.k8s.api.core.v1.Pod")
                .expect("pods are served"),
        );
        let mut document = document;
        match apply(&schema, &pod, &mut document, patch) {
            Ok(()) => document.to_string(),
            Err(refused) => refused.to_string(),
        }
    }

    fn containers(env: &Value) -> Value {
        json!({"spec": {"containers": [{"name": "c", "env": env}]}})
    }

    #[test]
    fn keyed_lists_merge_and_keep_their_order() {
        let pod = containers(
            &json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}]),
        );
        let patch = containers(&json!([{"name": "B", "value": "22"}, {"name": "Z", "value": "z"}]));
        assert_snapshot!(check(pod.clone(), &patch), @r#"{"spec":{"containers":[{"env":[{"name":"A","value":"1"},{"name":"B","value":"22"},{"name":"Z","value":"z"},{"name":"C","value":"3"}],"name":"c"}]}}"#);
        let patch = containers(&json!([{"name": "A", "$patch": "delete"}]));
        assert_snapshot!(check(pod.clone(), &patch), @r#"{"spec":{"containers":[{"env":[{"name":"B","value":"2"},{"name":"C","value":"3"}],"name":"c"}]}}"#);
        let patch = containers(&json!([{"$patch": "replace"}, {"name": "ONLY"}]));
        assert_snapshot!(check(pod, &patch), @r#"{"spec":{"containers":[{"env":[{"name":"ONLY"}],"name":"c"}]}}"#);
    }

    #[test]
    fn what_cannot_be_done_is_said_in_the_words_of_kubernetes() {
        let pod = containers(&json!([{"name": "ONLY"}]));
        assert_snapshot!(check(pod.clone(), &json!({"spec": {"containers": [{"image": "new"}]}})), @"map: map[image:new] does not contain declared merge key: name");
        let patch = json!({"spec": {"containers": [{"name": "c", "$setElementOrder/env": [{"name": "ONLY"}], "env": [{"name": "OTHER", "value": "n"}]}]}});
        assert_snapshot!(check(pod, &patch), @"
        The order in patch list:
        [map[name:OTHER value:n]]
         doesn't match $setElementOrder list:
        [map[name:ONLY]]
        ");
        assert_snapshot!(check(json!({"metadata": {"labels": {"a": "b"}}}), &json!({"metadata": {"labels": {"$patch": "frob"}}})), @"unknown patch type: frob in map: map[$patch:frob]");
    }

    #[test]
    fn only_some_keys_are_retained() {
        let pod = json!({"spec": {"volumes": [{"name": "w", "hostPath": {"path": "/w"}}]}});
        let patch = json!({"spec": {"volumes": [{"name": "w", "$retainKeys": ["name", "emptyDir"], "emptyDir": {}}]}});
        assert_snapshot!(check(pod, &patch), @r#"{"spec":{"volumes":[{"emptyDir":{},"name":"w"}]}}"#);
    }
}
