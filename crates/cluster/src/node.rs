//! Nodes: their real names, and the names by which scenarios speak of them.

use std::fmt;

use serde::Serialize;

use crate::ClusterError;

/// The real name of a node, as `metadata.name` has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct NodeName(String);

/// What a node is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// Runs the API server, the scheduler and the controllers.
    ControlPlane,
    /// Runs pods.
    Worker,
}

/// One node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its real name.
    pub name: NodeName,
    /// What it is there for.
    pub role: NodeRole,
    /// The scenario's name for it; `None` when the scenario does not use it.
    pub scenario_name: Option<String>,
}

/// All nodes of a cluster: those the scenario speaks of first, in its order,
/// then the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NodeMap {
    nodes: Vec<Node>,
    /// So many of them, from the first on, a scenario can use.
    #[serde(skip)]
    usable: usize,
}

impl NodeMap {
    /// Gives each of the scenario's nodes one of `usable`, in order; the rest
    /// of `usable`, and `others`, stay without a scenario's name.
    pub fn assign(
        scenario_nodes: &[String],
        usable: Vec<(NodeName, NodeRole)>,
        others: Vec<(NodeName, NodeRole)>,
    ) -> Result<Self, ClusterError> {
        if usable.len() < scenario_nodes.len() {
            return Err(ClusterError::TooFewNodes {
                wanted: scenario_nodes.to_vec(),
                usable: usable.into_iter().map(|(name, _)| name).collect(),
            });
        }
        let names = scenario_nodes.iter().cloned().map(Some);
        let count = usable.len();
        let nodes = usable
            .into_iter()
            .zip(names.chain(std::iter::repeat(None)))
            .chain(others.into_iter().zip(std::iter::repeat(None)))
            .map(|((name, role), scenario_name)| Node {
                name,
                role,
                scenario_name,
            })
            .collect();
        Ok(Self {
            nodes,
            usable: count,
        })
    }

    /// The same nodes under the names of another scenario.
    pub fn named_for(&self, scenario_nodes: &[String]) -> Result<Self, ClusterError> {
        let bare = |node: &Node| (node.name.clone(), node.role);
        let (usable, others) = self.nodes.split_at(self.usable);
        let (usable, others) = (usable.iter().map(bare), others.iter().map(bare));
        Self::assign(scenario_nodes, usable.collect(), others.collect())
    }

    /// All nodes.
    pub fn iter(&self) -> std::slice::Iter<'_, Node> {
        self.nodes.iter()
    }

    /// The real name of a scenario's node.
    pub fn real_name(&self, scenario_name: &str) -> Option<&NodeName> {
        self.iter()
            .find(|node| node.scenario_name.as_deref() == Some(scenario_name))
            .map(|node| &node.name)
    }

    /// The scenario's name of a real node, if it has one.
    pub fn scenario_name(&self, real_name: &str) -> Option<&str> {
        self.iter()
            .find(|node| node.name.as_str() == real_name)
            .and_then(|node| node.scenario_name.as_deref())
    }

    /// The nodes that the scenario does not speak of.
    pub fn unused(&self) -> impl Iterator<Item = &Node> {
        self.iter().filter(|node| node.scenario_name.is_none())
    }
}

impl<'a> IntoIterator for &'a NodeMap {
    type Item = &'a Node;
    type IntoIter = std::slice::Iter<'a, Node>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl NodeName {
    /// A node's name, as the API has it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(scenario: &[&str], workers: &[&str]) -> Result<NodeMap, ClusterError> {
        let scenario: Vec<_> = scenario.iter().map(ToString::to_string).collect();
        let workers = workers
            .iter()
            .map(|name| (NodeName::new(*name), NodeRole::Worker))
            .collect();
        let others = vec![(NodeName::new("cp"), NodeRole::ControlPlane)];
        NodeMap::assign(&scenario, workers, others)
    }

    #[test]
    fn nodes_are_given_in_order_and_the_rest_is_unused() {
        let map = map(&["master-1", "node-1"], &["w", "w2", "w3"]).unwrap();
        assert_eq!(map.real_name("node-1").unwrap().as_str(), "w2");
        assert_eq!(map.scenario_name("w"), Some("master-1"));
        assert_eq!(map.scenario_name("w3"), None);
        let unused: Vec<_> = map.unused().map(|node| node.name.as_str()).collect();
        assert_eq!(unused, ["w3", "cp"]);
    }

    #[test]
    fn another_scenario_gives_the_same_nodes_its_own_names() {
        let names = ["x", "y", "z"].map(str::to_owned);
        let map = map(&["master-1"], &["w", "w2"]).unwrap();
        let other = map.named_for(&names[..2]).unwrap();
        assert_eq!(other.real_name("x").unwrap().as_str(), "w");
        assert_eq!(other.real_name("y").unwrap().as_str(), "w2");
        assert_eq!(other.real_name("master-1"), None);
        // The control plane is no node to play on, for nobody.
        assert!(other.named_for(&names).is_err());
    }

    #[test]
    fn a_node_short_is_an_error() {
        let error = map(&["a", "b"], &["w"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the scenario needs 2 nodes (`a`, `b`), the cluster has 1 that it can use (`w`)"
        );
    }
}
