//! The volume oracle: what a stopped pod's disk holds, read from a copy.
//!
//! A helper pod on the same node, with the scenario's own image and the data
//! directory mounted read-only, runs [`script`]; what it prints goes into
//! [`parse`], and that into [`compare`].
//!
//! Invariants:
//! - The original is never loaded and never written.
//! - A server that did not come up is an error, never an empty volume.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::{Digest, PodBaseline};

/// What a volume holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeContents {
    /// The node id in `nodes.conf`; none where the file is not there or empty.
    pub node_id: Option<String>,
    /// How many keys came off the disk.
    pub dbsize: u64,
    /// Their digest.
    pub digest: Digest,
    /// The server's own lines about what it loaded.
    pub log: Vec<String>,
}

/// Why it is not known what a volume holds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VolumeError {
    /// The script ended early.
    #[error("cannot read the volume: {0}")]
    Failed(String),
    /// The output is not the script's, or not all of it.
    #[error("cannot read the output of the volume oracle: {0}")]
    Unreadable(String),
}

/// A difference between a volume and what its pod last held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum VolumeProblem {
    /// Another node's volume, or a new one.
    NodeId {
        /// The pod.
        pod: String,
        /// The id that the pod had.
        expected: String,
        /// The id on the disk.
        seen: Option<String>,
    },
    /// More or fewer keys.
    Dbsize {
        /// The pod.
        pod: String,
        /// How many the pod had.
        expected: u64,
        /// How many are on the disk.
        seen: u64,
    },
    /// Other keys or values.
    Digest {
        /// The pod.
        pod: String,
        /// The digest that the pod had.
        expected: Digest,
        /// The digest of the disk's data.
        seen: Digest,
    },
}

impl fmt::Display for VolumeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}

/// The script for `sh -c`, for a data directory mounted at `data`.
pub fn script(data: &str) -> String {
    let _ = data;
    todo!()
}

/// Reads what the script printed.
pub fn parse(output: &str) -> Result<VolumeContents, VolumeError> {
    let _ = output;
    todo!()
}

/// Lists the differences from what the pod last held.
pub fn compare(pod: &str, baseline: &PodBaseline, volume: &VolumeContents) -> Vec<VolumeProblem> {
    let _ = (pod, baseline, volume);
    todo!()
}
