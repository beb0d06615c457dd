//! Where things are, as a watch saw them: what a picture of a run is drawn from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that can be looked at or done something to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Subject {
    /// An object, as `Kind namespace/name`.
    Object(String),
    /// A file or directory on a node.
    Path {
        /// The node, as the cluster names it.
        node: String,
        /// The path.
        path: String,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(name) => f.write_str(name),
            Self::Path { node, path } => write!(f, "{path} on {node}"),
        }
    }
}

/// What an object is after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Sight {
    /// A pod.
    Pod {
        /// Its node; none before it is scheduled.
        node: Option<String>,
        /// Its address; none before it has one.
        address: Option<String>,
        /// Its claims, as `namespace/name`.
        claims: Vec<String>,
        /// How it does.
        state: PodState,
    },
    /// A claim.
    Claim {
        /// Its volume; none before it is bound.
        volume: Option<String>,
    },
    /// A volume.
    Volume {
        /// The nodes that its affinity allows; empty where it allows all.
        nodes: Vec<String>,
        /// Its path there, of a local or hostPath volume.
        path: Option<String>,
        /// Its claim, as `namespace/name`; none before it has one.
        claim: Option<String>,
        /// Its phase.
        phase: String,
    },
    /// A node.
    Node {
        /// Whether its kubelet says that it is Ready.
        ready: bool,
        /// Whether it takes no new pods.
        cordoned: bool,
        /// Its taints, as `key=value:Effect`, without those that Kubernetes sets itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taints: Vec<String>,
    },
    /// It is not there any more.
    Gone,
}

/// How a pod does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PodState {
    /// It does not run yet.
    Pending,
    /// It runs, and is not Ready.
    Running,
    /// It is Ready.
    Ready,
    /// It is being deleted.
    Terminating,
    /// It ended by itself.
    Ended,
}
