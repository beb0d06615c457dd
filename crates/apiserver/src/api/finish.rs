//! The second half of every change: what may not change, checks, entries, storing.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Api;
use super::create::check_size;
use super::dispatch::Target;
use super::options::Persist;
use crate::access::{copy, has, int, list, object, remove};
use crate::issues::Issues;
use crate::kinds::{Admission, Generation, Kind, Sub};
use crate::managed;
use crate::rules::metadata;
use crate::schema::{Type, normalize};
use crate::status::Status;
use crate::store::Object;

/// How a change comes.
#[derive(Debug)]
pub(super) struct Finish {
    /// Through which door.
    pub(super) sub: Option<Sub>,
    /// By whom.
    pub(super) manager: String,
    /// Whether it is kept.
    pub(super) persist: Persist,
    /// Whether the entries are written already, by apply.
    pub(super) applied: bool,
}

/// What only the server writes.
const SERVERS: [&str; 6] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
];

impl Api {
    /// Makes `new` the object's next state, or says why not.
    pub(super) fn finish(
        &mut self,
        target: Target<'_>,
        old: &Arc<Object>,
        mut new: Value,
        how: &Finish,
    ) -> Result<(Arc<Object>, Vec<String>), Status> {
        let kind = target.served.kind;
        let before: &Value = &old.value();
        for key in SERVERS {
            copy(object(&mut new, "metadata"), &before["metadata"], key);
        }
        normalize(&self.schema, target.served.schema, &mut new);
        if !how.applied {
            // What admission and the kind's own rules add is nobody's.
            let manager = self.manager(&how.manager, how.sub.map_or("", Sub::name), target.served);
            managed::update(
                &self.schema,
                &Type::Struct(target.served.schema),
                before,
                &mut new,
                &manager,
            );
        }
        through_door(kind, how.sub, &mut new, before);
        if how.sub.is_none() {
            self.admit_changed(target, &mut new, before)?;
        }
        self.stamp(kind, &mut new, Some(before));
        normalize(&self.schema, target.served.schema, &mut new);
        grow_generation(kind, &mut new, before);
        self.check(target, &mut new, before, how)?;
        normalize(&self.schema, target.served.schema, &mut new);
        let mut warnings = Vec::new();
        (kind.rules.warn)(&new, &mut warnings);
        if how.sub.is_none() {
            warnings.extend((self.options.unhonoured)(kind.kind, &new));
        }
        if new == *before {
            return Ok((Arc::clone(old), warnings));
        }
        if how.persist == Persist::DryRun {
            return Ok((Arc::new(Object::unstored(new)), warnings));
        }
        check_size(&new)?;
        Ok((self.store_or_end(target, new), warnings))
    }

    /// Stores the object, or removes it when nothing holds it any longer.
    pub(super) fn store_or_end(&mut self, target: Target<'_>, new: Value) -> Arc<Object> {
        if !ends(target.served.kind, &new) {
            return self.commit(target.served, target.key(), new);
        }
        // Watchers see the last stored state go; the writer sees what it wrote.
        let revision = self.end(target).map_or(0, |last| last.revision());
        Arc::new(Object::new(new, revision))
    }

    /// Removes an object and gives back what it held.
    pub(super) fn end(&mut self, target: Target<'_>) -> Option<Arc<Object>> {
        let object = self.discard(target.served, &target.key())?;
        if target.served.kind.admission == Admission::Service {
            self.addresses.take_back(&object.value());
        }
        Some(object)
    }

    fn check(
        &mut self,
        target: Target<'_>,
        new: &mut Value,
        before: &Value,
        how: &Finish,
    ) -> Result<(), Status> {
        let kind = target.served.kind;
        let mut issues = Issues::default();
        check_finalizers(new, before, &mut issues);
        metadata::validate_maps(new, "metadata", &mut issues);
        if how.sub != Some(Sub::Status) {
            (kind.rules.validate)(new, &mut issues);
            (kind.rules.change)(new, before, &mut issues);
        }
        if issues.is_empty() && kind.admission == Admission::Service && how.persist == Persist::Kept
        {
            let random = &mut self.random;
            self.addresses.change(new, before, random, &mut issues);
        }
        if issues.is_empty() {
            Ok(())
        } else {
            Err(Status::invalid(kind, target.name, &issues))
        }
    }
}

/// What a door lets through.
fn through_door(kind: &Kind, sub: Option<Sub>, new: &mut Value, before: &Value) {
    match sub {
        Some(Sub::Status) => (kind.rules.status)(new, before),
        Some(Sub::Finalize) => {
            let finalizers = new["spec"]["finalizers"].clone();
            *new = before.clone();
            object(new, "spec")["finalizers"] = if finalizers.is_null() {
                json!([])
            } else {
                finalizers
            };
        }
        _ => (kind.rules.update)(new, before),
    }
}

/// The generation counts changes of what is asked for.
fn grow_generation(kind: &Kind, new: &mut Value, before: &Value) {
    if kind.generation == Generation::Absent {
        return;
    }
    let asked = |value: &Value| {
        let mut value = value.clone();
        remove(&mut value, "metadata");
        remove(&mut value, "status");
        value
    };
    if asked(new) != asked(before) {
        let generation = int(before, "/metadata/generation").unwrap_or_default();
        let generation = generation.saturating_add(1);
        new["metadata"]["generation"] = json!(generation);
    }
}

/// Nobody may hold back what is already being deleted.
fn check_finalizers(new: &Value, before: &Value, issues: &mut Issues) {
    if !has(before, "/metadata/deletionTimestamp") {
        return;
    }
    let had = list(before, "/metadata/finalizers");
    let added: Vec<&str> = list(new, "/metadata/finalizers")
        .iter()
        .filter(|finalizer| !had.contains(finalizer))
        .filter_map(Value::as_str)
        .collect();
    if !added.is_empty() {
        let shown: Vec<String> = added
            .iter()
            .map(|finalizer| format!("\"{finalizer}\""))
            .collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            shown.join(", ")
        );
        issues.forbidden("metadata.finalizers", &detail);
    }
}

/// Whether an object that is being deleted is held by nothing any longer.
pub(super) fn ends(kind: &Kind, value: &Value) -> bool {
    let deleted = has(value, "/metadata/deletionTimestamp");
    let held = !list(value, "/metadata/finalizers").is_empty();
    let graceful = int(value, "/metadata/deletionGracePeriodSeconds").unwrap_or_default() > 0;
    let has_content =
        kind.admission == Admission::Namespace && !list(value, "/spec/finalizers").is_empty();
    deleted && !held && !graceful && !has_content
}
