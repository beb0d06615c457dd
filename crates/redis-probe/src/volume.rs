//! The volume oracle: what a stopped pod's disk holds, read from a copy.
//!
//! A helper pod on the same node, with the scenario's own image and the data
//! directory mounted read-only, runs [`script`]; what it prints goes into
//! [`parse`], and that into [`compare`].
//!
//! Invariants:
//! - The original is never loaded and never written.
//! - A server that did not come up is an error, never an empty volume.
//! - Output that does not end as the script ends it is an error: half an
//!   answer is none.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::{Digest, PodBaseline, nodes};

/// Runs under any POSIX shell; `DATA` is the quoted directory.
const SCRIPT: &str = include_str!("volume.sh");

/// What a volume holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeContents {
    /// The node id in `nodes.conf`; none where the file is not there, or has
    /// no line of the node's own.
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
    /// The script ended early, with its reason.
    #[error("cannot read the data on the volume: {reason}")]
    Failed {
        /// What failed, in the script's words, and the server's last ones.
        reason: String,
    },
    /// The output is not the script's, or not all of it.
    #[error("expected the output of the volume oracle with {expected}, got `{output}`")]
    Unreadable {
        /// What is missing in it.
        expected: &'static str,
        /// The output.
        output: String,
    },
}

/// A difference between a volume and what its pod last held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[serde(rename_all = "camelCase")]
pub enum VolumeProblem {
    /// Another node's volume, or a new one.
    #[error("{pod}: expected node id {expected} in nodes.conf, saw {}", seen.as_deref().unwrap_or("none"))]
    NodeId {
        /// The pod.
        pod: String,
        /// The id that the pod had.
        expected: String,
        /// The id on the disk.
        seen: Option<String>,
    },
    /// More or fewer keys.
    #[error("{pod}: expected {expected} keys on the disk, saw {seen}")]
    Dbsize {
        /// The pod.
        pod: String,
        /// How many the pod had.
        expected: u64,
        /// How many are on the disk.
        seen: u64,
    },
    /// Other keys or values.
    #[error("{pod}: expected data with digest {expected} on the disk, saw {seen}")]
    Digest {
        /// The pod.
        pod: String,
        /// The digest that the pod had.
        expected: Digest,
        /// The digest of the disk's data.
        seen: Digest,
    },
    /// There is nothing to compare with.
    #[error("{pod}: expected a digest from before, had none: {why}")]
    NoDigest {
        /// The pod.
        pod: String,
        /// Why not.
        why: String,
    },
}

/// The script for `sh -c`, for a data directory mounted at `data`.
///
/// It prints its answer on standard output, its failures too, and ends within
/// a minute.
pub fn script(data: &str) -> String {
    let quoted = format!("'{}'", data.replace('\'', r"'\''"));
    format!("data={quoted}\n{SCRIPT}")
}

/// Reads what the script printed.
pub fn parse(output: &str) -> Result<VolumeContents, VolumeError> {
    let lines: Vec<_> = output.lines().map(str::trim_end).collect();
    let said = lines
        .iter()
        .filter_map(|line| line.strip_prefix("stayput-volume "));
    let mut values = BTreeMap::new();
    let mut log = Vec::new();
    for line in said {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "failed" => {
                let reason = value.to_owned();
                return Err(VolumeError::Failed { reason });
            }
            "log" => log.push(value.to_owned()),
            _ => {
                values.insert(name, value);
            }
        }
    }
    let value = |name: &'static str| {
        let value = values.get(name).copied();
        value.ok_or_else(|| unreadable(name, output))
    };
    value("end")?;
    let digest = value("digest")?;
    let is_digest = digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(VolumeContents {
        node_id: node_id(value("myself")?),
        dbsize: value("dbsize")?
            .parse()
            .map_err(|_| unreadable("dbsize", output))?,
        digest: if is_digest {
            Digest::Known(digest.to_owned())
        } else {
            Digest::Refused(digest.to_owned())
        },
        log,
    })
}

/// Lists the differences from what the pod last held.
///
/// Take the baseline after the last write and before the pods go.
pub fn compare(pod: &str, baseline: &PodBaseline, volume: &VolumeContents) -> Vec<VolumeProblem> {
    let pod = || pod.to_owned();
    let mut problems = Vec::new();
    if volume.node_id.as_ref() != Some(&baseline.node_id) {
        problems.push(VolumeProblem::NodeId {
            pod: pod(),
            expected: baseline.node_id.clone(),
            seen: volume.node_id.clone(),
        });
    }
    if volume.dbsize != baseline.dbsize {
        problems.push(VolumeProblem::Dbsize {
            pod: pod(),
            expected: baseline.dbsize,
            seen: volume.dbsize,
        });
    }
    match &baseline.digest {
        Digest::Refused(why) => problems.push(VolumeProblem::NoDigest {
            pod: pod(),
            why: why.clone(),
        }),
        Digest::Known(_) if volume.digest != baseline.digest => {
            problems.push(VolumeProblem::Digest {
                pod: pod(),
                expected: baseline.digest.clone(),
                seen: volume.digest.clone(),
            });
        }
        Digest::Known(_) => {}
    }
    problems
}

/// The id in the line that `nodes.conf` marks as the node's own.
fn node_id(line: &str) -> Option<String> {
    let nodes = nodes::parse(line).ok()?;
    let own = nodes.into_iter().find(|node| node.flags.myself());
    own.map(|node| node.id)
}

fn unreadable(expected: &'static str, output: &str) -> VolumeError {
    VolumeError::Unreadable {
        expected,
        output: output.to_owned(),
    }
}
