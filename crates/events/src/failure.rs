//! What a person needs to see when something failed.

use serde::{Deserialize, Serialize};

use crate::Elapsed;

/// Expected against seen, and what led there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Failure {
    /// One sentence: what went wrong, without 'deadline exceeded'.
    pub summary: String,
    /// What was expected, pruned to what was asked.
    pub expected: String,
    /// What was seen, pruned to what was asked.
    pub seen: String,
    /// What stands behind it, the surest first; empty where nothing is known.
    pub causes: Vec<Cause>,
    /// Every difference, the closest candidate's first.
    pub mismatches: Vec<Mismatch>,
    /// How the things that mattered changed, oldest first.
    pub transitions: Vec<Moment>,
    /// Events of the objects involved, oldest first, as `kubectl` would say them.
    pub events: Vec<Moment>,
    /// What is at the paths of the volumes involved, on their nodes.
    pub directories: Vec<Directory>,
    /// The ends of the logs of the containers involved, previous ones too.
    pub logs: Vec<LogExcerpt>,
    /// Errors of the API that passed by themselves; never mixed with mismatches.
    pub transient_errors: Vec<Moment>,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// Why something is as it is, with what shows it and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Its name for programs, as `path-missing`.
    pub name: String,
    /// The object that it keeps from being as it should, as `Kind namespace/name`.
    pub object: String,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What shows it, a line each: the cluster's own words.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub cure: String,
}

/// What is at a volume's path on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// The node, as the cluster names it.
    pub node: String,
    /// The path on it.
    pub path: String,
    /// What is there.
    pub is: AtPath,
    /// What `ls` says of it; empty where there is nothing to list.
    pub listing: String,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AtPath {
    /// Nothing.
    Missing,
    /// A directory, or a link to one.
    Directory,
    /// Something else: a file, a device, a link to nothing.
    Other,
    /// Nobody could look.
    Unknown,
}

/// One place where seen and expected differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mismatch {
    /// Which object, as `Kind namespace/name`; empty where there is none.
    pub object: String,
    /// Where in it, as `.status.phase`.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What was there.
    pub seen: String,
}

/// Something seen at a moment of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When it was seen.
    pub at: Elapsed,
    /// What was seen, in one line.
    pub what: String,
}

/// The end of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogExcerpt {
    /// The pod, as `namespace/name`.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// Whether it is the log of the container before the present one.
    pub previous: bool,
    /// Its last lines.
    pub text: String,
}
