//! What was written, what was acknowledged, and what is there afterwards.
//!
//! Invariants:
//! - An entry is acknowledged only by the server's own OK and by WAIT on the
//!   same connection, after it.
//! - What could not be read is unknown, never lost; unknown is no pass.
//! - Values are compared whole: that a key exists shows nothing.

mod compare;
mod plan;
#[cfg(test)]
mod tests;
mod transfer;
#[cfg(test)]
mod transfer_tests;
mod written;

pub use compare::{Comparison, ShardComparison, Verdict};
pub use plan::Entry;
pub use transfer::{Got, Reads, Record, WriteOutcome, read, write};
pub use written::Written;

use std::collections::BTreeMap;

use crate::Shard;

/// The entries of a run and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    entries: Vec<Entry>,
    /// By the entry's number; an entry that was never sent has none.
    records: BTreeMap<u64, Record>,
    /// How many keys each shard holds beside the ledger's.
    foreign: Vec<u64>,
}

impl Ledger {
    /// Plans `per_shard` entries for each shard, spread over its slots.
    ///
    /// The same seed and slots give the same entries.
    pub fn plan(seed: u64, per_shard: usize, shards: &[Shard]) -> Self {
        Self {
            entries: plan::entries(seed, per_shard, shards),
            records: BTreeMap::new(),
            foreign: vec![0; shards.len()],
        }
    }

    /// The entries of all shards.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries of one shard, by its index in the shards it was planned for.
    pub fn shard(&self, shard: usize) -> Vec<Entry> {
        let own = self.entries.iter().filter(|entry| entry.shard == shard);
        own.cloned().collect()
    }

    /// How many shards it was planned for.
    pub fn shards(&self) -> usize {
        self.foreign.len()
    }

    /// Takes down what became of entries that were sent. What is known of an
    /// entry stays: one that was acknowledged once is acknowledged.
    pub fn record(&mut self, records: impl IntoIterator<Item = Record>) {
        for record in records {
            let known = self.records.get(&record.number);
            let acknowledged = known
                .is_some_and(|known| matches!(known.outcome, WriteOutcome::Acknowledged { .. }));
            if !acknowledged {
                self.records.insert(record.number, record);
            }
        }
    }

    /// How many were acknowledged, and what became of the others.
    pub fn written(&self) -> Written {
        Written::of(self.entries.iter().map(|entry| self.record_of(entry)))
    }

    /// Takes keys that are there now beside the ledger's as given: a later
    /// comparison finds only others. A count that is not known changes nothing.
    pub fn accept_foreign(&mut self, reads: &Reads) {
        for shard in &self.compare(reads).shards {
            if let Some(foreign) = self.foreign.get_mut(shard.shard) {
                *foreign += shard.foreign;
            }
        }
    }

    /// Compares what is there with what was acknowledged.
    pub fn compare(&self, reads: &Reads) -> Comparison {
        let shards = self.foreign.iter().enumerate().map(|(shard, foreign)| {
            let own = self.entries.iter().filter(|entry| entry.shard == shard);
            let own = own.map(|entry| (entry, self.record_of(entry)));
            ShardComparison::of(shard, own, *foreign, reads)
        });
        Comparison {
            shards: shards.collect(),
        }
    }

    fn record_of(&self, entry: &Entry) -> Option<&Record> {
        self.records.get(&entry.number)
    }
}
