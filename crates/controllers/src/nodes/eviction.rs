//! Ends pods that do not tolerate their node's `NoExecute` taints any longer.
//!
//! Invariants:
//! - A pod's time runs from when the taint was added; it ends when the taint goes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Pod, Taint};
use serde_json::json;

use super::disruption_target;
use crate::controller::Controller;
use crate::object::{Key, Kind};
use crate::plan::{Announcement, Plan, Severity, Write};
use crate::pods;
use crate::times::{after, stamp};
use crate::tolerations::tolerated;
use crate::world::{Change, World};

/// The taint-eviction-controller.
#[derive(Debug, Default)]
pub struct TaintEviction {
    scheduled: BTreeMap<Key, Timestamp>,
}

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        if let Some(pod) = change.newest::<Pod>()
            && let Some(node) = pods::node(pod)
        {
            let key = Key::of(&**pod);
            let tainted = world
                .get::<Node>("", node)
                .is_some_and(|node| !evicting(node).is_empty());
            if tainted || self.scheduled.contains_key(&key) {
                wake.push(key);
            }
        }
        if let Some((before, after)) = change.of::<Node>() {
            let taints = |node: &std::sync::Arc<Node>| evicting(node);
            if before.map(taints).unwrap_or_default() != after.map(taints).unwrap_or_default()
                && let Some(node) = after.or(before)
            {
                let name = node.metadata.name.as_deref().unwrap_or_default();
                wake.extend(world.pods_on(name).map(|pod| Key::of(&**pod)));
            }
        }
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let pod = world.get::<Pod>(&key.namespace, &key.name);
        let Some(pod) = pod.filter(|pod| !pods::is_terminating(pod)) else {
            self.scheduled.remove(key);
            return Plan::nothing();
        };
        let node = pods::node(pod).and_then(|node| world.get::<Node>("", node));
        let taints = node.map(|node| evicting(node)).unwrap_or_default();
        if taints.is_empty() {
            let mut plan = Plan::nothing();
            if self.scheduled.remove(key).is_some() {
                plan.tell(about(
                    key,
                    format!("Cancelling deletion of Pod {}/{}", key.namespace, key.name),
                ));
            }
            return plan;
        }
        let Some(when) = deadline(pod, &taints, now) else {
            self.scheduled.remove(key);
            return Plan::nothing();
        };
        if when > now {
            self.scheduled.insert(key.clone(), when);
            let mut plan = Plan::nothing();
            plan.look_again(when);
            return plan;
        }
        self.scheduled.remove(key);
        evict(pod, key, now)
    }
}

fn evict(pod: &Pod, key: &Key, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    plan.tell(about(
        key,
        format!("Marking for deletion Pod {}/{}", key.namespace, key.name),
    ));
    let conditions = disruption_target(
        pod,
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
        &stamp(now),
    );
    plan.write(Write::patch_status(pod, &json!({"conditions": conditions})));
    plan.write(Write::delete(pod));
    plan
}

fn about(key: &Key, text: String) -> Announcement {
    Announcement {
        about: json!({
            "kind": Kind::Pod.descriptor().kind,
            "namespace": key.namespace,
            "name": key.name,
            "apiVersion": "v1",
        }),
        namespace: key.namespace.clone(),
        severity: Severity::Normal,
        reason: "TaintManagerEviction",
        message: text,
    }
}

fn evicting(node: &Node) -> Vec<Taint> {
    let taints = node
        .spec
        .iter()
        .flat_map(|spec| spec.taints.iter().flatten());
    taints
        .filter(|taint| taint.effect == "NoExecute")
        .cloned()
        .collect()
}

/// When the pod must go; `None` for never.
fn deadline(pod: &Pod, taints: &[Taint], now: Timestamp) -> Option<Timestamp> {
    let tolerations = pod
        .spec
        .iter()
        .flat_map(|spec| spec.tolerations.iter().flatten());
    let tolerations: Vec<_> = tolerations.collect();
    let mut first: Option<Timestamp> = None;
    for taint in taints {
        let mut matching = tolerations
            .iter()
            .filter(|toleration| tolerated(toleration, taint))
            .peekable();
        if matching.peek().is_none() {
            return Some(now);
        }
        let seconds = matching
            .filter_map(|toleration| toleration.toleration_seconds)
            .min();
        if let Some(seconds) = seconds {
            let added = taint.time_added.as_ref().map_or(now, |time| time.0);
            let when = after(added, SignedDuration::from_secs(seconds.max(0)));
            first = Some(first.map_or(when, |first| first.min(when)));
        }
    }
    first
}
