//! Questions that several controllers ask about a pod.
//!
//! Invariants:
//! - Answers depend on the pod alone (and the time, where it is given).

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodCondition};

use crate::times::after;

/// Whether it has a node.
pub(crate) fn is_placed(pod: &Pod) -> bool {
    node(pod).is_some()
}

/// Its node.
pub(crate) fn node(pod: &Pod) -> Option<&str> {
    let name = pod.spec.as_ref()?.node_name.as_deref()?;
    (!name.is_empty()).then_some(name)
}

/// Its phase.
pub(crate) fn phase(pod: &Pod) -> &str {
    let status = pod.status.as_ref();
    status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or_default()
}

/// Whether all its containers have ended for good.
pub(crate) fn is_finished(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether it is being deleted.
pub(crate) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// One of its conditions.
pub(crate) fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether its condition Ready is True.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// When a ready pod counts as available; `None` if it is not ready.
pub(crate) fn available_at(pod: &Pod, minimum: i32) -> Option<Timestamp> {
    let ready = condition(pod, "Ready").filter(|condition| condition.status == "True")?;
    let since = ready.last_transition_time.as_ref().map(|time| time.0);
    match minimum {
        0 => Some(Timestamp::MIN),
        seconds => since.map(|since| after(since, SignedDuration::from_secs(seconds.into()))),
    }
}

/// The claims its volumes name, generic ephemeral ones included.
pub(crate) fn claims(pod: &Pod) -> impl Iterator<Item = String> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(move |volume| {
        if let Some(source) = &volume.persistent_volume_claim {
            return Some(source.claim_name.clone());
        }
        volume
            .ephemeral
            .as_ref()
            .map(|_| format!("{name}-{}", volume.name))
    })
}
