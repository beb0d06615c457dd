//! Pods that want to be near others, or far from them.
//!
//! Invariants:
//! - Counted once an attempt: for each term, the places (values of its topology key)
//!   that hold a pod it selects.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod, PodAffinityTerm};

use super::filters::{Filter, Help, Refusal};
use super::reservations::{Reservations, Standing, standing};
use super::usage::Usages;
use crate::labels::selects;
use crate::pods;
use crate::world::World;

/// The places that one term is about.
struct Places {
    key: String,
    values: BTreeSet<String>,
}

/// What the terms of the pod, and of the pods that are there, say of places.
pub(super) struct Terms {
    near: Vec<Places>,
    /// Whether the pod is the first of its kind: then it satisfies its own wish.
    first: bool,
    far: Vec<Places>,
    repelled: Vec<Places>,
}

impl Terms {
    pub(super) fn of(
        pod: &Pod,
        world: &World,
        usages: &Usages,
        reservations: &Reservations,
    ) -> Self {
        let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
        let near: Vec<PodAffinityTerm> = affinity
            .and_then(|affinity| affinity.pod_affinity.as_ref())
            .and_then(|near| {
                near.required_during_scheduling_ignored_during_execution
                    .clone()
            })
            .unwrap_or_default();
        let far = repelling_terms(pod);
        let there: Vec<Standing<'_>> = if near.is_empty() && far.is_empty() {
            Vec::new()
        } else {
            standing(world, reservations).collect()
        };
        let places = |term: &PodAffinityTerm| places(term, pod, &there, world);
        let near_places: Vec<Places> = near.iter().map(places).collect();
        let first = near_places.iter().all(|places| places.values.is_empty())
            && near.iter().all(|term| selected_by(term, pod, pod, world));
        Self {
            first,
            near: near_places,
            far: far.iter().map(places).collect(),
            repelled: repelled(pod, world, usages, reservations),
        }
    }

    pub(super) fn filter(&self, node: &Node) -> Result<(), Refusal> {
        let refused = |help, text: &str| Err(Refusal::new(Filter::Pods, help, text));
        let near = self
            .near
            .iter()
            .all(|places| match value(node, &places.key) {
                Some(value) => self.first || places.values.contains(value),
                None => false,
            });
        if !near {
            return refused(Help::Nothing, "node(s) didn't match pod affinity rules");
        }
        let holds = |places: &Places| {
            value(node, &places.key).is_some_and(|value| places.values.contains(value))
        };
        if self.far.iter().any(holds) {
            return refused(
                Help::Preemption,
                "node(s) didn't match pod anti-affinity rules",
            );
        }
        if self.repelled.iter().any(holds) {
            return refused(
                Help::Preemption,
                "node(s) didn't satisfy existing pods anti-affinity rules",
            );
        }
        Ok(())
    }
}

fn repelling_terms(pod: &Pod) -> Vec<PodAffinityTerm> {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
    affinity
        .and_then(|affinity| affinity.pod_anti_affinity.as_ref())
        .and_then(|far| {
            far.required_during_scheduling_ignored_during_execution
                .clone()
        })
        .unwrap_or_default()
}

/// The places of pods that want this one far away.
fn repelled(pod: &Pod, world: &World, usages: &Usages, reservations: &Reservations) -> Vec<Places> {
    let there = usages.repelling().filter_map(|key| {
        let pod = world.get::<Pod>(&key.namespace, &key.name)?;
        Some(Standing {
            pod,
            node: pods::node(pod)?,
        })
    });
    let mut found = Vec::new();
    for other in there.chain(reservations.coming(world)) {
        for term in repelling_terms(other.pod) {
            if selected_by(&term, other.pod, pod, world)
                && let Some(value) = node_value(other, &term.topology_key, world)
            {
                found.push(Places {
                    key: term.topology_key.clone(),
                    values: BTreeSet::from([value]),
                });
            }
        }
    }
    found
}

fn places(term: &PodAffinityTerm, owner: &Pod, there: &[Standing<'_>], world: &World) -> Places {
    let selected = there
        .iter()
        .filter(|other| selected_by(term, owner, other.pod, world));
    Places {
        key: term.topology_key.clone(),
        values: selected
            .filter_map(|other| node_value(*other, &term.topology_key, world))
            .collect(),
    }
}

fn node_value(standing: Standing<'_>, key: &str, world: &World) -> Option<String> {
    let node = world.get::<Node>("", standing.node)?;
    value(node, key).cloned()
}

fn value<'a>(node: &'a Node, key: &str) -> Option<&'a String> {
    node.metadata.labels.as_ref()?.get(key)
}

/// Whether a term of `owner` selects `other`.
fn selected_by(term: &PodAffinityTerm, owner: &Pod, other: &Pod, world: &World) -> bool {
    let namespace = other.metadata.namespace.as_ref();
    let listed = term.namespaces.iter().flatten();
    let mut listed = listed.into_iter().peekable();
    let here = match (&term.namespace_selector, listed.peek()) {
        (None, None) => namespace == owner.metadata.namespace.as_ref(),
        (selector, _) => {
            listed.any(|listed| Some(listed) == namespace)
                || selector.as_ref().is_some_and(|selector| {
                    let namespace =
                        world.get::<Namespace>("", namespace.map_or("", String::as_str));
                    namespace.is_some_and(|namespace| {
                        selects(selector, namespace.metadata.labels.as_ref())
                    })
                })
        }
    };
    let labels = other.metadata.labels.as_ref();
    here && term
        .label_selector
        .as_ref()
        .is_some_and(|selector| selects(selector, labels))
}
