//! How a shard came back: on its own disk, or by another pod's memory.
//!
//! Only after a fast restart do the keys say anything about a disk: after a
//! fail-over the restarted pod's data is discarded and copied anew.
//!
//! Invariants:
//! - A higher epoch is a fail-over even if the same pod is master again.

use serde::Serialize;

use crate::{Baseline, Shard, slots::SlotRange};

/// What happened between two baselines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Recovery {
    /// Every shard kept its master: the disk decided.
    FastRestart,
    /// Shards have or had another master: disks were discarded.
    FailOver {
        /// Which, in slot order.
        shards: Vec<FailedOver>,
    },
}

/// A shard whose master changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedOver {
    /// Its slots.
    pub slots: Vec<SlotRange>,
    /// The master's pod before.
    pub before: String,
    /// The master's pod after; none if these slots have no one master now.
    pub after: Option<String>,
    /// The epoch before.
    pub epoch_before: u64,
    /// The epoch after, likewise.
    pub epoch_after: Option<u64>,
}

/// Compares the masters before and after.
pub fn classify(before: &Baseline, after: &Baseline) -> Recovery {
    let shards: Vec<_> = before
        .shards()
        .iter()
        .filter_map(|shard| failed_over(shard, after.shards()))
        .collect();
    if shards.is_empty() {
        Recovery::FastRestart
    } else {
        Recovery::FailOver { shards }
    }
}

/// What became of a shard, unless it has its master still.
fn failed_over(before: &Shard, after: &[Shard]) -> Option<FailedOver> {
    // A master without slots cannot be told from any other: it decides nothing.
    before.slots.first()?;
    let after = after.iter().find(|shard| shard.slots == before.slots);
    if let Some(after) = after
        && after.master == before.master
        && after.config_epoch == before.config_epoch
    {
        return None;
    }
    Some(FailedOver {
        slots: before.slots.clone(),
        before: before.master.clone(),
        after: after.map(|shard| shard.master.clone()),
        epoch_before: before.config_epoch,
        epoch_after: after.map(|shard| shard.config_epoch),
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{Member, recorded};

    /// Compares the healthy cluster with itself after a change.
    fn check(change: impl Fn(&mut Vec<Member>)) -> String {
        let mut members = recorded::members("healthy");
        let before = Baseline::of(&members).unwrap();
        change(&mut members);
        let after = Baseline::of(&members).unwrap();
        match classify(&before, &after) {
            Recovery::FastRestart => "fast restart".to_owned(),
            Recovery::FailOver { shards } => {
                let lines = shards.iter().map(|shard| {
                    let after = shard.after.as_deref().unwrap_or("nobody");
                    let (was, is) = (shard.epoch_before, shard.epoch_after);
                    format!("{} -> {after}, epoch {was} -> {is:?}", shard.before)
                });
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// Changes what every pod says in its own line.
    fn own(members: &mut [Member], pod: usize) -> &mut crate::nodes::NodeLine {
        let view = members[pod].seen.as_mut().unwrap();
        let mut lines = view.nodes.iter_mut();
        lines.find(|line| line.flags.myself()).unwrap()
    }

    #[test]
    fn nothing_changed() {
        assert_snapshot!(check(|_| ()), @"fast restart");
    }

    #[test]
    fn a_replica_took_over() {
        assert_snapshot!(check(|members| {
            let master = own(members, 0).clone();
            let replica = own(members, 4);
            let id = replica.id.clone();
            replica.master = None;
            replica.slots = master.slots;
            replica.config_epoch = 7;
            let old = own(members, 0);
            old.master = Some(id);
            old.slots = Vec::new();
        }), @"redis-0 -> redis-4, epoch 1 -> Some(7)");
    }

    #[test]
    fn the_same_master_with_a_newer_epoch_was_failed_over_and_back() {
        assert_snapshot!(check(|members| own(members, 1).config_epoch = 9), @"redis-1 -> redis-1, epoch 2 -> Some(9)");
    }

    #[test]
    fn slots_that_nobody_serves_are_no_fast_restart() {
        assert_snapshot!(check(|members| own(members, 2).slots.clear()), @"redis-2 -> nobody, epoch 3 -> None");
    }
}
