//! The ledger against what is there.

use std::fmt;

use serde::Serialize;

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
    /// Acknowledged, and there with their very values.
    pub kept: usize,
    /// Acknowledged and gone.
    pub lost: Vec<String>,
    /// There with other values.
    pub changed: Vec<String>,
    /// Could not be read, with the error; the key count too.
    pub unknown: Vec<String>,
    /// There though they should not be: refused or never sent.
    pub unexpected: Vec<String>,
    /// Keys that are there beyond the ledger's own.
    pub foreign: u64,
}

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything acknowledged is there, and nothing else.
    Kept,
    /// Something is lost, changed, or there without a right to be.
    Broken,
    /// Nothing is known to be broken, but not everything could be read.
    Unknown,
}

impl Comparison {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        todo!()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}
