//! The healthy oracle: whether a cluster is whole, seen from each of its pods.
//!
//! `cluster_state:ok` and `redis-cli --cluster check` are green in many states
//! in which data is gone or addresses are stale; this asks every pod about
//! every other.
//!
//! Invariants:
//! - Pure: views in, ailments out, in a fixed order.
//! - A pod without a view is an ailment, never left out.

use std::fmt;

use serde::Serialize;

use crate::{Baseline, View};

/// One pod and what it said.
#[derive(Debug, Clone)]
pub struct Member {
    /// The pod's name.
    pub pod: String,
    /// Its address now, as Kubernetes says: `status.podIP`.
    pub address: String,
    /// What it answered, or in words why there is no answer.
    pub seen: Result<View, String>,
}

/// What a healthy cluster looks like.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// How many masters serve slots.
    pub masters: usize,
    /// How many replicas follow each of them.
    pub replicas_per_master: usize,
    /// What the pods were before; none before there is a before.
    pub baseline: Option<&'a Baseline>,
    /// Whether a pod must have the role and the master that it had.
    pub roles: Roles,
    /// Whether a shard's data must be equal on its pods now.
    pub digests: Digests,
}

/// Whether roles are compared with the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// Each pod has the role, and each replica the master, of the baseline.
    AsBaseline,
    /// A fail-over is allowed.
    MayChange,
}

/// Whether digests are compared within a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// Nothing is written now: they must be equal.
    Equal,
    /// Writes are under way: they differ for moments, and say nothing.
    NotCompared,
}

/// One thing that is not as in a healthy cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Ailment {
    /// A pod did not answer.
    NoView {
        /// The pod.
        pod: String,
        /// Why not.
        why: String,
    },
}

impl fmt::Display for Ailment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoView { pod, why } => write!(f, "{pod}: expected an answer, got none: {why}"),
        }
    }
}

/// Lists all that ails the cluster; an empty list is a healthy cluster.
pub fn judge(members: &[Member], expected: &Expected<'_>) -> Vec<Ailment> {
    let _ = (members, expected);
    todo!()
}
