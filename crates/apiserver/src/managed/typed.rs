//! Whether an applied configuration fits the schema, in the words of structured merge.

use std::collections::BTreeSet;

use serde_json::Value;

use super::set::show;
use super::shape::{Shape, parts, shape};
use crate::patch::show::go_map;
use crate::schema::{Field, Schema, Type};

/// What does not fit, the first of it.
pub(crate) fn check(schema: &Schema, ty: &Type, value: &Value) -> Option<String> {
    walk(schema, ty, None, value, "")
}

fn walk(
    schema: &Schema,
    ty: &Type,
    field: Option<&Field>,
    value: &Value,
    path: &str,
) -> Option<String> {
    if value.is_null() {
        return None;
    }
    if let Some(error) = wrong_type(ty, value) {
        return Some(format!("{path}: {error}"));
    }
    if let (Type::Struct(id), Value::Object(map)) = (ty, value)
        && let Some(unknown) = map.keys().find(|name| schema.field(*id, name).is_none())
    {
        return Some(format!("{path}.{unknown}: field not declared in schema"));
    }
    let shape = match (shape(schema, ty, field), ty) {
        // Fields of what is owned as a whole must fit as well.
        (Shape::Leaf, Type::Struct(id)) => Shape::Struct(*id),
        (other, _) => other,
    };
    let mut seen = BTreeSet::new();
    for part in parts(schema, shape, value) {
        if matches!(shape, Shape::Keyed(..)) && !seen.insert(part.element.clone()) {
            return Some(format!(
                "{path}: duplicate entries for key {}",
                show(&part.element)
            ));
        }
        if matches!(shape, Shape::Set) && !seen.insert(part.element.clone()) {
            return Some(format!(
                "{path}: duplicate entries for key {}",
                show(&part.element)
            ));
        }
        let below = format!("{path}{}", show(&part.element));
        if let Some(error) = walk(schema, part.ty, part.field, part.value, &below) {
            return Some(error);
        }
    }
    None
}

fn wrong_type(ty: &Type, value: &Value) -> Option<String> {
    let expected = match ty {
        Type::Struct(_) | Type::Map(_) if !value.is_object() => "map",
        Type::List(_) if !value.is_array() => "list",
        Type::Text | Type::Bytes | Type::Time | Type::MicroTime if !value.is_string() => "string",
        Type::Bool if !value.is_boolean() => "boolean",
        Type::Integer(_) | Type::Float if !value.is_number() => "numeric (int or float)",
        _ => return None,
    };
    let got = match value {
        Value::Array(_) | Value::Object(_) => format!("&{{{}}}", go_map(value)),
        other => format!("&{{{}}}", go_map(other)),
    };
    Some(format!("expected {expected}, got {got}"))
}
