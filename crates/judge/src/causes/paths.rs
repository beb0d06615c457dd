//! Which paths on which nodes are worth a look.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Seen,
    sight::{Sight, Stage, stage},
};
use crate::served::{list, name, text, volume_path};

/// A path on a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathOnNode {
    /// The node, as the cluster names it.
    pub node: String,
    /// The path on it.
    pub path: String,
}

/// The paths of the volumes of pods that are not Ready; where all are, of all.
pub fn paths(objects: &[Arc<Value>]) -> Vec<PathOnNode> {
    let sight = Sight::of(&Seen {
        objects,
        ..Seen::default()
    });
    let ill = |pod: &&Value| stage(pod) != Stage::Well;
    let mut found: Vec<_> = sight
        .pods()
        .filter(ill)
        .flat_map(|it| of_pod(&sight, it))
        .collect();
    if found.is_empty() {
        found = sight.pods().flat_map(|it| of_pod(&sight, it)).collect();
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|it| seen.insert(it.clone()));
    found
}

fn of_pod(sight: &Sight<'_>, pod: &Value) -> Vec<PathOnNode> {
    let here = text(pod, "/spec/nodeName");
    let own = list(pod, "/spec/volumes").iter().filter_map(|volume| {
        Some(PathOnNode {
            node: here?.to_owned(),
            path: text(volume, "/hostPath/path")?.to_owned(),
        })
    });
    let claims = sight.claims(pod).into_iter();
    let volumes = claims.filter_map(|it| sight.volume(text(it, "/spec/volumeName")?));
    let of_volumes = volumes.flat_map(|volume| {
        let nodes = sight.nodes_of(volume).into_iter();
        // A volume without affinity is wherever the pod is.
        let everywhere = volume.pointer("/spec/nodeAffinity/required").is_none();
        let nodes = nodes.filter(move |node| !everywhere || here == Some(name(node)));
        nodes.filter_map(|node| {
            Some(PathOnNode {
                node: name(node).to_owned(),
                path: volume_path(volume)?.to_owned(),
            })
        })
    });
    own.chain(of_volumes).collect()
}
