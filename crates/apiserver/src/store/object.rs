//! One stored object, one change of it.

use std::borrow::Cow;
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
///
/// A tree of JSON takes ten times the memory of its text. So an object is a tree while it
/// is new, and many look at it, and its text from then on.
#[derive(Debug)]
pub(crate) struct Object {
    form: Form,
    revision: u64,
}

#[derive(Debug)]
enum Form {
    Tree {
        value: Value,
        encoded: OnceLock<Bytes>,
    },
    Text(Bytes),
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
        Object::tree(value, revision)
    }

    /// An object that was never stored, as a dry run answers it.
    pub(crate) fn unstored(value: Value) -> Object {
        Object::tree(value, 0)
    }

    fn tree(value: Value, revision: u64) -> Object {
        let encoded = OnceLock::new();
        Object {
            form: Form::Tree { value, encoded },
            revision,
        }
    }

    /// The same as text alone.
    pub(super) fn at_rest(&self) -> Object {
        Object {
            // A buffer of its own length: what it grew by would be kept as well.
            form: Form::Text(Bytes::copy_from_slice(self.encoded())),
            revision: self.revision,
        }
    }

    /// The same as a tree, for many to look at.
    pub(super) fn awake(&self) -> Object {
        let encoded = OnceLock::from(self.encoded().clone());
        Object {
            form: Form::Tree {
                value: self.value().into_owned(),
                encoded,
            },
            revision: self.revision,
        }
    }

    /// Whether it is text alone.
    pub(super) fn rests(&self) -> bool {
        matches!(self.form, Form::Text(_))
    }

    /// The object itself; read anew each time from one that rests.
    pub(crate) fn value(&self) -> Cow<'_, Value> {
        match &self.form {
            Form::Tree { value, .. } => Cow::Borrowed(value),
            Form::Text(text) => Cow::Owned(serde_json::from_slice(text).unwrap_or_default()),
        }
    }

    /// The revision it was written at.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Its JSON, made once however many ask for it.
    pub(crate) fn encoded(&self) -> &Bytes {
        match &self.form {
            Form::Tree { value, encoded } => encoded.get_or_init(|| Bytes::from(value.to_string())),
            Form::Text(text) => text,
        }
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
#[derive(Debug, Clone)]
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
