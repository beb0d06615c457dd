//! When a pod that fitted nowhere is tried again.
//!
//! Invariants:
//! - A pod wakes on changes of what it failed on: its node filters on nodes, its
//!   volumes on volumes, its claims and classes, its resources and peers on pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;

use super::filters::{Filter, Refusal};
use crate::object::Key;
use crate::pods;
use crate::world::Change;

/// What a pod failed on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reasons(BTreeSet<Filter>);

/// Decides for one pod.
type Waker = Box<dyn Fn(&Key, &Failed) -> bool>;

#[derive(Debug)]
struct Failed {
    reasons: Reasons,
    claims: BTreeSet<String>,
}

impl Reasons {
    pub(super) fn of(refusals: &[Refusal]) -> Self {
        Self(refusals.iter().map(|refusal| refusal.filter).collect())
    }

    pub(super) fn volumes() -> Self {
        Self(BTreeSet::from([Filter::Volumes]))
    }

    pub(super) fn everything() -> Self {
        Self(BTreeSet::from([
            Filter::Node,
            Filter::Resources,
            Filter::Volumes,
            Filter::Pods,
        ]))
    }

    fn has(&self, filter: Filter) -> bool {
        self.0.contains(&filter)
    }
}

/// The pods that fit nowhere.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pods: BTreeMap<Key, Failed>,
}

impl Waiting {
    pub(super) fn wait(&mut self, pod: &Pod, reasons: Reasons) {
        let claims = pods::claims(pod).collect();
        self.pods.insert(Key::of(pod), Failed { reasons, claims });
    }

    pub(super) fn forget(&mut self, pod: &Key) {
        self.pods.remove(pod);
    }

    /// The pods to try again because of a change.
    pub(super) fn woken_by(&self, change: &Change) -> Vec<Key> {
        if self.pods.is_empty() {
            return Vec::new();
        }
        let wakes = waker(change);
        let woken = self.pods.iter().filter(|(pod, failed)| wakes(pod, failed));
        woken.map(|(pod, _)| pod.clone()).collect()
    }
}

/// Whether a change wakes a pod that failed for these reasons.
fn waker(change: &Change) -> Waker {
    if let Some((before, after)) = change.of::<Node>() {
        let matters = match (before, after) {
            (None, Some(_)) => true,
            (Some(before), Some(after)) => !same_offer(before, after),
            (_, None) => false,
        };
        return Box::new(move |_, Failed { reasons, .. }| {
            matters
                && (reasons.has(Filter::Node)
                    || reasons.has(Filter::Volumes)
                    || reasons.has(Filter::Resources))
        });
    }
    let gone = change.after.is_none();
    if change.newest::<PersistentVolume>().is_some() || change.newest::<StorageClass>().is_some() {
        return Box::new(move |_, failed| !gone && failed.reasons.has(Filter::Volumes));
    }
    if let Some(claim) = change.newest::<PersistentVolumeClaim>() {
        let claim = Key::of(&**claim);
        return Box::new(move |pod, failed| {
            !gone
                && failed.reasons.has(Filter::Volumes)
                && pod.namespace == claim.namespace
                && failed.claims.contains(&claim.name)
        });
    }
    if let Some((before, after)) = change.of::<Pod>() {
        let placed = |pod: Option<&std::sync::Arc<Pod>>| {
            pod.is_some_and(|pod| pods::is_placed(pod) && !pods::is_finished(pod))
        };
        let left = placed(before) && !placed(after);
        let came = !placed(before) && placed(after);
        return Box::new(move |_, Failed { reasons, .. }| {
            (left && (reasons.has(Filter::Resources) || reasons.has(Filter::Pods)))
                || (came && reasons.has(Filter::Pods))
        });
    }
    Box::new(|_, _| false)
}

/// Whether both versions offer the same to pods.
fn same_offer(before: &Node, after: &Node) -> bool {
    let spec = |node: &Node| {
        let spec = node.spec.clone().unwrap_or_default();
        (spec.unschedulable.unwrap_or(false), spec.taints)
    };
    let offered = |node: &Node| {
        node.status
            .as_ref()
            .and_then(|status| status.allocatable.clone())
    };
    before.metadata.labels == after.metadata.labels
        && spec(before) == spec(after)
        && offered(before) == offered(after)
}

/// Whether both versions ask the same of a node.
pub(super) fn same_demands(before: &Pod, after: &Pod) -> bool {
    before.metadata.uid == after.metadata.uid
        && before.metadata.labels == after.metadata.labels
        && before.spec == after.spec
}
