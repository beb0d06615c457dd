//! What `redis-cli` and `valkey-cli` print for `--cluster`.
//!
//! Invariants:
//! - An exit code is never asked for: it is 0 for a dead replica and for a
//!   shard whose data is gone.
//! - Colour codes may be there or not.

pub mod check;
pub mod create;
