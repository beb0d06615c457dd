//! Lists in a strategic merge: by key, by value, or replaced.
//!
//! Invariant: the time it takes grows with the lists, not with their product.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{PATCH, Refused, drop_directives, go_map, merge_map};
use crate::schema::{Field, Schema, Type};

/// Merges a list as its field says.
pub(super) fn merge(
    schema: &Schema,
    field: Option<&Field>,
    original: Vec<Value>,
    patch: &[Value],
    order: Option<&Vec<Value>>,
) -> Result<Value, Refused> {
    let Some((field, key)) = field.and_then(|field| Some((field, field.merge.as_deref()?))) else {
        return Ok(drop_directives(&Value::Array(patch.to_vec())));
    };
    if let Some(order) = order {
        check_order(patch, order, key)?;
    }
    if key.is_empty() {
        return Ok(merge_scalars(original, patch, order));
    }
    let replaces = |item: &Value| {
        item.get(PATCH)
            .is_some_and(|directive| directive == "replace")
    };
    if patch.iter().any(replaces) {
        return Ok(drop_directives(&Value::Array(patch.to_vec())));
    }
    let item = match &field.ty {
        Type::List(item) => item.as_ref(),
        _ => &Type::Any,
    };
    merge_keyed(schema, item, key, original, patch, order)
}

fn merge_scalars(original: Vec<Value>, patch: &[Value], order: Option<&Vec<Value>>) -> Value {
    let before = original.clone();
    let mut all = original;
    let mut known: HashSet<&Value> = before.iter().collect();
    all.extend(patch.iter().filter(|item| known.insert(item)).cloned());
    let order = order.map_or(patch, Vec::as_slice);
    Value::Array(ordered(all, order, &before, ""))
}

fn merge_keyed(
    schema: &Schema,
    item: &Type,
    key: &str,
    original: Vec<Value>,
    patch: &[Value],
    order: Option<&Vec<Value>>,
) -> Result<Value, Refused> {
    let before = original.clone();
    let mut gone = HashSet::new();
    let mut kept: Vec<Value> = Vec::new();
    for change in patch {
        let Some(wanted) = change.get(key) else {
            let map = go_map(change);
            let text = format!("map: {map} does not contain declared merge key: {key}");
            return Err(Refused(text));
        };
        if change
            .get(PATCH)
            .is_some_and(|directive| directive == "delete")
        {
            gone.insert(wanted);
        } else {
            kept.push(change.clone());
        }
    }
    let stays = |item: &Value| item.get(key).is_none_or(|own| !gone.contains(own));
    let mut all: Vec<Value> = original.into_iter().filter(stays).collect();
    let mut places: HashMap<Value, usize> = HashMap::new();
    for (place, item) in all.iter().enumerate() {
        if let Some(own) = item.get(key) {
            places.entry(own.clone()).or_insert(place);
        }
    }
    for change in &kept {
        let (Value::Object(changes), Some(wanted)) = (change, change.get(key)) else {
            continue;
        };
        if let Some(place) = places.get(wanted) {
            if let Value::Object(old) = std::mem::take(&mut all[*place]) {
                all[*place] = Value::Object(merge_map(schema, item, old, changes)?);
            }
        } else {
            places.insert(wanted.clone(), all.len());
            all.push(drop_directives(change));
        }
    }
    let order = order.unwrap_or(&kept);
    Ok(Value::Array(ordered(all, order, &before, key)))
}

/// What tells an item from others: its key's value, or without a key the item itself.
fn id<'a>(item: &'a Value, key: &str) -> Option<&'a Value> {
    if key.is_empty() {
        Some(item)
    } else {
        item.get(key)
    }
}

/// Where each item comes first.
fn places<'a>(list: &'a [Value], key: &str) -> HashMap<Option<&'a Value>, usize> {
    let places = list.iter().enumerate().rev();
    places.map(|(place, item)| (id(item, key), place)).collect()
}

/// The patch's items must come in the order that the directive gives.
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Result<(), Refused> {
    let mut at = 0;
    let kept = patch.iter().filter(|item| {
        item.get(PATCH)
            .is_none_or(|directive| directive != "delete")
    });
    for item in kept {
        let same = |one: &Value| id(one, key) == id(item, key);
        if let Some(found) = order[at..].iter().position(same) {
            at += found + 1;
        } else {
            let show = |list: &[Value]| go_map(&Value::Array(list.to_vec()));
            let text = format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                show(patch),
                show(order)
            );
            return Err(Refused(text));
        }
    }
    Ok(())
}

/// Items that the patch orders come in its order; others stay where the server had them.
pub(super) fn ordered(all: Vec<Value>, order: &[Value], server: &[Value], key: &str) -> Vec<Value> {
    let (order, server) = (places(order, key), places(server, key));
    let (mut patched, mut others): (Vec<Value>, Vec<Value>) = all
        .into_iter()
        .partition(|item| order.contains_key(&id(item, key)));
    patched.sort_by_key(|item| order.get(&id(item, key)).copied());
    others.sort_by_key(|item| server.get(&id(item, key)).copied());
    let mut merged = Vec::with_capacity(patched.len() + others.len());
    let (mut patched, mut others) = (
        patched.into_iter().peekable(),
        others.into_iter().peekable(),
    );
    loop {
        let other_first = match (others.peek(), patched.peek()) {
            (None, None) => return merged,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(patch)) => {
                match (server.get(&id(other, key)), server.get(&id(patch, key))) {
                    (Some(left), Some(right)) => left < right,
                    _ => false,
                }
            }
        };
        merged.extend(if other_first {
            others.next()
        } else {
            patched.next()
        });
    }
}
