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

fn is_usable(node: &Node) -> bool {
    let spec = node.spec.as_ref();
    let cordoned = spec.and_then(|spec| spec.unschedulable).unwrap_or(false);
    let taints = spec.and_then(|spec| spec.taints.as_ref());
    let tainted = taints
        .into_iter()
        .flatten()
        .any(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"));
    let status = node.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && !cordoned && !tainted
}
