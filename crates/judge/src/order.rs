//! Judges the order in which objects appeared, from what a watch saw.
//!
//! Invariants:
//! - Sightings of one moment are one list: no order is read into them.
//! - An object is a uid: one that comes back under its name appears anew.

use std::sync::Arc;

use serde_json::Value;
use stayput_events::{Elapsed, Mismatch};
use stayput_expr::Template;

use crate::objects::{Asked, Evaluated};

/// One change that a watch saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// When.
    pub at: Elapsed,
    /// The object's uid.
    pub uid: String,
    /// The object's name.
    pub name: String,
    /// The object; none where it is gone.
    pub object: Option<Arc<Value>>,
}

/// Whether objects appeared in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// As `redis-cluster-1 appeared at 5.20s, redis-cluster-0 was Ready at
    /// 5.10s`, one line for each appearance.
    pub evidence: Vec<String>,
    /// Appearances that came too early, in words; none where all is in order.
    pub violations: Vec<Mismatch>,
}

/// Judges a history, oldest first, which begins before the first object.
///
/// An object may appear only after all objects of a lower number, each that
/// the history ever shows, were there and matched at that moment.
pub fn in_order<E>(
    history: &[Sighting],
    asked: &Asked<'_>,
    number: &Template,
    evaluate: impl Fn(&Template, &Value) -> Result<Evaluated, E>,
) -> Result<Verdict, E> {
    let _ = (history, asked, number, evaluate);
    todo!()
}
