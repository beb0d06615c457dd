//! Binds claims to volumes and ends volumes whose claims are gone.
//!
//! Invariants:
//! - One write at a time, in the order volume, volume's status, claim, claim's
//!   status; each is decided anew from what the one before it made.
//! - Volumes made after a claim are noticed at the next tick, as in Kubernetes,
//!   unless they name the claim.

pub mod protection;

mod claim;
pub(crate) mod matching;
mod volume;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::controller::Controller;
use crate::object::{Key, Kind};
use crate::plan::Plan;
use crate::world::{Change, World};

pub(crate) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub(crate) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// The persistentvolume-controller.
#[derive(Debug)]
pub struct Binder {
    resync: SignedDuration,
}

impl Binder {
    /// Looks at everything again every `resync` (15 s in Kubernetes).
    pub fn new(resync: SignedDuration) -> Self {
        Self { resync }
    }
}

impl Controller for Binder {
    fn name(&self) -> &'static str {
        "persistentvolume-controller"
    }

    fn period(&self) -> Option<SignedDuration> {
        Some(self.resync)
    }

    fn tick(&mut self, world: &World, _now: Timestamp) -> Vec<Key> {
        let volumes = world
            .all::<PersistentVolume>()
            .map(|volume| Key::of(&**volume));
        let claims = world
            .all::<PersistentVolumeClaim>()
            .map(|claim| Key::of(&**claim));
        volumes.chain(claims).collect()
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        if let Some(volume) = change.newest::<PersistentVolume>() {
            wake.push(Key::of(&**volume));
            wake.extend(
                claim_of(volume, world)
                    .filter(|claim| change.after.is_none() || volume_name(claim).is_none())
                    .map(|claim| Key::of(&**claim)),
            );
        }
        if let Some(claim) = change.newest::<PersistentVolumeClaim>() {
            wake.push(Key::of(&**claim));
            wake.extend(volume_name(claim).map(|name| Key::new(Kind::PersistentVolume, "", name)));
            if change.after.is_none() {
                let named = world
                    .all::<PersistentVolume>()
                    .filter(|volume| names(volume, claim));
                wake.extend(named.map(|volume| Key::of(&**volume)));
            }
        }
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let mut plan = match key.kind {
            Kind::PersistentVolumeClaim => world
                .get::<PersistentVolumeClaim>(&key.namespace, &key.name)
                .map_or_else(Plan::nothing, |claim| claim::sync(claim, world)),
            _ => world
                .get::<PersistentVolume>("", &key.name)
                .map_or_else(Plan::nothing, |volume| volume::sync(volume, world)),
        };
        if plan.steps.iter().any(|step| step.write.is_some()) {
            plan.look_again(now);
        }
        plan
    }
}

/// The claim that a volume names.
fn claim_of<'a>(
    volume: &PersistentVolume,
    world: &'a World,
) -> Option<&'a Arc<PersistentVolumeClaim>> {
    let reference = claim_ref(volume)?;
    world.get::<PersistentVolumeClaim>(
        reference.namespace.as_deref().unwrap_or_default(),
        reference.name.as_deref().unwrap_or_default(),
    )
}

pub(crate) fn claim_ref(volume: &PersistentVolume) -> Option<&ObjectReference> {
    volume.spec.as_ref()?.claim_ref.as_ref()
}

pub(crate) fn volume_name(claim: &PersistentVolumeClaim) -> Option<&str> {
    let name = claim.spec.as_ref()?.volume_name.as_deref()?;
    (!name.is_empty()).then_some(name)
}

pub(crate) fn annotated(meta: &ObjectMeta, annotation: &str) -> bool {
    meta.annotations
        .as_ref()
        .is_some_and(|all| all.contains_key(annotation))
}

/// Whether the volume names the claim, by name alone.
pub(crate) fn names(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    claim_ref(volume).is_some_and(|reference| {
        reference.name == claim.metadata.name && reference.namespace == claim.metadata.namespace
    })
}

/// Whether the volume is this claim's, or reserved for its name.
pub(crate) fn is_bound_to(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    names(volume, claim)
        && claim_ref(volume)
            .is_some_and(|reference| no_uid(reference) || reference.uid == claim.metadata.uid)
}

pub(crate) fn no_uid(reference: &ObjectReference) -> bool {
    reference.uid.as_deref().unwrap_or_default().is_empty()
}

/// What makes `volume` the claim's; `None` if it is that already.
pub(crate) fn binding_patch(
    volume: &PersistentVolume,
    claim: &PersistentVolumeClaim,
) -> Option<Value> {
    let mut patch = json!({});
    let mut needed = false;
    if !is_bound_to(volume, claim) && !annotated(&volume.metadata, BOUND_BY_CONTROLLER) {
        patch["metadata"] = json!({"annotations": {BOUND_BY_CONTROLLER: "yes"}});
        needed = true;
    }
    let complete = claim_ref(volume).is_some_and(|reference| reference.uid == claim.metadata.uid);
    if !(names(volume, claim) && complete) {
        patch["spec"] = json!({"claimRef": {
            "kind": "PersistentVolumeClaim",
            "namespace": claim.metadata.namespace,
            "name": claim.metadata.name,
            "uid": claim.metadata.uid,
            "apiVersion": "v1",
            "resourceVersion": claim.metadata.resource_version,
        }});
        needed = true;
    }
    needed.then_some(patch)
}
