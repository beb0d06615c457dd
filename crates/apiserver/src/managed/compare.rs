//! What differs between two objects, as sets of fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::set::FieldSet;
use super::shape::{Part, Shape, parts, shape};
use crate::schema::{Field, Schema, Type};

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// In the old one only.
    pub(super) removed: FieldSet,
    /// In both, with other values.
    pub(super) modified: FieldSet,
    /// In the new one only.
    pub(super) added: FieldSet,
}

impl Comparison {
    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        [&self.removed, &self.modified, &self.added]
            .iter()
            .all(|set| set.is_empty())
    }
}

/// Compares two objects of a type.
pub(super) fn compare(schema: &Schema, ty: &Type, old: &Value, new: &Value) -> Comparison {
    let mut walk = Walk {
        schema,
        result: Comparison::default(),
        path: Vec::new(),
    };
    walk.both(ty, None, Some(old), Some(new));
    walk.result
}

/// All fields of an object, as apply counts them.
pub(super) fn fields(schema: &Schema, ty: &Type, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(schema, ty, None, value, &mut set);
    set
}

fn collect(schema: &Schema, ty: &Type, field: Option<&Field>, value: &Value, into: &mut FieldSet) {
    let shape = shape(schema, ty, field);
    let parts = parts(schema, shape, value);
    if parts.is_empty() {
        into.member = true;
    }
    for part in parts {
        let child = into.children.entry(part.element).or_default();
        child.member |= matches!(shape, Shape::Keyed(..) | Shape::Set);
        collect(schema, part.ty, part.field, part.value, child);
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    result: Comparison,
    path: Vec<String>,
}

impl Walk<'_> {
    fn both(&mut self, ty: &Type, field: Option<&Field>, old: Option<&Value>, new: Option<&Value>) {
        let schema = self.schema;
        let shape = shape(schema, ty, field);
        if matches!(shape, Shape::Leaf) {
            return self.leaf(old, new);
        }
        match (old, new) {
            (None, Some(_)) => self.result.added.insert(&self.path),
            (Some(_), None) => self.result.removed.insert(&self.path),
            _ => {}
        }
        let by_element = |value: Option<&'_ Value>| -> BTreeMap<String, usize> {
            value
                .map(|value| parts(schema, shape, value))
                .into_iter()
                .flatten()
                .enumerate()
                .map(|(at, part)| (part.element, at))
                .collect()
        };
        let (old_at, new_at) = (by_element(old), by_element(new));
        let old_parts: Vec<Part<'_>> = old
            .map(|value| parts(schema, shape, value))
            .unwrap_or_default();
        let new_parts: Vec<Part<'_>> = new
            .map(|value| parts(schema, shape, value))
            .unwrap_or_default();
        let mut elements: Vec<&String> = old_at.keys().chain(new_at.keys()).collect();
        elements.sort();
        elements.dedup();
        for element in elements {
            let before = old_at.get(element).map(|at| &old_parts[*at]);
            let after = new_at.get(element).map(|at| &new_parts[*at]);
            let Some(part) = after.or(before) else {
                continue;
            };
            self.path.push(element.clone());
            if matches!(shape, Shape::Set) {
                self.leaf(before.map(|part| part.value), after.map(|part| part.value));
            } else {
                self.both(
                    part.ty,
                    part.field,
                    before.map(|part| part.value),
                    after.map(|part| part.value),
                );
            }
            self.path.pop();
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, Some(_)) => self.result.added.insert(&self.path),
            (Some(_), None) => self.result.removed.insert(&self.path),
            (Some(old), Some(new)) if old != new => self.result.modified.insert(&self.path),
            _ => {}
        }
    }
}
