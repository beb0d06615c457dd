//! How a shard came back: on its own disk, or by another pod's memory.
//!
//! Only after a fast restart do the keys say anything about a disk: after a
//! fail-over the restarted pod's data is discarded and copied anew.
//!
//! Invariants:
//! - A higher epoch is a fail-over even if the same pod is master again.

use serde::Serialize;

use crate::{Baseline, slots::SlotRange};

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
    /// The epoch after.
    pub epoch_after: u64,
}

/// Compares the masters before and after.
pub fn classify(before: &Baseline, after: &Baseline) -> Recovery {
    let _ = (before, after);
    todo!()
}
