//! What was written, what was acknowledged, and what is there afterwards.
//!
//! Invariants:
//! - An entry is acknowledged only by the server's own OK and by WAIT on the
//!   same connection, after it.
//! - What could not be read is unknown, never lost; unknown is no pass.
//! - Values are compared whole: that a key exists shows nothing.

mod compare;
mod plan;
mod transfer;

pub use compare::{Comparison, ShardComparison, Verdict};
pub use plan::Entry;
pub use transfer::{Got, Reads, Record, WriteOutcome, Written, read, write};

use crate::baseline::Shard;

/// The entries of a run and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    entries: Vec<Entry>,
    records: Vec<Option<Record>>,
    shards: usize,
}

impl Ledger {
    /// Plans `per_shard` entries for each shard, spread over its slots.
    ///
    /// The same seed and slots give the same entries.
    pub fn plan(seed: u64, per_shard: usize, shards: &[Shard]) -> Self {
        let _ = (seed, per_shard, shards);
        todo!()
    }

    /// The entries of all shards.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries of one shard, by its index in [`Baseline::shards`](crate::Baseline::shards).
    pub fn shard(&self, shard: usize) -> Vec<Entry> {
        let own = self.entries.iter().filter(|entry| entry.shard == shard);
        own.cloned().collect()
    }

    /// How many shards it was planned for.
    pub fn shards(&self) -> usize {
        self.shards
    }

    /// Takes down what became of entries that were sent.
    pub fn record(&mut self, records: Vec<Record>) {
        let _ = records;
        todo!()
    }

    /// How many were acknowledged, and what became of the others.
    pub fn written(&self) -> Written {
        todo!()
    }

    /// Compares what is there with what was acknowledged.
    pub fn compare(&self, reads: &Reads) -> Comparison {
        let _ = reads;
        todo!()
    }
}
