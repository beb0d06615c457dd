//! Merging an applied configuration into an object, and pruning what was given up.

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
            let mut merged = old.clone();
            merged.extend(new.iter().filter(|value| !old.contains(value)).cloned());
            Value::Array(merged)
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
    let wanted: Vec<String> = new.iter().map(key).collect();
    let mut merged = Vec::with_capacity(old.len() + new.len());
    let mut rest = old.iter().peekable();
    for (value, own) in new.iter().zip(&wanted) {
        while let Some(other) = rest.next_if(|other| !wanted.contains(&key(other))) {
            merged.push(other.clone());
        }
        rest.next_if(|other| key(other) == *own);
        let live = old.iter().find(|value| key(value) == *own);
        merged.push(merge(schema, item, None, live, value));
    }
    merged.extend(rest.filter(|other| !wanted.contains(&key(other))).cloned());
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
    let mut gone = Vec::new();
    for (element, below_had) in &had.children {
        let kept = wants.children.get(element);
        let shared = others.children.get(element);
        if kept.is_none() && shared.is_none() {
            gone.push(element.clone());
            continue;
        }
        let Some((part, ty, field)) = part_mut(schema, shape, value, element) else {
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
    for element in gone {
        remove(schema, shape, value, &element);
    }
}

fn part_mut<'a>(
    schema: &'a Schema,
    shape: Shape<'a>,
    value: &'a mut Value,
    element: &str,
) -> Option<(&'a mut Value, &'a Type, Option<&'a Field>)> {
    let name = element.strip_prefix("f:");
    match shape {
        Shape::Struct(_) | Shape::Map(_) => {
            let (ty, field) = below(schema, shape, name?);
            Some((value.get_mut(name?)?, ty, field))
        }
        Shape::Keyed(keys, item) => {
            let found = value
                .as_array_mut()?
                .iter_mut()
                .find(|one| key_of(schema, keys, item, one) == element)?;
            Some((found, item, None))
        }
        Shape::Leaf | Shape::Set => None,
    }
}

fn remove(schema: &Schema, shape: Shape<'_>, value: &mut Value, element: &str) {
    match (shape, value) {
        (Shape::Struct(_) | Shape::Map(_), Value::Object(map)) => {
            map.remove(element.trim_start_matches("f:"));
        }
        (Shape::Keyed(keys, item), Value::Array(items)) => {
            items.retain(|one| key_of(schema, keys, item, one) != element);
        }
        (Shape::Set, Value::Array(items)) => items.retain(|one| format!("v:{one}") != element),
        _ => {}
    }
}

/// An empty object to compare a new one with.
pub(super) fn nothing() -> Value {
    Value::Object(Map::new())
}
