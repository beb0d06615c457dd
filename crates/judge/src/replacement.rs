//! Whether each deleted pod came back: under its name, with a new uid, Ready.
//!
//! Invariants:
//! - A pod with an old uid never passes, whatever its state.

use std::sync::Arc;

use serde_json::Value;
use stayput_events::Mismatch;

/// A pod that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The uid that it had.
    pub uid: String,
}

/// Whether all came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Replacement {
    /// Each has a new uid, is Ready and stays.
    Done {
        /// The new pods, in the order of the deleted ones.
        pods: Vec<Arc<Value>>,
    },
    /// Not all did.
    NotYet {
        /// As `redis-cluster-0: still the old pod (uid …), terminating, in its
        /// grace period of 600s`.
        summary: String,
        /// What is missing, pod by pod.
        mismatches: Vec<Mismatch>,
    },
}

/// Judges the present pods against the deleted ones.
pub fn replacement(deleted: &[Deleted], present: &[Arc<Value>]) -> Replacement {
    let _ = (deleted, present);
    todo!()
}
