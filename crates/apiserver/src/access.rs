//! Reading and writing fields of a JSON object by pointer.
//!
//! Invariant: what is missing reads as empty; nothing panics.

use serde_json::{Map, Value};

/// What stands at a pointer: as `Value::pointer`, but without making a string for each part.
pub(crate) fn find<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut place = value;
    for part in pointer.split('/').skip(1) {
        place = match place {
            Value::Object(map) if part.contains('~') => {
                map.get(&part.replace("~1", "/").replace("~0", "~"))?
            }
            Value::Object(map) => map.get(part)?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(place)
}

/// The string at a pointer, or "".
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    find(value, pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The whole number at a pointer.
pub(crate) fn int(value: &Value, pointer: &str) -> Option<i64> {
    find(value, pointer).and_then(Value::as_i64)
}

/// Whether true stands at a pointer.
pub(crate) fn yes(value: &Value, pointer: &str) -> bool {
    find(value, pointer)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

/// The list at a pointer, or an empty one.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    find(value, pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The entries of the object at a pointer.
pub(crate) fn entries<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    find(value, pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Whether something other than null stands at a pointer.
pub(crate) fn has(value: &Value, pointer: &str) -> bool {
    find(value, pointer).is_some_and(|found| !found.is_null())
}

/// The list at a pointer, to change its items.
pub(crate) fn list_mut<'a>(
    value: &'a mut Value,
    pointer: &str,
) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    value
        .pointer_mut(pointer)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The object under a key, made when it is missing.
pub(crate) fn object<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let slot = &mut value[key];
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot
}

/// Sets a key unless it is set.
pub(crate) fn default(value: &mut Value, key: &str, default: impl Into<Value>) {
    if let Some(map) = value.as_object_mut()
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.to_owned(), default.into());
    }
}

/// Sets a key unless it holds a string that is not empty.
pub(crate) fn default_text(value: &mut Value, key: &str, default: &str) {
    if value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .is_empty()
        && let Some(map) = value.as_object_mut()
    {
        map.insert(key.to_owned(), Value::from(default));
    }
}

/// Takes a key out.
pub(crate) fn remove(value: &mut Value, key: &str) -> Option<Value> {
    value.as_object_mut().and_then(|map| map.remove(key))
}

/// Copies a key from another object, or takes it out when that has none.
pub(crate) fn copy(value: &mut Value, from: &Value, key: &str) {
    let Some(map) = value.as_object_mut() else {
        return;
    };
    match from.get(key) {
        Some(found) => map.insert(key.to_owned(), found.clone()),
        None => map.remove(key),
    };
}
