//! Removes pods that no kubelet will ever end.
//!
//! Invariants:
//! - A node must be missing for a while (40 s in Kubernetes) before its pods are removed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::json;

use super::{disruption_target, readiness};
use crate::controller::Controller;
use crate::object::Key;
use crate::plan::{Plan, Propagation, Verb, Write};
use crate::pods;
use crate::times::{after, stamp};
use crate::world::{Change, World};

const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// The pod garbage collector.
#[derive(Debug)]
pub struct PodCollector {
    quarantine: SignedDuration,
    missing: BTreeMap<String, Timestamp>,
}

impl PodCollector {
    /// Pods of a node are removed once it is missing for `quarantine`.
    pub fn new(quarantine: SignedDuration) -> Self {
        Self {
            quarantine,
            missing: BTreeMap::new(),
        }
    }
}

/// Why a pod will not end by itself.
enum Why {
    NodeGone,
    OutOfService,
    NeverPlaced,
}

impl Controller for PodCollector {
    fn name(&self) -> &'static str {
        "pod-garbage-collector-controller"
    }

    fn period(&self) -> Option<SignedDuration> {
        // As in Kubernetes, where it is 20 s.
        Some(self.quarantine / 2)
    }

    fn tick(&mut self, world: &World, now: Timestamp) -> Vec<Key> {
        let absent = |pod: &&Arc<Pod>| {
            pods::node(pod).is_some_and(|node| world.get::<Node>("", node).is_none())
        };
        let nodes: BTreeMap<String, Timestamp> = world
            .all::<Pod>()
            .filter(absent)
            .filter_map(|pod| pods::node(pod))
            .map(|node| {
                (
                    node.to_owned(),
                    self.missing.get(node).copied().unwrap_or(now),
                )
            })
            .collect();
        self.missing = nodes;
        let keys = world
            .all::<Pod>()
            .filter(|pod| self.why(pod, world, now).is_some());
        keys.map(|pod| Key::of(&**pod)).collect()
    }

    fn follow(&mut self, _change: &Change, _world: &World, _wake: &mut Vec<Key>) {}

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let Some(pod) = world.get::<Pod>(&key.namespace, &key.name) else {
            return Plan::nothing();
        };
        let Some(why) = self.why(pod, world, now) else {
            return Plan::nothing();
        };
        let mut plan = Plan::nothing();
        if !pods::is_finished(pod) {
            let mut status = json!({"phase": "Failed"});
            let text = match why {
                Why::NodeGone => Some("PodGC: node no longer exists"),
                Why::OutOfService => Some("PodGC: node is out-of-service"),
                Why::NeverPlaced => None,
            };
            if let Some(text) = text {
                status["conditions"] =
                    json!(disruption_target(pod, "DeletionByPodGC", text, &stamp(now)));
            }
            plan.write(Write::patch_status(&**pod, &status));
        }
        plan.write(Write {
            key: key.clone(),
            verb: Verb::Delete {
                uid: pod.metadata.uid.clone(),
                version: None,
                grace: Some(0),
                propagation: Propagation::Default,
            },
        });
        plan
    }
}

impl PodCollector {
    fn why(&self, pod: &Pod, world: &World, now: Timestamp) -> Option<Why> {
        let Some(name) = pods::node(pod) else {
            return pods::is_terminating(pod).then_some(Why::NeverPlaced);
        };
        let Some(node) = world.get::<Node>("", name) else {
            let since = self.missing.get(name)?;
            return (now >= after(*since, self.quarantine)).then_some(Why::NodeGone);
        };
        let mut taints = node
            .spec
            .iter()
            .flat_map(|spec| spec.taints.iter().flatten());
        let out = taints.any(|taint| taint.key == OUT_OF_SERVICE);
        (out && readiness(node) != "True" && pods::is_terminating(pod)).then_some(Why::OutOfService)
    }
}
