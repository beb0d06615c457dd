//! Which nodes of a cluster a scenario can use.
//!
//! Invariants:
//! - Pure. Usable is what is Ready, not cordoned, and not tainted against
//!   ordinary pods; the order is that of the names.

use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;
use stayput_cluster::{NodeName, NodeRole};

type Named = (NodeName, NodeRole);

/// The nodes that scenarios can use, and the others, both by name.
pub(crate) fn sorted(nodes: &[Node]) -> (Vec<Named>, Vec<Named>) {
    let mut nodes: Vec<_> = nodes.iter().collect();
    nodes.sort_by_key(|node| node.name_any());
    let (usable, others): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|node| is_usable(node));
    let named = |nodes: Vec<&Node>| nodes.into_iter().map(named).collect();
    (named(usable), named(others))
}

fn named(node: &Node) -> Named {
    let is_plane = node
        .labels()
        .contains_key("node-role.kubernetes.io/control-plane");
    let role = if is_plane {
        NodeRole::ControlPlane
    } else {
        NodeRole::Worker
    };
    (NodeName::new(node.name_any()), role)
}

/// Taints that go by themselves once a new node is ready.
const OF_A_NEW_NODE: [&str; 3] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
];

/// Whether a scenario can use it.
pub(crate) fn is_usable(node: &Node) -> bool {
    readiness(node) == Some("True") && !is_cordoned(node) && taints(node).next().is_none()
}

/// Whether it will be usable by itself: it is new, and not ready yet. A node whose kubelet
/// went silent is `Unknown`, and nobody knows whether it comes back.
pub(crate) fn is_coming(node: &Node) -> bool {
    let new = taints(node).all(|key| OF_A_NEW_NODE.contains(&key));
    !is_usable(node) && !is_cordoned(node) && new && readiness(node) != Some("Unknown")
}

fn is_cordoned(node: &Node) -> bool {
    let spec = node.spec.as_ref();
    spec.and_then(|spec| spec.unschedulable).unwrap_or(false)
}

/// The keys of the taints that keep ordinary pods away.
fn taints(node: &Node) -> impl Iterator<Item = &str> {
    let spec = node.spec.as_ref();
    let taints = spec.and_then(|spec| spec.taints.as_ref());
    let taints = taints.into_iter().flatten();
    taints
        .filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"))
        .map(|taint| taint.key.as_str())
}

/// What the node's Ready condition says.
fn readiness(node: &Node) -> Option<&str> {
    let status = node.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    let ready = conditions.find(|condition| condition.type_ == "Ready")?;
    Some(&ready.status)
}
