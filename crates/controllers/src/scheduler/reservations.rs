//! What was decided and is not yet written.
//!
//! Invariants:
//! - A reservation ends when its pod is placed or gone, or when a write for it failed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};

use super::usage::Demand;
use crate::object::Key;
use crate::pods;
use crate::world::{Change, World};

/// How far the pod is on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// Its volumes are being bound.
    Volumes,
    /// It was bound; the watch has yet to tell.
    Bound,
}

/// The place of one pod.
#[derive(Clone, Debug)]
pub(super) struct Reservation {
    pub(super) uid: String,
    pub(super) node: String,
    /// Volumes and the claims that get them.
    pub(super) volumes: Vec<(String, Key)>,
    pub(super) since: Timestamp,
    pub(super) demand: Demand,
    pub(super) stage: Stage,
    claims: Vec<Key>,
}

impl Reservation {
    pub(super) fn new(
        pod: &Pod,
        node: &Node,
        volumes: Vec<(String, Key)>,
        since: Timestamp,
    ) -> Self {
        Self {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            node: node.metadata.name.clone().unwrap_or_default(),
            volumes,
            since,
            demand: Demand::of(pod),
            stage: Stage::Volumes,
            claims: pods::claims(pod)
                .map(|claim| super::claim_key(pod, &claim))
                .collect(),
        }
    }
}

/// A pod, and the node it is on or on its way to.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    pub(super) pod: &'a Pod,
    pub(super) node: &'a str,
}

/// Every pod that takes up room.
pub(super) fn standing<'a>(
    world: &'a World,
    reservations: &'a Reservations,
) -> impl Iterator<Item = Standing<'a>> {
    let there = world
        .all::<Pod>()
        .filter(|pod| !pods::is_finished(pod))
        .filter_map(|pod| {
            Some(Standing {
                pod,
                node: pods::node(pod)?,
            })
        });
    there.chain(reservations.coming(world))
}

/// All reservations, by pod.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    by_pod: BTreeMap<Key, Reservation>,
}

impl Reservations {
    pub(super) fn add(&mut self, pod: Key, reservation: Reservation) {
        self.by_pod.insert(pod, reservation);
    }

    pub(super) fn drop(&mut self, pod: &Key) {
        self.by_pod.remove(pod);
    }

    /// The pod is being bound.
    pub(super) fn bound(&mut self, pod: &Key) {
        if let Some(reservation) = self.by_pod.get_mut(pod) {
            reservation.stage = Stage::Bound;
        }
    }

    pub(super) fn of(&self, pod: &Key) -> Option<&Reservation> {
        self.by_pod.get(pod)
    }

    /// What pods that are on their way to `node` will use.
    pub(super) fn on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = (&'a Key, &'a Demand)> {
        let there = self
            .by_pod
            .iter()
            .filter(move |(_, reservation)| reservation.node == node);
        there.map(|(pod, reservation)| (pod, &reservation.demand))
    }

    /// The pods that are on their way.
    pub(super) fn coming<'a>(&'a self, world: &'a World) -> impl Iterator<Item = Standing<'a>> {
        self.by_pod.iter().filter_map(|(key, reservation)| {
            let pod = world.get::<Pod>(&key.namespace, &key.name)?;
            Some(Standing {
                pod,
                node: &reservation.node,
            })
        })
    }

    /// The claim that gets `volume`.
    pub(super) fn claim_for(&self, volume: &str) -> Option<&Key> {
        let mut volumes = self
            .by_pod
            .values()
            .flat_map(|reservation| &reservation.volumes);
        volumes
            .find(|(name, _)| name == volume)
            .map(|(_, claim)| claim)
    }

    /// The volume that `claim` gets.
    pub(super) fn volume_for(&self, claim: &Key) -> Option<&str> {
        let mut volumes = self
            .by_pod
            .values()
            .flat_map(|reservation| &reservation.volumes);
        volumes
            .find(|(_, key)| key == claim)
            .map(|(name, _)| name.as_str())
    }

    /// The pods whose volumes are being bound, and which the change is about.
    pub(super) fn concerned_by(&self, change: &Change) -> Vec<Key> {
        let claim = change
            .newest::<PersistentVolumeClaim>()
            .map(|claim| Key::of(&**claim));
        let volume = change
            .newest::<PersistentVolume>()
            .and_then(|volume| volume.metadata.name.clone());
        if claim.is_none() && volume.is_none() {
            return Vec::new();
        }
        let concerned = |reservation: &Reservation| {
            claim
                .as_ref()
                .is_some_and(|claim| reservation.claims.contains(claim))
                || volume.as_ref().is_some_and(|volume| {
                    reservation.volumes.iter().any(|(name, _)| name == volume)
                })
        };
        let pods = self
            .by_pod
            .iter()
            .filter(|(_, reservation)| concerned(reservation));
        pods.map(|(pod, _)| pod.clone()).collect()
    }
}
