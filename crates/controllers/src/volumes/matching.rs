//! Which volume a claim gets.
//!
//! Invariants:
//! - The smallest that is large enough; of equal ones the first by name.
//! - A volume that names the claim is taken whatever its class, selector and
//!   phase, but not if it is too small, of another mode, or being deleted.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use super::{claim_ref, is_bound_to};
use crate::labels::{selects, selects_node};
use crate::quantity::thousandths;
use crate::world::World;

/// Who is looking for a volume.
pub(crate) enum Seeker<'a> {
    /// The binder, for a claim that binds at once.
    Binder,
    /// The binder, for a claim that waits for a pod: it takes only volumes that name the claim.
    BinderWaiting,
    /// The scheduler, for one node.
    Scheduler(&'a Node),
}

/// The class a claim asks for; empty for none.
pub(crate) fn class_of_claim(claim: &PersistentVolumeClaim) -> &str {
    let annotations = claim.metadata.annotations.as_ref();
    let annotated = annotations.and_then(|all| all.get("volume.beta.kubernetes.io/storage-class"));
    let spec = claim
        .spec
        .as_ref()
        .and_then(|spec| spec.storage_class_name.as_ref());
    annotated.or(spec).map_or("", String::as_str)
}

/// The class of a volume; empty for none.
pub(crate) fn class_of_volume(volume: &PersistentVolume) -> &str {
    let annotations = volume.metadata.annotations.as_ref();
    let annotated = annotations.and_then(|all| all.get("volume.beta.kubernetes.io/storage-class"));
    let spec = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.storage_class_name.as_ref());
    annotated.or(spec).map_or("", String::as_str)
}

/// Whether the claim's class waits for a pod.
pub(crate) fn waits_for_consumer(claim: &PersistentVolumeClaim, world: &World) -> bool {
    world
        .get::<StorageClass>("", class_of_claim(claim))
        .is_some_and(|class| class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"))
}

/// How much a claim asks for, in thousandths of a byte.
pub(crate) fn requested(claim: &PersistentVolumeClaim) -> i128 {
    let resources = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
    resources
        .and_then(|resources| resources.requests.as_ref()?.get("storage"))
        .map_or(0, thousandths)
}

/// How much a volume holds.
pub(crate) fn capacity(volume: &PersistentVolume) -> i128 {
    let spec = volume.spec.as_ref();
    spec.and_then(|spec| spec.capacity.as_ref()?.get("storage"))
        .map_or(0, thousandths)
}

/// The best of all volumes for the binder. It tries volumes with the fewest access
/// modes first, so that a larger one may win over a smaller one that can do more.
pub(crate) fn best_for_binder(
    claim: &PersistentVolumeClaim,
    world: &World,
) -> Option<Arc<PersistentVolume>> {
    let seeker = if waits_for_consumer(claim, world) {
        Seeker::BinderWaiting
    } else {
        Seeker::Binder
    };
    let mut groups: Vec<Vec<String>> = world
        .all::<PersistentVolume>()
        .filter(|volume| has_modes(claim, volume))
        .map(|volume| sorted_modes(volume))
        .collect();
    groups.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    groups.dedup();
    groups.iter().find_map(|group| {
        let volumes = world
            .all::<PersistentVolume>()
            .filter(|volume| sorted_modes(volume) == *group);
        smallest(claim, volumes, &seeker).map(Arc::clone)
    })
}

/// The best of `volumes`.
pub(crate) fn smallest<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a Arc<PersistentVolume>>,
    seeker: &Seeker<'_>,
) -> Option<&'a Arc<PersistentVolume>> {
    let mut best: Option<&Arc<PersistentVolume>> = None;
    for volume in volumes {
        if (claim_ref(volume).is_some() && !is_bound_to(volume, claim)) || !usable(claim, volume) {
            continue;
        }
        if is_bound_to(volume, claim) {
            return reachable(volume, seeker).then_some(volume);
        }
        if chosen(claim, volume, seeker)
            && best.is_none_or(|best| capacity(volume) < capacity(best))
        {
            best = Some(volume);
        }
    }
    best
}

/// Whether the volume could be the claim's on some node.
pub(crate) fn eligible(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let mine = claim_ref(volume).is_none() || is_bound_to(volume, claim);
    class_of_claim(claim) == class_of_volume(volume) && mine && usable(claim, volume)
}

/// Whether the volume's affinity admits the node.
pub(crate) fn admits(volume: &PersistentVolume, node: &Node) -> bool {
    let affinity = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    let name = node.metadata.name.as_deref().unwrap_or_default();
    required.is_none_or(|required| selects_node(required, name, node.metadata.labels.as_ref()))
}

/// Whether the volume offers every access mode the claim asks for.
pub(crate) fn has_modes(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let offered = sorted_modes(volume);
    let wanted = claim
        .spec
        .as_ref()
        .and_then(|spec| spec.access_modes.as_ref());
    wanted
        .into_iter()
        .flatten()
        .all(|mode| offered.contains(mode))
}

/// Whether both are file systems, or both block devices.
pub(crate) fn same_mode(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let claim = claim
        .spec
        .as_ref()
        .and_then(|spec| spec.volume_mode.as_deref());
    let volume = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.volume_mode.as_deref());
    claim.unwrap_or("Filesystem") == volume.unwrap_or("Filesystem")
}

/// Whether both are of the same attributes class.
pub(crate) fn same_attributes(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let claim = claim
        .spec
        .as_ref()
        .and_then(|spec| spec.volume_attributes_class_name.as_deref());
    let volume = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.volume_attributes_class_name.as_deref());
    claim.unwrap_or_default() == volume.unwrap_or_default()
}

fn usable(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    capacity(volume) >= requested(claim)
        && same_mode(claim, volume)
        && same_attributes(claim, volume)
        && volume.metadata.deletion_timestamp.is_none()
}

fn chosen(claim: &PersistentVolumeClaim, volume: &PersistentVolume, seeker: &Seeker<'_>) -> bool {
    let phase = volume
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let selector = claim.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    !matches!(seeker, Seeker::BinderWaiting)
        && phase == Some("Available")
        && selector.is_none_or(|selector| selects(selector, volume.metadata.labels.as_ref()))
        && class_of_claim(claim) == class_of_volume(volume)
        && reachable(volume, seeker)
        && (!matches!(seeker, Seeker::Scheduler(_)) || has_modes(claim, volume))
}

fn reachable(volume: &PersistentVolume, seeker: &Seeker<'_>) -> bool {
    match seeker {
        Seeker::Binder | Seeker::BinderWaiting => true,
        Seeker::Scheduler(node) => admits(volume, node),
    }
}

fn sorted_modes(volume: &PersistentVolume) -> Vec<String> {
    let modes = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.access_modes.clone());
    let mut modes = modes.unwrap_or_default();
    modes.sort_unstable();
    modes
}
