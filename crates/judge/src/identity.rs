//! What tells one pod, with its storage, from another of the same name.
//!
//! Invariants:
//! - Compared by uid wherever there is one: a claim or a volume made anew
//!   under its name is another.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stayput_events::Mismatch;
use stayput_scenario::plan::Identity;

/// A pod and its storage, as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodIdentity {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid.
    pub uid: String,
    /// The pod's address; none before it has one.
    pub address: Option<String>,
    /// The pod's node; none before it is scheduled.
    pub node: Option<String>,
    /// Its claims, by name.
    pub claims: Vec<ClaimIdentity>,
    /// Its claims' volumes, by claim.
    pub volumes: Vec<VolumeIdentity>,
}

/// A claim of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimIdentity {
    /// Its name.
    pub name: String,
    /// Its uid; none where the claim is not there.
    pub uid: Option<String>,
}

/// A volume of a pod's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeIdentity {
    /// Its name.
    pub name: String,
    /// Its uid; none where the volume is not there.
    pub uid: Option<String>,
    /// Its path on the node, of a local or hostPath volume.
    pub path: Option<String>,
    /// The nodes that its affinity allows, as served.
    pub nodes: Vec<String>,
}

/// Why a pod's identity cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It is no object with a namespace, a name and a uid.
    #[error("a pod without `{field}`")]
    NoField {
        /// The field that is not there.
        field: &'static str,
    },
}

impl PodIdentity {
    /// Reads it from a pod; `claims` and `volumes` may hold others too.
    pub fn of(
        pod: &Value,
        claims: &[Arc<Value>],
        volumes: &[Arc<Value>],
    ) -> Result<Self, IdentityError> {
        let _ = (pod, claims, volumes);
        todo!()
    }
}

/// Before and after, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What is not as asked; none where all is.
    pub mismatches: Vec<Mismatch>,
    /// For people, whether or not it was asked: `uid: changed, address:
    /// 10.244.1.5 → 10.244.1.9, node: same (kind-worker), …`, a line a pod.
    pub table: String,
}

/// Compares a pod with what it was.
pub fn compare(before: &PodIdentity, after: &PodIdentity, asked: &Identity) -> Comparison {
    let _ = (before, after, asked);
    todo!()
}

/// Compares pods with what they were, by namespace and name; a pod that is not
/// there any more, or was not there before, is a mismatch.
pub fn compare_all(before: &[PodIdentity], after: &[PodIdentity], asked: &Identity) -> Comparison {
    let _ = (before, after, asked);
    todo!()
}
