//! Server-side apply.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::compare::{Comparison, compare, fields};
use super::entries::{self, Entry, Manager, Operation};
use super::last_applied;
use super::merge::{merge, nothing, prune};
use super::set::FieldSet;
use crate::schema::{Schema, Type};

/// What came of it: the object with its entries.
#[derive(Debug)]
pub(crate) struct Applied(pub(crate) Value);

/// Fields that others manage and that would change.
#[derive(Debug)]
pub(crate) struct Conflicts(Vec<(String, FieldSet)>);

impl Conflicts {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those about other fields.
    fn without(mut self, fields: &FieldSet) -> Conflicts {
        for (_, set) in &mut self.0 {
            set.subtract(fields);
        }
        self.0.retain(|(_, set)| !set.is_empty());
        self
    }

    /// Manager and path, in order.
    fn fields(&self) -> Vec<(&str, String)> {
        let mut fields = Vec::new();
        for (manager, set) in &self.0 {
            fields.extend(set.paths().into_iter().map(|path| (manager.as_str(), path)));
        }
        fields.sort();
        fields
    }

    /// The message of the refusal.
    pub(crate) fn message(&self) -> String {
        let fields = self.fields();
        if let [(manager, path)] = fields.as_slice() {
            return format!("Apply failed with 1 conflict: conflict with {manager}: {path}");
        }
        let mut text = format!("Apply failed with {} conflicts:", fields.len());
        let mut managers: Vec<&str> = fields.iter().map(|(manager, _)| *manager).collect();
        managers.dedup();
        for (index, manager) in managers.iter().enumerate() {
            let start = if index == 0 { " " } else { "\n" };
            let _ = write!(text, "{start}conflicts with {manager}:");
            for (_, path) in fields.iter().filter(|(own, _)| own == manager) {
                let _ = write!(text, "\n- {path}");
            }
        }
        text
    }

    /// The causes of the refusal.
    pub(crate) fn causes(&self) -> Vec<Value> {
        let cause = |(manager, path): (&str, String)| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path});
        self.fields().into_iter().map(cause).collect()
    }
}

/// Whether conflicts are overruled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    /// The fields change hands.
    Overrule,
    /// They are refused.
    Refuse,
}

/// Applies a configuration to an object, or makes one.
pub(crate) fn apply(
    schema: &Schema,
    ty: &Type,
    live: Option<&Value>,
    config: &Value,
    manager: &Manager,
    force: Force,
) -> Result<Applied, Conflicts> {
    let empty = nothing();
    let mut managers = live.map(entries::read).unwrap_or_default();
    if let Some(live) = live
        && managers.is_empty()
    {
        managers.push(before_first(schema, ty, live, manager));
    }
    let mut wants = fields(schema, ty, config);
    wants.member = false;
    entries::strip(&mut wants, manager);
    let mine = managers
        .iter()
        .position(|entry| entry.is(manager, Operation::Apply));
    let had = mine.map(|at| managers[at].set.clone()).unwrap_or_default();
    let mut others = FieldSet::default();
    for (at, entry) in managers.iter().enumerate() {
        if Some(at) != mine {
            others.union(&entry.set);
        }
    }
    let mut config = config.clone();
    if let Some(metadata) = config.get_mut("metadata") {
        crate::access::remove(metadata, "managedFields");
    }
    let mut object = merge(schema, ty, None, Some(live.unwrap_or(&empty)), &config);
    prune(schema, ty, None, &mut object, &had, &wants, &others);
    let before = live.unwrap_or(&empty);
    let comparison = compare(schema, ty, before, &object);
    let changes = !comparison.is_empty();
    let conflicts = take_over(comparison, &mut managers, manager);
    if force == Force::Refuse && !conflicts.is_empty() {
        let own = last_applied::own_fields(schema, ty, before, manager);
        let left = conflicts.without(&own);
        if !left.is_empty() {
            return Err(left);
        }
    }
    let mut own = match mine {
        Some(at) => managers.swap_remove(at),
        None => Entry {
            time: String::new(),
            ..Entry::new(manager, Operation::Apply, FieldSet::default())
        },
    };
    own.set = wants;
    // Who applies what is there already has a part in it, but has done nothing to it.
    if changes {
        own.time.clone_from(&manager.time);
    }
    managers.push(own);
    entries::write(&mut object, managers);
    Ok(Applied(object))
}

/// All that is there when nobody managed it yet.
fn before_first(schema: &Schema, ty: &Type, live: &Value, manager: &Manager) -> Entry {
    let mut base = nothing();
    if let Type::Struct(id) = ty {
        crate::schema::normalize(schema, *id, &mut base);
    }
    let mut set = compare(schema, ty, &base, live).added;
    let earlier = Manager {
        name: "before-first-apply".to_owned(),
        ..manager.clone()
    };
    entries::strip(&mut set, &earlier);
    Entry::new(&earlier, Operation::Update, set)
}

/// Takes from others what changes, and says what that is.
fn take_over(mut comparison: Comparison, managers: &mut [Entry], manager: &Manager) -> Conflicts {
    comparison.added.union(&comparison.modified);
    entries::strip(&mut comparison.added, manager);
    let mut conflicts = Vec::new();
    for entry in managers
        .iter_mut()
        .filter(|entry| !entry.is(manager, Operation::Apply))
    {
        let both = entry.set.intersection(&comparison.added);
        let name = match entry.operation {
            Operation::Apply => format!("\"{}\"", entry.manager),
            Operation::Update if entry.subresource.is_empty() => {
                format!("\"{}\" using {}", entry.manager, entry.api_version)
            }
            Operation::Update => format!(
                "\"{}\" with subresource \"{}\" using {}",
                entry.manager, entry.subresource, entry.api_version
            ),
        };
        entry.set.subtract(&both);
        entry.set.subtract(&comparison.removed);
        if !both.is_empty() {
            conflicts.push((name, both));
        }
    }
    Conflicts(conflicts)
}
