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
    /// Every difference, the closest candidate's first.
    pub mismatches: Vec<Mismatch>,
    /// How the things that mattered changed, oldest first.
    pub transitions: Vec<Moment>,
    /// Events of the objects involved, oldest first, as `kubectl` would say them.
    pub events: Vec<Moment>,
    /// The ends of the logs of the containers involved, previous ones too.
    pub logs: Vec<LogExcerpt>,
    /// Errors of the API that passed by themselves; never mixed with mismatches.
    pub transient_errors: Vec<Moment>,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
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
