//! Lists in a strategic merge: by key, by value, or replaced.

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
    for item in patch {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
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
    let mut all = original;
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
            all.retain(|item| item.get(key) != Some(wanted));
        } else {
            kept.push(change.clone());
        }
    }
    for change in &kept {
        let Value::Object(changes) = change else {
            continue;
        };
        match all.iter_mut().find(|item| item.get(key) == change.get(key)) {
            Some(slot) => {
                if let Value::Object(old) = std::mem::take(slot) {
                    *slot = Value::Object(merge_map(schema, item, old, changes)?);
                }
            }
            None => all.push(drop_directives(change)),
        }
    }
    let order = order.unwrap_or(&kept);
    Ok(Value::Array(ordered(all, order, &before, key)))
}

fn same(left: &Value, right: &Value, key: &str) -> bool {
    if key.is_empty() {
        left == right
    } else {
        left.get(key) == right.get(key)
    }
}

fn position(list: &[Value], item: &Value, key: &str) -> Option<usize> {
    list.iter().position(|one| same(one, item, key))
}

/// The patch's items must come in the order that the directive gives.
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Result<(), Refused> {
    let mut at = 0;
    let kept = patch.iter().filter(|item| {
        item.get(PATCH)
            .is_none_or(|directive| directive != "delete")
    });
    for item in kept {
        if let Some(found) = position(&order[at..], item, key) {
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
    let (mut patched, mut others): (Vec<Value>, Vec<Value>) = all
        .into_iter()
        .partition(|item| position(order, item, key).is_some());
    patched.sort_by_key(|item| position(order, item, key));
    others.sort_by_key(|item| position(server, item, key));
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
                match (position(server, other, key), position(server, patch, key)) {
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
