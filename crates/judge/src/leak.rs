//! What a scenario left behind, took away or replaced.
//!
//! Invariants:
//! - What is left out of the verdict is in [`CHURN`], each with its reason, and
//!   is still reported.

use std::collections::BTreeSet;

use serde_json::Value;

/// An object of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// Its kind.
    pub kind: String,
    /// Its namespace; none for objects without one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// A path on a node's disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DiskPath {
    /// The node.
    pub node: String,
    /// The path.
    pub path: String,
}

/// All that is on a cluster and its nodes' disks at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Everything {
    /// The objects.
    pub objects: BTreeSet<ObjectId>,
    /// The paths.
    pub paths: BTreeSet<DiskPath>,
}

/// What differs between two moments, a line each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaks {
    /// There now, and not before.
    pub left_over: Vec<String>,
    /// There before, and not now.
    pub missing: Vec<String>,
    /// Under the same name, and another.
    pub replaced: Vec<String>,
    /// Differs as well, but does so on any cluster, with the reason.
    pub churned: Vec<String>,
}

/// What comes and goes on any cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Churn {
    /// The kind.
    pub kind: &'static str,
    /// Its namespace, where it churns in one only.
    pub namespace: Option<&'static str>,
    /// How its name begins.
    pub prefix: &'static str,
    /// Why it comes and goes.
    pub reason: &'static str,
}

/// All that is not held against a scenario.
pub const CHURN: &[Churn] = &[];

impl ObjectId {
    /// Reads it from an object or its metadata (`PartialObjectMetadata`), whose
    /// own `kind` lists leave out.
    pub fn of(kind: &str, object: &Value) -> Option<Self> {
        let _ = (kind, object);
        todo!()
    }
}

impl Leaks {
    /// Whether the cluster and the disks are as they were.
    pub fn is_clean(&self) -> bool {
        self.left_over.is_empty() && self.missing.is_empty() && self.replaced.is_empty()
    }
}

/// What differs after a scenario.
pub fn compare(before: &Everything, after: &Everything) -> Leaks {
    let _ = (before, after);
    todo!()
}
