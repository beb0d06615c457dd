//! Which addresses stand behind a Service: its Endpoints and its `EndpointSlice`s.
//!
//! Invariants:
//! - A Service without a selector is left to whoever made it.
//! - Nothing is written that says what is already said.

mod classic;
mod slices;
mod trigger;

pub use classic::EndpointsController;
pub use slices::EndpointSlices;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::labels::{Labels, includes};
use crate::object::Key;
use crate::pods;
use crate::world::{Change, World};

const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// The Services that a change of a Service or a pod is about.
fn concerned(change: &Change, world: &World) -> Vec<Key> {
    if let Some(service) = change.newest::<Service>() {
        return vec![Key::of(&**service)];
    }
    let Some((before, after)) = change.of::<Pod>() else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    for pod in before.into_iter().chain(after) {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let services = world
            .within::<Service>(namespace)
            .filter(|service| selects(service, pod));
        keys.extend(services.map(|service| Key::of(&**service)));
    }
    keys
}

fn selects(service: &Service, pod: &Pod) -> bool {
    let selector = service
        .spec
        .as_ref()
        .and_then(|spec| spec.selector.as_ref());
    selector.is_some_and(|selector| {
        !selector.is_empty() && includes(pod.metadata.labels.as_ref(), Some(selector))
    })
}

fn selected_pods(service: &Service, world: &World) -> Vec<Arc<Pod>> {
    let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
    world
        .within::<Pod>(namespace)
        .filter(|pod| selects(service, pod))
        .cloned()
        .collect()
}

/// Whether the addresses of a service are a controller's affair: it selects
/// pods, and it stays.
fn is_followed(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    let selector = spec.and_then(|spec| spec.selector.as_ref());
    !selector.is_none_or(Labels::is_empty) && service.metadata.deletion_timestamp.is_none()
}

fn publishes_unready(service: &Service) -> bool {
    service
        .spec
        .as_ref()
        .and_then(|spec| spec.publish_not_ready_addresses)
        == Some(true)
}

fn is_headless(service: &Service) -> bool {
    let address = service
        .spec
        .as_ref()
        .and_then(|spec| spec.cluster_ip.as_deref());
    matches!(address, None | Some("None" | ""))
}

fn ports(service: &Service) -> &[ServicePort] {
    service
        .spec
        .as_ref()
        .and_then(|spec| spec.ports.as_deref())
        .unwrap_or_default()
}

/// The pod's address.
fn address(pod: &Pod) -> Option<&str> {
    let address = pod.status.as_ref()?.pod_ip.as_deref()?;
    (!address.is_empty()).then_some(address)
}

/// The name by which the Service's domain knows the pod.
fn host_name<'a>(pod: &'a Pod, service: &Service) -> Option<&'a str> {
    let spec = pod.spec.as_ref()?;
    let host = spec.hostname.as_deref().filter(|host| !host.is_empty())?;
    (spec.subdomain == service.metadata.name).then_some(host)
}

/// The number of the port on that pod; `None` if it has none of that name.
fn port_number(pod: &Pod, port: &ServicePort) -> Option<i32> {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            let named = ports.find(|candidate| {
                candidate.name.as_ref() == Some(name)
                    && candidate.protocol.as_deref().unwrap_or("TCP") == protocol
            });
            named.map(|found| found.container_port)
        }
    }
}

fn has_ended(pod: &Pod) -> bool {
    pods::is_finished(pod)
}
