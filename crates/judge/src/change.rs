//! How an object changed, in the few fields that matter to people.
//!
//! Invariants:
//! - A change of any other field gives no line: a heartbeat is no news.

use serde_json::Value;

/// The changes between two states of one object, as `phase: Pending → Running`.
///
/// `None` is an object that is not there.
pub fn describe(old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    let _ = (old, new);
    todo!()
}
