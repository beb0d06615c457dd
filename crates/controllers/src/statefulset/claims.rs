//! The claims of one pod, and who owns them.
//!
//! Invariants:
//! - A claim that exists under the right name is used as it is.
//! - Owners follow the retention policy: the set while the ordinal is in range, the pod when it is not.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

use super::{Done, View};
use crate::object::Kind;
use crate::owners;
use crate::plan::{Step, Write, list};

/// The set's claim templates.
pub(super) fn templates<'a>(view: &View<'a>) -> &'a [PersistentVolumeClaim] {
    let spec = view.set.spec.as_ref();
    spec.and_then(|spec| spec.volume_claim_templates.as_deref())
        .unwrap_or_default()
}

/// The name of the claim for a template and ordinal.
pub(super) fn name(view: &View<'_>, template: &PersistentVolumeClaim, ordinal: i32) -> String {
    let template = template.metadata.name.as_deref().unwrap_or_default();
    format!("{template}-{}-{ordinal}", view.name())
}

/// The steps that make the missing claims, or why there can be no pod.
pub(super) fn missing(view: &View<'_>, pod: &str, ordinal: i32) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for template in templates(view) {
        let claim = name(view, template, ordinal);
        match view
            .world
            .get::<PersistentVolumeClaim>(view.namespace(), &claim)
        {
            Some(found) if found.metadata.deletion_timestamp.is_some() => {
                return Err(format!("pvc {claim} is being deleted"));
            }
            Some(_) => {}
            None => steps.push(create(view, template, &claim, pod)),
        }
    }
    Ok(steps)
}

fn create(view: &View<'_>, template: &PersistentVolumeClaim, claim: &str, pod: &str) -> Step {
    let set = view.name();
    let mut body = json!(template);
    body["apiVersion"] = json!("v1");
    body["kind"] = json!("PersistentVolumeClaim");
    body["metadata"]["name"] = json!(claim);
    body["metadata"]["namespace"] = json!(view.namespace());
    let selector = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.selector.match_labels.as_ref());
    for (key, value) in selector.into_iter().flatten() {
        body["metadata"]["labels"][key] = json!(value);
    }
    view.announced(
        Write::create(Kind::PersistentVolumeClaim, view.namespace(), claim, body),
        Done::Create,
        &format!("create Claim {claim} Pod {pod} in StatefulSet {set} success"),
        &format!("create Claim {claim} for Pod {pod} in StatefulSet {set} failed error: "),
    )
}

/// Whether a claim still belongs to an earlier pod of the same name, and is about to go with it.
pub(super) fn stale(view: &View<'_>, pod: &str, ordinal: i32) -> bool {
    let (scaled, _) = policy(view);
    scaled == Keep::Delete
        && existing(view, ordinal).any(|claim| {
            let owners = claim.metadata.owner_references.iter().flatten();
            let current = view.world.get::<Pod>(view.namespace(), pod);
            let uid = current.and_then(|pod| pod.metadata.uid.as_ref());
            owners
                .into_iter()
                .any(|owner| owner.kind == "Pod" && owner.name == pod && Some(&owner.uid) != uid)
        })
}

/// The writes that give the pod's claims the owners of the policy.
pub(super) fn ownership(view: &View<'_>, pod: &Pod, ordinal: i32) -> Vec<Write> {
    existing(view, ordinal)
        .filter_map(|claim| {
            let wanted = wanted_owners(view, &claim.metadata, pod, ordinal);
            let now = owners::kept(&claim.metadata, |_| true);
            (wanted != now).then(|| {
                Write::patch(
                    &**claim,
                    json!({"metadata": {"ownerReferences": list(&wanted)}}),
                )
            })
        })
        .collect()
}

fn existing<'a>(
    view: &View<'a>,
    ordinal: i32,
) -> impl Iterator<Item = &'a Arc<PersistentVolumeClaim>> {
    let namespace = view.set.metadata.namespace.as_deref().unwrap_or_default();
    let world = view.world;
    let names: Vec<String> = templates(view)
        .iter()
        .map(|template| name(view, template, ordinal))
        .collect();
    names
        .into_iter()
        .filter_map(move |name| world.get::<PersistentVolumeClaim>(namespace, &name))
}

fn wanted_owners(view: &View<'_>, claim: &ObjectMeta, pod: &Pod, ordinal: i32) -> Vec<Value> {
    let ours = |owner: &OwnerReference| {
        Some(&owner.uid) == view.set.metadata.uid.as_ref()
            || Some(&owner.uid) == pod.metadata.uid.as_ref()
    };
    let foreign = owners::controller(claim).is_some_and(|owner| !ours(owner));
    let in_range = view.in_range(ordinal);
    let owner = match policy(view) {
        _ if foreign => None,
        (Keep::Retain | Keep::Delete, Keep::Delete) if in_range => {
            Some(owners::reference(view.set))
        }
        (Keep::Retain, Keep::Delete) => Some(owners::reference(view.set)),
        (Keep::Delete, _) if !in_range => Some(owners::reference(pod)),
        (Keep::Retain | Keep::Delete, _) => None,
    };
    // What is right already is left as it was written.
    let uid = owner.as_ref().map(|owner| owner["uid"].clone());
    let right =
        |reference: &OwnerReference| uid.as_ref().is_some_and(|uid| *uid == json!(reference.uid));
    let mut wanted = owners::kept(claim, |reference| !ours(reference) || right(reference));
    let has = claim.owner_references.iter().flatten().any(right);
    if let Some(owner) = owner.filter(|_| !has) {
        wanted.push(owner);
    }
    wanted
}

#[derive(PartialEq)]
enum Keep {
    Retain,
    Delete,
}

/// What happens to claims when the set is scaled down, and when it is deleted.
fn policy(view: &View<'_>) -> (Keep, Keep) {
    let spec = view.set.spec.as_ref();
    let policy = spec.and_then(|spec| spec.persistent_volume_claim_retention_policy.clone());
    let policy = policy.unwrap_or_default();
    let keep = |word: Option<String>| {
        if word.as_deref() == Some("Delete") {
            Keep::Delete
        } else {
            Keep::Retain
        }
    };
    (keep(policy.when_scaled), keep(policy.when_deleted))
}
