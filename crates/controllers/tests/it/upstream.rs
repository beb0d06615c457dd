//! What Kubernetes tests of local volumes: `TestVolumeBinding` and `persistent_volumes-local`.

use insta::assert_snapshot;
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};

use crate::lab::{Kubelets, Lab};
use crate::objects::{claim, class, pod, set, volume, waiting_class, with};

/// Where pods, claims and volumes ended, and why pods are not placed.
fn check(lab: &mut Lab) -> String {
    let pods = lab.table(Kind::Pod, &["/spec/nodeName"]);
    let claims = lab.table(
        Kind::PersistentVolumeClaim,
        &["/status/phase", "/spec/volumeName"],
    );
    let volumes = lab.table(
        Kind::PersistentVolume,
        &["/status/phase", "/spec/claimRef/name"],
    );
    format!("{pods}\n{claims}\n{volumes}")
}

fn of_class(object: Value, class: &str) -> Value {
    with(object, "/spec/storageClassName", json!(class))
}

fn prebound(volume: Value, claim: &str) -> Value {
    with(
        volume,
        "/spec/claimRef",
        json!({"namespace": "ns", "name": claim}),
    )
}

#[test]
fn immediate_can_and_cannot_bind() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([class("local", "Immediate"), volume("v", "a")]);
    lab.apply([claim("can"), pod("can", &["can"])]);
    lab.apply([claim("cannot"), pod("cannot", &["cannot"])]);
    assert_snapshot!(check(&mut lab), @r"
    can a
    cannot -
    can Bound v
    cannot Pending -
    v Bound can
    ");
}

#[test]
fn a_volume_that_names_a_waiting_claim_is_bound_without_a_pod() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([waiting_class(), prebound(volume("v", "a"), "c"), claim("c")]);
    assert_snapshot!(check(&mut lab), @r"
    c Bound v
    v Bound c
    ");
}

#[test]
fn a_waiting_claim_that_names_its_volume_counts_as_immediate() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([waiting_class()]);
    lab.apply([
        with(claim("c"), "/spec/volumeName", json!("v")),
        pod("p", &["c"]),
    ]);
    let before = lab.look_for(&["FailedScheduling"]);
    lab.apply([volume("v", "a")]);
    lab.pass(16);
    assert_snapshot!(format!("{before}\n{}", check(&mut lab)), @r"
    event Pod p: Warning FailedScheduling x1: 0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found
    p a
    c Bound v
    v Bound c
    ");
}

#[test]
fn immediate_and_waiting_claims_in_one_pod() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([
        waiting_class(),
        class("now", "Immediate"),
        of_class(volume("n", "b"), "now"),
    ]);
    lab.apply([
        volume("w-a", "a"),
        volume("w-b", "b"),
        of_class(claim("n"), "now"),
        claim("w"),
    ]);
    lab.apply([pod("p", &["n", "w"])]);
    assert_snapshot!(check(&mut lab), @r"
    p b
    n Bound n
    w Bound w-b
    n Bound n
    w-a Available -
    w-b Bound w
    ");
}

#[test]
fn volumes_of_two_nodes_keep_a_pod_from_both() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([class("local", "Immediate")]);
    lab.apply([
        prebound(volume("x", "a"), "x"),
        prebound(volume("y", "b"), "y"),
        claim("x"),
        claim("y"),
    ]);
    lab.look();
    lab.apply([pod("p", &["x", "y"])]);
    assert_snapshot!(lab.look_for(&["event Pod"]), @"event Pod p: Warning FailedScheduling x1: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.");
}

#[test]
fn a_node_selector_chooses_among_volumes() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([
        waiting_class(),
        volume("va", "a"),
        volume("vb", "b"),
        claim("c"),
    ]);
    lab.apply([with(
        pod("p", &["c"]),
        "/spec/nodeSelector",
        json!({"kubernetes.io/hostname": "b"}),
    )]);
    assert_snapshot!(check(&mut lab), @r"
    p b
    c Bound vb
    va Available -
    vb Bound c
    ");
}

#[test]
fn two_pods_share_a_claim_on_its_node() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([
        waiting_class(),
        volume("v", "b"),
        claim("c"),
        pod("p", &["c"]),
        pod("q", &["c"]),
    ]);
    assert_snapshot!(check(&mut lab), @r"
    p b
    q b
    c Bound v
    v Bound c
    ");
}

#[test]
fn one_pod_at_a_time_for_a_claim_that_says_so() {
    let mut lab = Lab::new(&["a"]);
    let modes = json!(["ReadWriteOncePod"]);
    lab.apply([
        waiting_class(),
        with(volume("v", "a"), "/spec/accessModes", modes.clone()),
    ]);
    lab.apply([
        with(claim("c"), "/spec/accessModes", modes),
        pod("p", &["c"]),
    ]);
    lab.look();
    lab.apply([pod("q", &["c"])]);
    let held = lab.look_for(&["event Pod"]);
    lab.delete(&Key::new(Kind::Pod, "ns", "p"));
    assert_snapshot!(format!("{held}\n{}", check(&mut lab)), @r"
    event Pod q: Warning FailedScheduling x1: 0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.
    q a
    c Bound v
    v Bound c
    ");
}

fn spread(affinity: &str, management: &str) -> String {
    let mut lab = Lab::new(&["a", "b", "c"]);
    lab.apply([waiting_class()]);
    for node in ["a", "b", "c"] {
        lab.apply((0..3).map(|index| volume(&format!("{node}{index}"), node)));
    }
    let term = json!([{"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}]);
    let affinity = json!({affinity: {"requiredDuringSchedulingIgnoredDuringExecution": term}});
    let set = with(set(3), "/spec/template/spec/affinity", affinity);
    lab.apply([with(set, "/spec/podManagementPolicy", json!(management))]);
    let placed = lab.table(Kind::Pod, &["/spec/nodeName"]);
    let nodes: std::collections::BTreeSet<_> =
        placed.lines().map(|line| line.split(' ').nth(1)).collect();
    format!("{} pods on {} nodes", placed.lines().count(), nodes.len())
}

#[test]
fn sets_with_affinity_and_anti_affinity_ordered_and_parallel() {
    assert_eq!(
        spread("podAntiAffinity", "OrderedReady"),
        "3 pods on 3 nodes"
    );
    assert_eq!(spread("podAntiAffinity", "Parallel"), "3 pods on 3 nodes");
    assert_eq!(spread("podAffinity", "OrderedReady"), "3 pods on 1 nodes");
    assert_eq!(spread("podAffinity", "Parallel"), "3 pods on 1 nodes");
}

#[test]
fn many_pods_use_volumes_one_after_the_other() {
    let mut lab = Lab::patient(&["a", "b"]);
    lab.apply([waiting_class()]);
    lab.apply((0..4).map(|index| volume(&format!("v{index}"), ["a", "b"][index % 2])));
    for round in 0..5 {
        for index in 0..4 {
            let name = format!("p{round}-{index}");
            lab.apply([claim(&name), pod(&name, &[&name])]);
        }
        let placed = lab.table(Kind::Pod, &["/spec/nodeName"]);
        assert!(placed.lines().all(|line| !line.ends_with(" -")), "{placed}");
        for index in 0..4 {
            let name = format!("p{round}-{index}");
            lab.delete(&Key::new(Kind::Pod, "ns", &name));
            lab.delete(&Key::new(Kind::PersistentVolumeClaim, "ns", &name));
        }
        for key in lab.api.keys(Kind::PersistentVolume) {
            lab.patch(&key, &json!({"spec": {"claimRef": null}}));
        }
    }
    assert_snapshot!(lab.table(Kind::PersistentVolume, &["/status/phase"]), @r"
    v0 Available
    v1 Available
    v2 Available
    v3 Available
    ");
}

#[test]
fn a_lost_node_keeps_its_pod_pending_until_claim_and_pod_are_deleted() {
    let mut lab = Lab::patient(&["a", "b"]);
    lab.apply([waiting_class(), volume("va", "a"), set(1)]);
    lab.kubelets = Kubelets::Sleep;
    lab.delete(&Key::new(Kind::Node, "", "a"));
    lab.pass(70);
    lab.look();
    lab.apply([volume("vb", "b")]);
    lab.pass(310);
    let held = lab.look_for(&["FailedScheduling"]);
    let held = held.lines().next().unwrap_or_default().to_owned();
    lab.delete(&Key::new(Kind::PersistentVolumeClaim, "ns", "data-web-0"));
    lab.delete(&Key::new(Kind::Pod, "ns", "web-0"));
    lab.pass(5);
    assert_snapshot!(format!("{held}\n{}", check(&mut lab)), @r"
    event Pod web-0: Warning FailedScheduling x2: 0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.
    web-0 b
    data-web-0 Bound vb
    va Released data-web-0
    vb Bound data-web-0
    ");
}
