//! `EndpointSlice`s: at most 100 endpoints each.
//!
//! Invariants:
//! - An endpoint stays in the slice that holds it; a Service has at least one slice.
//! - A slice is replaced whole, so that `null` stands where Kubernetes writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Value, json};

use super::trigger::Triggers;
use super::{
    HEADLESS, TRIGGER, address, concerned, has_ended, host_name, is_followed, is_headless,
    port_number, ports, publishes_unready, selected_pods,
};
use crate::controller::Controller;
use crate::labels::Labels;
use crate::object::{Key, Kind};
use crate::owners;
use crate::plan::{Plan, Verb, Write};
use crate::pods;
use crate::times::stamp;
use crate::world::{Change, World};

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MOST: usize = 100;

/// The endpointslice-controller.
#[derive(Debug, Default)]
pub struct EndpointSlices {
    triggers: Triggers,
}

impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        "endpoint-slice-controller"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        wake.extend(concerned(change, world));
        if let Some(slice) = change.newest::<EndpointSlice>()
            && is_ours(slice)
        {
            let service = slice
                .metadata
                .labels
                .as_ref()
                .and_then(|labels| labels.get(SERVICE_NAME));
            let namespace = slice.metadata.namespace.as_deref().unwrap_or_default();
            wake.extend(service.map(|service| Key::new(Kind::Service, namespace, service)));
        }
    }

    fn sync(&mut self, key: &Key, world: &World, _now: Timestamp) -> Plan {
        let Some(service) = world.get::<Service>(&key.namespace, &key.name) else {
            self.triggers.forget(key);
            return Plan::nothing();
        };
        if !is_followed(service) {
            return Plan::nothing();
        }
        let pods = selected_pods(service, world);
        let wanted = wanted(service, &pods, world);
        let slices: Vec<&EndpointSlice> = world
            .within::<EndpointSlice>(&key.namespace)
            .filter(|slice| is_ours(slice) && owners::controls(&service.metadata, &slice.metadata))
            .map(AsRef::as_ref)
            .collect();
        let writes = reconcile(service, &slices, wanted);
        let triggered = if writes.is_empty() {
            None
        } else {
            self.triggers.next(service, &pods)
        };
        let mut plan = Plan::nothing();
        for write in writes {
            plan.write(stamped(write, triggered));
        }
        plan
    }
}

fn is_ours(slice: &EndpointSlice) -> bool {
    let labels = slice.metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(MANAGED_BY))
        .is_some_and(|manager| manager == MANAGER)
}

/// Endpoints by what identifies them, for each set of ports.
type Wanted = BTreeMap<String, (Value, Vec<Value>)>;

fn wanted(service: &Service, pods: &[Arc<Pod>], world: &World) -> Wanted {
    let mut wanted = Wanted::new();
    for pod in pods {
        let Some(address) = address(pod).filter(|_| !has_ended(pod)) else {
            continue;
        };
        let ports = pod_ports(service, pod);
        let (_, endpoints) = wanted
            .entry(ports.to_string())
            .or_insert_with(|| (ports, Vec::new()));
        endpoints.push(endpoint(service, pod, address, world));
    }
    wanted
}

/// The writes that make the slices hold what is wanted.
fn reconcile(service: &Service, slices: &[&EndpointSlice], mut wanted: Wanted) -> Vec<Write> {
    let mut writes = Vec::new();
    let mut empty = Vec::new();
    let labels = labels(service);
    for slice in slices {
        let (known, ports) = shown(slice);
        let Some((_, endpoints)) = wanted.get_mut(&ports.to_string()) else {
            empty.push((*slice, known, ports));
            continue;
        };
        let mut kept = Vec::new();
        for endpoint in known.as_array().into_iter().flatten() {
            let same = endpoints
                .iter()
                .position(|wanted| wanted["targetRef"]["uid"] == endpoint["targetRef"]["uid"]);
            kept.extend(same.map(|index| endpoints.remove(index)));
        }
        let room = MOST.saturating_sub(kept.len()).min(endpoints.len());
        kept.extend(endpoints.drain(..room));
        if kept.is_empty() {
            empty.push((*slice, known, ports));
        } else if json!(kept) != known || slice.metadata.labels.as_ref() != Some(&labels) {
            writes.push(replace(slice, &labels, &json!(kept), &ports));
        }
    }
    let mut kept_any = slices.len() > empty.len();
    for (ports, endpoints) in wanted
        .into_values()
        .filter(|(_, endpoints)| !endpoints.is_empty())
    {
        for chunk in endpoints.chunks(MOST) {
            kept_any = true;
            writes.push(match empty.pop() {
                Some((slice, _, _)) => replace(slice, &labels, &json!(chunk), &ports),
                None => create(service, &labels, &json!(chunk), &ports),
            });
        }
    }
    if !kept_any {
        match empty.pop() {
            None => writes.push(create(service, &labels, &Value::Null, &Value::Null)),
            Some((slice, known, ports)) => {
                let said = known.as_array().is_some_and(|known| !known.is_empty())
                    || ports.as_array().is_some_and(|ports| !ports.is_empty());
                if said || slice.metadata.labels.as_ref() != Some(&labels) {
                    writes.push(replace(slice, &labels, &Value::Null, &Value::Null));
                }
            }
        }
    }
    writes.extend(empty.into_iter().map(|(slice, _, _)| Write::delete(slice)));
    writes
}

/// A slice's endpoints and ports, as they would be written.
fn shown(slice: &EndpointSlice) -> (Value, Value) {
    let ports = slice.ports.clone().unwrap_or_default();
    (json!(slice.endpoints), json!(ports))
}

fn labels(service: &Service) -> Labels {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    if is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    } else {
        labels.remove(HEADLESS);
    }
    labels.insert(
        SERVICE_NAME.to_owned(),
        service.metadata.name.clone().unwrap_or_default(),
    );
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    labels
}

fn create(service: &Service, labels: &Labels, endpoints: &Value, ports: &Value) -> Write {
    let key = Key::of(service);
    let families = service
        .spec
        .as_ref()
        .and_then(|spec| spec.ip_families.as_ref());
    let family = families
        .and_then(|families| families.first())
        .map_or("IPv4", String::as_str);
    let body = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": format!("{}-", key.name),
            "namespace": key.namespace,
            "labels": labels,
            "ownerReferences": [owners::reference(service)],
        },
        "addressType": family,
        "endpoints": endpoints,
        "ports": ports,
    });
    Write::create(
        Kind::EndpointSlice,
        &key.namespace,
        &format!("{}-", key.name),
        body,
    )
}

fn replace(slice: &EndpointSlice, labels: &Labels, endpoints: &Value, ports: &Value) -> Write {
    let mut body = json!(slice);
    body["endpoints"] = endpoints.clone();
    body["ports"] = if endpoints.is_null() {
        Value::Null
    } else {
        ports.clone()
    };
    body["metadata"]["labels"] = json!(labels);
    Write {
        key: Key::of(slice),
        verb: Verb::Replace(body),
    }
}

fn stamped(mut write: Write, triggered: Option<Timestamp>) -> Write {
    if let Verb::Create(body) | Verb::Replace(body) = &mut write.verb {
        match triggered {
            Some(time) => body["metadata"]["annotations"][TRIGGER] = json!(stamp(time)),
            None => {
                if let Some(annotations) = body["metadata"]["annotations"].as_object_mut() {
                    annotations.remove(TRIGGER);
                }
            }
        }
    }
    write
}

fn endpoint(service: &Service, pod: &Pod, address: &str, world: &World) -> Value {
    let (ready, terminating) = (pods::is_ready(pod), pods::is_terminating(pod));
    let mut entry = json!({
        "addresses": [address],
        "conditions": {
            "ready": publishes_unready(service) || (ready && !terminating),
            "serving": ready,
            "terminating": terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": pod.metadata.namespace,
            "name": pod.metadata.name,
            "uid": pod.metadata.uid,
        },
    });
    if let Some(name) = pods::node(pod) {
        entry["nodeName"] = json!(name);
        let node = world.get::<Node>("", name);
        let labels = node.and_then(|node| node.metadata.labels.as_ref());
        if let Some(zone) = labels.and_then(|labels| labels.get("topology.kubernetes.io/zone")) {
            entry["zone"] = json!(zone);
        }
    }
    if let Some(host) = host_name(pod, service) {
        entry["hostname"] = json!(host);
    }
    entry
}

fn pod_ports(service: &Service, pod: &Pod) -> Value {
    let port = |port| {
        let number = port_number(pod, port)?;
        let mut entry = json!({
            "name": port.name.as_deref().unwrap_or_default(),
            "protocol": port.protocol.as_deref().unwrap_or("TCP"),
            "port": number,
        });
        if let Some(protocol) = &port.app_protocol {
            entry["appProtocol"] = json!(protocol);
        }
        Some(entry)
    };
    json!(
        ports(service)
            .iter()
            .filter_map(port)
            .collect::<Vec<Value>>()
    )
}
