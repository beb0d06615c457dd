//! Hard topology spread constraints.
//!
//! Invariants:
//! - Only places of nodes that the pod's own selector and affinity admit are counted.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, TopologySpreadConstraint};

use super::filters::{Filter, Help, Refusal};
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
    pub(super) fn of(pod: &Pod, world: &World) -> Self {
        let constraints = pod
            .spec
            .iter()
            .flat_map(|spec| spec.topology_spread_constraints.iter().flatten());
        let hard =
            constraints.filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule");
        Self(
            hard.map(|constraint| count(constraint, pod, world))
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

fn count(constraint: &TopologySpreadConstraint, pod: &Pod, world: &World) -> Constraint {
    let selected = |pod: &Pod| {
        let selector = constraint.label_selector.as_ref();
        selector.is_some_and(|selector| selects(selector, pod.metadata.labels.as_ref()))
    };
    let selector = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.node_selector.as_ref());
    let mut counts = BTreeMap::new();
    for node in world.all::<Node>() {
        let labels = node.metadata.labels.as_ref();
        let Some(value) = labels.and_then(|labels| labels.get(&constraint.topology_key)) else {
            continue;
        };
        if !includes(labels, selector) {
            continue;
        }
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let there = world
            .pods_on(name)
            .filter(|other| other.metadata.namespace == pod.metadata.namespace)
            .filter(|other| {
                !pods::is_finished(other) && !pods::is_terminating(other) && selected(other)
            })
            .count();
        *counts.entry(value.clone()).or_insert(0) += i32::try_from(there).unwrap_or(i32::MAX);
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
