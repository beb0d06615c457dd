//! The snapshot of a scenario's objects and files: the same on every cluster.
//!
//! Invariants:
//! - Real node names, uids, addresses, times, resource versions and hashes
//!   never reach the text.
//! - Nothing is dropped silently: a kind without a section of its own still
//!   says its name, finalizers and owners; a file without a role is shown by path.
//! - The order of the input does not matter.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use stayput_scenario::plan::FileRole;

/// A directory on a node and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The node, by either name.
    pub node: String,
    /// The directory.
    pub directory: String,
    /// All that is below it; none where the directory is not there.
    pub files: Option<Vec<FoundFile>>,
}

/// Something below a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path below the directory, as `appendonlydir/appendonly.aof.1.incr.aof`.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u64,
}

/// What something below a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A link, a socket, a device…
    Other,
}

/// What a snapshot is made of.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The objects, each with `kind`.
    pub objects: &'a [Arc<Value>],
    /// The directories.
    pub listings: &'a [Listing],
    /// How files are named, and what is left out.
    pub roles: &'a [FileRole],
    /// The scenario's name of each real node.
    pub nodes: &'a BTreeMap<String, String>,
}

/// Why there can be no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// A file role's pattern is none.
    #[error("cannot read the pattern `{glob}`")]
    Glob {
        /// The pattern.
        glob: String,
        /// What is wrong with it.
        source: globset::Error,
    },
}

/// The text of a snapshot: a short, sorted YAML document.
pub fn text(seen: &Seen<'_>) -> Result<String, InventoryError> {
    let _ = seen;
    todo!()
}
