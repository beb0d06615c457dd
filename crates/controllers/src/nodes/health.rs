//! Judges nodes by their leases: Unknown after 50 s of silence.
//!
//! Invariants:
//! - A node's silence is counted from when its last sign of life was seen.
//! - Pods are marked not ready once, when their node stops being ready.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};

use super::{condition, readiness, taints, with_condition};
use crate::controller::Controller;
use crate::object::Key;
use crate::plan::{Announcement, Plan, Severity, Write};
use crate::pods;
use crate::times::{after, stamp};
use crate::world::{Change, World};

const PERIOD: SignedDuration = SignedDuration::from_secs(5);
const LEASES: &str = "kube-node-lease";
/// The conditions a silent kubelet leaves behind.
const CONDITIONS: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

/// What was last seen of a node, and when.
#[derive(Clone, Debug, PartialEq)]
struct Sign {
    lease: Option<Timestamp>,
    heartbeat: Option<Timestamp>,
    ready: bool,
    seen: Timestamp,
}

/// The node life cycle controller.
#[derive(Debug)]
pub struct NodeHealth {
    grace: SignedDuration,
    signs: BTreeMap<String, Sign>,
    /// Nodes that have just stopped being ready.
    lost: BTreeSet<String>,
    registered: BTreeSet<String>,
    taints: taints::Pace,
}

impl NodeHealth {
    /// A node is Unknown after `grace` (50 s in Kubernetes).
    pub fn new(grace: SignedDuration) -> Self {
        Self {
            grace,
            signs: BTreeMap::new(),
            lost: BTreeSet::new(),
            registered: BTreeSet::new(),
            taints: taints::Pace::default(),
        }
    }
}

impl Controller for NodeHealth {
    fn name(&self) -> &'static str {
        "node-controller"
    }

    fn period(&self) -> Option<SignedDuration> {
        Some(PERIOD)
    }

    fn tick(&mut self, world: &World, now: Timestamp) -> Vec<Key> {
        let names: BTreeSet<&str> = world
            .all::<Node>()
            .filter_map(|node| node.metadata.name.as_deref())
            .collect();
        self.signs.retain(|name, _| names.contains(name.as_str()));
        self.registered.retain(|name| names.contains(name.as_str()));
        for node in world.all::<Node>() {
            self.observe(node, world, now);
        }
        world.all::<Node>().map(|node| Key::of(&**node)).collect()
    }

    fn follow(&mut self, change: &Change, _world: &World, wake: &mut Vec<Key>) {
        let Some((before, after)) = change.of::<Node>() else {
            return;
        };
        let Some(node) = after.or(before) else { return };
        let was_ready = before.is_some_and(|before| readiness(before) == "True");
        if let Some(after) = after
            && was_ready
            && readiness(after) != "True"
        {
            self.lost.extend(after.metadata.name.clone());
        }
        wake.push(Key::of(&**node));
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let Some(node) = world.get::<Node>("", &key.name) else {
            return Plan::nothing();
        };
        self.observe(node, world, now);
        let mut plan = Plan::nothing();
        if self.registered.insert(key.name.clone()) {
            let text = format!(
                "Node {0} event: Registered Node {0} in Controller",
                key.name
            );
            plan.tell(about_node(node, "RegisteredNode", text));
        }
        if let Some(conditions) = self.silence(node, now) {
            plan.write(Write::patch_status(
                &**node,
                &json!({"conditions": conditions}),
            ));
            plan.look_again(now);
            return plan;
        }
        if self.lost.remove(&key.name) && readiness(node) != "True" {
            let text = format!("Node {} status is now: NodeNotReady", key.name);
            plan.tell(about_node(node, "NodeNotReady", text));
            mark_pods(&mut plan, &key.name, world, now);
        }
        match self.taints.next(node, world, now) {
            taints::Next::Nothing => {}
            taints::Next::At(when) => plan.look_again(when),
            taints::Next::Write(write) => {
                plan.write(*write);
                plan.look_again(now);
            }
        }
        plan
    }
}

impl NodeHealth {
    fn observe(&mut self, node: &Node, world: &World, now: Timestamp) {
        let name = node.metadata.name.clone().unwrap_or_default();
        let lease = world
            .get::<Lease>(LEASES, &name)
            .and_then(|lease| lease.spec.as_ref()?.renew_time.as_ref());
        let heartbeat =
            condition(node, "Ready").and_then(|ready| ready.last_heartbeat_time.as_ref());
        let sign = Sign {
            lease: lease.map(|time| time.0),
            heartbeat: heartbeat.map(|time| time.0),
            ready: readiness(node) == "True",
            seen: now,
        };
        match self.signs.get_mut(&name) {
            Some(known)
                if *known
                    == Sign {
                        seen: known.seen,
                        ..sign.clone()
                    } => {}
            Some(known) => *known = sign,
            None => {
                self.signs.insert(name, sign);
            }
        }
    }

    /// The conditions of a node that has been silent too long; `None` if it has not, or says so.
    fn silence(&self, node: &Node, now: Timestamp) -> Option<Vec<Value>> {
        let sign = self.signs.get(node.metadata.name.as_deref()?)?;
        if now <= after(sign.seen, self.grace) {
            return None;
        }
        let known = node
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten());
        let known: Vec<Value> = known.map(|condition| json!(condition)).collect();
        let mut conditions = known.clone();
        for kind in CONDITIONS {
            match conditions
                .iter_mut()
                .find(|condition| condition["type"] == kind)
            {
                Some(condition) if condition["status"] == "Unknown" => {}
                Some(condition) => {
                    condition["status"] = json!("Unknown");
                    condition["reason"] = json!("NodeStatusUnknown");
                    condition["message"] = json!("Kubelet stopped posting node status.");
                    condition["lastTransitionTime"] = json!(stamp(now));
                }
                None => conditions.push(json!({
                    "type": kind,
                    "status": "Unknown",
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                    "lastHeartbeatTime": node.metadata.creation_timestamp,
                    "lastTransitionTime": stamp(now),
                })),
            }
        }
        (conditions != known).then_some(conditions)
    }
}

fn about_node(node: &Node, reason: &'static str, text: String) -> Announcement {
    let mut said = Announcement::about(node, Severity::Normal, reason, text);
    if let Some(about) = said.about.as_object_mut() {
        about.remove("resourceVersion");
    }
    said
}

/// Marks the pods of a node that is no longer ready.
fn mark_pods(plan: &mut Plan, node: &str, world: &World, now: Timestamp) {
    for pod in world.pods_on(node) {
        let Some(ready) = pods::condition(pod, "Ready").filter(|ready| ready.status == "True")
        else {
            continue;
        };
        let mut wanted = json!(ready);
        wanted["status"] = json!("False");
        wanted["lastTransitionTime"] = json!(stamp(now));
        let conditions = with_condition(pod, wanted);
        plan.tell(Announcement::about(
            &**pod,
            Severity::Warning,
            "NodeNotReady",
            "Node is not ready",
        ));
        plan.write(Write::patch_status(
            &**pod,
            &json!({"conditions": conditions}),
        ));
    }
}
