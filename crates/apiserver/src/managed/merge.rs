//! Merging an applied configuration into an object, and pruning what was given up.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::set::FieldSet;
use super::shape::{Shape, key_of, shape};
use crate::schema::{Field, Schema, Type};

/// The object with the configuration in it.
pub(super) fn merge(
    schema: &Schema,
    ty: &Type,
    field: Option<&Field>,
    live: Option<&Value>,
    config: &Value,
) -> Value {
    let shape = shape(schema, ty, field);
    match (shape, live, config) {
        (Shape::Struct(_) | Shape::Map(_), Some(Value::Object(old)), Value::Object(new)) => {
            let mut merged = old.clone();
            for (name, value) in new {
                let (ty, field) = below(schema, shape, name);
                merged.insert(name.clone(), merge(schema, ty, field, old.get(name), value));
            }
            Value::Object(merged)
        }
        (Shape::Keyed(keys, item), Some(Value::Array(old)), Value::Array(new)) => {
            merge_items(schema, keys, item, old, new)
        }
        (Shape::Set, Some(Value::Array(old)), Value::Array(new)) => {
            let known: HashSet<&Value> = old.iter().collect();
            let more = new.iter().filter(|value| !known.contains(value));
            Value::Array(old.iter().chain(more).cloned().collect())
        }
        _ => config.clone(),
    }
}

fn below<'a>(schema: &'a Schema, shape: Shape<'a>, name: &str) -> (&'a Type, Option<&'a Field>) {
    match shape {
        Shape::Struct(id) => schema
            .field(id, name)
            .map_or((&Type::Any, None), |field| (&field.ty, Some(field))),
        Shape::Map(item) => (item, None),
        Shape::Leaf | Shape::Keyed(..) | Shape::Set => (&Type::Any, None),
    }
}

/// Items that only the object has stay before the next one of the configuration; those of the configuration come in
/// its order.
fn merge_items(
    schema: &Schema,
    keys: &[String],
    item: &Type,
    old: &[Value],
    new: &[Value],
) -> Value {
    let key = |value: &Value| key_of(schema, keys, item, value);
    let keyed: Vec<(String, &Value)> = old.iter().map(|value| (key(value), value)).collect();
    // Of items with the same key the first counts.
    let live: HashMap<&str, &Value> = keyed
        .iter()
        .rev()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    let wanted: Vec<String> = new.iter().map(key).collect();
    let known: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut merged = Vec::with_capacity(old.len() + new.len());
    let mut rest = keyed.iter().peekable();
    for (value, own) in new.iter().zip(&wanted) {
        while let Some((_, other)) = rest.next_if(|(key, _)| !known.contains(key.as_str())) {
            merged.push((*other).clone());
        }
        rest.next_if(|(key, _)| key == own);
        let live = live.get(own.as_str()).copied();
        merged.push(merge(schema, item, None, live, value));
    }
    let rest = rest.filter(|(key, _)| !known.contains(key.as_str()));
    merged.extend(rest.map(|(_, other)| (*other).clone()));
    Value::Array(merged)
}

/// Takes out what the manager had, wants no more, and nobody else has.
pub(super) fn prune(
    schema: &Schema,
    ty: &Type,
    field: Option<&Field>,
    value: &mut Value,
    had: &FieldSet,
    wants: &FieldSet,
    others: &FieldSet,
) {
    let none = FieldSet::default();
    let shape = shape(schema, ty, field);
    let places = places(schema, shape, value);
    let mut gone = HashSet::new();
    for (element, below_had) in &had.children {
        let kept = wants.children.get(element);
        let shared = others.children.get(element);
        if kept.is_none() && shared.is_none() {
            gone.insert(element.clone());
            continue;
        }
        let Some((part, ty, field)) = part_mut(schema, shape, value, element, &places) else {
            continue;
        };
        prune(
            schema,
            ty,
            field,
            part,
            below_had,
            kept.unwrap_or(&none),
            shared.unwrap_or(&none),
        );
    }
    if !gone.is_empty() {
        remove(schema, shape, value, &gone);
    }
}

/// Where each item is that keys tell apart; the first of those with the same key.
fn places(schema: &Schema, shape: Shape<'_>, value: &Value) -> HashMap<String, usize> {
    let (Shape::Keyed(keys, item), Value::Array(items)) = (shape, value) else {
        return HashMap::new();
    };
    let items = items.iter().enumerate().rev();
    let place = |(place, one)| (key_of(schema, keys, item, one), place);
    items.map(place).collect()
}

fn part_mut<'a>(
    schema: &'a Schema,
    shape: Shape<'a>,
    value: &'a mut Value,
    element: &str,
    places: &HashMap<String, usize>,
) -> Option<(&'a mut Value, &'a Type, Option<&'a Field>)> {
    let name = element.strip_prefix("f:");
    match shape {
        Shape::Struct(_) | Shape::Map(_) => {
            let (ty, field) = below(schema, shape, name?);
            Some((value.get_mut(name?)?, ty, field))
        }
        Shape::Keyed(_, item) => {
            let found = value.as_array_mut()?.get_mut(*places.get(element)?)?;
            Some((found, item, None))
        }
        Shape::Leaf | Shape::Set => None,
    }
}

fn remove(schema: &Schema, shape: Shape<'_>, value: &mut Value, gone: &HashSet<String>) {
    match (shape, value) {
        (Shape::Struct(_) | Shape::Map(_), Value::Object(map)) => {
            for element in gone {
                map.remove(element.trim_start_matches("f:"));
            }
        }
        (Shape::Keyed(keys, item), Value::Array(items)) => {
            items.retain(|one| !gone.contains(&key_of(schema, keys, item, one)));
        }
        (Shape::Set, Value::Array(items)) => {
            items.retain(|one| !gone.contains(&format!("v:{one}")));
        }
        _ => {}
    }
}

/// An empty object to compare a new one with.
pub(super) fn nothing() -> Value {
    Value::Object(Map::new())
}
