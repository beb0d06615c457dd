//! What the pods of a healthy cluster were: what later looks are compared with.
//!
//! Invariants:
//! - Every pod has an id of its own, and every replica's master is a pod that
//!   is a master.
//! - Shards are in the order of their lowest slots.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::{Digest, Member, Role, View, nodes::NodeLine, slots::SlotRange};

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
    /// A replica follows what is no master of any pod.
    #[error("no baseline: `{pod}` follows {master}, which is no pod that is a master")]
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
        let own = own_lines(members)?;
        let ids = ids(&own)?;
        let shards = shards(&own, &ids)?;
        let mut pods = BTreeMap::new();
        for (member, view, line) in &own {
            let pod = PodBaseline {
                node_id: line.id.clone(),
                role: view.replication.role,
                shard: shard_of(&member.pod, &shards),
                address: member.address.clone(),
                run_id: view.server.run_id.clone(),
                digest: view.digest.clone(),
                dbsize: view.dbsize,
            };
            pods.insert(member.pod.clone(), pod);
        }
        Ok(Self { pods, shards })
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

/// A pod, its view, and its own line in it.
type Own<'a> = (&'a Member, &'a View, &'a NodeLine);

fn own_lines(members: &[Member]) -> Result<Vec<Own<'_>>, BaselineError> {
    let own = members.iter().map(|member| {
        let pod = || member.pod.clone();
        let view = member.seen.as_ref().map_err(|why| BaselineError::NoView {
            pod: pod(),
            why: why.clone(),
        })?;
        let line = view.myself();
        let line = line.ok_or_else(|| BaselineError::NoMyself { pod: pod() })?;
        Ok((member, view, line))
    });
    own.collect()
}

/// The pods by their node ids.
fn ids<'a>(own: &[Own<'a>]) -> Result<BTreeMap<&'a str, &'a str>, BaselineError> {
    let mut ids = BTreeMap::new();
    for (member, _, line) in own {
        if let Some(first) = ids.insert(line.id.as_str(), member.pod.as_str()) {
            return Err(BaselineError::SameId {
                first: first.to_owned(),
                second: member.pod.clone(),
                id: line.id.clone(),
            });
        }
    }
    Ok(ids)
}

fn shards(own: &[Own<'_>], ids: &BTreeMap<&str, &str>) -> Result<Vec<Shard>, BaselineError> {
    let mut shards: BTreeMap<&str, Shard> = BTreeMap::new();
    for (member, _, line) in own.iter().filter(|(_, _, line)| line.master.is_none()) {
        let shard = Shard {
            slots: line.slots.clone(),
            master: member.pod.clone(),
            replicas: Vec::new(),
            config_epoch: line.config_epoch,
        };
        shards.insert(&line.id, shard);
    }
    for (member, _, line) in own {
        let Some(master) = &line.master else { continue };
        let shard = shards.get_mut(master.as_str());
        let shard = shard.ok_or_else(|| BaselineError::UnknownMaster {
            pod: member.pod.clone(),
            master: ids
                .get(master.as_str())
                .copied()
                .unwrap_or(master)
                .to_owned(),
        })?;
        shard.replicas.push(member.pod.clone());
    }
    let mut shards: Vec<_> = shards.into_values().collect();
    for shard in &mut shards {
        shard.replicas.sort_unstable();
    }
    shards.sort_by(|one, other| order(one).cmp(&order(other)));
    Ok(shards)
}

/// By the lowest slot; a master without slots comes last, by name.
fn order(shard: &Shard) -> (bool, Option<SlotRange>, &str) {
    let first = shard.slots.first().copied();
    (first.is_none(), first, &shard.master)
}

/// Each pod is in a shard: it is the master of one, or its master has one.
fn shard_of(pod: &str, shards: &[Shard]) -> usize {
    let has_it = |shard: &Shard| shard.master == pod || shard.replicas.iter().any(|own| own == pod);
    shards.iter().position(has_it).unwrap_or(shards.len())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::recorded;

    fn check(members: &[Member]) -> String {
        let baseline = match Baseline::of(members) {
            Ok(baseline) => baseline,
            Err(error) => return error.to_string(),
        };
        let shards = baseline.shards().iter().map(|shard| {
            let slots: Vec<_> = shard.slots.iter().map(ToString::to_string).collect();
            let (master, replicas) = (&shard.master, shard.replicas.join(" "));
            format!(
                "{}: {master} <- {replicas}, epoch {}",
                slots.join(" "),
                shard.config_epoch
            )
        });
        let pods = baseline.pods().map(|(name, pod)| {
            format!(
                "{name}: {} in {}, {} keys, {}",
                pod.role, pod.shard, pod.dbsize, pod.digest
            )
        });
        shards.chain(pods).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn shards_are_in_the_order_of_their_slots() {
        assert_snapshot!(check(&recorded::members("healthy")), @"
        0-5460: redis-0 <- redis-4, epoch 1
        5461-10922: redis-1 <- redis-5, epoch 2
        10923-16383: redis-2 <- redis-3, epoch 3
        redis-0: master in 0, 39 keys, 7fe178da8560bd537d01dc7e3a6be2d32d329b5b
        redis-1: master in 1, 28 keys, 6d5b9eb97328ada9ea340b5664ff3ae4a93ce6d8
        redis-2: master in 2, 33 keys, f7f8ca672de5dd95d2c75f3c17703658d8aeb9b2
        redis-3: replica in 2, 33 keys, f7f8ca672de5dd95d2c75f3c17703658d8aeb9b2
        redis-4: replica in 0, 39 keys, 7fe178da8560bd537d01dc7e3a6be2d32d329b5b
        redis-5: replica in 1, 28 keys, 6d5b9eb97328ada9ea340b5664ff3ae4a93ce6d8
        ");
    }

    #[test]
    fn a_pod_that_took_over_is_the_master() {
        assert_snapshot!(check(&recorded::members("failed-over-returned")), @"
        0-5460: redis-4 <- redis-0, epoch 7
        5461-10922: redis-1 <- redis-5, epoch 2
        10923-16383: redis-2 <- redis-3, epoch 3
        redis-0: replica in 0, 39 keys, 7fe178da8560bd537d01dc7e3a6be2d32d329b5b
        redis-1: master in 1, 28 keys, 6d5b9eb97328ada9ea340b5664ff3ae4a93ce6d8
        redis-2: master in 2, 33 keys, f7f8ca672de5dd95d2c75f3c17703658d8aeb9b2
        redis-3: replica in 2, 33 keys, f7f8ca672de5dd95d2c75f3c17703658d8aeb9b2
        redis-4: master in 0, 39 keys, 7fe178da8560bd537d01dc7e3a6be2d32d329b5b
        redis-5: replica in 1, 28 keys, 6d5b9eb97328ada9ea340b5664ff3ae4a93ce6d8
        ");
    }

    #[test]
    fn a_pod_that_does_not_answer_leaves_no_baseline() {
        assert_snapshot!(check(&recorded::members("replica-down")), @"no baseline: `redis-4` did not answer: connection refused");
    }

    #[test]
    fn a_replica_of_nobody_leaves_no_baseline() {
        assert_snapshot!(check(&recorded::members("master-wiped")), @"no baseline: `redis-5` follows fb322849cfed7500aedf0c8fa115155f8c948e1b, which is no pod that is a master");
        let members = recorded::members("healthy");
        assert_snapshot!(check(&members[1..]), @"no baseline: `redis-4` follows afffa1c1dc34a7647db152b5a8195de55ccef666, which is no pod that is a master");
    }

    #[test]
    fn two_pods_are_never_one_node() {
        let mut members = recorded::members("healthy");
        members[1].seen = members[0].seen.clone();
        assert_snapshot!(check(&members), @"no baseline: `redis-0` and `redis-1` are both node afffa1c1dc34a7647db152b5a8195de55ccef666");
    }

    #[test]
    fn a_report_can_hold_it() {
        let baseline = Baseline::of(&recorded::members("healthy")).unwrap();
        let json = serde_json::to_value(&baseline).unwrap();
        assert_snapshot!(json["shards"][0].to_string(), @r#"{"configEpoch":1,"master":"redis-0","replicas":["redis-4"],"slots":["0-5460"]}"#);
    }
}
