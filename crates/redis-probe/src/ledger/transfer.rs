//! Writing entries and reading them back, over a shard master's own connection.
//!
//! Invariants:
//! - No request is sent twice and no redirect is followed.
//! - Nothing here fails as a whole: each entry has its own outcome.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::Entry;
use crate::Connection;

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The entry's number.
    pub number: u64,
    /// What became of it.
    pub outcome: WriteOutcome,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WriteOutcome {
    /// The master said OK, and at least as many replicas as asked have it.
    Acknowledged {
        /// How many replicas, as WAIT counted.
        replicas: u64,
    },
    /// The master said OK, but not enough replicas confirmed it in time.
    TooFewReplicas {
        /// How many replicas, as WAIT counted.
        replicas: u64,
        /// How many were asked for.
        wanted: u64,
    },
    /// The server said no: `CLUSTERDOWN`, `MOVED`, `READONLY`.
    Refused {
        /// Its words.
        error: String,
    },
    /// No reply: it may or may not have been written.
    Unknown {
        /// Why there is no reply.
        error: String,
    },
}

/// How a ledger's writes went, all told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// Entries in the ledger.
    pub planned: usize,
    /// Entries that were never sent.
    pub unsent: usize,
    /// Entries that were acknowledged.
    pub acknowledged: usize,
    /// Entries with too few replicas.
    pub too_few_replicas: usize,
    /// Entries that a server refused.
    pub refused: usize,
    /// Entries without a reply.
    pub unknown: usize,
    /// The different errors with how often each came, oftenest first.
    pub errors: Vec<(String, usize)>,
}

impl Written {
    /// Whether every entry was sent and acknowledged.
    pub fn all_acknowledged(&self) -> bool {
        self.planned > 0 && self.acknowledged == self.planned
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.acknowledged, self.planned)
    }
}

/// What was read of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Got {
    /// Its value.
    Value(String),
    /// The server says that there is no such key.
    Absent,
    /// The server did not say.
    Error(String),
}

/// What was read back, of all shards or of some.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reads {
    /// By the entry's number.
    pub got: BTreeMap<u64, Got>,
    /// The number of keys on the master that was read, by shard.
    pub key_counts: BTreeMap<usize, Result<u64, String>>,
}

impl Reads {
    /// Adds what was read of another shard.
    pub fn extend(&mut self, other: Self) {
        self.got.extend(other.got);
        self.key_counts.extend(other.key_counts);
    }
}

/// Writes entries to the master that serves them.
///
/// Each batch is SETs and one WAIT after them in one pipeline: WAIT counts
/// replicas that have everything this connection wrote before it. The
/// connection's response time-out is extended by `timeout` for it.
pub async fn write(
    connection: &mut Connection,
    entries: &[Entry],
    wait_replicas: u64,
    timeout: Duration,
) -> Vec<Record> {
    let _ = (connection, entries, wait_replicas, timeout);
    todo!()
}

/// Reads entries, and the number of all keys, from the master that serves them.
///
/// The key count is filed under `shard`.
pub async fn read(connection: &mut Connection, shard: usize, entries: &[Entry]) -> Reads {
    let _ = (connection, shard, entries);
    todo!()
}
