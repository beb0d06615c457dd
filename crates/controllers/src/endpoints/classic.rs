//! Endpoints: one object a Service.
//!
//! Invariants:
//! - Addresses that have the same ports share a subset; they are sorted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use serde_json::{Value, json};

use super::trigger::Triggers;
use super::{
    HEADLESS, TRIGGER, address, concerned, has_ended, host_name, is_followed, is_headless,
    port_number, ports, publishes_unready, selected_pods,
};
use crate::controller::Controller;
use crate::labels::Labels;
use crate::object::{Key, Kind};
use crate::plan::{Plan, Write};
use crate::pods;
use crate::times::stamp;
use crate::version::Version;
use crate::world::{Change, World};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

/// The endpoint-controller.
#[derive(Debug)]
pub struct EndpointsController {
    version: Version,
    triggers: Triggers,
}

impl EndpointsController {
    /// Writes what `version` writes.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            triggers: Triggers::default(),
        }
    }
}

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        "endpoint-controller"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        wake.extend(concerned(change, world));
        if change.after.is_none()
            && let Some(endpoints) = change.newest::<Endpoints>()
        {
            let key = Key::of(&**endpoints);
            wake.push(Key::new(Kind::Service, &key.namespace, &key.name));
        }
    }

    fn sync(&mut self, key: &Key, world: &World, _now: Timestamp) -> Plan {
        let known = world.get::<Endpoints>(&key.namespace, &key.name);
        let Some(service) = world.get::<Service>(&key.namespace, &key.name) else {
            self.triggers.forget(key);
            return known.map_or_else(Plan::nothing, |known| Plan::one(Write::delete(&**known)));
        };
        if !is_followed(service) {
            return Plan::nothing();
        }
        let pods = selected_pods(service, world);
        let triggered = self.triggers.next(service, &pods);
        let subsets = subsets(service, &pods);
        let labels = self.labels(service);
        match known {
            None => Plan::one(create(service, &labels, &subsets, triggered)),
            Some(known) => update(known, &labels, &subsets, triggered),
        }
    }
}

impl EndpointsController {
    fn labels(&self, service: &Service) -> Labels {
        let mut labels = service.metadata.labels.clone().unwrap_or_default();
        if is_headless(service) {
            labels.insert(HEADLESS.to_owned(), String::new());
        } else {
            labels.remove(HEADLESS);
        }
        if self.version >= Version::minor(33) {
            labels.insert(MANAGED_BY.to_owned(), "endpoint-controller".to_owned());
        }
        labels
    }
}

fn create(
    service: &Service,
    labels: &Labels,
    subsets: &Value,
    triggered: Option<Timestamp>,
) -> Write {
    let key = Key::of(service);
    let mut body = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": key.name, "namespace": key.namespace, "labels": labels},
    });
    if let Some(time) = triggered {
        body["metadata"]["annotations"] = json!({TRIGGER: stamp(time)});
    }
    if subsets
        .as_array()
        .is_some_and(|subsets| !subsets.is_empty())
    {
        body["subsets"] = subsets.clone();
    }
    Write::create(Kind::Endpoints, &key.namespace, &key.name, body)
}

fn update(
    known: &Endpoints,
    labels: &Labels,
    subsets: &Value,
    triggered: Option<Timestamp>,
) -> Plan {
    let said = known.subsets.clone().unwrap_or_default();
    let same_labels = known.metadata.labels.clone().unwrap_or_default() == *labels;
    if json!(said) == *subsets && same_labels {
        return Plan::nothing();
    }
    let mut patch =
        json!({"metadata": {"annotations": {TRIGGER: triggered.map(stamp)}}, "subsets": subsets});
    if subsets.as_array().is_none_or(Vec::is_empty) {
        patch["subsets"] = Value::Null;
    }
    if !same_labels {
        let mut wanted = json!(labels);
        for label in known
            .metadata
            .labels
            .iter()
            .flatten()
            .map(|(label, _)| label)
        {
            if !labels.contains_key(label) {
                wanted[label] = Value::Null;
            }
        }
        patch["metadata"]["labels"] = wanted;
    }
    Plan::one(Write::patch(known, patch))
}

/// Addresses with the same ports, and whether they are ready.
#[derive(Default)]
struct Group {
    ready: Vec<Value>,
    unready: Vec<Value>,
}

fn subsets(service: &Service, pods: &[Arc<Pod>]) -> Value {
    let mut groups: BTreeMap<String, (Value, Group)> = BTreeMap::new();
    for pod in pods {
        let gone = pods::is_terminating(pod) && !publishes_unready(service);
        let Some(address) = address(pod).filter(|_| !has_ended(pod) && !gone) else {
            continue;
        };
        let ports = pod_ports(service, pod);
        if ports.is_empty() && !super::ports(service).is_empty() {
            continue;
        }
        let ports = json!(ports);
        let (_, group) = groups
            .entry(ports.to_string())
            .or_insert_with(|| (ports, Group::default()));
        let entry = endpoint(service, pod, address);
        if publishes_unready(service) || pods::is_ready(pod) {
            group.ready.push(entry);
        } else {
            group.unready.push(entry);
        }
    }
    let subset = |(ports, mut group): (Value, Group)| {
        let mut subset = json!({});
        for (field, addresses) in [
            ("addresses", &mut group.ready),
            ("notReadyAddresses", &mut group.unready),
        ] {
            if !addresses.is_empty() {
                addresses.sort_by_key(|entry| entry["ip"].as_str().map(str::to_owned));
                subset[field] = json!(addresses);
            }
        }
        if ports.as_array().is_some_and(|ports| !ports.is_empty()) {
            subset["ports"] = ports;
        }
        subset
    };
    json!(groups.into_values().map(subset).collect::<Vec<Value>>())
}

fn endpoint(service: &Service, pod: &Pod, address: &str) -> Value {
    let mut entry = json!({
        "ip": address,
        "targetRef": {
            "kind": "Pod",
            "namespace": pod.metadata.namespace,
            "name": pod.metadata.name,
            "uid": pod.metadata.uid,
        },
    });
    if let Some(node) = pods::node(pod) {
        entry["nodeName"] = json!(node);
    }
    if let Some(host) = host_name(pod, service) {
        entry["hostname"] = json!(host);
    }
    entry
}

fn pod_ports(service: &Service, pod: &Pod) -> Vec<Value> {
    let port = |port| {
        let number = port_number(pod, port)?;
        let mut entry =
            json!({"port": number, "protocol": port.protocol.as_deref().unwrap_or("TCP")});
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            entry["name"] = json!(name);
        }
        if let Some(protocol) = &port.app_protocol {
            entry["appProtocol"] = json!(protocol);
        }
        Some(entry)
    };
    ports(service).iter().filter_map(port).collect()
}
