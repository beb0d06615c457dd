//! What an ordinary write does to the entries.

use serde_json::Value;

use super::compare::{Comparison, compare};
use super::entries::{self, Entry, Manager, Operation};
use crate::access::{has, list};
use crate::schema::{Schema, Type};

/// Writes the entries of `new` after a write by `manager`; `old` is what there was, or the empty object.
pub(crate) fn update(schema: &Schema, ty: &Type, old: &Value, new: &mut Value, manager: &Manager) {
    let asked = list(new, "/metadata/managedFields");
    let reset = matches!(asked, [Value::Object(only)] if only.is_empty());
    if reset {
        return entries::write(new, Vec::new());
    }
    let source = if asked.is_empty() { old } else { &*new };
    let mut managers = entries::read(source);
    let is_new = !has(old, "/metadata/uid");
    if managers.is_empty() && !is_new {
        // Nobody manages it: it stays so until somebody applies.
        return entries::write(new, Vec::new());
    }
    let comparison = compare(schema, ty, old, new);
    let changed = record(&mut managers, comparison, manager);
    if !changed && !is_new {
        managers = entries::read(source);
    }
    entries::write(new, managers);
}

/// Gives the manager what it changed and takes that from all others; says whether anything changed.
fn record(managers: &mut Vec<Entry>, mut comparison: Comparison, manager: &Manager) -> bool {
    for set in [
        &mut comparison.removed,
        &mut comparison.modified,
        &mut comparison.added,
    ] {
        entries::strip(set, manager);
    }
    let Comparison {
        removed,
        modified,
        mut added,
    } = comparison;
    added.union(&modified);
    if added.is_empty() && removed.is_empty() {
        return false;
    }
    for entry in managers.iter_mut() {
        entry.set.subtract(&removed);
        if !entry.is(manager, Operation::Update) {
            entry.set.subtract(&added);
        }
    }
    match managers
        .iter_mut()
        .find(|entry| entry.is(manager, Operation::Update))
    {
        // Who only takes away is not on record for it.
        Some(_) if added.is_empty() => {}
        Some(own) => {
            own.set.union(&added);
            own.time.clone_from(&manager.time);
        }
        None => managers.push(Entry::new(manager, Operation::Update, added)),
    }
    true
}
