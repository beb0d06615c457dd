//! Talks to, parses and judges one Redis Cluster over streams it is handed.
//!
//! [`look()`] asks one pod, [`oracle::judge`] weighs what all of them said,
//! [`Ledger`] remembers what was written, [`volume`] reads a stopped pod's
//! disk, [`cold`] judges a start from the disks alone, and [`cli`] reads what
//! `redis-cli --cluster` prints.
//!
//! Invariants:
//! - Nothing here dials, resolves or listens: a stream is handed in.
//! - No clock, no sleep, no spawned task: time is told, and the future that
//!   drives a connection belongs to the caller.
//! - Nothing is retried: what one request got is what is reported.
//! - Parsers take any text and never panic.

pub mod baseline;
pub mod cli;
pub mod cold;
mod connection;
mod error;
pub mod info;
pub mod ledger;
mod look;
pub mod nodes;
pub mod oracle;
#[cfg(test)]
mod recorded;
pub mod recovery;
#[cfg(test)]
mod scripted;
pub mod slots;
mod stability;
mod view;
pub mod volume;

pub use baseline::{Baseline, BaselineError, PodBaseline, Shard};
pub use connection::Connection;
pub use error::{ProbeError, ReplyError};
pub use ledger::Ledger;
pub use look::look;
pub use oracle::{Ailment, Expected, Member};
pub use recovery::Recovery;
pub use stability::{Hold, Stability};
pub use view::{Digest, Role, View};
