//! Times as Kubernetes writes them.
//!
//! Invariants:
//! - Whole seconds, UTC, `Z`.

use jiff::{SignedDuration, Timestamp};

/// `2026-11-24T03:41:55Z`.
pub(crate) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `time` moved by `seconds`.
pub(crate) fn after(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
