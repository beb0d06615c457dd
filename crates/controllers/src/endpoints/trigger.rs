//! When the change happened that made addresses change.
//!
//! Invariants:
//! - The earliest readiness change, or the Service's creation, not told before.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};

use crate::object::Key;
use crate::pods;

#[derive(Debug, Default)]
struct Told {
    service: Option<Timestamp>,
    pods: BTreeMap<String, Timestamp>,
}

/// What was told of each Service.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    by_service: BTreeMap<Key, Told>,
}

impl Triggers {
    /// The time to write; `None` if nothing new triggered the change.
    pub(super) fn next(&mut self, service: &Service, pods: &[Arc<Pod>]) -> Option<Timestamp> {
        let told = self.by_service.entry(Key::of(service)).or_default();
        let mut changed = Vec::new();
        let mut seen = BTreeMap::new();
        for pod in pods {
            let ready =
                pods::condition(pod, "Ready").and_then(|ready| ready.last_transition_time.as_ref());
            let Some(time) = ready.map(|time| time.0) else {
                continue;
            };
            let name = pod.metadata.name.clone().unwrap_or_default();
            if told.pods.get(&name).is_none_or(|known| time > *known) {
                changed.push(time);
            }
            seen.insert(name, time);
        }
        told.pods = seen;
        if let Some(created) = service
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0)
            && told.service.is_none_or(|known| created > known)
        {
            changed.push(created);
            told.service = Some(created);
        }
        changed.into_iter().min()
    }

    pub(super) fn forget(&mut self, service: &Key) {
        self.by_service.remove(service);
    }
}
