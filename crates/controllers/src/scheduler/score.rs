//! Which of the nodes that fit is best.
//!
//! Invariants:
//! - Each part scores 0 to 100 and has a weight; equal sums are told apart by a
//!   hash of pod and node, so that ties are spread and a run can be repeated.

use k8s_openapi::api::core::v1::{Node, Pod};

use super::filters::{Cycle, Volumes};
use super::usage::Demand;
use crate::labels::term_selects;
use crate::owners;
use crate::pods;
use crate::tolerations::tolerates;

/// The index of the best node.
pub(super) fn best(cycle: &Cycle<'_>, fitting: &[(&Node, Volumes)]) -> Option<usize> {
    if fitting.len() <= 1 {
        return (!fitting.is_empty()).then_some(0);
    }
    let nodes: Vec<&Node> = fitting.iter().map(|(node, _)| *node).collect();
    let parts: [(i64, Vec<i64>); 4] = [
        (
            3,
            fewest(
                nodes
                    .iter()
                    .map(|node| soft_taints(cycle.pod, node))
                    .collect(),
            ),
        ),
        (
            2,
            most(
                nodes
                    .iter()
                    .map(|node| preference(cycle.pod, node))
                    .collect(),
            ),
        ),
        (
            2,
            fewest(nodes.iter().map(|node| siblings(cycle, node)).collect()),
        ),
        (1, nodes.iter().map(|node| free(cycle, node)).collect()),
    ];
    let score = |index: usize| {
        parts
            .iter()
            .map(|(weight, scores)| weight * scores[index])
            .sum::<i64>()
    };
    (0..nodes.len()).max_by_key(|index| (score(*index), tie(cycle.pod, nodes[*index])))
}

fn most(values: Vec<i64>) -> Vec<i64> {
    let highest = values.iter().max().copied().unwrap_or(0);
    let scaled = |value: i64| {
        if highest > 0 {
            value * 100 / highest
        } else {
            0
        }
    };
    values.into_iter().map(scaled).collect()
}

fn fewest(values: Vec<i64>) -> Vec<i64> {
    most(values).into_iter().map(|score| 100 - score).collect()
}

fn soft_taints(pod: &Pod, node: &Node) -> i64 {
    let taints = node
        .spec
        .iter()
        .flat_map(|spec| spec.taints.iter().flatten());
    let soft = taints.filter(|taint| taint.effect == "PreferNoSchedule");
    i64::try_from(soft.filter(|taint| !tolerates(pod, taint)).count()).unwrap_or(i64::MAX)
}

fn preference(pod: &Pod, node: &Node) -> i64 {
    let affinity = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.affinity.as_ref()?.node_affinity.as_ref());
    let preferred = affinity.and_then(|affinity| {
        affinity
            .preferred_during_scheduling_ignored_during_execution
            .as_ref()
    });
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let terms = preferred.into_iter().flatten();
    terms
        .filter(|term| term_selects(&term.preference, name, node.metadata.labels.as_ref()))
        .map(|term| i64::from(term.weight))
        .sum()
}

/// Pods of the same owner on the node.
fn siblings(cycle: &Cycle<'_>, node: &Node) -> i64 {
    let Some(owner) = owners::controller(&cycle.pod.metadata) else {
        return 0;
    };
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let same =
        |pod: &Pod| owners::controller(&pod.metadata).is_some_and(|other| other.uid == owner.uid);
    let there = cycle
        .world
        .pods_on(name)
        .filter(|pod| !pods::is_finished(pod) && same(pod))
        .count();
    let coming = cycle.reservations.on(name).filter(|(key, _)| {
        let pod = cycle.world.get::<Pod>(&key.namespace, &key.name);
        pod.is_some_and(|pod| same(pod))
    });
    i64::try_from(there + coming.count()).unwrap_or(i64::MAX)
}

/// How much of the node is free, in percent.
fn free(cycle: &Cycle<'_>, node: &Node) -> i64 {
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let offered = cycle.usages.offer(name);
    let coming: Vec<&Demand> = cycle
        .reservations
        .on(name)
        .map(|(_, demand)| demand)
        .collect();
    let percent = |resource: &str| -> i64 {
        let total = offered
            .and_then(|offered| offered.get(resource))
            .copied()
            .unwrap_or(0);
        if total == 0 {
            return 0;
        }
        let there = cycle
            .usage(node)
            .and_then(|usage| usage.guessed.get(resource))
            .copied()
            .unwrap_or(0);
        let reserved: i128 = coming
            .iter()
            .filter_map(|demand| demand.guessed.get(resource))
            .sum();
        let own = cycle.demand.guessed.get(resource).copied().unwrap_or(0);
        let left = (total - there - reserved - own).max(0);
        i64::try_from(left * 100 / total).unwrap_or(0)
    };
    i64::midpoint(percent("cpu"), percent("memory"))
}

fn tie(pod: &Pod, node: &Node) -> u32 {
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let bytes = uid.bytes().chain(name.bytes());
    bytes.fold(2_166_136_261, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}
