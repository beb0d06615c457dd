//! Keeps claims in use and bound volumes from going away.
//!
//! Invariants:
//! - A claim is in use while a pod that was placed names it, even a finished one.
//! - A volume is in use while its phase is Bound.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use crate::controller::Controller;
use crate::object::{Cached, Key, Kind};
use crate::plan::{Plan, Write, list};
use crate::pods;
use crate::world::{Change, World};

const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

/// The controllers of both protections.
#[derive(Debug, Default)]
pub struct Protection;

impl Controller for Protection {
    fn name(&self) -> &'static str {
        "persistentvolume-protection-controller"
    }

    fn follow(&mut self, change: &Change, _world: &World, wake: &mut Vec<Key>) {
        if let Some(object) = change.after.as_ref()
            && matches!(
                object.kind(),
                Kind::PersistentVolume | Kind::PersistentVolumeClaim
            )
        {
            wake.push(object.key());
        }
        // A pod that is gone, or is another one now, no longer uses what it used.
        if let Some((Some(pod), _)) = change.of::<Pod>() {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            wake.extend(
                pods::claims(pod)
                    .map(|claim| Key::new(Kind::PersistentVolumeClaim, namespace, &claim)),
            );
        }
    }

    fn sync(&mut self, key: &Key, world: &World, _now: Timestamp) -> Plan {
        match key.kind {
            Kind::PersistentVolumeClaim => world
                .get::<PersistentVolumeClaim>(&key.namespace, &key.name)
                .map_or_else(Plan::nothing, |claim| {
                    protect(&**claim, CLAIM, used(claim, world))
                }),
            _ => {
                world
                    .get::<PersistentVolume>("", &key.name)
                    .map_or_else(Plan::nothing, |volume| {
                        let phase = volume
                            .status
                            .as_ref()
                            .and_then(|status| status.phase.as_deref());
                        let bound = if phase == Some("Bound") {
                            Use::InUse
                        } else {
                            Use::Free
                        };
                        protect(&**volume, VOLUME, bound)
                    })
            }
        }
    }
}

enum Use {
    InUse,
    Free,
}

fn used(claim: &PersistentVolumeClaim, world: &World) -> Use {
    let namespace = claim.metadata.namespace.as_deref().unwrap_or_default();
    let name = claim.metadata.name.as_deref().unwrap_or_default();
    let user = world
        .within::<Pod>(namespace)
        .any(|pod| pods::is_placed(pod) && pods::claims(pod).any(|used| used == name));
    if user { Use::InUse } else { Use::Free }
}

fn protect<T: Cached>(object: &T, finalizer: &str, in_use: Use) -> Plan {
    let meta = object.meta();
    let finalizers = finalizers(meta);
    let has = finalizers.contains(&finalizer);
    let kept: Vec<&str> = match (meta.deletion_timestamp.is_some(), in_use) {
        (true, Use::Free) if has => finalizers
            .into_iter()
            .filter(|name| *name != finalizer)
            .collect(),
        (false, _) if !has => finalizers.into_iter().chain([finalizer]).collect(),
        _ => return Plan::nothing(),
    };
    Plan::one(Write::patch(
        object,
        json!({"metadata": {"finalizers": list(&kept)}}),
    ))
}

fn finalizers(meta: &ObjectMeta) -> Vec<&str> {
    meta.finalizers
        .iter()
        .flatten()
        .map(String::as_str)
        .collect()
}
