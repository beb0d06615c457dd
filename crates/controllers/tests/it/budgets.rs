//! How many pods may be evicted.

use insta::assert_snapshot;
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};

use crate::lab::{Kubelets, Lab};
use crate::objects::{set, volume, waiting_class, with};

fn budget(spec: &Value) -> Value {
    let spec = with(
        json!({"spec": spec}),
        "/spec/selector",
        json!({"matchLabels": {"app": "web"}}),
    );
    json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "ns"}, "spec": spec["spec"],
        "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}})
}

fn key() -> Key {
    Key::new(Kind::PodDisruptionBudget, "ns", "web")
}

fn lab() -> Lab {
    let mut lab = Lab::new(&["a"]);
    lab.apply([waiting_class()]);
    lab.apply((0..3).map(|index| volume(&format!("v{index}"), "a")));
    lab.apply([set(3)]);
    lab.look();
    lab
}

fn check(spec: &Value) -> String {
    let mut lab = lab();
    lab.apply([budget(spec)]);
    lab.look()
}

#[test]
fn least_and_most_as_numbers_and_shares() {
    let checks = [
        json!({"minAvailable": 2}),
        json!({"minAvailable": "50%"}),
        json!({"maxUnavailable": 1}),
        json!({"maxUnavailable": "1%"}),
        json!({"minAvailable": 3}),
    ];
    assert_snapshot!(checks.each_ref().map(check).join("\n"), @r#"
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"SufficientPods","status":"True","type":"DisruptionAllowed"}],"currentHealthy":3,"desiredHealthy":2,"disruptionsAllowed":1,"expectedPods":3,"observedGeneration":1}
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"SufficientPods","status":"True","type":"DisruptionAllowed"}],"currentHealthy":3,"desiredHealthy":2,"disruptionsAllowed":1,"expectedPods":3,"observedGeneration":1}
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"SufficientPods","status":"True","type":"DisruptionAllowed"}],"currentHealthy":3,"desiredHealthy":2,"disruptionsAllowed":1,"expectedPods":3,"observedGeneration":1}
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"SufficientPods","status":"True","type":"DisruptionAllowed"}],"currentHealthy":3,"desiredHealthy":2,"disruptionsAllowed":1,"expectedPods":3,"observedGeneration":1}
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"InsufficientPods","status":"False","type":"DisruptionAllowed"}],"currentHealthy":3,"desiredHealthy":3,"expectedPods":3,"observedGeneration":1}
    "#);
}

#[test]
fn an_eviction_counts_until_the_pod_is_gone_or_two_minutes_have_passed() {
    let mut lab = lab();
    lab.apply([budget(&json!({"minAvailable": 2}))]);
    lab.look();
    lab.kubelets = Kubelets::Sleep;
    let evicted =
        json!({"disruptedPods": {"web-1": "2026-11-24T10:00:00Z"}, "disruptionsAllowed": 0});
    lab.patch_status(&key(), &evicted);
    let counted = lab.look();
    lab.pass(125);
    assert_snapshot!(format!("{counted}\n{}", lab.look()), @r#"
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"InsufficientPods","status":"False","type":"DisruptionAllowed"}],"currentHealthy":2}
    patch Node a status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet stopped posting node status.","reason":"NodeStatusUnknown","status":"Unknown","type":"Ready"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"MemoryPressure"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"DiskPressure"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"PIDPressure"}]}
    patch Node control-plane status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet stopped posting node status.","reason":"NodeStatusUnknown","status":"Unknown","type":"Ready"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"MemoryPressure"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"DiskPressure"},{"lastHeartbeatTime":"2026-11-24T10:00:00Z","lastTransitionTime":"2026-11-24T10:00:55Z","message":"Kubelet never posted node status.","reason":"NodeStatusNeverUpdated","status":"Unknown","type":"PIDPressure"}]}
    patch Pod ns/web-0 status {"conditions":[{"status":"True","type":"PodScheduled"},{"lastTransitionTime":"2026-11-24T10:00:55Z","status":"False","type":"Ready"}]}
    patch Pod ns/web-1 status {"conditions":[{"status":"True","type":"PodScheduled"},{"lastTransitionTime":"2026-11-24T10:00:55Z","status":"False","type":"Ready"}]}
    patch Pod ns/web-2 status {"conditions":[{"status":"True","type":"PodScheduled"},{"lastTransitionTime":"2026-11-24T10:00:55Z","status":"False","type":"Ready"}]}
    patch Node a {"spec":{"taints":[{"effect":"NoSchedule","key":"node.kubernetes.io/unreachable","timeAdded":"2026-11-24T10:00:55Z"}]}}
    patch Node control-plane {"spec":{"taints":[{"effect":"NoSchedule","key":"node-role.kubernetes.io/control-plane"},{"effect":"NoSchedule","key":"node.kubernetes.io/unreachable","timeAdded":"2026-11-24T10:00:55Z"}]}}
    patch StatefulSet ns/web status {"availableReplicas":0,"readyReplicas":null}
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"InsufficientPods","status":"False","type":"DisruptionAllowed"}],"currentHealthy":0}
    event Node a: Normal NodeNotReady x1: Node a status is now: NodeNotReady
    event Pod web-0: Warning NodeNotReady x1: Node is not ready
    event Pod web-1: Warning NodeNotReady x1: Node is not ready
    event Pod web-2: Warning NodeNotReady x1: Node is not ready
    event Node control-plane: Normal NodeNotReady x1: Node control-plane status is now: NodeNotReady
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"InsufficientPods","status":"False","type":"DisruptionAllowed"}],"disruptedPods":null}
    "#);
}

#[test]
fn a_budget_without_pods_says_so() {
    let mut lab = Lab::new(&[]);
    lab.apply([budget(&json!({"minAvailable": 1}))]);
    assert_snapshot!(lab.look(), @r#"
    patch PodDisruptionBudget ns/web status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:00Z","message":"","observedGeneration":1,"reason":"InsufficientPods","status":"False","type":"DisruptionAllowed"}],"desiredHealthy":1,"observedGeneration":1}
    event PodDisruptionBudget web: Normal NoPods x1: No matching pods found
    "#);
}
