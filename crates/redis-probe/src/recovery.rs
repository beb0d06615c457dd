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
