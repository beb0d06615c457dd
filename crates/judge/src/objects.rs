//! Judges objects of a selection: how many, and what each looks like.
//!
//! Invariants:
//! - A field that an expression needs and that is not there yet is a mismatch;
//!   any other error of an expression is an error of the scenario.
//! - The closest candidate's mismatches come first.

use std::sync::Arc;

use serde_json::Value;
use stayput_events::Mismatch;
use stayput_expr::Template;

/// What objects are asked to be.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What they are called in a summary, as `Pods in redis`: see [`heading`].
    pub heading: &'a str,
    /// How many there have to be; at least one where it is not said.
    pub count: Option<usize>,
    /// A partial object that each has to match.
    pub matches: Option<&'a Template>,
    /// A condition for each.
    pub that: Option<&'a Template>,
}

/// What an expression came to with one `object` in scope.
#[derive(Debug, Clone, PartialEq)]
pub enum Evaluated {
    /// A value.
    Value(Value),
    /// Something that it needs is not there, in words: it may come.
    Missing(String),
}

/// What objects were judged to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All that was asked holds.
    Met {
        /// As `Pods in redis: 6 of 6 match`.
        summary: String,
    },
    /// Not all of it does.
    NotYet {
        /// As `Pods in redis: 4 of 6 match; redis-cluster-4: .status.phase:
        /// expected Running, seen Pending`.
        summary: String,
        /// Every difference, the closest candidate's first.
        mismatches: Vec<Mismatch>,
    },
}

/// Judges all objects that a selection found.
///
/// `evaluate` renders a template with the object in scope as `object`.
pub fn judge<E>(
    asked: &Asked<'_>,
    candidates: &[Arc<Value>],
    evaluate: impl Fn(&Template, &Value) -> Result<Evaluated, E>,
) -> Result<Verdict, E> {
    let _ = (asked, candidates, evaluate);
    todo!()
}

/// Judges one object: every difference, none where it matches.
pub fn judge_one<E>(
    asked: &Asked<'_>,
    object: &Value,
    evaluate: impl Fn(&Template, &Value) -> Result<Evaluated, E>,
) -> Result<Vec<Mismatch>, E> {
    let _ = (asked, object, evaluate);
    todo!()
}

/// What a selection is called in a summary, as `Pods in redis` or
/// `PersistentVolume redis-0-data`.
pub fn heading(kind: &str, namespace: Option<&str>, name: Option<&str>) -> String {
    let _ = (kind, namespace, name);
    todo!()
}
