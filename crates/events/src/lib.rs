//! What happens in a run, as a versioned record.
//!
//! A run is a list of [`Record`]s; every report is a fold over them, live or
//! read back from a file.
//!
//! Invariants:
//! - A record never changes once written; a field is only ever added.
//! - No I/O and no clock: [`Elapsed`] is handed in.
//! - Nothing here is a secret: texts are redacted before they become events.

mod claim;
mod elapsed;
mod event;
mod failure;
mod outcome;
mod sight;

pub use claim::{ClaimPart, ClaimVerdict, PartVerdict, Statement, StatementPart};
pub use elapsed::Elapsed;
pub use event::{
    ClusterFacts, ControlResult, Cost, Event, FlakyCounts, NodeFacts, Provider, RunFacts,
    StepFacts, StepId,
};
pub use failure::{AtPath, Cause, Directory, Failure, LogExcerpt, Mismatch, Moment};
pub use outcome::{Outcome, SkipReason};
pub use sight::{PodState, Sight, Subject};

use serde::{Deserialize, Serialize};

/// The version of the record, written into every report.
///
/// It grows by one when a reader of the older one could misread the newer.
pub const SCHEMA_VERSION: u32 = 1;

/// One event and when it happened, counted from the start of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it happened.
    pub at: Elapsed,
    /// What happened.
    pub event: Event,
}
