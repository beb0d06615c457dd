//! Why a workload on local volumes is not as it should be.
//!
//! Served objects, events and what is on the disks go in; causes in plain
//! words come out, the surest first, each with the cluster's own words and the
//! cure.
//!
//! Invariants:
//! - What is well gives no cause: only what is in trouble *now* is asked why.
//! - A cause is named for a fact, and stands first for a fact that agrees with
//!   what the cluster says of the object; never because nothing else was found.
//! - What the failure speaks of comes before all else.

mod claims;
mod configs;
mod containers;
mod finding;
mod fit;
mod leaving;
mod paths;
mod placing;
mod quantity;
mod scheduling;
mod selector;
mod sight;
mod starting;

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;
use stayput_events::{Cause, Directory, LogExcerpt};

pub use finding::Kind;
use finding::{Finding, Surety};
pub use paths::{PathOnNode, paths};
use sight::Sight;

/// How many causes are told: who has to read more has not been told one.
const TOLD: usize = 4;

/// What was seen when something failed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// Objects as served: those of the namespaces concerned, and nodes,
    /// volumes, classes and events.
    pub objects: &'a [Arc<Value>],
    /// What is at the volumes' paths.
    pub directories: &'a [Directory],
    /// The ends of the logs of the pods concerned.
    pub logs: &'a [LogExcerpt],
    /// What the failure says: its summary, what was seen, where it differs.
    pub failure: &'a str,
}

/// What stands behind a failure, the surest first.
pub fn causes(seen: &Seen<'_>) -> Vec<Cause> {
    let sight = Sight::of(seen);
    let mut found = Vec::new();
    for pod in sight.pods() {
        found.extend(of_pod(&sight, pod));
    }
    for claim in sight.of_kind("PersistentVolumeClaim") {
        found.extend(claims::alone(&sight, claim));
    }
    found.extend(leaving::held(&sight));
    found.extend(leaving::budgets(&sight));
    // A guess is worth a word where the failure asks about it.
    let guessed = |it: &Finding| it.surety == Surety::Guessed && !sight.is_asked_about(it);
    if !found.iter().all(guessed) {
        found.retain(|it| !guessed(it));
    }
    // Stable: what is equally sure stays in the order in which it was found.
    found.sort_by_key(|finding| (!sight.is_asked_about(finding), finding.surety));
    let mut told: Vec<Cause> = Vec::new();
    for finding in found {
        let cause = finding.into_cause();
        let again = |other: &Cause| other.name == cause.name && other.what == cause.what;
        if told.len() < TOLD && !told.iter().any(again) {
            told.push(cause);
        }
    }
    told
}

/// The titles of the objects that a failure speaks of, and of all that hangs
/// together with them; none where it speaks of none.
pub fn concerned(seen: &Seen<'_>) -> BTreeSet<String> {
    Sight::of(seen).concerned()
}

fn of_pod(sight: &Sight<'_>, pod: &Value) -> Vec<Finding> {
    match sight::stage(pod) {
        // Ready again: still ill where its restarts are what the failure asks about.
        sight::Stage::Well if sight.failure().contains("restartCount") => {
            containers::all(sight, pod)
        }
        sight::Stage::Well => Vec::new(),
        sight::Stage::Leaving => leaving::pod(sight, pod),
        sight::Stage::Unscheduled => scheduling::unscheduled(sight, pod),
        sight::Stage::Placed => starting::placed(sight, pod),
    }
}

#[cfg(test)]
mod tests;
