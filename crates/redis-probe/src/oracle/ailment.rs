//! What can ail a cluster, one line each.
//!
//! Invariants:
//! - Each line names the pod that says so, what was expected, what was seen.

use serde::Serialize;
use thiserror::Error;

use crate::{Digest, Role};

/// One thing that is not as in a healthy cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the lines say what the fields are")]
pub enum Ailment {
    /// There are more or fewer pods than nodes in the cluster.
    #[error("expected {expected} pods, got {seen}")]
    Members { expected: usize, seen: usize },

    /// A pod did not answer.
    #[error("{pod}: expected an answer, got none: {why}")]
    NoView { pod: String, why: String },

    /// A pod does not know which node it is.
    #[error("{pod}: expected one line of its own in CLUSTER NODES, saw none or several")]
    NoMyself { pod: String },

    /// Two pods say that they are the same node.
    #[error("{second}: expected a node id of its own, saw {id}, which is {first}'s")]
    SameId {
        first: String,
        second: String,
        id: String,
    },

    /// A pod has another node id than it had.
    #[error("{pod}: expected node id {expected} as before, saw {seen}")]
    NodeId {
        pod: String,
        expected: String,
        seen: String,
    },

    /// There is a pod that the baseline does not know.
    #[error("{pod}: expected a pod of the baseline, saw a new one")]
    NewPod { pod: String },

    /// The cluster is not ok in the server's own opinion.
    #[error("{pod}: expected cluster_state ok, saw {seen}")]
    State { pod: String, seen: String },

    /// A pod knows more or fewer nodes than there are.
    #[error("{pod}: expected {expected} nodes, saw {seen}")]
    NodeCount {
        pod: String,
        expected: usize,
        seen: usize,
    },

    /// A pod knows a node that is none of the pods.
    #[error("{pod}: expected only nodes of the pods, saw {node}")]
    Stranger { pod: String, node: String },

    /// A pod does not know another pod's node.
    #[error("{pod}: expected to see {node}, saw no such node")]
    Missing { pod: String, node: String },

    /// A node is failing, unreachable or not yet joined.
    #[error("{pod}: expected no failure flag on {node}, saw `{flag}`")]
    Flag {
        pod: String,
        node: String,
        flag: String,
    },

    /// The link to a node is down.
    #[error("{pod}: expected a link to {node}, saw it disconnected")]
    Link { pod: String, node: String },

    /// A pod has an old address of a node, be it its own.
    #[error("{pod}: expected {node} at {expected}, saw it at {seen}")]
    Address {
        pod: String,
        node: String,
        expected: String,
        seen: String,
    },

    /// A pod and the node itself tell differently what the node is.
    #[error("{pod}: expected {node} as it says itself: {expected}; saw {seen}")]
    Standing {
        pod: String,
        node: String,
        expected: String,
        seen: String,
    },

    /// A slot is on its way from one node to another.
    #[error("{pod}: expected no open slot, saw {slot}")]
    OpenSlot { pod: String, slot: String },

    /// Slots that nobody serves.
    #[error("{pod}: expected all 16384 slots served, saw none serve {slots}")]
    Uncovered { pod: String, slots: String },

    /// Two pods tell differently who serves slots.
    #[error("{pod}: expected slots {slots} on {expected} as {other} says, saw them on {seen}")]
    Disagreement {
        pod: String,
        other: String,
        slots: String,
        expected: String,
        seen: String,
    },

    /// More or fewer masters serve slots.
    #[error("expected {expected} masters that serve slots, saw {seen}: {pods}")]
    Masters {
        expected: usize,
        seen: usize,
        pods: String,
    },

    /// A master has more or fewer replicas.
    #[error("{pod}: expected {expected} replicas to follow it, saw {seen}")]
    Replicas {
        pod: String,
        expected: usize,
        seen: usize,
    },

    /// A pod's replication and its bus tell differently what it is.
    #[error("{pod}: expected role {expected} as in CLUSTER NODES, saw {seen} in INFO")]
    OwnRole {
        pod: String,
        expected: Role,
        seen: Role,
    },

    /// A replica follows what is none of the pods.
    #[error("{pod}: expected to follow one of the pods, saw it follow {seen}")]
    NoMaster { pod: String, seen: String },

    /// A replica is not in step with its master.
    #[error("{pod}: expected master_link_status up, saw {seen}")]
    MasterLink { pod: String, seen: String },

    /// A replica asks for its master at an old address.
    #[error("{pod}: expected its master {master} at {expected}, saw master_host {seen}")]
    MasterHost {
        pod: String,
        master: String,
        expected: String,
        seen: String,
    },

    /// A pod has another role than it had.
    #[error("{pod}: expected role {expected} as before, saw {seen}")]
    Role {
        pod: String,
        expected: Role,
        seen: Role,
    },

    /// A replica follows another master than it did.
    #[error("{pod}: expected to follow {expected} as before, saw it follow {seen}")]
    Follows {
        pod: String,
        expected: String,
        seen: String,
    },

    /// A master serves other slots than it did.
    #[error("{pod}: expected slots {expected} as before, saw {seen}")]
    Slots {
        pod: String,
        expected: String,
        seen: String,
    },

    /// A replica holds other data than its master.
    #[error("{pod}: expected the data of its master {master}, digest {expected}, saw {seen}")]
    Digest {
        pod: String,
        master: String,
        expected: Digest,
        seen: Digest,
    },

    /// A pod does not tell what data it holds.
    #[error("{pod}: expected a digest of its data, got none: {why}")]
    NoDigest { pod: String, why: String },
}
