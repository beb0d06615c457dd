//! Server-side apply.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::compare::{compare, fields};
use super::entries::{self, Entry, Manager, Operation};
use super::merge::{merge, nothing, prune};
use super::set::FieldSet;
use crate::schema::{Schema, Type};

/// What came of it: the object with its entries.
#[derive(Debug)]
pub(crate) struct Applied(pub(crate) Value);

/// Fields that others manage and that would change.
#[derive(Debug)]
pub(crate) struct Conflicts {
    /// Manager and path, in order.
    fields: Vec<(String, String)>,
}

impl Conflicts {
    /// The message of the refusal.
    pub(crate) fn message(&self) -> String {
        if let [(manager, path)] = self.fields.as_slice() {
            return format!("Apply failed with 1 conflict: conflict with {manager}: {path}");
        }
        let mut text = format!("Apply failed with {} conflicts:", self.fields.len());
        let mut managers: Vec<&String> = self.fields.iter().map(|(manager, _)| manager).collect();
        managers.dedup();
        for (index, manager) in managers.iter().enumerate() {
            let start = if index == 0 { " " } else { "\n" };
            let _ = write!(text, "{start}conflicts with {manager}:");
            for (_, path) in self.fields.iter().filter(|(own, _)| own == *manager) {
                let _ = write!(text, "\n- {path}");
            }
        }
        text
    }

    /// The causes of the refusal.
    pub(crate) fn causes(&self) -> Vec<Value> {
        let cause = |(manager, path): &(String, String)| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path});
        self.fields.iter().map(cause).collect()
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
    take_over(
        schema,
        ty,
        live.unwrap_or(&empty),
        &object,
        &mut managers,
        manager,
        force,
    )?;
    match managers
        .iter_mut()
        .find(|entry| entry.is(manager, Operation::Apply))
    {
        Some(own) if own.set == wants => {}
        Some(own) => {
            own.set = wants;
            own.time.clone_from(&manager.time);
        }
        None => managers.push(Entry::new(manager, Operation::Apply, wants)),
    }
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

/// Takes from others what changes, or says what would.
fn take_over(
    schema: &Schema,
    ty: &Type,
    live: &Value,
    object: &Value,
    managers: &mut [Entry],
    manager: &Manager,
    force: Force,
) -> Result<(), Conflicts> {
    let mut comparison = compare(schema, ty, live, object);
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
        conflicts.extend(both.paths().into_iter().map(|path| (name.clone(), path)));
        entry.set.subtract(&both);
        entry.set.subtract(&comparison.removed);
    }
    if conflicts.is_empty() || force == Force::Overrule {
        return Ok(());
    }
    conflicts.sort();
    Err(Conflicts { fields: conflicts })
}
