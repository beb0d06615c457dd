//! How an object changed, in the few fields that matter to people.
//!
//! Invariants:
//! - A change of any other field gives no line: a heartbeat is no news.
//! - One that comes back under its name with a new uid is another object.

mod facts;
mod sight;

use serde_json::Value;
use stayput_events::Sight;

use crate::served;

/// The changes between two states of one object, as `phase: Pending → Running`.
///
/// `None` is an object that is not there. Nothing changed that matters: no line.
pub fn describe(old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    match (old, new) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec!["gone".to_owned()],
        (None, Some(new)) => appeared(new),
        (Some(old), Some(new)) if served::uid(old) != served::uid(new) => {
            let mut lines = vec!["gone".to_owned()];
            lines.extend(appeared(new));
            lines
        }
        (Some(old), Some(new)) => changed(&facts::of(old), &facts::of(new)),
    }
}

/// What the object is after the change, of the kinds that have a place.
pub fn sight(old: Option<&Value>, new: Option<&Value>) -> Option<Sight> {
    sight::of(old, new)
}

fn appeared(new: &Value) -> Vec<String> {
    let facts = facts::of(new);
    let first = std::iter::once("appeared".to_owned());
    let lines = facts
        .iter()
        .map(|(label, value)| format!("{label}: {value}"));
    first.chain(lines).collect()
}

fn changed(old: &[facts::Fact], new: &[facts::Fact]) -> Vec<String> {
    let value_in = |facts: &[facts::Fact], label: &str| {
        let fact = facts.iter().find(|(other, _)| other == label);
        fact.map(|(_, value)| value.clone())
    };
    let came = new
        .iter()
        .filter_map(|(label, value)| match value_in(old, label) {
            None => Some(format!("{label}: {value}")),
            Some(before) if before != *value => Some(format!("{label}: {before} → {value}")),
            Some(_) => None,
        });
    let went = old
        .iter()
        .filter(|(label, _)| value_in(new, label).is_none())
        .map(|(label, value)| format!("{label}: {value} → none"));
    came.chain(went).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    use insta::assert_snapshot;

    /// All that became of one object in a golden trace.
    fn check(trace: &str, title: &str) -> String {
        let mut last = None;
        let mut told = Vec::new();
        for line in golden::lines(trace) {
            if served::title(&line.object) != title {
                continue;
            }
            let now = (!line.gone).then_some(line.object);
            let lines = describe(last.as_deref(), now.as_deref());
            if !lines.is_empty() {
                told.push(format!("{} {}", line.at, lines.join(", ")));
            }
            last = now;
        }
        told.join("\n")
    }

    /// Where an object of a golden trace was, whenever that changed.
    fn places(trace: &str, title: &str) -> String {
        let mut last = None;
        let mut told: Vec<String> = Vec::new();
        for line in golden::lines(trace) {
            if served::title(&line.object) != title {
                continue;
            }
            let now = (!line.gone).then_some(&*line.object);
            let seen = format!("{:?}", sight(Some(&line.object), now).unwrap());
            if last.as_ref() != Some(&seen) {
                told.push(format!("{} {seen}", line.at));
            }
            last = Some(seen);
        }
        told.join("\n")
    }

    #[test]
    fn a_lost_node_is_seen() {
        assert_snapshot!(places("node-stop", "Node two-worker3"), @"
        64.85s Node { ready: false, cordoned: false, taints: [] }
        86.22s Node { ready: true, cordoned: false, taints: [] }
        ");
    }

    #[test]
    fn a_volume_is_seen_at_its_place() {
        assert_snapshot!(places("flagship", "PersistentVolume redis-0-data"), @r#"
        3.17s Volume { nodes: ["two-worker"], path: Some("/disk1/redis-0-data"), claim: None, phase: "Pending" }
        3.19s Volume { nodes: ["two-worker"], path: Some("/disk1/redis-0-data"), claim: None, phase: "Available" }
        7.01s Volume { nodes: ["two-worker"], path: Some("/disk1/redis-0-data"), claim: Some("redis/redis-cluster-data-redis-cluster-0"), phase: "Available" }
        7.03s Volume { nodes: ["two-worker"], path: Some("/disk1/redis-0-data"), claim: Some("redis/redis-cluster-data-redis-cluster-0"), phase: "Bound" }
        40.55s Volume { nodes: ["two-worker"], path: Some("/disk1/redis-0-data"), claim: Some("redis/redis-cluster-data-redis-cluster-0"), phase: "Released" }
        40.56s Volume { nodes: ["two-worker"], path: Some("/disk1/redis-0-data"), claim: Some("redis/redis-cluster-data-redis-cluster-0"), phase: "Failed" }
        44.30s Gone
        "#);
    }

    #[test]
    fn a_pod_is_seen_at_its_node() {
        assert_snapshot!(places("node-stop", "Pod node-stop/web-0"), @r#"
        11.54s Pod { node: None, address: None, claims: ["node-stop/data-web-0"], state: Pending }
        12.69s Pod { node: Some("two-worker3"), address: None, claims: ["node-stop/data-web-0"], state: Pending }
        14.31s Pod { node: Some("two-worker3"), address: Some("10.244.3.21"), claims: ["node-stop/data-web-0"], state: Ready }
        65.00s Pod { node: Some("two-worker3"), address: Some("10.244.3.21"), claims: ["node-stop/data-web-0"], state: Running }
        87.05s Pod { node: Some("two-worker3"), address: None, claims: ["node-stop/data-web-0"], state: Running }
        89.28s Pod { node: Some("two-worker3"), address: Some("10.244.3.2"), claims: ["node-stop/data-web-0"], state: Ready }
        93.54s Pod { node: Some("two-worker3"), address: Some("10.244.3.2"), claims: ["node-stop/data-web-0"], state: Terminating }
        94.25s Gone
        "#);
    }

    #[test]
    fn a_claim_waits_and_is_bound() {
        assert_snapshot!(check("flagship", "PersistentVolumeClaim redis/redis-cluster-data-redis-cluster-0"), @"
        3.18s appeared, phase: Pending, finalizers: kubernetes.io/pvc-protection
        7.03s volume: redis-0-data
        7.03s phase: Pending → Bound
        40.51s terminating: yes
        40.54s gone
        ");
    }

    #[test]
    fn a_volume_is_bound_and_fails() {
        assert_snapshot!(check("flagship", "PersistentVolume redis-0-data"), @r#"
        3.17s appeared, phase: Pending, finalizers: kubernetes.io/pv-protection
        3.19s phase: Pending → Available
        7.01s claim: redis/redis-cluster-data-redis-cluster-0 (uid 831d80c0-1f71-4a44-ac6b-9666a583eeca)
        7.03s phase: Available → Bound
        40.55s phase: Bound → Released
        40.56s phase: Released → Failed, message: error getting deleter volume plugin for volume "redis-0-data": no volume plugin matched
        44.28s terminating: yes
        44.30s gone
        "#);
    }

    #[test]
    fn a_pod_is_restarted() {
        assert_snapshot!(check("flagship", "Pod redis/redis-cluster-0"), @"
        7.00s appeared, phase: Pending
        8.03s node: two-worker, PodScheduled: True
        8.04s container redis: waiting (ContainerCreating), Ready: False (ContainersNotReady: containers with unready status: [redis])
        9.53s phase: Pending → Running, address: 10.244.1.2, container redis: waiting (ContainerCreating) → running
        9.59s Ready: False (ContainersNotReady: containers with unready status: [redis]) → True
        30.14s terminating: in its grace period of 15s
        30.83s phase: Running → Succeeded, container redis: running → terminated (Completed, exit code 0), Ready: True → False (PodCompleted)
        31.68s terminating: in its grace period of 15s → yes
        31.69s gone
        31.70s appeared, phase: Pending
        31.71s node: two-worker, PodScheduled: True
        31.81s container redis: waiting (ContainerCreating), Ready: False (ContainersNotReady: containers with unready status: [redis])
        32.70s phase: Pending → Running, address: 10.244.1.3, container redis: waiting (ContainerCreating) → running
        32.76s Ready: False (ContainersNotReady: containers with unready status: [redis]) → True
        37.48s terminating: in its grace period of 15s
        38.39s phase: Running → Succeeded, container redis: running → terminated (Completed, exit code 0), Ready: True → False (PodCompleted)
        38.72s terminating: in its grace period of 15s → yes
        38.73s gone
        ");
    }

    #[test]
    fn a_set_grows() {
        assert_snapshot!(check("flagship", "StatefulSet redis/redis-cluster"), @"
        6.97s appeared, wanted: 6, there: 0
        7.03s there: 0 → 1, updated: 1
        9.61s ready: 1
        9.61s there: 1 → 2, updated: 1 → 2
        11.50s ready: 1 → 2
        11.51s there: 2 → 3, updated: 2 → 3
        14.10s ready: 2 → 3
        14.11s there: 3 → 4, updated: 3 → 4
        16.67s ready: 3 → 4
        16.68s there: 4 → 5, updated: 4 → 5
        18.76s ready: 4 → 5
        18.79s there: 5 → 6, updated: 5 → 6
        21.16s ready: 5 → 6
        30.17s updated: 6 → 5
        30.86s ready: 6 → 5
        31.72s there: 6 → 5
        31.80s there: 5 → 6, updated: 5 → 6
        32.77s ready: 5 → 6
        37.43s gone
        ");
    }

    #[test]
    fn a_node_is_lost_and_comes_back() {
        assert_snapshot!(check("node-stop", "Node two-worker3"), @"
        64.85s appeared, Ready: Unknown (NodeStatusUnknown: Kubelet stopped posting node status.)
        64.89s taints: node.kubernetes.io/unreachable:NoSchedule
        65.00s taints: node.kubernetes.io/unreachable:NoSchedule → node.kubernetes.io/unreachable:NoSchedule, node.kubernetes.io/unreachable:NoExecute
        86.22s Ready: Unknown (NodeStatusUnknown: Kubelet stopped posting node status.) → True
        86.26s taints: node.kubernetes.io/unreachable:NoSchedule, node.kubernetes.io/unreachable:NoExecute → node.kubernetes.io/unreachable:NoExecute
        89.96s taints: node.kubernetes.io/unreachable:NoExecute → none
        ");
    }

    #[test]
    fn a_pod_of_a_lost_node_is_restarted_in_place() {
        assert_snapshot!(check("node-stop", "Pod node-stop/web-0"), @"
        11.54s appeared, phase: Pending
        12.69s node: two-worker3, PodScheduled: True
        12.74s container main: waiting (ContainerCreating), Ready: False (ContainersNotReady: containers with unready status: [main])
        14.31s phase: Pending → Running, address: 10.244.3.21, container main: waiting (ContainerCreating) → running, Ready: False (ContainersNotReady: containers with unready status: [main]) → True
        65.00s Ready: True → False
        87.05s container main: running → terminated (Unknown, exit code 255), Ready: False → False (ContainersNotReady: containers with unready status: [main]), address: 10.244.3.21 → none
        89.28s address: 10.244.3.2, container main: terminated (Unknown, exit code 255) → running, restarts of main: 1, Ready: False (ContainersNotReady: containers with unready status: [main]) → True
        93.54s terminating: in its grace period of 5s
        94.07s phase: Running → Succeeded, container main: running → terminated (Completed, exit code 0), Ready: True → False (PodCompleted)
        94.23s terminating: in its grace period of 5s → yes
        94.25s gone
        ");
    }
}
