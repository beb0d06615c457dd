//! Nodes that fall silent, return, or are gone.

use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};

use crate::lab::{Kubelets, Lab};
use crate::objects::{pod, with};

fn lease(name: &str) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": {}})
}

fn tolerant(name: &str) -> Value {
    let tolerations = json!([
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
    ]);
    with(
        with(pod(name, &[]), "/spec/tolerations", tolerations),
        "/spec/nodeSelector",
        json!({"kubernetes.io/hostname": "a"}),
    )
}

const NODES: [&str; 3] = ["a", "b", "control-plane"];

/// Three nodes that renew their leases, and a pod on the first.
fn lab() -> Lab {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply(NODES.map(lease));
    lab.apply([tolerant("p")]);
    lab.look();
    lab
}

/// Lets time pass; these nodes renew their leases every ten seconds.
fn pass(lab: &mut Lab, seconds: i64, alive: &[&str]) {
    for _ in 0..seconds / 10 {
        for node in alive {
            let key = Key::new(Kind::Lease, "kube-node-lease", node);
            let renewed = lab.now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            lab.patch(&key, &json!({"spec": {"renewTime": renewed}}));
        }
        lab.pass(10);
    }
}

#[test]
fn a_silent_node_is_unknown_and_tainted() {
    let mut lab = lab();
    pass(&mut lab, 40, &NODES);
    lab.kubelets = Kubelets::Sleep;
    let silent = lab.now;
    pass(&mut lab, 40, &NODES[1..]);
    let early = lab.look();
    pass(&mut lab, 20, &NODES[1..]);
    assert!(lab.now.duration_since(silent) <= SignedDuration::from_secs(60));
    assert_snapshot!(format!("{early}\n{}", lab.look()), @r#"
    patch Node a status {"conditions":[{"lastTransitionTime":"2026-11-24T10:01:30Z","message":"Kubelet stopped posting node status.","reason":"NodeStatusUnknown","status":"Unknown","type":"Ready"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:01:30Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"MemoryPressure"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:01:30Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"DiskPressure"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:01:30Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"PIDPressure"}]}
    patch Pod ns/p status {"conditions":[{"status":"True","type":"PodScheduled"},{"lastTransitionTime":"2026-11-24T10:01:30Z","status":"False","type":"Ready"}]}
    patch Node a {"spec":{"taints":[{"effect":"NoSchedule","key":"node.kubernetes.io/unreachable","timeAdded":"2026-11-24T10:01:30Z"}]}}
    patch Node a {"spec":{"taints":[{"effect":"NoSchedule","key":"node.kubernetes.io/unreachable","timeAdded":"2026-11-24T10:01:30Z"},{"effect":"NoExecute","key":"node.kubernetes.io/unreachable","timeAdded":"2026-11-24T10:01:30Z"}]}}
    event Node a: Normal NodeNotReady x1: Node a status is now: NodeNotReady
    event Pod p: Warning NodeNotReady x1: Node is not ready
    "#);
}

#[test]
fn its_pods_are_deleted_after_their_toleration() {
    let mut lab = lab();
    lab.kubelets = Kubelets::Sleep;
    pass(&mut lab, 60, &NODES[1..]);
    lab.look();
    pass(&mut lab, 290, &NODES[1..]);
    let early = lab.look();
    pass(&mut lab, 20, &NODES[1..]);
    assert_snapshot!(format!("{early}\n{}", lab.look()), @r#"
    patch Pod ns/p status {"conditions":[{"status":"True","type":"PodScheduled"},{"lastTransitionTime":"2026-11-24T10:00:55Z","status":"False","type":"Ready"},{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:05:55Z","message":"Taint manager: deleting due to NoExecute taint","observedGeneration":1,"reason":"DeletionByTaintManager","status":"True","type":"DisruptionTarget"}]}
    delete Pod ns/p
    event Pod p: Normal TaintManagerEviction x1: Marking for deletion Pod ns/p
    "#);
}

#[test]
fn a_node_that_returns_keeps_its_pods() {
    let mut lab = lab();
    lab.kubelets = Kubelets::Sleep;
    pass(&mut lab, 60, &NODES[1..]);
    lab.look();
    let ready =
        json!({"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": lab.now}]});
    lab.patch_status(&Key::new(Kind::Node, "", "a"), &ready);
    pass(&mut lab, 400, &NODES);
    assert_snapshot!(lab.look(), @r#"
    patch Node a {"spec":{"taints":[{"effect":"NoExecute","key":"node.kubernetes.io/unreachable","timeAdded":"2026-11-24T10:00:55Z"}]}}
    patch Node a {"spec":{"taints":null}}
    event Pod p: Normal TaintManagerEviction x1: Cancelling deletion of Pod ns/p
    "#);
}

#[test]
fn pods_of_a_deleted_node_are_removed_after_forty_seconds() {
    let mut lab = lab();
    lab.kubelets = Kubelets::Sleep;
    lab.delete(&Key::new(Kind::Node, "", "a"));
    pass(&mut lab, 40, &NODES[1..]);
    let early = lab.look();
    pass(&mut lab, 40, &NODES[1..]);
    assert_snapshot!(format!("{early}\n{}", lab.look()), @r#"
    patch Pod ns/p status {"conditions":[{"status":"True","type":"PodScheduled"},{"lastTransitionTime":"2026-11-24T10:00:00Z","status":"True","type":"Ready"},{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:01:00Z","message":"PodGC: node no longer exists","observedGeneration":1,"reason":"DeletionByPodGC","status":"True","type":"DisruptionTarget"}],"phase":"Failed"}
    delete Pod ns/p grace 0
    "#);
}

#[test]
fn when_every_node_is_silent_nothing_is_evicted() {
    let mut lab = lab();
    lab.kubelets = Kubelets::Sleep;
    pass(&mut lab, 600, &[]);
    assert_snapshot!(lab.look_for(&["NoExecute", "Marking", "delete"]), @"");
}

#[test]
fn a_cordoned_node_has_its_taint_and_loses_it() {
    let mut lab = lab();
    let key = Key::new(Kind::Node, "", "b");
    lab.patch(&key, &json!({"spec": {"unschedulable": true}}));
    lab.patch(&key, &json!({"spec": {"unschedulable": null}}));
    assert_snapshot!(lab.look(), @r#"
    patch Node b {"spec":{"taints":[{"effect":"NoSchedule","key":"node.kubernetes.io/unschedulable","timeAdded":"2026-11-24T10:00:00Z"}]}}
    patch Node b {"spec":{"taints":null}}
    "#);
}
