//! Taints and who tolerates them.
//!
//! Invariants:
//! - A toleration without key or effect is for every one.

use k8s_openapi::api::core::v1::{Pod, Taint, Toleration};

/// Whether the pod tolerates the taint.
pub(crate) fn tolerates(pod: &Pod, taint: &Taint) -> bool {
    let tolerations = pod
        .spec
        .iter()
        .flat_map(|spec| spec.tolerations.iter().flatten());
    tolerations
        .into_iter()
        .any(|toleration| tolerated(toleration, taint))
}

/// Whether one toleration is for the taint.
pub(crate) fn tolerated(toleration: &Toleration, taint: &Taint) -> bool {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let effect = given(&toleration.effect);
    let key = given(&toleration.key);
    let value = toleration.value.as_deref().unwrap_or_default();
    effect.is_none_or(|effect| effect == taint.effect)
        && key.is_none_or(|key| key == taint.key)
        && match toleration.operator.as_deref() {
            Some("Exists") => true,
            _ => value == taint.value.as_deref().unwrap_or_default(),
        }
}
