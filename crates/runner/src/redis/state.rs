//! What is known of the cluster under test from one step to the next.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use stayput_redis_probe::{Baseline, Ledger};

use super::links::Links;
use crate::object::ObjectKey;

/// The cluster under test.
pub(crate) struct RedisState {
    pub(crate) namespace: String,
    pub(crate) set: String,
    pub(crate) port: u16,
    pub(crate) node_timeout: Duration,
    pub(crate) image: String,
    pub(crate) claim: String,
    pub(crate) links: Links,
    /// Known once it was created.
    pub(crate) shape: Option<Shape>,
    /// What the pods were when the ledger was written, or first healthy.
    pub(crate) baseline: Option<Baseline>,
    pub(crate) ledger: Option<Ledger>,
    /// Pods that were restarted since the baseline was taken: their servers
    /// must have another run id.
    pub(crate) restarted: BTreeSet<String>,
}

/// How many of what a cluster has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) masters: usize,
    pub(crate) replicas_per_master: usize,
}

impl RedisState {
    /// The set whose pods are the cluster.
    pub(crate) fn set_key(&self) -> ObjectKey {
        ObjectKey::new("StatefulSet", Some(&self.namespace), &self.set)
    }

    /// How long the oracle has to hold to be believed: longer than the false
    /// green of a lone node lasts.
    pub(crate) fn window(&self) -> Duration {
        self.node_timeout + Duration::from_secs(3)
    }

    /// Notes that pods were restarted.
    pub(crate) fn restarted(&mut self, pods: impl IntoIterator<Item = String>) {
        self.restarted.extend(pods);
    }

    /// Notes that the pods from this ordinal on went, and come back as others.
    pub(crate) fn scaled(&mut self, to: usize) {
        let pods = self.baseline.iter().flat_map(Baseline::pods);
        let gone = pods.filter(|(pod, _)| ordinal(pod).is_some_and(|it| it >= to as u64));
        let gone: Vec<_> = gone.map(|(pod, _)| pod.to_owned()).collect();
        self.restarted(gone);
    }

    /// What expressions see as `redis`: pods by ordinal, shard by shard.
    pub(crate) fn as_value(&self) -> Option<Value> {
        let baseline = self.baseline.as_ref()?;
        let shards: Option<Vec<Value>> = baseline
            .shards()
            .iter()
            .map(|shard| {
                let master = ordinal(&shard.master)?;
                let replicas: Vec<_> = shard
                    .replicas
                    .iter()
                    .map(|pod| ordinal(pod))
                    .collect::<Option<_>>()?;
                let mut pods = replicas.clone();
                pods.insert(0, master);
                Some(json!({"master": master, "replicas": replicas, "pods": pods}))
            })
            .collect();
        Some(json!({"shards": shards?}))
    }
}

/// The ordinal of a set's pod.
pub(crate) fn ordinal(pod: &str) -> Option<u64> {
    pod.rsplit_once('-')?.1.parse().ok()
}
