//! What the pods of each node use.
//!
//! Invariants:
//! - Kept up with every change of a pod; a finished pod uses nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::ports::{HostPort, host_ports};
use crate::object::Key;
use crate::pods;
use crate::quantity::thousandths;

/// Counted when a container asks for nothing, in thousandths, for spreading only.
const USUAL: [(&str, i128); 2] = [("cpu", 100), ("memory", 200 * 1024 * 1024 * 1000)];

/// Amounts by resource, in thousandths.
pub(super) type Amounts = BTreeMap<String, i128>;

/// What one pod uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Demand {
    pub(super) requests: Amounts,
    /// The same, with something assumed for containers that ask for nothing.
    pub(super) guessed: Amounts,
    pub(super) ports: Vec<HostPort>,
    pub(super) repels: bool,
}

impl Demand {
    pub(super) fn of(pod: &Pod) -> Self {
        let repels = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.affinity.as_ref()?.pod_anti_affinity.as_ref())
            .is_some_and(|anti| {
                anti.required_during_scheduling_ignored_during_execution
                    .iter()
                    .flatten()
                    .next()
                    .is_some()
            });
        Self {
            requests: requests(pod, |_| 0),
            guessed: requests(pod, |resource| {
                USUAL
                    .iter()
                    .find(|(name, _)| *name == resource)
                    .map_or(0, |(_, amount)| *amount)
            }),
            ports: host_ports(pod),
            repels,
        }
    }
}

/// All that the pods of one node use.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) pods: BTreeMap<Key, Demand>,
    pub(super) requests: Amounts,
    pub(super) guessed: Amounts,
}

/// Usage by node.
#[derive(Debug, Default)]
pub(super) struct Usages {
    by_node: BTreeMap<String, Usage>,
    offers: BTreeMap<String, Amounts>,
}

impl Usages {
    pub(super) fn of(&self, node: &str) -> Option<&Usage> {
        self.by_node.get(node)
    }

    /// What a node offers; `None` if it says nothing.
    pub(super) fn offer(&self, node: &str) -> Option<&Amounts> {
        self.offers.get(node)
    }

    /// Keeps up with a node.
    pub(super) fn follow_node(&mut self, before: Option<&Node>, after: Option<&Node>) {
        if let Some(name) = before.and_then(|node| node.metadata.name.as_ref()) {
            self.offers.remove(name);
        }
        if let Some(node) = after
            && let Some(name) = node.metadata.name.clone()
        {
            self.offers.insert(name, allocatable(node));
        }
    }

    /// The nodes that have pods which repel others.
    pub(super) fn repelling(&self) -> impl Iterator<Item = &Key> {
        let pods = self.by_node.values().flat_map(|usage| &usage.pods);
        pods.filter(|(_, demand)| demand.repels).map(|(key, _)| key)
    }

    pub(super) fn follow(&mut self, before: Option<&Pod>, after: Option<&Pod>) {
        if let (Some(before), Some(after)) = (before, after)
            && pods::node(before) == pods::node(after)
            && pods::is_finished(before) == pods::is_finished(after)
            && before.metadata.uid == after.metadata.uid
        {
            return;
        }
        if let Some(pod) = before.filter(|pod| counts(pod)) {
            self.remove(pod);
        }
        if let Some(pod) = after.filter(|pod| counts(pod)) {
            self.add(pod);
        }
    }

    fn add(&mut self, pod: &Pod) {
        let Some(node) = pods::node(pod) else { return };
        let demand = Demand::of(pod);
        let usage = self.by_node.entry(node.to_owned()).or_default();
        change(&mut usage.requests, &demand.requests, 1);
        change(&mut usage.guessed, &demand.guessed, 1);
        usage.pods.insert(Key::of(pod), demand);
    }

    fn remove(&mut self, pod: &Pod) {
        let Some(node) = pods::node(pod) else { return };
        let Some(usage) = self.by_node.get_mut(node) else {
            return;
        };
        if let Some(demand) = usage.pods.remove(&Key::of(pod)) {
            change(&mut usage.requests, &demand.requests, -1);
            change(&mut usage.guessed, &demand.guessed, -1);
        }
        if usage.pods.is_empty() {
            self.by_node.remove(node);
        }
    }
}

fn counts(pod: &Pod) -> bool {
    pods::is_placed(pod) && !pods::is_finished(pod)
}

fn change(sum: &mut Amounts, by: &Amounts, sign: i128) {
    for (resource, amount) in by {
        *sum.entry(resource.clone()).or_insert(0) += sign * amount;
    }
}

/// What a node offers.
fn allocatable(node: &Node) -> Amounts {
    let status = node.status.as_ref();
    let offered =
        status.and_then(|status| status.allocatable.as_ref().or(status.capacity.as_ref()));
    let offered = offered.into_iter().flatten();
    offered
        .map(|(resource, amount)| (resource.clone(), thousandths(amount)))
        .collect()
}

/// The pod's requests: the sum of its containers and sidecars, or its largest init container.
fn requests(pod: &Pod, default: impl Fn(&str) -> i128) -> Amounts {
    let Some(spec) = &pod.spec else {
        return Amounts::new();
    };
    let of = |resources: Option<&BTreeMap<String, Quantity>>| -> Amounts {
        let asked = resources.into_iter().flatten();
        let mut amounts: Amounts = asked
            .map(|(resource, amount)| (resource.clone(), thousandths(amount)))
            .collect();
        for resource in ["cpu", "memory"] {
            let amount = default(resource);
            if amount > 0 {
                amounts.entry(resource.to_owned()).or_insert(amount);
            }
        }
        amounts
    };
    let mut sum = Amounts::new();
    for container in &spec.containers {
        let resources = container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref());
        change(&mut sum, &of(resources), 1);
    }
    let mut largest = Amounts::new();
    let mut sidecars = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let asked = of(container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref()));
        if container.restart_policy.as_deref() == Some("Always") {
            change(&mut sidecars, &asked, 1);
            change(&mut sum, &asked, 1);
        } else {
            let mut needed = sidecars.clone();
            change(&mut needed, &asked, 1);
            raise(&mut largest, &needed);
        }
    }
    raise(&mut sum, &largest);
    let overhead = spec.overhead.iter().flatten();
    let overhead = overhead
        .map(|(resource, amount)| (resource.clone(), thousandths(amount)))
        .collect();
    change(&mut sum, &overhead, 1);
    sum
}

fn raise(sum: &mut Amounts, to: &Amounts) {
    for (resource, amount) in to {
        let entry = sum.entry(resource.clone()).or_insert(0);
        *entry = (*entry).max(*amount);
    }
}
