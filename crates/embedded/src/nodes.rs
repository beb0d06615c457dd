//! The nodes of a cluster: their names and addresses, as kind gives them.
//!
//! Invariant: pure.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use stayput_cluster::{NodeName, NodeRole};

/// The most nodes that the addresses are enough for.
pub(crate) const MOST: usize = 200;

/// One node to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) role: NodeRole,
    pub(crate) address: Ipv4Addr,
    /// Its pods' network of 256 addresses.
    pub(crate) pods: Ipv4Addr,
    /// Whether it is the only node: then pods have to run beside the control plane.
    pub(crate) alone: bool,
}

impl Planned {
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let labels: &[&str] = match self.role {
            NodeRole::Worker => &[],
            NodeRole::ControlPlane if self.alone => &["node-role.kubernetes.io/control-plane"],
            NodeRole::ControlPlane => &[
                "node-role.kubernetes.io/control-plane",
                "node.kubernetes.io/exclude-from-external-load-balancers",
            ],
        };
        let pairs = labels.iter().map(|key| ((*key).to_owned(), String::new()));
        pairs.collect()
    }

    pub(crate) fn taints(&self) -> Vec<Value> {
        match self.role {
            NodeRole::Worker => Vec::new(),
            NodeRole::ControlPlane if self.alone => Vec::new(),
            NodeRole::ControlPlane => {
                vec![
                    json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}),
                ]
            }
        }
    }
}

/// Nodes by name, and what each is there for.
type Named = Vec<(NodeName, NodeRole)>;

/// All nodes of a cluster: the control plane's first.
pub(crate) fn planned(cluster: &str, workers: usize) -> Vec<Planned> {
    let names = std::iter::once((format!("{cluster}-control-plane"), NodeRole::ControlPlane));
    let worker = |number: usize| match number {
        1 => format!("{cluster}-worker"),
        number => format!("{cluster}-worker{number}"),
    };
    let names = names.chain((1..=workers).map(|number| (worker(number), NodeRole::Worker)));
    let node = |(number, (name, role)): (u8, (String, NodeRole))| Planned {
        name,
        role,
        address: Ipv4Addr::new(172, 18, 0, number.saturating_add(2)),
        pods: Ipv4Addr::new(10, 244, number.saturating_add(1), 0),
        alone: workers == 0,
    };
    (0..).zip(names).map(node).collect()
}

/// Their names by role, for a scenario's nodes: workers before the rest.
pub(crate) fn sorted(nodes: &[Planned]) -> (Named, Named) {
    let named = |node: &Planned| (NodeName::new(&node.name), node.role);
    nodes
        .iter()
        .map(named)
        .partition(|(_, role)| *role == NodeRole::Worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_as_kind_names_them() {
        let nodes = planned("two", 3);
        let shown = nodes
            .iter()
            .map(|node| format!("{} {} {}", node.name, node.address, node.pods));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                "two-control-plane 172.18.0.2 10.244.1.0",
                "two-worker 172.18.0.3 10.244.2.0",
                "two-worker2 172.18.0.4 10.244.3.0",
                "two-worker3 172.18.0.5 10.244.4.0",
            ]
        );
    }
}
