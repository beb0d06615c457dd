//! What is left in a namespace that ends, and how its conditions tell of it.
//!
//! Invariants:
//! - Counts and texts depend on the objects alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use crate::object::{Kind, Object};
use crate::times::stamp;
use crate::world::World;

/// A condition: type, status, reason, message.
type Told = (&'static str, &'static str, &'static str, String);

/// What is left in a namespace, by kind.
pub(super) struct Remains(Vec<(Kind, Vec<Object>)>);

impl Remains {
    pub(super) fn of(namespace: &str, world: &World) -> Self {
        let kinds = Kind::WATCHED
            .iter()
            .copied()
            .filter(|kind| kind.descriptor().namespaced);
        let remaining = kinds.map(|kind| (kind, world.objects_within(kind, namespace)));
        Self(
            remaining
                .filter(|(_, objects)| !objects.is_empty())
                .collect(),
        )
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds with objects that are not yet being deleted.
    pub(super) fn alive(&self) -> Vec<Kind> {
        let alive = |objects: &Vec<Object>| {
            objects
                .iter()
                .any(|object| object.meta().deletion_timestamp.is_none())
        };
        self.0
            .iter()
            .filter(|(_, objects)| alive(objects))
            .map(|(kind, _)| *kind)
            .collect()
    }

    /// The conditions to write; `None` if they are written.
    pub(super) fn conditions(&self, namespace: &Namespace, now: Timestamp) -> Option<Vec<Value>> {
        let known = namespace
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten());
        let known: Vec<Value> = known.map(|condition| json!(condition)).collect();
        let texts = self.texts(namespace.metadata.name.as_deref().unwrap_or_default());
        let conditions = texts.into_iter().map(|(kind, status, reason, message)| {
            let before = known.iter().find(|condition| condition["type"] == kind);
            let since = before
                .filter(|condition| condition["status"] == status)
                .map_or_else(|| json!(stamp(now)), |condition| condition["lastTransitionTime"].clone());
            json!({
                "type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
            })
        });
        let conditions: Vec<Value> = conditions.collect();
        (conditions != known).then_some(conditions)
    }

    fn texts(&self, namespace: &str) -> [Told; 5] {
        let fine = |kind, reason, text: &str| (kind, "False", reason, text.to_owned());
        [
            fine(
                "NamespaceDeletionDiscoveryFailure",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            fine(
                "NamespaceDeletionGroupVersionParsingFailure",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            self.content(namespace),
            self.remaining(),
            self.finalizing(),
        ]
    }

    /// Objects without finalizers should have gone by themselves.
    fn content(&self, namespace: &str) -> Told {
        let kind = "NamespaceDeletionContentFailure";
        let stuck: Vec<String> = self
            .unheld()
            .map(|kind| unexpected(kind, namespace))
            .collect();
        if stuck.is_empty() {
            let text = "All content successfully deleted, may be waiting on finalization";
            return (kind, "False", "ContentDeleted", text.to_owned());
        }
        let count = stuck.len();
        let text = format!(
            "Failed to delete all resource types, {count} remaining: {}",
            stuck.join(", ")
        );
        (kind, "True", "ContentDeletionFailed", text)
    }

    fn remaining(&self) -> Told {
        let kind = "NamespaceContentRemaining";
        let held = self.held();
        if held.is_empty() {
            let text = "All content successfully removed";
            return (kind, "False", "ContentRemoved", text.to_owned());
        }
        let names = held
            .iter()
            .map(|(name, count)| format!("{name}. has {count} resource instances"));
        let names = names.collect::<Vec<_>>().join(", ");
        (
            kind,
            "True",
            "SomeResourcesRemain",
            format!("Some resources are remaining: {names}"),
        )
    }

    fn finalizing(&self) -> Told {
        let kind = "NamespaceFinalizersRemaining";
        let finalizers = self.finalizers();
        if finalizers.is_empty() {
            let text = "All content-preserving finalizers finished";
            return (kind, "False", "ContentHasNoFinalizers", text.to_owned());
        }
        let names = finalizers
            .iter()
            .map(|(name, count)| format!("{name} in {count} resource instances"));
        let names = names.collect::<Vec<_>>().join(", ");
        let text = format!("Some content in the namespace has finalizers remaining: {names}");
        (kind, "True", "SomeFinalizersRemain", text)
    }

    /// The kinds that remain although nothing holds their objects: pods, while they end.
    fn unheld(&self) -> impl Iterator<Item = Kind> {
        let waits = |object: &Object| object.meta().finalizers.iter().flatten().next().is_none();
        let kinds = self
            .0
            .iter()
            .filter(move |(kind, objects)| *kind == Kind::Pod && objects.iter().any(waits));
        kinds.map(|(kind, _)| *kind)
    }

    /// How many objects of each kind finalizers hold.
    fn held(&self) -> Vec<(&'static str, usize)> {
        let holds = |object: &&Object| object.meta().finalizers.iter().flatten().next().is_some();
        let counts = self.0.iter().map(|(kind, objects)| {
            (
                kind.descriptor().plural,
                objects.iter().filter(holds).count(),
            )
        });
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn finalizers(&self) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::new();
        let objects = self.0.iter().flat_map(|(_, objects)| objects);
        for finalizer in objects.flat_map(|object| object.meta().finalizers.iter().flatten()) {
            *counts.entry(finalizer.clone()).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }
}

fn unexpected(kind: Kind, namespace: &str) -> String {
    let descriptor = kind.descriptor();
    format!(
        "unexpected items still remain in namespace: {namespace} for gvr: {}/v1, Resource={}",
        descriptor.group, descriptor.plural
    )
}
