//! Nodes that fall silent, and the pods on them.
//!
//! Invariants:
//! - A node is judged by what changes, its lease or its heartbeat, not by the times written there.

mod eviction;
mod health;
mod leftovers;
mod taints;

pub use eviction::TaintEviction;
pub use health::NodeHealth;
pub use leftovers::PodCollector;

use k8s_openapi::api::core::v1::{Node, NodeCondition, Pod};
use serde_json::{Value, json};

use crate::pods;

fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// The status of its condition Ready, `Unknown` if it has none.
fn readiness(node: &Node) -> &str {
    condition(node, "Ready").map_or("Unknown", |condition| condition.status.as_str())
}

/// The pod's conditions with one set.
fn with_condition(pod: &Pod, wanted: Value) -> Vec<Value> {
    let known = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let mut conditions: Vec<Value> = known.map(|condition| json!(condition)).collect();
    match conditions
        .iter_mut()
        .find(|condition| condition["type"] == wanted["type"])
    {
        Some(condition) => *condition = wanted,
        None => conditions.push(wanted),
    }
    conditions
}

/// The condition of a pod that a controller is about to end.
fn disruption_target(pod: &Pod, reason: &str, message: &str, now: &str) -> Vec<Value> {
    let wanted = json!({
        "type": "DisruptionTarget",
        "status": "True",
        "observedGeneration": pod.metadata.generation,
        "lastProbeTime": null,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    });
    match pods::condition(pod, "DisruptionTarget") {
        Some(known) if known.status == "True" => with_condition(pod, json!(known)),
        Some(_) | None => with_condition(pod, wanted),
    }
}
