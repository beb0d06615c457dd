//! What the pods of a healthy cluster were: what later looks are compared with.
//!
//! Invariants:
//! - Every pod has an id of its own, and every replica's master is a pod.
//! - Shards are in the order of their lowest slots.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::{Digest, Member, Role, slots::SlotRange};

/// All pods and shards of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    pods: BTreeMap<String, PodBaseline>,
    shards: Vec<Shard>,
}

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodBaseline {
    /// Its Redis node id.
    pub node_id: String,
    /// Its role.
    pub role: Role,
    /// Its shard, as an index into [`Baseline::shards`].
    pub shard: usize,
    /// Its address.
    pub address: String,
    /// The id of this run of the server: another one after each start.
    pub run_id: String,
    /// The digest of its data.
    pub digest: Digest,
    /// How many keys it holds.
    pub dbsize: u64,
}

/// One master, its slots and its replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// The slots, lowest first.
    pub slots: Vec<SlotRange>,
    /// The master's pod.
    pub master: String,
    /// The replicas' pods, by name.
    pub replicas: Vec<String>,
    /// The epoch of its configuration: each fail-over makes a higher one.
    pub config_epoch: u64,
}

/// Why there is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BaselineError {
    /// A pod did not answer.
    #[error("no baseline: `{pod}` did not answer: {why}")]
    NoView {
        /// The pod.
        pod: String,
        /// Why not.
        why: String,
    },
    /// A pod does not know itself.
    #[error("no baseline: `{pod}` has no line of its own in CLUSTER NODES")]
    NoMyself {
        /// The pod.
        pod: String,
    },
    /// Two pods say that they are the same node.
    #[error("no baseline: `{first}` and `{second}` are both node {id}")]
    SameId {
        /// A pod.
        first: String,
        /// Another pod.
        second: String,
        /// The id of both.
        id: String,
    },
    /// A replica follows a node that is no pod's.
    #[error("no baseline: `{pod}` follows {master}, which is none of the pods")]
    UnknownMaster {
        /// The replica's pod.
        pod: String,
        /// What it follows.
        master: String,
    },
}

impl Baseline {
    /// Takes the baseline from what all pods said. Judge them first: this
    /// refuses only what could not be compared with later.
    pub fn of(members: &[Member]) -> Result<Self, BaselineError> {
        let _ = members;
        todo!()
    }

    /// The pods, by name.
    pub fn pods(&self) -> impl Iterator<Item = (&str, &PodBaseline)> {
        self.pods.iter().map(|(name, pod)| (name.as_str(), pod))
    }

    /// One pod.
    pub fn pod(&self, name: &str) -> Option<&PodBaseline> {
        self.pods.get(name)
    }

    /// The shards, in the order of their lowest slots; a master without slots
    /// is last.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }
}
