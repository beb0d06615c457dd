//! The entries of `metadata.managedFields`.

use serde_json::{Value, json};

use super::set::FieldSet;
use crate::access::{list, text};

/// Who writes, and through which door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manager {
    /// Its name.
    pub(crate) name: String,
    /// `status` or `scale`, or nothing.
    pub(crate) subresource: &'static str,
    /// The version it writes.
    pub(crate) api_version: String,
    /// Now.
    pub(crate) time: String,
    /// Whether the status has a door of its own, so that it is not written through others.
    pub(crate) status: StatusDoor,
}

/// How the status of a kind is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusDoor {
    /// Through its own door only.
    Own,
    /// Like any other field, if there is one.
    None,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) subresource: String,
    pub(super) api_version: String,
    pub(super) time: String,
    pub(super) set: FieldSet,
}

/// How the fields came to be managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    /// Server-side apply.
    Apply,
    /// Anything else.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// The entries of an object.
pub(super) fn read(object: &Value) -> Vec<Entry> {
    list(object, "/metadata/managedFields")
        .iter()
        .map(|entry| Entry {
            manager: text(entry, "/manager").to_owned(),
            operation: if text(entry, "/operation") == "Apply" {
                Operation::Apply
            } else {
                Operation::Update
            },
            subresource: text(entry, "/subresource").to_owned(),
            api_version: text(entry, "/apiVersion").to_owned(),
            time: text(entry, "/time").to_owned(),
            set: FieldSet::read(&entry["fieldsV1"]),
        })
        .collect()
}

/// Writes entries into an object, in Kubernetes' order; empty ones are left out.
pub(super) fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.set.is_empty());
    entries.sort_by(|left, right| {
        let key = |entry: &Entry| {
            (
                entry.operation,
                entry.time.clone(),
                entry.manager.clone(),
                entry.api_version.clone(),
                entry.subresource.clone(),
            )
        };
        key(left).cmp(&key(right))
    });
    let written: Vec<Value> = entries.iter().map(write_one).collect();
    let metadata = crate::access::object(object, "metadata");
    if written.is_empty() {
        crate::access::remove(metadata, "managedFields");
    } else {
        metadata["managedFields"] = Value::Array(written);
    }
}

fn write_one(entry: &Entry) -> Value {
    let mut written = json!({
        "manager": entry.manager, "operation": entry.operation.name(), "apiVersion": entry.api_version,
        "fieldsType": "FieldsV1", "fieldsV1": entry.set.write(),
    });
    if !entry.time.is_empty() {
        written["time"] = json!(entry.time);
    }
    if !entry.subresource.is_empty() {
        written["subresource"] = json!(entry.subresource);
    }
    written
}

impl Entry {
    /// Whether this is the entry of that manager.
    pub(super) fn is(&self, manager: &Manager, operation: Operation) -> bool {
        self.manager == manager.name
            && self.operation == operation
            && self.subresource == manager.subresource
            && self.api_version == manager.api_version
    }

    /// An entry for that manager.
    pub(super) fn new(manager: &Manager, operation: Operation, set: FieldSet) -> Entry {
        Entry {
            manager: manager.name.clone(),
            operation,
            subresource: manager.subresource.to_owned(),
            api_version: manager.api_version.clone(),
            time: manager.time.clone(),
            set,
        }
    }
}

/// Takes out what nobody manages.
pub(super) fn strip(set: &mut FieldSet, manager: &Manager) {
    const UNMANAGED: [&str; 9] = [
        "f:name",
        "f:namespace",
        "f:creationTimestamp",
        "f:selfLink",
        "f:uid",
        "f:generation",
        "f:managedFields",
        "f:resourceVersion",
        "f:clusterName",
    ];
    set.remove(&["f:apiVersion"]);
    set.remove(&["f:kind"]);
    for field in UNMANAGED {
        set.remove(&["f:metadata", field]);
    }
    if let Some(metadata) = set.children.get_mut("f:metadata") {
        metadata.member = false;
        if metadata.is_empty() {
            set.children.remove("f:metadata");
        }
    }
    match manager.subresource {
        "status" => set.remove(&["f:spec"]),
        "" if manager.status == StatusDoor::Own => set.remove(&["f:status"]),
        _ => {}
    }
}
