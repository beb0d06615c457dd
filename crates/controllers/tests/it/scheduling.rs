//! Where pods go, and what is said when they go nowhere.

use insta::assert_snapshot;
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::version::Version;

use crate::lab::{Kubelets, Lab};
use crate::objects::{claim, class, node, pod, volume, waiting_class, with};

/// The nodes of all pods, and what the scheduler said.
fn check(lab: &mut Lab) -> String {
    let said = lab.look_for(&["FailedScheduling"]);
    format!("{}\n{said}", lab.table(Kind::Pod, &["/spec/nodeName"]))
}

fn pod_key(name: &str) -> Key {
    Key::new(Kind::Pod, "ns", name)
}

fn node_key(name: &str) -> Key {
    Key::new(Kind::Node, "", name)
}

fn on(pod: Value, node: &str) -> Value {
    with(
        pod,
        "/spec/nodeSelector",
        json!({"kubernetes.io/hostname": node}),
    )
}

#[test]
fn a_pod_whose_volume_is_elsewhere_stays_pending() {
    let mut lab = Lab::new(&["a", "b", "c", "d"]);
    lab.apply([class("local", "Immediate"), volume("v", "a")]);
    lab.apply([claim("early")]);
    lab.apply([on(pod("early", &["early"]), "b")]);
    assert_snapshot!(check(&mut lab), @r"
    early -
    event Pod early: Warning FailedScheduling x1: 0/5 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) had untolerated taint(s), 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.
    ");
}

#[test]
fn the_words_of_each_version() {
    let said = |minor| {
        let mut lab = Lab::with(&["a", "b", "c"], Version::minor(minor));
        lab.apply([
            waiting_class(),
            volume("v", "a"),
            claim("c"),
            pod("p", &["c"]),
        ]);
        lab.patch(
            &node_key("a"),
            &json!({"metadata": {"labels": {"kubernetes.io/hostname": "elsewhere"}}}),
        );
        lab.delete(&pod_key("p"));
        lab.apply([
            pod("p", &["c"]),
            with(pod("q", &["x"]), "/metadata/name", json!("q")),
        ]);
        format!("1.{minor}\n{}", check(&mut lab))
    };
    assert_snapshot!([32, 33, 34].map(said).join("\n\n"), @r#"
    1.32
    p -
    q -
    event Pod p: Warning FailedScheduling x1: 0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't find available persistent volumes to bind. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.
    event Pod p: Warning FailedScheduling x1: 0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) had volume node affinity conflict. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.
    event Pod q: Warning FailedScheduling x1: 0/4 nodes are available: persistentvolumeclaim "x" not found. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.

    1.33
    p -
    q -
    event Pod p: Warning FailedScheduling x1: 0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't find available persistent volumes to bind. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.
    event Pod p: Warning FailedScheduling x1: 0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't match PersistentVolume's node affinity. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.
    event Pod q: Warning FailedScheduling x1: 0/4 nodes are available: persistentvolumeclaim "x" not found. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.

    1.34
    p -
    q -
    event Pod p: Warning FailedScheduling x1: 0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 node(s) didn't find available persistent volumes to bind. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.
    event Pod p: Warning FailedScheduling x1: 0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.
    event Pod q: Warning FailedScheduling x1: 0/4 nodes are available: persistentvolumeclaim "x" not found. not found
    "#);
}

#[test]
fn why_a_claim_turns_the_whole_pod_down() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([class("local", "Immediate"), volume("v", "a"), claim("lost")]);
    lab.pass(16);
    lab.api.remove(&Key::new(Kind::PersistentVolume, "", "v"));
    lab.pass(16);
    lab.look();
    lab.apply([
        claim("unbound"),
        pod("p-unbound", &["unbound"]),
        pod("p-missing", &["missing"]),
        pod("p-lost", &["lost"]),
    ]);
    assert_snapshot!(check(&mut lab), @r#"
    p-lost -
    p-missing -
    p-unbound -
    event Pod p-unbound: Warning FailedScheduling x1: 0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found
    event Pod p-missing: Warning FailedScheduling x1: 0/2 nodes are available: persistentvolumeclaim "missing" not found. not found
    event Pod p-lost: Warning FailedScheduling x1: 0/2 nodes are available: persistentvolumeclaim "lost" bound to non-existent persistentvolume "v". not found
    "#);
}

#[test]
fn a_waiting_claim_without_a_volume_and_then_with_one() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([waiting_class(), claim("c"), pod("p", &["c"])]);
    let before = check(&mut lab);
    lab.apply([volume("v", "b")]);
    assert_snapshot!(format!("{before}\n\n{}", check(&mut lab)), @r"
    p -
    event Pod p: Warning FailedScheduling x1: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't find available persistent volumes to bind. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.

    p b
    event Pod p: Warning FailedScheduling x2: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't find available persistent volumes to bind. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.
    ");
}

#[test]
fn a_cordoned_node_is_named_before_its_taints() {
    let mut lab = Lab::new(&["a"]);
    lab.patch(&node_key("a"), &json!({"spec": {"unschedulable": true}}));
    lab.look();
    lab.apply([pod("p", &[])]);
    let before = check(&mut lab);
    lab.patch(&node_key("a"), &json!({"spec": {"unschedulable": null}}));
    assert_snapshot!(format!("{before}\n\n{}", check(&mut lab)), @r"
    p -
    event Pod p: Warning FailedScheduling x1: 0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.

    p a
    event Pod p: Warning FailedScheduling x1: 0/2 nodes are available: 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.
    ");
}

#[test]
fn two_claims_of_one_pod_get_two_volumes_of_one_node() {
    let mut lab = Lab::new(&["a", "b"]);
    let large =
        |name: &str, node: &str| with(volume(name, node), "/spec/capacity/storage", json!("2Gi"));
    lab.apply([
        waiting_class(),
        volume("a1", "a"),
        volume("b1", "b"),
        large("b2", "b"),
    ]);
    lab.apply([
        claim("x"),
        with(claim("y"), "/spec/resources/requests/storage", json!("2Gi")),
        pod("p", &["y", "x"]),
    ]);
    let claims = lab.table(Kind::PersistentVolumeClaim, &["/spec/volumeName"]);
    assert_snapshot!(format!("{}\n{claims}", check(&mut lab)), @r"
    p b

    x b1
    y b2
    ");
}

#[test]
fn pods_that_come_together_do_not_get_the_same_volume() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([waiting_class(), volume("v", "a"), volume("w", "b")]);
    lab.apply([
        claim("c"),
        claim("d"),
        claim("e"),
        pod("p", &["c"]),
        pod("q", &["d"]),
        pod("r", &["e"]),
    ]);
    let bound = lab.table(Kind::PersistentVolume, &["/status/phase"]);
    let placed = lab.table(Kind::Pod, &["/spec/nodeName"]);
    let placed = placed.lines().filter(|line| !line.ends_with('-')).count();
    assert_snapshot!(format!("{bound}\nplaced {placed}\n{}", lab.look_for(&["event Pod"]).lines().count()), @r"
    v Bound
    w Bound
    placed 2
    5
    ");
}

#[test]
fn resources_are_counted_and_freed() {
    let mut lab = Lab::new(&["a"]);
    let asks = |name: &str, cpu: &str| {
        with(
            pod(name, &[]),
            "/spec/containers",
            json!([{"name": "m", "resources": {"requests": {"cpu": cpu}}}]),
        )
    };
    lab.apply([asks("first", "1500m")]);
    lab.apply([asks("second", "1"), asks("never", "3")]);
    let before = check(&mut lab);
    lab.delete(&pod_key("first"));
    assert_snapshot!(format!("{before}\n\n{}", check(&mut lab)), @r"
    first a
    never -
    second -
    event Pod second: Warning FailedScheduling x1: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.
    event Pod never: Warning FailedScheduling x1: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.

    never -
    second a
    event Pod never: Warning FailedScheduling x2: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.
    ");
}

#[test]
fn pods_keep_away_from_their_like() {
    let mut lab = Lab::new(&["a", "b"]);
    let term = json!([{"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}]);
    let alone = |name: &str| {
        let pod = with(pod(name, &[]), "/metadata/labels", json!({"app": "x"}));
        let anti = json!({"requiredDuringSchedulingIgnoredDuringExecution": term});
        with(pod, "/spec/affinity", json!({"podAntiAffinity": anti}))
    };
    lab.apply([alone("p")]);
    lab.apply([alone("q")]);
    lab.apply([alone("r")]);
    let repelled = with(pod("s", &[]), "/metadata/labels", json!({"app": "x"}));
    lab.apply([repelled]);
    let placed = lab.table(Kind::Pod, &["/spec/nodeName"]);
    let nodes: std::collections::BTreeSet<_> =
        placed.lines().map(|line| line.split(' ').nth(1)).collect();
    assert_snapshot!(format!("{}\n{}", nodes.len(), lab.look_for(&["FailedScheduling"])), @r"
    3
    event Pod r: Warning FailedScheduling x1: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.
    event Pod s: Warning FailedScheduling x1: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't satisfy existing pods anti-affinity rules. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.
    ");
}

#[test]
fn taints_are_tolerated_by_key_and_effect() {
    let mut lab = Lab::new(&[]);
    let tolerates = |name: &str, toleration: Value| {
        with(pod(name, &[]), "/spec/tolerations", json!([toleration]))
    };
    lab.apply([
        tolerates("all", json!({"operator": "Exists"})),
        tolerates(
            "key",
            json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}),
        ),
        tolerates("other", json!({"key": "other", "operator": "Exists"})),
    ]);
    assert_snapshot!(check(&mut lab), @r"
    all control-plane
    key control-plane
    other -
    event Pod other: Warning FailedScheduling x1: 0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.
    ");
}

#[test]
fn pods_spread_over_nodes() {
    let mut lab = Lab::new(&["a", "b", "c"]);
    for index in 0..6 {
        let owner = json!([{"apiVersion": "apps/v1", "kind": "Other", "name": "o", "uid": "o", "controller": true}]);
        lab.apply([with(
            pod(&format!("p{index}"), &[]),
            "/metadata/ownerReferences",
            owner,
        )]);
    }
    let placed = lab.table(Kind::Pod, &["/spec/nodeName"]);
    let mut counts = std::collections::BTreeMap::new();
    for line in placed.lines() {
        *counts
            .entry(line.split(' ').nth(1).unwrap().to_owned())
            .or_insert(0) += 1;
    }
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn a_pod_that_is_gone_while_its_volume_is_bound_leaves_the_volume_to_its_claim() {
    let mut lab = Lab::new(&["a"]);
    lab.kubelets = Kubelets::Sleep;
    lab.apply([
        waiting_class(),
        volume("v", "a"),
        claim("c"),
        pod("p", &["c"]),
    ]);
    lab.api.remove(&pod_key("p"));
    lab.apply([pod("p", &["c"])]);
    let claims = lab.table(
        Kind::PersistentVolumeClaim,
        &["/status/phase", "/spec/volumeName"],
    );
    assert_snapshot!(claims, @"c Bound v");
}

#[test]
fn no_nodes_at_all() {
    let mut lab = Lab::new(&[]);
    lab.api.remove(&node_key("control-plane"));
    lab.apply([pod("p", &[])]);
    let before = check(&mut lab);
    lab.apply([node("a")]);
    assert_snapshot!(format!("{before}\n\n{}", check(&mut lab)), @r"
    p -
    event Pod p: Warning FailedScheduling x1: no nodes available to schedule pods

    p a
    ");
}
