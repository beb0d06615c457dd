//! Hard topology spread constraints.
//!
//! Invariants:
//! - Only places of nodes that the pod's own selector and affinity admit are counted.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, TopologySpreadConstraint};

use super::filters::{Filter, Help, Refusal};
use super::reservations::{Reservations, standing};
use crate::labels::{includes, selects};
use crate::pods;
use crate::world::World;

struct Constraint {
    key: String,
    skew: i32,
    counts: BTreeMap<String, i32>,
    least: i32,
    own: i32,
}

/// The constraints of one pod, counted.
pub(super) struct Constraints(Vec<Constraint>);

impl Constraints {
    pub(super) fn of(pod: &Pod, world: &World, reservations: &Reservations) -> Self {
        let constraints = pod
            .spec
            .iter()
            .flat_map(|spec| spec.topology_spread_constraints.iter().flatten());
        let hard =
            constraints.filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule");
        Self(
            hard.map(|constraint| count(constraint, pod, world, reservations))
                .collect(),
        )
    }

    pub(super) fn filter(&self, node: &Node) -> Result<(), Refusal> {
        for constraint in &self.0 {
            let value = node
                .metadata
                .labels
                .as_ref()
                .and_then(|labels| labels.get(&constraint.key));
            let Some(value) = value else {
                let text =
                    "node(s) didn't match pod topology spread constraints (missing required label)";
                return Err(Refusal::new(Filter::Pods, Help::Nothing, text));
            };
            let there = constraint.counts.get(value).copied().unwrap_or(0);
            if there + constraint.own - constraint.least > constraint.skew {
                let text = "node(s) didn't match pod topology spread constraints";
                return Err(Refusal::new(Filter::Pods, Help::Preemption, text));
            }
        }
        Ok(())
    }
}

fn count(
    constraint: &TopologySpreadConstraint,
    pod: &Pod,
    world: &World,
    reservations: &Reservations,
) -> Constraint {
    let selected = |pod: &Pod| {
        let selector = constraint.label_selector.as_ref();
        selector.is_some_and(|selector| selects(selector, pod.metadata.labels.as_ref()))
    };
    let selector = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.node_selector.as_ref());
    let mut per_node: BTreeMap<&str, i32> = BTreeMap::new();
    for other in standing(world, reservations) {
        let namespace = &other.pod.metadata.namespace;
        if *namespace == pod.metadata.namespace
            && !pods::is_terminating(other.pod)
            && selected(other.pod)
        {
            *per_node.entry(other.node).or_insert(0) += 1;
        }
    }
    let mut counts = BTreeMap::new();
    for node in world.all::<Node>() {
        let labels = node.metadata.labels.as_ref();
        let value = labels.and_then(|labels| labels.get(&constraint.topology_key));
        if let Some(value) = value.filter(|_| includes(labels, selector)) {
            let name = node.metadata.name.as_deref().unwrap_or_default();
            *counts.entry(value.clone()).or_insert(0) += per_node.get(name).copied().unwrap_or(0);
        }
    }
    let enough = counts.len() >= usize::try_from(constraint.min_domains.unwrap_or(1)).unwrap_or(1);
    Constraint {
        key: constraint.topology_key.clone(),
        skew: constraint.max_skew,
        least: if enough {
            counts.values().min().copied().unwrap_or(0)
        } else {
            0
        },
        counts,
        own: i32::from(selected(pod)),
    }
}
