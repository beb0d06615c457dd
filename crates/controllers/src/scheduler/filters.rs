//! Whether a node takes a pod, and if not, why.
//!
//! Invariants:
//! - The order is that of Kubernetes; the first filter that refuses ends it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, Pod, Taint};

use super::reservations::Reservations;
use super::usage::{Amounts, Demand, Usage, Usages};
use super::volumes::Claims;
use super::{affinity, spread};
use crate::labels::{includes, selects_node};
use crate::object::Key;
use crate::tolerations::tolerates;
use crate::version::Version;
use crate::world::World;

/// The filter that refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Filter {
    Node,
    Resources,
    Volumes,
    Pods,
}

/// Why a node does not take the pod.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) filter: Filter,
    pub(super) reasons: Vec<String>,
    /// Whether ending other pods could change it.
    pub(super) help: Help,
}

/// Whether ending other pods could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Help {
    Preemption,
    Nothing,
}

impl Refusal {
    pub(super) fn new(filter: Filter, help: Help, reason: &str) -> Self {
        Self {
            filter,
            reasons: vec![reason.to_owned()],
            help,
        }
    }
}

/// The volumes that a node gives to claims.
pub(super) type Volumes = Vec<(String, Key)>;

/// One attempt to place one pod.
pub(super) struct Cycle<'a> {
    pub(super) pod: &'a Pod,
    pub(super) demand: Demand,
    pub(super) world: &'a World,
    pub(super) usages: &'a Usages,
    pub(super) reservations: &'a Reservations,
    version: Version,
    claims: Claims,
    affinity: affinity::Terms,
    spread: spread::Constraints,
}

impl<'a> Cycle<'a> {
    /// What can be said before any node is asked; an error turns the pod down.
    pub(super) fn begin(
        pod: &'a Pod,
        world: &'a World,
        usages: &'a Usages,
        reservations: &'a Reservations,
        version: Version,
    ) -> Result<Self, String> {
        let claims = Claims::of(pod, world, reservations)?;
        Ok(Self {
            pod,
            demand: Demand::of(pod),
            world,
            usages,
            reservations,
            version,
            claims,
            affinity: affinity::Terms::of(pod, world, usages, reservations),
            spread: spread::Constraints::of(pod, world, reservations),
        })
    }

    pub(super) fn filter(&self, node: &Node) -> Result<Volumes, Refusal> {
        self.unschedulable(node)?;
        self.node_name(node)?;
        self.taints(node)?;
        self.node_affinity(node)?;
        self.ports(node)?;
        self.resources(node)?;
        self.exclusive_claims(node)?;
        let volumes = self
            .claims
            .find(node, self.world, self.reservations, self.version)?;
        self.spread.filter(node)?;
        self.affinity.filter(node)?;
        Ok(volumes)
    }

    pub(super) fn usage(&self, node: &Node) -> Option<&Usage> {
        self.usages
            .of(node.metadata.name.as_deref().unwrap_or_default())
    }

    fn unschedulable(&self, node: &Node) -> Result<(), Refusal> {
        let cordoned = node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true);
        let taint = Taint {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        };
        if cordoned && !tolerates(self.pod, &taint) {
            return refusal(Filter::Node, Help::Nothing, "node(s) were unschedulable");
        }
        Ok(())
    }

    fn node_name(&self, node: &Node) -> Result<(), Refusal> {
        let wanted = self
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.node_name.as_ref());
        if wanted
            .is_some_and(|wanted| !wanted.is_empty() && Some(wanted) != node.metadata.name.as_ref())
        {
            return refusal(
                Filter::Node,
                Help::Nothing,
                "node(s) didn't match the requested node name",
            );
        }
        Ok(())
    }

    fn taints(&self, node: &Node) -> Result<(), Refusal> {
        let taints = node
            .spec
            .iter()
            .flat_map(|spec| spec.taints.iter().flatten());
        let mut hard =
            taints.filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"));
        match hard.find(|taint| !tolerates(self.pod, taint)) {
            None => Ok(()),
            Some(taint) => {
                let value = taint.value.as_deref().unwrap_or_default();
                Err(Refusal::new(
                    Filter::Node,
                    Help::Nothing,
                    &self.version.taint(&taint.key, value),
                ))
            }
        }
    }

    fn node_affinity(&self, node: &Node) -> Result<(), Refusal> {
        let Some(spec) = &self.pod.spec else {
            return Ok(());
        };
        let labels = node.metadata.labels.as_ref();
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let affinity = spec
            .affinity
            .as_ref()
            .and_then(|affinity| affinity.node_affinity.as_ref());
        let required = affinity.and_then(|affinity| {
            affinity
                .required_during_scheduling_ignored_during_execution
                .as_ref()
        });
        if !includes(labels, spec.node_selector.as_ref())
            || required.is_some_and(|required| !selects_node(required, name, labels))
        {
            return refusal(
                Filter::Node,
                Help::Nothing,
                "node(s) didn't match Pod's node affinity/selector",
            );
        }
        Ok(())
    }

    fn ports(&self, node: &Node) -> Result<(), Refusal> {
        if self.demand.ports.is_empty() {
            return Ok(());
        }
        let there = self
            .usage(node)
            .into_iter()
            .flat_map(|usage| usage.pods.values());
        let coming = self
            .reservations
            .on(node.metadata.name.as_deref().unwrap_or_default());
        let mut taken = there
            .chain(coming.map(|(_, demand)| demand))
            .flat_map(|demand| &demand.ports);
        if taken.any(|taken| self.demand.ports.iter().any(|port| port.collides(taken))) {
            return refusal(
                Filter::Resources,
                Help::Preemption,
                "node(s) didn't have free ports for the requested pod ports",
            );
        }
        Ok(())
    }

    fn resources(&self, node: &Node) -> Result<(), Refusal> {
        let nothing = Amounts::new();
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let offered = self.usages.offer(name).unwrap_or(&nothing);
        let coming: Vec<&Demand> = self
            .reservations
            .on(node.metadata.name.as_deref().unwrap_or_default())
            .map(|(_, demand)| demand)
            .collect();
        let there = self.usage(node);
        let mut reasons = BTreeSet::new();
        let mut help = Help::Preemption;
        let pods = there.map_or(0, |usage| usage.pods.len()) + coming.len() + 1;
        let most = offered.get("pods").map_or(110, |most| most / 1000);
        if i128::try_from(pods).unwrap_or(i128::MAX) > most {
            reasons.insert("Too many pods".to_owned());
        }
        for (resource, amount) in self
            .demand
            .requests
            .iter()
            .filter(|(_, amount)| **amount > 0)
        {
            let total = offered.get(resource).copied().unwrap_or(0);
            let used = there
                .and_then(|usage| usage.requests.get(resource))
                .copied()
                .unwrap_or(0);
            let reserved: i128 = coming
                .iter()
                .filter_map(|demand| demand.requests.get(resource))
                .sum();
            if amount + used + reserved > total {
                reasons.insert(format!("Insufficient {resource}"));
                if *amount > total {
                    help = Help::Nothing;
                }
            }
        }
        if reasons.is_empty() {
            return Ok(());
        }
        Err(Refusal {
            filter: Filter::Resources,
            reasons: reasons.into_iter().collect(),
            help,
        })
    }

    /// A claim that only one pod may use at a time.
    fn exclusive_claims(&self, _node: &Node) -> Result<(), Refusal> {
        if self.claims.taken(self.pod, self.world, self.reservations) {
            return refusal(
                Filter::Pods,
                Help::Preemption,
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by \
             another pod",
            );
        }
        Ok(())
    }
}

fn refusal(filter: Filter, help: Help, reason: &str) -> Result<(), Refusal> {
    Err(Refusal::new(filter, help, reason))
}
