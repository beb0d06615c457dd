//! One stored object, one change of it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::TableId;

/// What an object is known by in its table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Empty for kinds of the whole cluster.
    pub(crate) namespace: String,
    /// The object's name.
    pub(crate) name: String,
}

impl Key {
    /// The key of an object.
    pub(crate) fn new(namespace: &str, name: &str) -> Key {
        Key {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// An object as it is at one revision, without `apiVersion` and `kind`, which its kind knows.
#[derive(Debug)]
pub(crate) struct Object {
    value: Value,
    revision: u64,
    encoded: OnceLock<Bytes>,
}

impl Object {
    /// Takes the value over and writes the revision into it.
    pub(crate) fn new(mut value: Value, revision: u64) -> Object {
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert(
                "resourceVersion".to_owned(),
                Value::String(revision.to_string()),
            );
        }
        Object {
            value,
            revision,
            encoded: OnceLock::new(),
        }
    }

    /// An object that was never stored, as a dry run answers it.
    pub(crate) fn unstored(value: Value) -> Object {
        Object {
            value,
            revision: 0,
            encoded: OnceLock::new(),
        }
    }

    /// The object itself.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// The revision it was written at.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Its JSON, made once however many ask for it.
    pub(crate) fn encoded(&self) -> &Bytes {
        self.encoded
            .get_or_init(|| Bytes::from(self.value.to_string()))
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is new.
    Added,
    /// It was changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change.
#[derive(Debug)]
pub(crate) struct Event {
    /// Whose table.
    pub(crate) table: TableId,
    /// Which object.
    pub(crate) key: Key,
    /// What happened.
    pub(crate) change: Change,
    /// The revision of the change.
    pub(crate) revision: u64,
    /// The object after it; of a deleted one the last state, at this revision.
    pub(crate) object: Arc<Object>,
    /// The object before it.
    pub(crate) previous: Option<Arc<Object>>,
}
