//! The status of a set.
//!
//! Invariants:
//! - It counts the pods as they were before the writes of the same plan, but for a
//!   pod that a rolling update ends.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};

use super::{Revisions, View, pod};
use crate::pods;

/// Whether the plan ends a pod of the current revision for an update.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Update {
    EndsOne,
    EndsNone,
}

/// Whether the API has made the pod.
pub(super) fn is_created(pod: &Pod) -> bool {
    !pods::phase(pod).is_empty()
}

pub(super) fn is_running_and_ready(pod: &Pod) -> bool {
    pods::phase(pod) == "Running" && pods::is_ready(pod)
}

pub(super) fn is_available(view: &View<'_>, pod: &Pod) -> bool {
    is_running_and_ready(pod)
        && pods::available_at(pod, view.minimum_ready()).is_some_and(|when| when <= view.now)
}

/// What to merge into the status; `None` if it says all that already.
pub(super) fn patch(
    view: &View<'_>,
    revisions: &Revisions,
    collisions: i32,
    update: Update,
) -> Option<Value> {
    let count =
        |counted: &dyn Fn(&Arc<Pod>) -> bool| view.pods.iter().filter(|pod| counted(pod)).count();
    let living = |pod: &Pod, revision: &str| {
        is_created(pod) && !pods::is_terminating(pod) && pod::revision(pod) == revision
    };
    let replicas = count(&|pod| is_created(pod));
    let ready = count(&|pod| is_running_and_ready(pod));
    let updated = count(&|pod| living(pod, revisions.update_name()));
    let mut current = count(&|pod| living(pod, revisions.current_name()));
    if update == Update::EndsOne {
        current = current.saturating_sub(1);
    }
    let mut current_revision = revisions.current_name();
    let wanted = usize::try_from(view.replicas()).unwrap_or(0);
    if is_rolling(view) && [updated, ready, replicas] == [wanted; 3] {
        current = updated;
        current_revision = revisions.update_name();
    }
    let number = |count: usize| (count > 0).then_some(count);
    let mut status = Map::new();
    for (field, value) in [
        ("observedGeneration", json!(view.set.metadata.generation)),
        ("replicas", json!(replicas)),
        ("readyReplicas", json!(number(ready))),
        (
            "availableReplicas",
            json!(count(&|pod| is_available(view, pod))),
        ),
        ("currentReplicas", json!(number(current))),
        ("updatedReplicas", json!(number(updated))),
        ("currentRevision", json!(current_revision)),
        ("updateRevision", json!(revisions.update_name())),
    ] {
        status.insert(field.to_owned(), value);
    }
    changed(view, status, collisions)
}

fn changed(view: &View<'_>, mut status: Map<String, Value>, collisions: i32) -> Option<Value> {
    let known = json!(view.set.status);
    let null = Value::Null;
    status.retain(|field, value| known.get(field).unwrap_or(&null) != value);
    if status.is_empty() {
        return None;
    }
    if known.get("collisionCount") != Some(&json!(collisions)) {
        status.insert("collisionCount".to_owned(), json!(collisions));
    }
    Some(Value::Object(status))
}

fn is_rolling(view: &View<'_>) -> bool {
    let strategy = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.update_strategy.as_ref());
    strategy.is_none_or(|strategy| strategy.type_.as_deref() != Some("OnDelete"))
}
