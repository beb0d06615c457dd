//! The garbage collector: what its owners leave behind.
//!
//! Invariants:
//! - An object is deleted only when the API itself says that its owners are gone.
//! - Foreground: an owner goes when no dependent that blocks it is left.
//! - Orphan: dependents lose the reference before the owner goes.
//! - Owners of kinds that are not watched count as alive.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::json;

use crate::controller::Controller;
use crate::object::{Key, Kind, Object};
use crate::owners::kept;
use crate::plan::{Plan, Propagation, Verb, Write, list};
use crate::world::{Change, World};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// The garbage collector.
#[derive(Debug, Default)]
pub struct Collector;

impl Controller for Collector {
    fn name(&self) -> &'static str {
        "garbage-collector-controller"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        let Some(object) = change.latest() else {
            return;
        };
        let meta = object.meta();
        if change.after.is_some()
            && (has_owners(meta) || has_finalizer(meta, FOREGROUND) || has_finalizer(meta, ORPHAN))
        {
            wake.push(object.key());
        }
        if change.after.is_none() || has_finalizer(meta, FOREGROUND) {
            let uid = meta.uid.as_deref().unwrap_or_default();
            wake.extend(world.dependents(uid).cloned());
        }
        // An owner that waits for this one may go on.
        for version in change.before.iter().chain(&change.after) {
            for owner in version.meta().owner_references.iter().flatten() {
                if let Some(key) = world.by_uid(&owner.uid)
                    && world
                        .object(key)
                        .is_some_and(|owner| has_finalizer(owner.meta(), FOREGROUND))
                {
                    wake.push(key.clone());
                }
            }
        }
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let Some(object) = world.object(key) else {
            return Plan::nothing();
        };
        let meta = object.meta();
        if meta.deletion_timestamp.is_some() {
            if has_finalizer(meta, ORPHAN) {
                return orphan(&object, world, now);
            }
            return if has_finalizer(meta, FOREGROUND) {
                foreground(&object, world)
            } else {
                Plan::nothing()
            };
        }
        owned(&object, world)
    }
}

fn has_owners(meta: &ObjectMeta) -> bool {
    meta.owner_references.iter().flatten().next().is_some()
}

fn has_finalizer(meta: &ObjectMeta, name: &str) -> bool {
    meta.finalizers
        .iter()
        .flatten()
        .any(|finalizer| finalizer == name)
}

/// Takes the reference from every dependent, then lets the owner go.
fn orphan(owner: &Object, world: &World, now: Timestamp) -> Plan {
    let uid = owner.meta().uid.as_deref().unwrap_or_default();
    let mut plan = Plan::nothing();
    for dependent in world.dependents(uid).filter_map(|key| world.object(key)) {
        let references = kept(dependent.meta(), |reference| reference.uid != uid);
        plan.write(Write::patch_key(
            dependent.key(),
            dependent.meta(),
            None,
            json!({"metadata": {"ownerReferences": list(&references)}}),
        ));
    }
    if plan.steps.is_empty() {
        return Plan::one(without_finalizer(owner, ORPHAN));
    }
    plan.look_again(now);
    plan
}

/// Lets the owner go once nothing that blocks it is left.
fn foreground(owner: &Object, world: &World) -> Plan {
    let uid = owner.meta().uid.as_deref().unwrap_or_default();
    let blocks = |dependent: &Object| {
        let mut references = dependent.meta().owner_references.iter().flatten();
        references
            .any(|reference| reference.uid == uid && reference.block_owner_deletion == Some(true))
    };
    let blocked = world
        .dependents(uid)
        .filter_map(|key| world.object(key))
        .any(|dependent| blocks(&dependent));
    if blocked {
        Plan::nothing()
    } else {
        Plan::one(without_finalizer(owner, FOREGROUND))
    }
}

fn without_finalizer(object: &Object, name: &str) -> Write {
    let finalizers = object.meta().finalizers.iter().flatten();
    let rest: Vec<&String> = finalizers.filter(|finalizer| *finalizer != name).collect();
    Write::patch_key(
        object.key(),
        object.meta(),
        None,
        json!({"metadata": {"finalizers": list(&rest)}}),
    )
}

/// How an owner is.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Alive,
    /// It is being deleted, and waits for this object.
    Waiting,
    Absent,
}

fn owned(object: &Object, world: &World) -> Plan {
    let meta = object.meta();
    let references: Vec<(&OwnerReference, Owner)> = meta
        .owner_references
        .iter()
        .flatten()
        .map(|reference| (reference, state(reference, world)))
        .collect();
    let is = |state| references.iter().any(|(_, owner)| *owner == state);
    if references.is_empty() || !(is(Owner::Absent) || is(Owner::Waiting)) {
        return Plan::nothing();
    }
    let mut plan = Plan::nothing();
    for (reference, _) in references
        .iter()
        .filter(|(_, owner)| *owner == Owner::Absent)
    {
        plan.steps.extend(confirmation(reference, object, world));
    }
    let uid = meta.uid.as_deref().unwrap_or_default();
    if is(Owner::Alive) {
        let alive = |reference: &OwnerReference| state(reference, world) == Owner::Alive;
        let body = json!({"metadata": {"ownerReferences": kept(meta, alive)}});
        plan.write(Write::patch_key(object.key(), meta, None, body));
        return plan;
    }
    let has_dependents = world.dependents(uid).next().is_some();
    let propagation = if is(Owner::Waiting) && has_dependents || has_finalizer(meta, FOREGROUND) {
        Propagation::Foreground
    } else if has_finalizer(meta, ORPHAN) {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    plan.write(Write {
        key: object.key(),
        verb: Verb::Delete {
            uid: meta.uid.clone(),
            version: meta.resource_version.clone(),
            grace: None,
            propagation,
        },
    });
    plan
}

fn state(reference: &OwnerReference, world: &World) -> Owner {
    let Some(owner) = world
        .by_uid(&reference.uid)
        .and_then(|key| world.object(key))
    else {
        return match Kind::named(&reference.api_version, &reference.kind) {
            Some(_) => Owner::Absent,
            None => Owner::Alive,
        };
    };
    let waits =
        owner.meta().deletion_timestamp.is_some() && has_finalizer(owner.meta(), FOREGROUND);
    if waits && reference.block_owner_deletion == Some(true) {
        Owner::Waiting
    } else {
        Owner::Alive
    }
}

/// Asks the API whether the owner is gone, unless it was seen to go.
fn confirmation(
    reference: &OwnerReference,
    object: &Object,
    world: &World,
) -> Option<crate::plan::Step> {
    if world.is_gone(&reference.uid) {
        return None;
    }
    let kind = Kind::named(&reference.api_version, &reference.kind)?;
    let namespace = if kind.descriptor().namespaced {
        object.meta().namespace.as_deref().unwrap_or_default()
    } else {
        ""
    };
    let mut plan = Plan::nothing();
    plan.write(Write {
        key: Key::new(kind, namespace, &reference.name),
        verb: Verb::ConfirmGone(reference.uid.clone()),
    });
    plan.steps.pop()
}
