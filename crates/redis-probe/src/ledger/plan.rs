//! Keys that cover every shard, and values that nobody can guess.

use serde::Serialize;

/// One key and the value that it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number, counted through all shards.
    pub number: u64,
    /// The shard, as an index into the shards that it was planned for.
    pub shard: usize,
    /// The slot of the key.
    pub slot: u16,
    /// The key: `{tag}:seed:<number>`.
    pub key: String,
    /// HMAC-SHA256 of the number under the seed, in hexadecimal digits.
    pub value: String,
}
