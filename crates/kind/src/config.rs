//! What a kind configuration says about its nodes.
//!
//! Invariants:
//! - Pure. kind itself validates the rest: only what decides names is read.

use stayput_cluster::{ClusterError, NodeName, NodeRole};

/// The part of a kind configuration that decides names and images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    roles: Vec<NodeRole>,
    pub(crate) images: Images,
}

/// Whether a configuration chooses the nodes' images itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Images {
    /// At least one node has an `image`.
    Pinned,
    /// None has.
    Free,
}

#[derive(serde::Deserialize)]
struct Raw {
    #[serde(default)]
    nodes: Vec<RawNode>,
}

#[derive(serde::Deserialize)]
struct RawNode {
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    image: Option<String>,
}

impl Config {
    pub(crate) fn parse(text: &str) -> Result<Self, ClusterError> {
        let raw: Raw = serde_yaml::from_str(text).map_err(|error| bad(error.to_string()))?;
        let mut roles = raw.nodes.iter().map(role).collect::<Result<Vec<_>, _>>()?;
        if roles.is_empty() {
            roles.push(NodeRole::ControlPlane);
        }
        let pinned = raw.nodes.iter().any(|node| node.image.is_some());
        let images = if pinned { Images::Pinned } else { Images::Free };
        Ok(Self { roles, images })
    }

    /// How many nodes there will be, a load balancer apart.
    pub(crate) fn size(&self) -> usize {
        self.roles.len()
    }

    /// The names that kind will give: those that scenarios can use, then the others.
    ///
    /// Pods run on workers; only a cluster of one node runs them on its control plane.
    pub(crate) fn names(&self, cluster: &str) -> (Vec<Named>, Vec<Named>) {
        let (mut workers, mut planes) = (Vec::new(), Vec::new());
        for role in &self.roles {
            let (list, word) = match role {
                NodeRole::Worker => (&mut workers, "worker"),
                NodeRole::ControlPlane => (&mut planes, "control-plane"),
            };
            let number = match list.len() {
                0 => String::new(),
                before => (before + 1).to_string(),
            };
            let name = NodeName::new(format!("{cluster}-{word}{number}"));
            list.push((name, *role));
        }
        if self.size() == 1 {
            return (planes, workers);
        }
        (workers, planes)
    }
}

/// A node's name and role.
pub(crate) type Named = (NodeName, NodeRole);

fn role(node: &RawNode) -> Result<NodeRole, ClusterError> {
    match node.role.as_deref() {
        None | Some("" | "control-plane") => Ok(NodeRole::ControlPlane),
        Some("worker") => Ok(NodeRole::Worker),
        Some(other) => Err(bad(format!("unknown node role `{other}`"))),
    }
}

fn bad(said: String) -> ClusterError {
    ClusterError::BadConfig { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match Config::parse(text) {
            Err(error) => error.to_string(),
            Ok(config) => {
                let (usable, others) = config.names("c");
                let words = |list: &[Named]| {
                    let names: Vec<_> = list.iter().map(|(name, _)| name.as_str()).collect();
                    names.join(" ")
                };
                format!(
                    "{} / {} / {:?}",
                    words(&usable),
                    words(&others),
                    config.images
                )
            }
        }
    }

    #[test]
    fn names_are_those_that_kind_gives() {
        let text = include_str!("../../../kind-config.yaml");
        insta::assert_snapshot!(check(text), @"c-worker c-worker2 c-worker3 c-worker4 / c-control-plane / Free");
        insta::assert_snapshot!(check("kind: Cluster"), @"c-control-plane /  / Free");
        insta::assert_snapshot!(check("nodes: [{}, {role: worker, image: x}]"), @"c-worker / c-control-plane / Pinned");
    }

    #[test]
    fn mistakes_are_told() {
        insta::assert_snapshot!(check("nodes: [{role: master}]"), @"the cluster's configuration is not valid: unknown node role `master`");
    }
}
