//! How a field's value is owned: as a whole, by its fields, by its items.

use serde_json::{Map, Value, json};

use crate::schema::{DefId, Field, ListKind, Schema, Type};

/// How a value is owned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// As a whole.
    Leaf,
    /// By its fields.
    Struct(DefId),
    /// By its keys.
    Map(&'a Type),
    /// By its items, which these keys tell apart.
    Keyed(&'a [String], &'a Type),
    /// By its values.
    Set,
}

/// The shape of a type, in that field.
pub(super) fn shape<'a>(schema: &'a Schema, ty: &'a Type, field: Option<&'a Field>) -> Shape<'a> {
    let whole = field.is_some_and(|field| field.atomic);
    match ty {
        Type::Struct(id) if whole || schema.def(*id).atomic => Shape::Leaf,
        Type::Struct(id) => Shape::Struct(*id),
        Type::Map(_) if whole => Shape::Leaf,
        Type::Map(item) => Shape::Map(item),
        Type::List(item) => match field.map(|field| &field.list) {
            Some(ListKind::Map(keys)) => Shape::Keyed(keys, item),
            Some(ListKind::Set) => Shape::Set,
            Some(ListKind::Atomic) | None => Shape::Leaf,
        },
        _ => Shape::Leaf,
    }
}

/// One part of a value: its path element, its type and field, the part itself.
pub(super) struct Part<'a> {
    pub(super) element: String,
    pub(super) ty: &'a Type,
    pub(super) field: Option<&'a Field>,
    pub(super) value: &'a Value,
}

/// The parts of a value of that shape; none of a leaf.
pub(super) fn parts<'a>(schema: &'a Schema, shape: Shape<'a>, value: &'a Value) -> Vec<Part<'a>> {
    match (shape, value) {
        (Shape::Struct(id), Value::Object(map)) => map
            .iter()
            .filter_map(|(name, value)| {
                let field = schema.field(id, name)?;
                Some(Part {
                    element: format!("f:{name}"),
                    ty: &field.ty,
                    field: Some(field),
                    value,
                })
            })
            .collect(),
        (Shape::Map(item), Value::Object(map)) => map
            .iter()
            .map(|(name, value)| Part {
                element: format!("f:{name}"),
                ty: item,
                field: None,
                value,
            })
            .collect(),
        (Shape::Keyed(keys, item), Value::Array(items)) => items
            .iter()
            .map(|value| Part {
                element: key_of(schema, keys, item, value),
                ty: item,
                field: None,
                value,
            })
            .collect(),
        (Shape::Set, Value::Array(items)) => items
            .iter()
            .map(|value| Part {
                element: format!("v:{value}"),
                ty: &Type::Any,
                field: None,
                value,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The path element of an item that keys tell apart.
pub(super) fn key_of(schema: &Schema, keys: &[String], item: &Type, value: &Value) -> String {
    let of_key = |key: &String| -> Value {
        if let Some(found) = value.get(key).filter(|found| !found.is_null()) {
            return found.clone();
        }
        let field = match item {
            Type::Struct(id) => schema.field(*id, key),
            _ => None,
        };
        match field {
            Some(field) if field.default.is_some() => field.default.clone().unwrap_or_default(),
            Some(field) if matches!(field.ty, Type::Integer(_)) => json!(0),
            _ => json!(""),
        }
    };
    let map: Map<String, Value> = keys.iter().map(|key| (key.clone(), of_key(key))).collect();
    format!("k:{}", Value::Object(map))
}
