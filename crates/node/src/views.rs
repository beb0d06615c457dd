//! What the owner of the pods tells the endpoint about a container.

use k8s_openapi::api::core::v1::Pod;

use crate::boot::Entry;
use crate::server::{Ask, View};

/// Answers a question about one of `pods`.
pub(crate) fn answer<'a>(ask: Ask, pods: impl Iterator<Item = &'a Entry>) {
    let named = pods.filter(|entry| {
        let meta = &entry.pod.metadata;
        meta.namespace.as_ref() == Some(&ask.namespace) && meta.name.as_ref() == Some(&ask.pod)
    });
    // One whose deletion was forced may still run beside its successor.
    let found = named.max_by_key(|entry| entry.pod.metadata.creation_timestamp.clone());
    let view = found.map(|entry| {
        let name = ask
            .container
            .clone()
            .or_else(|| first_container(&entry.pod));
        let live = entry
            .live
            .values()
            .find(|live| Some(&live.name) == name.as_ref());
        View {
            sandbox: entry.sandbox.map(|(pod, _)| pod),
            known: name
                .as_ref()
                .is_some_and(|name| has_container(&entry.pod, name)),
            live: live.map(|live| (live.process, live.template.clone())),
            waits_for: entry.machine.waits_for(name.as_deref().unwrap_or_default()),
            logs: name
                .as_ref()
                .and_then(|name| entry.logs.get(name))
                .cloned()
                .unwrap_or_default(),
        }
    });
    let _ = ask.answer.send(view);
}

fn first_container(pod: &Pod) -> Option<String> {
    pod.spec
        .as_ref()?
        .containers
        .first()
        .map(|container| container.name.clone())
}

fn has_container(pod: &Pod, name: &str) -> bool {
    let Some(spec) = &pod.spec else { return false };
    spec.init_containers
        .iter()
        .flatten()
        .chain(&spec.containers)
        .any(|container| container.name == name)
}
