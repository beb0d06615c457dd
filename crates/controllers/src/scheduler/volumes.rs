//! The volumes of a pod that is to be placed.
//!
//! Invariants:
//! - Bound claims hold the pod to the nodes of their volumes; claims that wait for
//!   it get the smallest volume of the node; any other unbound claim turns the pod down.
//! - A volume reserved for another claim is not offered again.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};

use super::filters::{Filter, Help, Refusal, Volumes};
use super::reservations::{Reservation, Reservations, standing};
use crate::object::Key;
use crate::plan::Write;
use crate::pods;
use crate::version::Version;
use crate::volumes::matching::{Seeker, admits, eligible, requested, smallest, waits_for_consumer};
use crate::volumes::{
    BIND_COMPLETED, SELECTED_NODE, annotated, binding_patch, claim_ref, volume_name,
};
use crate::world::World;

const MISSING_VOLUME: &str =
    "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
const NO_VOLUME: &str = "node(s) didn't find available persistent volumes to bind";

/// The claims of one pod.
pub(super) struct Claims {
    bound: Vec<Arc<PersistentVolumeClaim>>,
    waiting: Vec<Waiting>,
}

/// A claim that waits for the pod, and what it could get on some node.
struct Waiting {
    claim: Arc<PersistentVolumeClaim>,
    key: Key,
    candidates: Vec<Arc<PersistentVolume>>,
}

impl Claims {
    pub(super) fn of(
        pod: &Pod,
        world: &World,
        reservations: &Reservations,
    ) -> Result<Self, String> {
        let mut found = Self {
            bound: Vec::new(),
            waiting: Vec::new(),
        };
        let mut immediate = false;
        for name in pods::claims(pod) {
            let claim = usable(pod, &name, world)?;
            if is_bound(&claim) {
                found.bound.push(claim);
            } else if waits_for_consumer(&claim, world) && volume_name(&claim).is_none() {
                found.waiting.push(Waiting::new(claim, world, reservations));
            } else {
                immediate = true;
            }
        }
        if immediate {
            return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        found
            .waiting
            .sort_by_key(|waiting| requested(&waiting.claim));
        Ok(found)
    }

    /// Whether a claim for one pod alone is used by another pod.
    pub(super) fn taken(&self, pod: &Pod, world: &World, reservations: &Reservations) -> bool {
        let exclusive = |claim: &&Arc<PersistentVolumeClaim>| {
            let spec = claim.spec.iter();
            let mut modes = spec.flat_map(|spec| spec.access_modes.iter().flatten());
            modes.any(|mode| mode == "ReadWriteOncePod")
        };
        let waiting = self.waiting.iter().map(|waiting| &waiting.claim);
        let exclusive: Vec<_> = self.bound.iter().chain(waiting).filter(exclusive).collect();
        if exclusive.is_empty() {
            return false;
        }
        let others = standing(world, reservations).filter(|other| {
            let meta = &other.pod.metadata;
            meta.namespace == pod.metadata.namespace && meta.uid != pod.metadata.uid
        });
        let mut used = others.flat_map(|other| pods::claims(other.pod));
        used.any(|name| {
            exclusive
                .iter()
                .any(|claim| claim.metadata.name.as_ref() == Some(&name))
        })
    }

    /// The volumes that the node gives to the waiting claims.
    pub(super) fn find(
        &self,
        node: &Node,
        world: &World,
        reservations: &Reservations,
        version: Version,
    ) -> Result<Volumes, Refusal> {
        let mut reasons = Vec::new();
        for claim in &self.bound {
            match world.get::<PersistentVolume>("", volume_name(claim).unwrap_or_default()) {
                None => reasons.push(MISSING_VOLUME.to_owned()),
                Some(volume) if !admits(volume, node) => {
                    reasons.push(version.volume_affinity().to_owned());
                }
                Some(_) => {}
            }
        }
        reasons.truncate(1);
        let mut chosen = Volumes::new();
        for waiting in &self.waiting {
            if let Some(volume) = waiting.choose(node, world, reservations, &chosen) {
                chosen.push((volume, waiting.key.clone()));
            } else {
                reasons.push(NO_VOLUME.to_owned());
                break;
            }
        }
        if reasons.is_empty() {
            return Ok(chosen);
        }
        Err(Refusal {
            filter: Filter::Volumes,
            reasons,
            help: Help::Nothing,
        })
    }
}

impl Waiting {
    fn new(claim: Arc<PersistentVolumeClaim>, world: &World, reservations: &Reservations) -> Self {
        let free = |volume: &&Arc<PersistentVolume>| {
            let name = volume.metadata.name.as_deref().unwrap_or_default();
            eligible(&claim, volume) && reservations.claim_for(name).is_none()
        };
        let candidates = world
            .all::<PersistentVolume>()
            .filter(free)
            .cloned()
            .collect();
        Self {
            key: Key::of(&*claim),
            candidates,
            claim,
        }
    }

    fn choose(
        &self,
        node: &Node,
        world: &World,
        reservations: &Reservations,
        chosen: &Volumes,
    ) -> Option<String> {
        let annotations = self.claim.metadata.annotations.as_ref();
        let selected = annotations.and_then(|all| all.get(SELECTED_NODE));
        if selected.is_some_and(|selected| Some(selected) != node.metadata.name.as_ref()) {
            return None;
        }
        if let Some(reserved) = reservations.volume_for(&self.key) {
            let volume = world.get::<PersistentVolume>("", reserved)?;
            return admits(volume, node).then(|| reserved.to_owned());
        }
        let untaken = |volume: &&Arc<PersistentVolume>| {
            let name = volume.metadata.name.as_ref();
            !chosen.iter().any(|(taken, _)| Some(taken) == name)
        };
        let free = self.candidates.iter().filter(untaken);
        let best = smallest(&self.claim, free, &Seeker::Scheduler(node))?;
        best.metadata.name.clone()
    }
}

fn usable(pod: &Pod, name: &str, world: &World) -> Result<Arc<PersistentVolumeClaim>, String> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let Some(claim) = world.get::<PersistentVolumeClaim>(namespace, name) else {
        return Err(format!(r#"persistentvolumeclaim "{name}" not found"#));
    };
    let phase = claim
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    if phase == Some("Lost") {
        let volume = volume_name(claim).unwrap_or_default();
        return Err(format!(
            r#"persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}""#
        ));
    }
    if claim.metadata.deletion_timestamp.is_some() {
        return Err(format!(
            r#"persistentvolumeclaim "{name}" is being deleted"#
        ));
    }
    Ok(Arc::clone(claim))
}

fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    volume_name(claim).is_some() && annotated(&claim.metadata, BIND_COMPLETED)
}

/// Whether every claim of the pod is bound.
pub(super) fn all_bound(pod: &Pod, world: &World) -> bool {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    pods::claims(pod).all(|name| {
        world
            .get::<PersistentVolumeClaim>(namespace, &name)
            .is_some_and(|claim| is_bound(claim))
    })
}

/// The write that gives `volume` to `claim`, unless it has it.
pub(super) fn assume(volume: &str, claim: &Key, world: &World) -> Option<Write> {
    let volume = world.get::<PersistentVolume>("", volume)?;
    let claim = world.get::<PersistentVolumeClaim>(&claim.namespace, &claim.name)?;
    binding_patch(volume, claim).map(|patch| Write::patch(&**volume, patch))
}

/// Why the volumes will never be bound as reserved.
pub(super) fn binding_failed(
    pod: &Pod,
    reservation: &Reservation,
    world: &World,
) -> Option<String> {
    for (name, claim) in &reservation.volumes {
        let Some(volume) = world.get::<PersistentVolume>("", name) else {
            return Some(format!(r#"binding volumes: pv "{name}" not found"#));
        };
        if claim_ref(volume).is_none_or(|reference| reference.uid.is_none()) {
            return Some(format!(
                r#"binding volumes: ClaimRef got reset for pv "{name}""#
            ));
        }
        if world
            .get::<PersistentVolumeClaim>(&claim.namespace, &claim.name)
            .is_none()
        {
            return Some(format!(
                r#"binding volumes: persistentvolumeclaim "{}" not found"#,
                claim.name
            ));
        }
    }
    let node = world.get::<Node>("", &reservation.node);
    let strays = pods::claims(pod).any(|claim| {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let claim = world.get::<PersistentVolumeClaim>(namespace, &claim);
        let volume = claim.and_then(|claim| volume_name(claim));
        let volume = volume.and_then(|name| world.get::<PersistentVolume>("", name));
        volume
            .zip(node)
            .is_some_and(|(volume, node)| !admits(volume, node))
    });
    strays.then(|| {
        let node = &reservation.node;
        format!(r#"binding volumes: pv node affinity doesn't match node "{node}""#)
    })
}
