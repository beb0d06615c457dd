//! One stored object, one change of it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};

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
/// A tree of JSON takes ten times the memory of its text. So what is stored is its text, and
/// a tree beside it as long as somebody holds that one: the store does while it is new, and
/// many look at it.
#[derive(Debug)]
pub(crate) struct Object {
    form: Form,
    revision: u64,
}

#[derive(Debug)]
enum Form {
    /// Stored nowhere.
    Loose {
        value: Value,
        encoded: OnceLock<Bytes>,
    },
    Stored {
        tree: Weak<Value>,
        again: OnceLock<Weak<Value>>,
        text: Bytes,
    },
}

/// An object's JSON to look at.
#[derive(Debug)]
pub(crate) enum Tree<'a> {
    /// The object's own.
    Own(&'a Value),
    /// The one that the store holds.
    Held(Arc<Value>),
    /// Read from the text.
    Read(Value),
}

impl Object {
    /// Takes the value over and writes the revision into it.
    pub(crate) fn new(value: Value, revision: u64) -> Object {
        Object::loose(stamped(value, revision), revision)
    }

    /// An object that was never stored, as a dry run answers it.
    pub(crate) fn unstored(value: Value) -> Object {
        Object::loose(value, 0)
    }

    fn loose(value: Value, revision: u64) -> Object {
        let encoded = OnceLock::new();
        let form = Form::Loose { value, encoded };
        Object { form, revision }
    }

    /// The same for the store, and its tree: who keeps that spares others to read the text.
    pub(super) fn stored(value: Value, revision: u64) -> (Object, Arc<Value>) {
        let tree = Arc::new(stamped(value, revision));
        let text = written(&tree);
        let form = Form::Stored {
            tree: Arc::downgrade(&tree),
            again: OnceLock::new(),
            text,
        };
        (Object { form, revision }, tree)
    }

    /// Gives one that rests a tree again, for as long as that is held. Once: what is no longer
    /// the newest version is not looked at by many a second time.
    pub(super) fn wake(&self) -> Option<Arc<Value>> {
        let Form::Stored { again, .. } = &self.form else {
            return None;
        };
        let tree = Arc::new(self.value().into_owned());
        again.set(Arc::downgrade(&tree)).ok()?;
        Some(tree)
    }

    /// Whether it is text alone.
    pub(super) fn rests(&self) -> bool {
        matches!(self.form, Form::Stored { .. }) && self.held().is_none()
    }

    /// The tree that the store holds, if it does.
    fn held(&self) -> Option<Arc<Value>> {
        match &self.form {
            Form::Loose { .. } => None,
            Form::Stored { tree, again, .. } => tree
                .upgrade()
                .or_else(|| again.get().and_then(Weak::upgrade)),
        }
    }

    /// The object itself; read anew each time from one that rests.
    pub(crate) fn value(&self) -> Tree<'_> {
        match &self.form {
            Form::Loose { value, .. } => Tree::Own(value),
            Form::Stored { text, .. } => match self.held() {
                Some(tree) => Tree::Held(tree),
                None => Tree::Read(serde_json::from_slice(text).unwrap_or_default()),
            },
        }
    }

    /// The revision it was written at.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Its JSON, made once however many ask for it.
    pub(crate) fn encoded(&self) -> &Bytes {
        match &self.form {
            Form::Loose { value, encoded } => encoded.get_or_init(|| written(value)),
            Form::Stored { text, .. } => text,
        }
    }
}

impl Tree<'_> {
    /// The JSON itself, copied where others look at it too.
    pub(crate) fn into_owned(self) -> Value {
        match self {
            Tree::Own(value) => value.clone(),
            Tree::Held(tree) => Value::clone(&tree),
            Tree::Read(value) => value,
        }
    }
}

impl Deref for Tree<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Tree::Own(value) => value,
            Tree::Held(tree) => tree,
            Tree::Read(value) => value,
        }
    }
}

fn stamped(mut value: Value, revision: u64) -> Value {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let revision = Value::String(revision.to_string());
        metadata.insert("resourceVersion".to_owned(), revision);
    }
    value
}

/// The text in a buffer of its own length: what it grew by would be kept as well.
fn written(value: &Value) -> Bytes {
    Bytes::from(value.to_string().into_boxed_str().into_boxed_bytes())
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
