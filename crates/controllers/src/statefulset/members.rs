//! Which pods and revisions are a set's.
//!
//! Invariants:
//! - A pod is a member by name and labels; it is adopted only if nobody controls it.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use super::selected;
use crate::object::Cached;
use crate::owners;
use crate::plan::{Write, list};
use crate::pods;
use crate::world::World;

/// The ordinal in a pod's name, and the name of its set.
pub(super) fn parent_and_ordinal(pod: &Pod) -> Option<(&str, i32)> {
    let (parent, ordinal) = pod.metadata.name.as_deref()?.rsplit_once('-')?;
    let digits = !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
    Some((parent, digits.then(|| ordinal.parse().ok())??))
}

/// Whether the pod's name and labels make it the set's.
pub(super) fn belongs(pod: &Pod, set: &StatefulSet) -> bool {
    named_after(pod, set) && selected(set, pod.metadata.labels.as_ref())
}

fn named_after(pod: &Pod, set: &StatefulSet) -> bool {
    parent_and_ordinal(pod).is_some_and(|(parent, _)| Some(parent) == set.metadata.name.as_deref())
}

/// The pods that the set controls.
pub(super) fn pods(set: &StatefulSet, world: &World) -> Vec<Arc<Pod>> {
    let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
    world
        .within::<Pod>(namespace)
        .filter(|pod| belongs(pod, set) && owners::controls(&set.metadata, &pod.metadata))
        .cloned()
        .collect()
}

/// The writes that take orphans in, and let go what no longer fits.
pub(super) fn adoption(set: &StatefulSet, world: &World) -> Vec<Write> {
    if set.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
    let revisions = world
        .within::<ControllerRevision>(namespace)
        .filter(|revision| {
            orphan(&revision.metadata) && selected(set, revision.metadata.labels.as_ref())
        })
        .map(|revision| adopt(set, &**revision));
    let orphans = world
        .within::<Pod>(namespace)
        .filter(|pod| orphan(&pod.metadata) && !pods::is_terminating(pod) && belongs(pod, set))
        .map(|pod| adopt(set, &**pod));
    let strangers = world
        .within::<Pod>(namespace)
        .filter(|pod| owners::controls(&set.metadata, &pod.metadata) && !pods::is_terminating(pod))
        .filter(|pod| named_after(pod, set) && !belongs(pod, set))
        .map(|pod| release(set, pod));
    revisions.chain(orphans).chain(strangers).collect()
}

fn orphan(meta: &ObjectMeta) -> bool {
    owners::controller(meta).is_none()
}

fn adopt<T: Cached>(set: &StatefulSet, object: &T) -> Write {
    let references = owners::adopted(object.meta(), owners::reference(set));
    Write::patch(object, json!({"metadata": {"ownerReferences": references}}))
}

fn release(set: &StatefulSet, pod: &Pod) -> Write {
    let references = owners::kept(&pod.metadata, |owner| {
        Some(&owner.uid) != set.metadata.uid.as_ref()
    });
    Write::patch(
        pod,
        json!({"metadata": {"ownerReferences": list(&references)}}),
    )
}
