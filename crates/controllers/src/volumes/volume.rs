//! One volume: its phase, and its end when its claim is gone.
//!
//! Invariants:
//! - The status is written only when the phase changes; so a repeated failure says nothing new.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::{Map, Value, json};

use super::matching::same_mode;
use super::{BOUND_BY_CONTROLLER, PROVISIONED_BY, annotated, claim_ref, no_uid, volume_name};
use crate::plan::{Announcement, Plan, Severity, Write};
use crate::world::World;

pub(super) fn sync(volume: &PersistentVolume, world: &World) -> Plan {
    let Some(reference) = claim_ref(volume) else {
        return become_phase(volume, "Available");
    };
    if no_uid(reference) {
        return become_phase(volume, "Available");
    }
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    let name = reference.name.as_deref().unwrap_or_default();
    let claim = world
        .get::<PersistentVolumeClaim>(namespace, name)
        .filter(|claim| claim.metadata.uid == reference.uid);
    let Some(claim) = claim else {
        return released(volume);
    };
    match volume_name(claim) {
        None if same_mode(claim, volume) => Plan::nothing(),
        None => mismatch(volume, claim),
        Some(name) if Some(name) == volume.metadata.name.as_deref() => {
            become_phase(volume, "Bound")
        }
        Some(_) => unbind(volume),
    }
}

fn mismatch(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Plan {
    let volume_text = format!(
        r#"Cannot bind PersistentVolume to requested PersistentVolumeClaim "{}" due to incompatible volumeMode."#,
        claim.metadata.name.as_deref().unwrap_or_default()
    );
    let claim_text = format!(
        r#"Cannot bind PersistentVolume "{}" to requested PersistentVolumeClaim "{}" due to incompatible volumeMode."#,
        volume.metadata.name.as_deref().unwrap_or_default(),
        claim.metadata.name.as_deref().unwrap_or_default()
    );
    let mut plan = Plan::nothing();
    plan.tell(Announcement::about(
        volume,
        Severity::Warning,
        "VolumeMismatch",
        volume_text,
    ));
    plan.tell(Announcement::about(
        claim,
        Severity::Warning,
        "VolumeMismatch",
        claim_text,
    ));
    plan
}

/// The claim took another volume: this one is free again, or reserved as the user wrote it.
fn unbind(volume: &PersistentVolume) -> Plan {
    let patch = if annotated(&volume.metadata, BOUND_BY_CONTROLLER) {
        json!({
            "metadata": {"annotations": {BOUND_BY_CONTROLLER: null}},
            "spec": {"claimRef": null},
        })
    } else {
        json!({"spec": {"claimRef": {"uid": null}}})
    };
    Plan::one(Write::patch(volume, patch))
}

/// The claim is gone.
fn released(volume: &PersistentVolume) -> Plan {
    let phase = volume
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    if !matches!(phase, Some("Released" | "Failed")) {
        return become_phase(volume, "Released");
    }
    let policy = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
    match policy {
        Some("Delete") => delete(volume),
        Some("Recycle") => fail(
            volume,
            "VolumeFailedRecycle",
            "No recycler plugin found for the volume!",
        ),
        _ => Plan::nothing(),
    }
}

fn delete(volume: &PersistentVolume) -> Plan {
    let annotations = volume.metadata.annotations.as_ref();
    let provisioner = annotations.and_then(|all| all.get(PROVISIONED_BY));
    if provisioner.is_some_and(|by| !by.starts_with("kubernetes.io/")) {
        return Plan::nothing();
    }
    let host_path = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.host_path.as_ref());
    match host_path.map(|source| source.path.as_str()) {
        // Kubernetes empties the directory as its controller manager sees it; there is none here.
        Some(path) if deletable(path) && volume.metadata.deletion_timestamp.is_some() => {
            Plan::nothing()
        }
        Some(path) if deletable(path) => Plan::one(Write::delete(volume)),
        Some(path) => {
            let text =
                format!("host_path deleter only supports /tmp/.+ but received provided {path}");
            fail(volume, "VolumeFailedDelete", &text)
        }
        None => {
            let name = volume.metadata.name.as_deref().unwrap_or_default();
            let text = format!(
                r#"error getting deleter volume plugin for volume "{name}": no volume plugin matched"#
            );
            fail(volume, "VolumeFailedDelete", &text)
        }
    }
}

fn deletable(path: &str) -> bool {
    path.split_once("/tmp/")
        .is_some_and(|(_, rest)| !rest.is_empty())
}

fn fail(volume: &PersistentVolume, reason: &'static str, text: &str) -> Plan {
    let Some(status) = phase(volume, "Failed", text) else {
        return Plan::nothing();
    };
    let mut plan = Plan::nothing();
    plan.write(Write::patch_status(volume, &status)).told =
        Some(Announcement::about(volume, Severity::Warning, reason, text));
    plan
}

fn become_phase(volume: &PersistentVolume, wanted: &str) -> Plan {
    phase(volume, wanted, "").map_or_else(Plan::nothing, |status| {
        Plan::one(Write::patch_status(volume, &status))
    })
}

/// The status with a phase and message; `None` if it is in that phase.
pub(super) fn phase(volume: &PersistentVolume, wanted: &str, message: &str) -> Option<Value> {
    let status = volume.status.clone().unwrap_or_default();
    if status.phase.as_deref() == Some(wanted) {
        return None;
    }
    let mut patch = Map::new();
    patch.insert("phase".to_owned(), json!(wanted));
    if !message.is_empty() {
        patch.insert("message".to_owned(), json!(message));
    } else if status.message.is_some() {
        patch.insert("message".to_owned(), Value::Null);
    }
    Some(Value::Object(patch))
}
