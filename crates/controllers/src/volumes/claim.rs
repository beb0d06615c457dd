//! One claim: finds it a volume, completes its binding, notices its loss.
//!
//! Invariants:
//! - A claim that was bound once is never bound to another volume; it becomes Lost.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Map, Value, json};

use super::matching::{
    best_for_binder, capacity, class_of_claim, class_of_volume, has_modes, requested,
    same_attributes, same_mode, waits_for_consumer,
};
use super::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, SELECTED_NODE, annotated, binding_patch, claim_ref,
    is_bound_to, volume_name,
};
use crate::plan::{Announcement, Plan, Severity, Write};
use crate::world::World;

const NO_PLUGIN: &str = "no volume plugin matched name: ";

pub(super) fn sync(claim: &PersistentVolumeClaim, world: &World) -> Plan {
    if annotated(&claim.metadata, BIND_COMPLETED) {
        return bound(claim, world);
    }
    match volume_name(claim) {
        None => unbound(claim, world),
        Some(name) => wanting(claim, name, world),
    }
}

/// A claim that names no volume yet.
fn unbound(claim: &PersistentVolumeClaim, world: &World) -> Plan {
    if let Some(volume) = best_for_binder(claim, world) {
        return bind(&volume, claim);
    }
    let class = class_of_claim(claim);
    if waits_for_consumer(claim, world) && !annotated(&claim.metadata, SELECTED_NODE) {
        pending_with(claim, waiting(claim, world))
    } else if class.is_empty() {
        let text = "no persistent volumes available for this claim and no storage class is set";
        pending_with(
            claim,
            Announcement::about(claim, Severity::Normal, "FailedBinding", text),
        )
    } else {
        pending_with(claim, not_provisioned(claim, class, world))
    }
}

fn waiting(claim: &PersistentVolumeClaim, world: &World) -> Announcement {
    let pods = unscheduled_pods(claim, world);
    let (reason, text) = match pods.as_slice() {
        [] => (
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding".to_owned(),
        ),
        [pod] => (
            "WaitForPodScheduled",
            format!("waiting for pod {pod} to be scheduled"),
        ),
        pods => (
            "WaitForPodScheduled",
            format!("waiting for pods {} to be scheduled", pods.join(",")),
        ),
    };
    Announcement::about(claim, Severity::Normal, reason, text)
}

fn unscheduled_pods(claim: &PersistentVolumeClaim, world: &World) -> Vec<String> {
    let namespace = claim.metadata.namespace.as_deref().unwrap_or_default();
    let name = claim.metadata.name.as_deref().unwrap_or_default();
    world
        .within::<Pod>(namespace)
        .filter(|pod| !crate::pods::is_placed(pod) && !crate::pods::is_finished(pod))
        .filter(|pod| crate::pods::claims(pod).any(|used| used == name))
        .filter_map(|pod| pod.metadata.name.clone())
        .collect()
}

fn not_provisioned(claim: &PersistentVolumeClaim, class: &str, world: &World) -> Announcement {
    let failed =
        |text: String| Announcement::about(claim, Severity::Warning, "ProvisioningFailed", text);
    let Some(class) = world.get::<StorageClass>("", class) else {
        return failed(format!(
            r#"storageclass.storage.k8s.io "{class}" not found"#
        ));
    };
    let provisioner = &class.provisioner;
    if provisioner.starts_with("kubernetes.io/") {
        return failed(format!("{NO_PLUGIN}{provisioner}"));
    }
    let text = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the \
         system administrator. If volume creation is delayed, please verify that the provisioner is running and \
         correctly registered."
    );
    Announcement::about(claim, Severity::Normal, "ExternalProvisioning", text)
}

/// A claim that names a volume of its choice.
fn wanting(claim: &PersistentVolumeClaim, name: &str, world: &World) -> Plan {
    let Some(volume) = world.get::<PersistentVolume>("", name) else {
        return pending(claim);
    };
    if claim_ref(volume).is_none() {
        return match unsuitable(claim, volume) {
            None => bind(volume, claim),
            Some(why) => {
                let text = format!(r#"Cannot bind to requested volume "{name}": {why}"#);
                pending_with(
                    claim,
                    Announcement::about(claim, Severity::Warning, "VolumeMismatch", text),
                )
            }
        };
    }
    if is_bound_to(volume, claim) {
        return bind(volume, claim);
    }
    if annotated(&claim.metadata, BOUND_BY_CONTROLLER) {
        return Plan::nothing();
    }
    let text = format!(r#"volume "{name}" already bound to a different claim."#);
    pending_with(
        claim,
        Announcement::about(claim, Severity::Warning, "FailedBinding", text),
    )
}

fn unsuitable(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<String> {
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    let why = if volume.metadata.deletion_timestamp.is_some() {
        return Some(format!(r#"the volume is marked for deletion "{name}""#));
    } else if capacity(volume) < requested(claim) {
        "requested PV is too small"
    } else if class_of_claim(claim) != class_of_volume(volume) {
        "storageClassName does not match"
    } else if !same_attributes(claim, volume) {
        "volumeAttributesClassName does not match"
    } else if !same_mode(claim, volume) {
        "incompatible volumeMode"
    } else if !has_modes(claim, volume) {
        "incompatible accessMode"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// A claim that was bound before.
fn bound(claim: &PersistentVolumeClaim, world: &World) -> Plan {
    let Some(name) = volume_name(claim) else {
        let text =
            "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        return lost(claim, "ClaimLost", text);
    };
    let Some(volume) = world.get::<PersistentVolume>("", name) else {
        let text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        return lost(claim, "ClaimLost", text);
    };
    match claim_ref(volume) {
        Some(reference) if reference.uid != claim.metadata.uid => lost(
            claim,
            "ClaimMisbound",
            "Two claims are bound to the same volume, this one is bound incorrectly",
        ),
        Some(_) | None => bind(volume, claim),
    }
}

/// The next of the four writes that bind a claim to a volume.
fn bind(volume: &Arc<PersistentVolume>, claim: &PersistentVolumeClaim) -> Plan {
    let plan = |write| Plan::one(write);
    if let Some(patch) = binding_patch(volume, claim) {
        return plan(Write::patch(&**volume, patch));
    }
    if let Some(status) = super::volume::phase(volume, "Bound", "") {
        return plan(Write::patch_status(&**volume, &status));
    }
    if let Some(patch) = claim_patch(volume, claim) {
        return plan(Write::patch(claim, patch));
    }
    match bound_status(volume, claim) {
        Some(status) => plan(Write::patch_status(claim, &status)),
        None => Plan::nothing(),
    }
}

fn claim_patch(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<Value> {
    let mut annotations = Map::new();
    let mut patch = json!({});
    if volume_name(claim) != volume.metadata.name.as_deref() {
        patch["spec"] = json!({"volumeName": volume.metadata.name});
        if !annotated(&claim.metadata, BOUND_BY_CONTROLLER) {
            annotations.insert(BOUND_BY_CONTROLLER.to_owned(), json!("yes"));
        }
    }
    if !annotated(&claim.metadata, BIND_COMPLETED) {
        annotations.insert(BIND_COMPLETED.to_owned(), json!("yes"));
    }
    if annotations.is_empty() && patch.get("spec").is_none() {
        return None;
    }
    if !annotations.is_empty() {
        patch["metadata"] = json!({"annotations": annotations});
    }
    Some(patch)
}

fn bound_status(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<Value> {
    let status = claim.status.clone().unwrap_or_default();
    let spec = volume.spec.as_ref()?;
    let size = spec
        .capacity
        .as_ref()
        .and_then(|capacity| capacity.get("storage"));
    let mut patch = Map::new();
    if status.phase.as_deref() != Some("Bound") {
        patch.insert("phase".to_owned(), json!("Bound"));
    }
    if status.access_modes != spec.access_modes {
        patch.insert("accessModes".to_owned(), json!(spec.access_modes));
    }
    if status
        .capacity
        .as_ref()
        .and_then(|capacity| capacity.get("storage"))
        != size
    {
        patch.insert("capacity".to_owned(), json!({"storage": size}));
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Back to, or still, Pending.
fn pending(claim: &PersistentVolumeClaim) -> Plan {
    unbound_status(claim, "Pending").map_or_else(Plan::nothing, |status| {
        Plan::one(Write::patch_status(claim, &status))
    })
}

fn pending_with(claim: &PersistentVolumeClaim, told: Announcement) -> Plan {
    let mut plan = Plan::nothing();
    plan.tell(told);
    plan.steps.extend(pending(claim).steps);
    plan
}

fn lost(claim: &PersistentVolumeClaim, reason: &'static str, text: &str) -> Plan {
    let already = claim
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
        == Some("Lost");
    let Some(status) = unbound_status(claim, "Lost") else {
        return Plan::nothing();
    };
    let mut plan = Plan::nothing();
    let step = plan.write(Write::patch_status(claim, &status));
    if !already {
        step.told = Some(Announcement::about(claim, Severity::Warning, reason, text));
    }
    plan
}

/// The status of a claim without a volume; `None` if it has it.
fn unbound_status(claim: &PersistentVolumeClaim, phase: &str) -> Option<Value> {
    let status = claim.status.clone().unwrap_or_default();
    let mut patch = Map::new();
    if status.phase.as_deref() != Some(phase) {
        patch.insert("phase".to_owned(), json!(phase));
    }
    if status.access_modes.is_some() {
        patch.insert("accessModes".to_owned(), Value::Null);
    }
    if status.capacity.is_some() {
        patch.insert("capacity".to_owned(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}
