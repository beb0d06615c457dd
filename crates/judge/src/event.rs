//! Events of the core API: which one is asked for, and how one reads.
//!
//! Invariants:
//! - An event is about a uid where it names one.

use serde_json::Value;

/// What an event is asked to be. Nothing asked is nothing looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The kind of what it is about.
    pub kind: Option<&'a str>,
    /// The namespace of what it is about.
    pub namespace: Option<&'a str>,
    /// The name of what it is about.
    pub name: Option<&'a str>,
    /// The uid of what it is about.
    pub uid: Option<&'a str>,
    /// Its reason.
    pub reason: Option<&'a str>,
    /// Text that its message contains.
    pub message: Option<&'a str>,
}

/// Whether an event is the one asked for.
pub fn matches(asked: &Asked<'_>, event: &Value) -> bool {
    let _ = (asked, event);
    todo!()
}

/// One line, as `Warning VolumeFailedDelete PersistentVolume redis-0-data: error …`.
pub fn line(event: &Value) -> String {
    let _ = event;
    todo!()
}
