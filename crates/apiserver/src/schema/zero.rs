//! What Go's encoder would write: empty fields left out, required ones filled in.
//!
//! Invariant: normalising twice changes nothing.

use serde_json::{Map, Value, json};

use super::types::{DefId, Field, Omit, Schema, Type};

/// Brings an object into the form in which the API serves it.
pub(crate) fn normalize(schema: &Schema, id: DefId, value: &mut Value) {
    let Value::Object(map) = value else { return };
    for (name, field) in &schema.def(id).fields {
        if let Some(inner) = map.get_mut(name) {
            normalize_type(schema, &field.ty, inner);
            if drops(field, inner) {
                map.remove(name);
            }
        }
        if !map.contains_key(name)
            && let Some(zero) = zero(schema, field)
        {
            map.insert(name.clone(), zero);
        }
    }
}

fn normalize_type(schema: &Schema, ty: &Type, value: &mut Value) {
    match ty {
        Type::Struct(id) => normalize(schema, *id, value),
        Type::List(item) => {
            for inner in value.as_array_mut().into_iter().flatten() {
                normalize_type(schema, item, inner);
            }
        }
        Type::Map(item) => {
            for inner in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                normalize_type(schema, item, inner);
            }
        }
        Type::Any
        | Type::Integer(_)
        | Type::Float
        | Type::Bool
        | Type::Text
        | Type::Bytes
        | Type::Time
        | Type::MicroTime
        | Type::Quantity
        | Type::IntOrString => {}
    }
}

/// Whether an empty value of this field is not written.
fn drops(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && field.omit != Omit::Never,
        Value::Object(map) => {
            map.is_empty() && field.omit != Omit::Never && matches!(field.ty, Type::Map(_))
        }
        Value::String(text) => {
            text.is_empty()
                && field.omit != Omit::Never
                && !field.pointer
                && matches!(field.ty, Type::Text)
        }
        Value::Bool(yes) => !yes && field.omit != Omit::Never && !field.pointer,
        Value::Number(number) => {
            number.as_i64() == Some(0)
                && field.omit != Omit::Never
                && !field.pointer
                && matches!(field.ty, Type::Integer(_))
        }
    }
}

/// What is written for a field that is not set.
fn zero(schema: &Schema, field: &Field) -> Option<Value> {
    if field.omit == Omit::Zero || (field.pointer && field.omit != Omit::Never) {
        return None;
    }
    match &field.ty {
        // Go never leaves out a struct that is no pointer.
        Type::Struct(id) if !field.pointer => {
            let mut empty = json!({});
            normalize(schema, *id, &mut empty);
            Some(empty)
        }
        Type::Time | Type::MicroTime | Type::Any
            if !field.go.is_empty() && !field.go.starts_with("map") && !field.pointer =>
        {
            Some(Value::Null)
        }
        Type::Quantity if !field.pointer => Some(json!("0")),
        Type::IntOrString if !field.pointer => Some(json!(0)),
        _ if field.omit != Omit::Never => None,
        Type::Text if !field.pointer => Some(json!("")),
        Type::Integer(_) if !field.pointer => Some(json!(0)),
        Type::Bool if !field.pointer => Some(json!(false)),
        _ => Some(Value::Null),
    }
}
