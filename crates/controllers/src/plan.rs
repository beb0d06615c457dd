//! What a controller intends: writes, events, and when to look again.
//!
//! Invariants:
//! - A plan is a value: making one touches nothing.
//! - Every patch names the version and uid it was decided on, so that a stale decision is refused.

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::object::{Cached, Key, Kind};

/// How dependents fare when their owner is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// The kind's own default.
    Default,
    /// The collector deletes them afterwards.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// What to do to one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Make it from this JSON.
    Create(Value),
    /// Merge this JSON into it, or into a subresource.
    Patch {
        /// `status`, or nothing for the object itself.
        subresource: Option<&'static str>,
        /// The merge patch.
        body: Value,
    },
    /// Delete it, if it still has this uid.
    Delete {
        /// The uid that was decided on.
        uid: Option<String>,
        /// The version that was decided on, where it matters.
        version: Option<String>,
        /// Seconds; `None` for the object's own.
        grace: Option<u32>,
        /// What becomes of its dependents.
        propagation: Propagation,
    },
    /// Place a pod on a node.
    Bind {
        /// The pod's uid.
        uid: String,
        /// The node.
        node: String,
    },
    /// Replace it whole, its version checked.
    Replace(Value),
    /// Go on only if no object of that name has this uid.
    ConfirmGone(String),
    /// Give up a namespace: replaces its `finalize` subresource.
    Finalize(Value),
    /// Delete every object of the kind in the namespace.
    DeleteAll,
}

/// One request to the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Its target.
    pub key: Key,
    /// What to do to it.
    pub verb: Verb,
}

/// An event to record about an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// `involvedObject`.
    pub about: Value,
    /// The namespace to write it in.
    pub namespace: String,
    /// Normal, or a warning.
    pub severity: Severity,
    /// The reason, in one word.
    pub reason: &'static str,
    /// The text.
    pub message: String,
}

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `Normal`.
    Normal,
    /// `Warning`.
    Warning,
}

impl Severity {
    /// As written in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// A write, what to say when it succeeds, and what when it fails.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Step {
    /// The request; a step without one only speaks.
    pub write: Option<Write>,
    /// Recorded after success.
    pub told: Option<Announcement>,
    /// Recorded after a failure, the error appended to its message. A step with
    /// nothing else is a failure that was foreseen: the key is tried again later.
    pub refused: Option<Announcement>,
    /// Whether it runs although a step before it failed.
    pub always: Always,
}

/// Whether a step needs those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Always {
    /// It runs only if all before it succeeded.
    #[default]
    No,
    /// It runs in any case.
    Yes,
}

/// What a controller intends for one key.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Plan {
    /// In order; a failure ends the plan.
    pub steps: Vec<Step>,
    /// When to look again although nothing changed.
    pub again: Option<Timestamp>,
}

impl Plan {
    /// Nothing to do.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// One write.
    pub fn one(write: Write) -> Self {
        let mut plan = Self::default();
        plan.write(write);
        plan
    }

    /// Adds a write.
    pub fn write(&mut self, write: Write) -> &mut Step {
        self.steps.push(Step {
            write: Some(write),
            ..Step::default()
        });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Adds an event that goes with no write.
    pub fn tell(&mut self, announcement: Announcement) {
        self.steps.push(Step {
            told: Some(announcement),
            ..Step::default()
        });
    }

    /// Looks again at `when`, or earlier if that was already intended.
    pub fn look_again(&mut self, when: Timestamp) {
        self.again = Some(self.again.map_or(when, |earlier| earlier.min(when)));
    }
}

impl Write {
    /// Makes an object.
    pub fn create(kind: Kind, namespace: &str, name: &str, body: Value) -> Self {
        Self {
            key: Key::new(kind, namespace, name),
            verb: Verb::Create(body),
        }
    }

    /// Merges `body` into the object as it was seen.
    pub fn patch<T: Cached>(object: &T, body: Value) -> Self {
        Self::patch_key(Key::of(object), object.meta(), None, body)
    }

    /// Merges `body` into the status of the object as it was seen.
    pub fn patch_status<T: Cached>(object: &T, body: &Value) -> Self {
        Self::patch_key(
            Key::of(object),
            object.meta(),
            Some("status"),
            json!({"status": body}),
        )
    }

    /// Merges `body` into the object of that key and metadata.
    pub fn patch_key(
        key: Key,
        meta: &ObjectMeta,
        subresource: Option<&'static str>,
        mut body: Value,
    ) -> Self {
        body["metadata"]["resourceVersion"] = json!(meta.resource_version);
        body["metadata"]["uid"] = json!(meta.uid);
        Self {
            key,
            verb: Verb::Patch { subresource, body },
        }
    }

    /// Deletes the object as it was seen, its uid checked.
    pub fn delete<T: Cached>(object: &T) -> Self {
        Self {
            key: Key::of(object),
            verb: Verb::Delete {
                uid: object.meta().uid.clone(),
                version: None,
                grace: None,
                propagation: Propagation::Default,
            },
        }
    }
}

impl Announcement {
    /// About an object, with its uid and version.
    pub fn about<T: Cached>(
        object: &T,
        severity: Severity,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let meta = object.meta();
        let mut about = json!({
            "kind": T::KIND.descriptor().kind,
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
            "apiVersion": T::KIND.api_version(),
            "resourceVersion": meta.resource_version,
        });
        if meta.namespace.is_none()
            && let Some(fields) = about.as_object_mut()
        {
            fields.remove("namespace");
        }
        Self {
            about,
            namespace: meta
                .namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
            severity,
            reason,
            message: message.into(),
        }
    }

    /// The same about the same, with `text` appended.
    pub(crate) fn with(&self, text: &str) -> Self {
        Self {
            message: format!("{}{text}", self.message),
            ..self.clone()
        }
    }
}

/// A list as a merge patch sets it: an empty one is removed, as Kubernetes serves it.
pub(crate) fn list<T: serde::Serialize>(items: &[T]) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        json!(items)
    }
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.verb {
            Verb::Create(body) => write!(f, "create {key} {body}"),
            Verb::Patch { subresource, body } => {
                let mut body = body.clone();
                if let Some(meta) = body["metadata"].as_object_mut() {
                    meta.remove("resourceVersion");
                    meta.remove("uid");
                    if meta.is_empty()
                        && let Some(fields) = body.as_object_mut()
                    {
                        fields.remove("metadata");
                    }
                }
                match subresource {
                    Some(name) => write!(f, "patch {key} {name} {}", body[*name]),
                    None => write!(f, "patch {key} {body}"),
                }
            }
            Verb::Delete {
                grace, propagation, ..
            } => {
                write!(f, "delete {key}")?;
                if let Some(seconds) = grace {
                    write!(f, " grace {seconds}")?;
                }
                match propagation {
                    Propagation::Default => Ok(()),
                    other => write!(f, " {other:?}"),
                }
            }
            Verb::Bind { node, .. } => write!(f, "bind {key} to {node}"),
            Verb::Replace(body) => {
                let mut body = body.clone();
                if let Some(fields) = body.as_object_mut() {
                    fields.retain(|field, _| {
                        !matches!(field.as_str(), "apiVersion" | "kind" | "metadata")
                    });
                }
                write!(f, "replace {key} {body}")
            }
            Verb::ConfirmGone(_) => write!(f, "confirm that {key} is gone"),
            Verb::Finalize(body) => write!(f, "finalize {key} {}", body["spec"]),
            Verb::DeleteAll => write!(
                f,
                "delete all {} in {}",
                key.kind.descriptor().plural,
                key.namespace
            ),
        }
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |field: &str| self.about[field].as_str().unwrap_or_default().to_owned();
        write!(
            f,
            "event {} {} {} {}: {}",
            name("kind"),
            name("name"),
            self.severity.word(),
            self.reason,
            self.message
        )
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            if let Some(write) = &step.write {
                writeln!(f, "{write}")?;
            }
            if let Some(told) = &step.told {
                writeln!(f, "{told}")?;
            }
            if let (None, Some(refused)) = (&step.write, &step.refused) {
                writeln!(f, "failure, {refused}")?;
            }
        }
        if let Some(again) = self.again {
            writeln!(f, "again at {again}")?;
        }
        Ok(())
    }
}
