//! The ledger against what is there.
//!
//! Invariants:
//! - An acknowledged entry is kept only with its very value.
//! - An entry that may or may not have been written may be there or not, but
//!   with no other value.
//! - Where nothing was acknowledged nothing can be shown: that is no pass.

use std::fmt;

use serde::Serialize;

use super::{Entry, Got, Reads, Record, WriteOutcome};

/// How what is there compares with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// By shard, in the order of the ledger.
    pub shards: Vec<ShardComparison>,
}

/// How one shard compares.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardComparison {
    /// Its index.
    pub shard: usize,
    /// How many entries were acknowledged.
    pub acknowledged: usize,
    /// How many of those are there with their very values.
    pub kept: usize,
    /// Keys that were acknowledged and are gone.
    pub lost: Vec<String>,
    /// Keys that are there with other values.
    pub changed: Vec<String>,
    /// What could not be read, with the error; the key count too.
    pub unknown: Vec<String>,
    /// Keys that are there though they were refused or never sent.
    pub unexpected: Vec<String>,
    /// How many more keys there are than the ledger knows and accepted.
    pub foreign: u64,
    /// How many keys fewer there are than the ledger accepted beside its own.
    pub foreign_lost: u64,
}

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything acknowledged is there, and nothing else, in every shard.
    Kept,
    /// Nothing is known to be broken, but not everything could be read, or
    /// there was nothing to be read.
    Unknown,
    /// Something is lost, changed, or there without a right to be.
    Broken,
}

impl Comparison {
    /// What it comes to: the worst shard's verdict.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.shards.iter().map(ShardComparison::verdict);
        verdicts.max().unwrap_or(Verdict::Unknown)
    }

    /// Everything that keeps it from being [`Verdict::Kept`], a line each.
    pub fn problems(&self) -> Vec<String> {
        if self.shards.is_empty() {
            return vec!["there are no shards to compare".to_owned()];
        }
        let problems = self.shards.iter().flat_map(ShardComparison::problems);
        problems.collect()
    }
}

/// One line if all is kept, else a line for each problem.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.problems();
        if problems.is_empty() {
            let kept: usize = self.shards.iter().map(|shard| shard.kept).sum();
            return write!(
                f,
                "all {kept} acknowledged keys of {} shards kept, by value",
                self.shards.len()
            );
        }
        f.write_str(&problems.join("\n"))
    }
}

impl ShardComparison {
    /// Compares one shard's entries with what was read.
    pub(super) fn of<'a>(
        shard: usize,
        entries: impl Iterator<Item = (&'a Entry, Option<&'a Record>)>,
        accepted: u64,
        reads: &Reads,
    ) -> Self {
        let mut comparison = Self {
            shard,
            ..Self::default()
        };
        let mut present = 0;
        let mut unread = 0;
        for (entry, record) in entries {
            let got = reads.got.get(&entry.number);
            match got {
                Some(Got::Value(_)) => present += 1,
                Some(Got::Absent) => {}
                Some(Got::Error(_)) | None => unread += 1,
            }
            comparison.add(entry, record, got);
        }
        comparison.add_count(present + accepted, unread, reads);
        comparison
    }

    fn add(&mut self, entry: &Entry, record: Option<&Record>, got: Option<&Got>) {
        let standing = Standing::of(record);
        if standing == Standing::Acknowledged {
            self.acknowledged += 1;
        }
        let key = || entry.key.clone();
        match got {
            None => self.unknown.push(format!("{}: not read", entry.key)),
            Some(Got::Error(error)) => self.unknown.push(format!("{}: {error}", entry.key)),
            Some(Got::Absent) => match standing {
                Standing::Acknowledged => self.lost.push(key()),
                Standing::Open | Standing::Never => {}
            },
            Some(Got::Value(value)) => match standing {
                Standing::Never => self.unexpected.push(key()),
                _ if *value != entry.value => self.changed.push(key()),
                Standing::Acknowledged => self.kept += 1,
                Standing::Open => {}
            },
        }
    }

    /// Compares the number of keys. A key that could not be read may be there
    /// or not: within so many, more keys are no finding.
    fn add_count(&mut self, expected: u64, unread: u64, reads: &Reads) {
        match reads.key_counts.get(&self.shard) {
            Some(Ok(count)) => {
                self.foreign = count.saturating_sub(expected + unread);
                self.foreign_lost = expected.saturating_sub(*count);
            }
            Some(Err(error)) => self.unknown.push(format!("number of keys: {error}")),
            None => self.unknown.push("number of keys: not read".to_owned()),
        }
    }

    fn verdict(&self) -> Verdict {
        let lists = [&self.lost, &self.changed, &self.unexpected];
        let broken = lists.iter().any(|list| !list.is_empty());
        if broken || self.foreign > 0 || self.foreign_lost > 0 {
            Verdict::Broken
        } else if self.unknown.is_empty() && self.acknowledged > 0 {
            Verdict::Kept
        } else {
            Verdict::Unknown
        }
    }

    fn problems(&self) -> Vec<String> {
        let shard = self.shard;
        let mut problems = Vec::new();
        if self.acknowledged == 0 {
            problems.push(format!(
                "shard {shard}: no key was acknowledged, so nothing can be shown"
            ));
        }
        let lists = [
            (&self.lost, "acknowledged keys lost"),
            (&self.changed, "keys with another value"),
            (&self.unexpected, "keys there that were never accepted"),
            (&self.unknown, "things not known"),
        ];
        for (list, what) in lists {
            if !list.is_empty() {
                let of = self.acknowledged;
                let some = first_few(list);
                let count = list.len();
                problems.push(format!(
                    "shard {shard} ({of} acknowledged): {count} {what}: {some}"
                ));
            }
        }
        if self.foreign > 0 {
            let count = self.foreign;
            problems.push(format!(
                "shard {shard}: {count} keys more than were ever accepted"
            ));
        }
        if self.foreign_lost > 0 {
            let count = self.foreign_lost;
            problems.push(format!("shard {shard}: {count} keys fewer than there were"));
        }
        problems
    }
}

/// What an entry may be afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has to be there.
    Acknowledged,
    /// It may be there.
    Open,
    /// It must not be there.
    Never,
}

impl Standing {
    fn of(record: Option<&Record>) -> Self {
        match record.map(|record| &record.outcome) {
            Some(WriteOutcome::Acknowledged { .. }) => Self::Acknowledged,
            Some(WriteOutcome::TooFewReplicas { .. } | WriteOutcome::Unknown { .. }) => Self::Open,
            Some(WriteOutcome::Refused { .. }) | None => Self::Never,
        }
    }
}

/// The first few of a list, in one line.
fn first_few(list: &[String]) -> String {
    let few = 3;
    let mut text = list
        .iter()
        .take(few)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if list.len() > few {
        text.push_str(", …");
    }
    text
}
