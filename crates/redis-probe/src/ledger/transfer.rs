//! Writing entries and reading them back, over a shard master's own connection.
//!
//! Invariants:
//! - No request is sent twice and no redirect is followed.
//! - Nothing here fails as a whole: each entry has its own outcome.

use std::{collections::BTreeMap, time::Duration};

use redis::{RedisResult, Value};
use serde::Serialize;

use super::Entry;
use crate::{
    Connection,
    error::{is_answer, words},
};

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

/// So many entries share a pipeline and its one WAIT.
const BATCH: usize = 64;

/// Writes entries to the master that serves them.
///
/// Each batch is SETs and one WAIT after them in one pipeline: WAIT counts
/// the replicas that have everything this connection wrote before it. The
/// connection's response time-out is extended by `timeout` for it.
///
/// Once a batch gets no reply, the entries after it are not sent, and have no
/// record.
pub async fn write(
    connection: &mut Connection,
    entries: &[Entry],
    wait_replicas: u64,
    timeout: Duration,
) -> Vec<Record> {
    let mut patient = connection.patient(timeout);
    // To WAIT, 0 means for ever.
    let millis = timeout.as_millis().max(1).to_string();
    let mut records = Vec::new();
    for batch in entries.chunks(BATCH) {
        let mut pipeline = redis::pipe();
        for entry in batch {
            pipeline.cmd("SET").arg(&entry.key).arg(&entry.value);
        }
        pipeline.cmd("WAIT").arg(wait_replicas).arg(&millis);
        let replies = patient.ask(&mut pipeline).await;
        let silent = replies.is_err();
        records.extend(outcomes(batch, replies, wait_replicas));
        if silent {
            break;
        }
    }
    records
}

/// What became of a batch, by the replies to its SETs and its WAIT.
fn outcomes(
    batch: &[Entry],
    replies: RedisResult<Vec<RedisResult<Value>>>,
    wanted: u64,
) -> Vec<Record> {
    let outcomes = match replies {
        Ok(mut replies) if replies.len() == batch.len() + 1 => {
            let confirmed = confirmed(replies.pop());
            let sets = replies.into_iter();
            sets.map(|set| outcome(set, &confirmed, wanted)).collect()
        }
        Ok(replies) => {
            let error = format!("{} requests got {} replies", batch.len() + 1, replies.len());
            vec![WriteOutcome::Unknown { error }; batch.len()]
        }
        Err(error) => {
            let error = words(&error);
            vec![WriteOutcome::Unknown { error }; batch.len()]
        }
    };
    let records = batch.iter().zip(outcomes).map(|(entry, outcome)| Record {
        number: entry.number,
        outcome,
    });
    records.collect()
}

/// How many replicas WAIT counted.
fn confirmed(wait: Option<RedisResult<Value>>) -> Result<u64, String> {
    match wait {
        Some(Ok(Value::Int(replicas))) => {
            u64::try_from(replicas).map_err(|_| format!("WAIT counted {replicas} replicas"))
        }
        Some(Ok(other)) => Err(format!("WAIT gave {other:?}")),
        Some(Err(error)) => Err(words(&error)),
        None => Err("WAIT got no reply".to_owned()),
    }
}

fn outcome(set: RedisResult<Value>, confirmed: &Result<u64, String>, wanted: u64) -> WriteOutcome {
    match set {
        Ok(Value::Okay) => match confirmed {
            Ok(replicas) if *replicas >= wanted => WriteOutcome::Acknowledged {
                replicas: *replicas,
            },
            Ok(replicas) => WriteOutcome::TooFewReplicas {
                replicas: *replicas,
                wanted,
            },
            Err(error) => WriteOutcome::Unknown {
                error: error.clone(),
            },
        },
        Ok(other) => WriteOutcome::Unknown {
            error: format!("SET gave {other:?}"),
        },
        Err(error) if is_answer(&error) => WriteOutcome::Refused {
            error: words(&error),
        },
        Err(error) => WriteOutcome::Unknown {
            error: words(&error),
        },
    }
}

/// So many reads share a pipeline.
const READS: usize = 256;

/// Reads entries, and the number of all keys, from the master that serves them.
///
/// The key count is filed under `shard`.
pub async fn read(connection: &mut Connection, shard: usize, entries: &[Entry]) -> Reads {
    let mut reads = Reads::default();
    for batch in entries.chunks(READS) {
        let mut pipeline = redis::pipe();
        for entry in batch {
            pipeline.cmd("GET").arg(&entry.key);
        }
        let got = match connection.ask(&mut pipeline).await {
            Ok(replies) => replies.into_iter().map(got).collect(),
            Err(error) => vec![Got::Error(words(&error)); batch.len()],
        };
        let numbers = batch.iter().map(|entry| entry.number);
        reads.got.extend(numbers.zip(got));
    }
    let mut pipeline = redis::pipe();
    let replies = connection.ask(pipeline.cmd("DBSIZE")).await;
    let count = replies.map_or_else(
        |error| Err(words(&error)),
        |mut replies| count(replies.pop()),
    );
    reads.key_counts.insert(shard, count);
    reads
}

fn got(reply: RedisResult<Value>) -> Got {
    match reply {
        Ok(Value::BulkString(bytes)) => Got::Value(String::from_utf8_lossy(&bytes).into_owned()),
        Ok(Value::Nil) => Got::Absent,
        Ok(other) => Got::Error(format!("GET gave {other:?}")),
        Err(error) => Got::Error(words(&error)),
    }
}

fn count(reply: Option<RedisResult<Value>>) -> Result<u64, String> {
    match reply {
        Some(Ok(Value::Int(count))) => {
            u64::try_from(count).map_err(|_| format!("DBSIZE gave {count}"))
        }
        Some(Ok(other)) => Err(format!("DBSIZE gave {other:?}")),
        Some(Err(error)) => Err(words(&error)),
        None => Err("DBSIZE got no reply".to_owned()),
    }
}
