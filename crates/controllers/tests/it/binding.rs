//! Claims and volumes find each other, or not.

use insta::assert_snapshot;
use serde_json::json;
use stayput_controllers::object::{Key, Kind};

use crate::lab::{Kubelets, Lab};
use crate::objects::{claim, class, pod, volume, waiting_class, with};

fn check(lab: &mut Lab) -> String {
    let volumes = lab.table(
        Kind::PersistentVolume,
        &["/status/phase", "/spec/claimRef/name"],
    );
    let claims = lab.table(
        Kind::PersistentVolumeClaim,
        &["/status/phase", "/spec/volumeName"],
    );
    format!("{}\n{volumes}\n{claims}", lab.look())
}

fn claim_key(name: &str) -> Key {
    Key::new(Kind::PersistentVolumeClaim, "ns", name)
}

fn volume_key(name: &str) -> Key {
    Key::new(Kind::PersistentVolume, "", name)
}

#[test]
fn an_immediate_claim_is_bound_in_four_writes() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([class("local", "Immediate"), volume("v", "a")]);
    lab.look();
    lab.apply([claim("c")]);
    assert_snapshot!(check(&mut lab), @r#"
    patch PersistentVolume v {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"c","namespace":"ns","resourceVersion":"7","uid":"uid-6"}}}
    patch PersistentVolume v status {"phase":"Bound"}
    patch PersistentVolumeClaim ns/c {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes","pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"volumeName":"v"}}
    patch PersistentVolumeClaim ns/c status {"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"phase":"Bound"}
    v Bound c
    c Bound v
    "#);
}

#[test]
fn a_waiting_claim_is_bound_with_its_pod() {
    let mut lab = Lab::new(&["a", "b"]);
    lab.apply([waiting_class(), volume("v", "b"), claim("c")]);
    lab.look();
    lab.apply([pod("p", &["c"])]);
    assert_snapshot!(check(&mut lab), @r#"
    patch PersistentVolume v {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"c","namespace":"ns","resourceVersion":"7","uid":"uid-7"}}}
    patch PersistentVolume v status {"phase":"Bound"}
    patch PersistentVolumeClaim ns/c {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes","pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"volumeName":"v"}}
    patch PersistentVolumeClaim ns/c status {"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"phase":"Bound"}
    bind Pod ns/p to b
    event Pod p: Normal Scheduled x1: Successfully assigned ns/p to b
    v Bound c
    c Bound v
    "#);
}

#[test]
fn why_a_claim_is_not_bound_is_said_again_every_resync() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([
        waiting_class(),
        class("now", "Immediate"),
        claim("waits"),
        with(claim("now"), "/spec/storageClassName", json!("now")),
        with(
            claim("none"),
            "/spec/storageClassName",
            json!("no-such-class"),
        ),
        with(claim("classless"), "/spec/storageClassName", json!("")),
    ]);
    lab.pass(15);
    assert_snapshot!(lab.look(), @r#"
    event PersistentVolumeClaim waits: Normal WaitForFirstConsumer x1: waiting for first consumer to be created before binding
    event PersistentVolumeClaim now: Warning ProvisioningFailed x1: no volume plugin matched name: kubernetes.io/no-provisioner
    event PersistentVolumeClaim none: Warning ProvisioningFailed x1: storageclass.storage.k8s.io "no-such-class" not found
    event PersistentVolumeClaim classless: Normal FailedBinding x1: no persistent volumes available for this claim and no storage class is set
    event PersistentVolumeClaim classless: Normal FailedBinding x2: no persistent volumes available for this claim and no storage class is set
    event PersistentVolumeClaim none: Warning ProvisioningFailed x2: storageclass.storage.k8s.io "no-such-class" not found
    event PersistentVolumeClaim now: Warning ProvisioningFailed x2: no volume plugin matched name: kubernetes.io/no-provisioner
    event PersistentVolumeClaim waits: Normal WaitForFirstConsumer x2: waiting for first consumer to be created before binding
    "#);
}

#[test]
fn a_waiting_claim_names_the_pods_it_waits_for() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([waiting_class(), claim("c"), pod("p", &["c"])]);
    lab.look();
    lab.pass(15);
    lab.apply([pod("q", &["c"])]);
    lab.pass(15);
    assert_snapshot!(lab.look_for(&["WaitFor"]), @r"
    event PersistentVolumeClaim c: Normal WaitForPodScheduled x2: waiting for pod p to be scheduled
    event PersistentVolumeClaim c: Normal WaitForPodScheduled x1: waiting for pods p,q to be scheduled
    ");
}

#[test]
fn a_volume_asked_for_by_name_must_suit() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([class("local", "Immediate"), volume("v", "a")]);
    lab.look();
    let named = |name: &str| with(claim(name), "/spec/volumeName", json!("v"));
    lab.apply([
        with(
            named("large"),
            "/spec/resources/requests/storage",
            json!("2Gi"),
        ),
        with(named("class"), "/spec/storageClassName", json!("other")),
        with(named("mode"), "/spec/volumeMode", json!("Block")),
        with(named("many"), "/spec/accessModes", json!(["ReadWriteMany"])),
    ]);
    lab.apply([named("first")]);
    lab.apply([named("second")]);
    assert_snapshot!(lab.look_for(&["event", "claimRef"]), @r#"
    event PersistentVolumeClaim large: Warning VolumeMismatch x1: Cannot bind to requested volume "v": requested PV is too small
    event PersistentVolumeClaim class: Warning VolumeMismatch x1: Cannot bind to requested volume "v": storageClassName does not match
    event PersistentVolumeClaim mode: Warning VolumeMismatch x1: Cannot bind to requested volume "v": incompatible volumeMode
    event PersistentVolumeClaim many: Warning VolumeMismatch x1: Cannot bind to requested volume "v": incompatible accessMode
    patch PersistentVolume v {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"first","namespace":"ns","resourceVersion":"11","uid":"uid-10"}}}
    event PersistentVolumeClaim second: Warning FailedBinding x1: volume "v" already bound to a different claim.
    "#);
}

#[test]
fn the_smallest_that_fits_but_fewer_modes_first() {
    let mut lab = Lab::new(&["a"]);
    let sized =
        |name: &str, size: &str| with(volume(name, "a"), "/spec/capacity/storage", json!(size));
    lab.apply([
        class("local", "Immediate"),
        with(
            sized("two-both", "2Gi"),
            "/spec/accessModes",
            json!(["ReadWriteOnce", "ReadWriteMany"]),
        ),
        sized("ten", "10Gi"),
        sized("five", "5Gi"),
    ]);
    lab.apply([claim("c")]);
    assert_snapshot!(lab.table(Kind::PersistentVolumeClaim, &["/spec/volumeName"]), @"c five");
}

#[test]
fn a_deleted_claim_leaves_its_volume_released_or_failed() {
    let mut lab = Lab::new(&["a"]);
    let policy = |name: &str, policy: &str| {
        with(
            with(
                volume(name, "a"),
                "/spec/persistentVolumeReclaimPolicy",
                json!(policy),
            ),
            "/spec/claimRef",
            json!({"namespace": "ns", "name": name}),
        )
    };
    lab.apply([
        class("local", "Immediate"),
        policy("retain", "Retain"),
        policy("delete", "Delete"),
        policy("recycle", "Recycle"),
    ]);
    lab.apply([claim("retain"), claim("delete"), claim("recycle")]);
    lab.look();
    for name in ["retain", "delete", "recycle"] {
        lab.delete(&claim_key(name));
    }
    lab.pass(30);
    assert_snapshot!(check(&mut lab), @r#"
    patch PersistentVolumeClaim ns/retain {"metadata":{"finalizers":null}}
    patch PersistentVolume retain status {"phase":"Released"}
    patch PersistentVolumeClaim ns/delete {"metadata":{"finalizers":null}}
    patch PersistentVolume delete status {"phase":"Released"}
    patch PersistentVolume delete status {"message":"error getting deleter volume plugin for volume \"delete\": no volume plugin matched","phase":"Failed"}
    event PersistentVolume delete: Warning VolumeFailedDelete x1: error getting deleter volume plugin for volume "delete": no volume plugin matched
    patch PersistentVolumeClaim ns/recycle {"metadata":{"finalizers":null}}
    patch PersistentVolume recycle status {"phase":"Released"}
    patch PersistentVolume recycle status {"message":"No recycler plugin found for the volume!","phase":"Failed"}
    event PersistentVolume recycle: Warning VolumeFailedRecycle x1: No recycler plugin found for the volume!
    delete Failed delete
    recycle Failed recycle
    retain Released retain
    "#);
}

#[test]
fn a_released_volume_is_free_again_when_its_reference_is_removed() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([class("local", "Immediate"), volume("v", "a")]);
    lab.apply([claim("first")]);
    lab.delete(&claim_key("first"));
    lab.apply([claim("second")]);
    lab.pass(20);
    lab.look();
    lab.patch(&volume_key("v"), &json!({"spec": {"claimRef": null}}));
    lab.pass(15);
    assert_snapshot!(check(&mut lab), @r#"
    patch PersistentVolume v status {"phase":"Available"}
    patch PersistentVolume v {"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"second","namespace":"ns","resourceVersion":"16","uid":"uid-7"}}}
    patch PersistentVolume v status {"phase":"Bound"}
    patch PersistentVolumeClaim ns/second {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes","pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"volumeName":"v"}}
    patch PersistentVolumeClaim ns/second status {"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"phase":"Bound"}
    v Bound second
    second Bound v
    "#);
}

#[test]
fn a_lost_claim_recovers_when_its_volume_is_made_again() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([class("local", "Immediate"), volume("v", "a")]);
    lab.apply([claim("c")]);
    lab.look();
    lab.api.remove(&volume_key("v"));
    lab.settle();
    lab.pass(30);
    let lost = check(&mut lab);
    lab.apply([volume("v", "a")]);
    lab.pass(16);
    assert_snapshot!(format!("{lost}\n\n{}", check(&mut lab)), @r#"
    patch PersistentVolumeClaim ns/c status {"accessModes":null,"capacity":null,"phase":"Lost"}
    event PersistentVolumeClaim c: Warning ClaimLost x1: Bound claim has lost its PersistentVolume. Data on the volume is lost!

    c Lost v

    patch PersistentVolume v status {"phase":"Available"}
    patch PersistentVolume v {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"c","namespace":"ns","resourceVersion":"13","uid":"uid-6"}}}
    patch PersistentVolume v status {"phase":"Bound"}
    patch PersistentVolumeClaim ns/c status {"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"phase":"Bound"}
    v Bound c
    c Bound v
    "#);
}

#[test]
fn a_claim_in_use_and_a_bound_volume_stay_until_they_are_free() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([
        waiting_class(),
        volume("v", "a"),
        claim("c"),
        pod("p", &["c"]),
    ]);
    lab.kubelets = Kubelets::Sleep;
    lab.look();
    lab.delete(&volume_key("v"));
    lab.delete(&claim_key("c"));
    lab.apply([pod("late", &["c"])]);
    let held = check(&mut lab);
    lab.kubelets = Kubelets::Run;
    lab.delete(&Key::new(Kind::Pod, "ns", "p"));
    assert_snapshot!(format!("{held}\n\n{}", check(&mut lab)), @r#"
    patch Pod ns/late status {"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:00:00Z","message":"0/2 nodes are available: persistentvolumeclaim \"c\" is being deleted. not found","observedGeneration":1,"reason":"Unschedulable","status":"False","type":"PodScheduled"}]}
    event Pod late: Warning FailedScheduling x1: 0/2 nodes are available: persistentvolumeclaim "c" is being deleted. not found
    v Bound c
    c Bound v

    patch PersistentVolumeClaim ns/c {"metadata":{"finalizers":null}}
    patch PersistentVolume v status {"phase":"Released"}
    patch Pod ns/late status {"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:00:00Z","message":"0/2 nodes are available: persistentvolumeclaim \"c\" not found. not found","observedGeneration":1,"reason":"Unschedulable","status":"False","type":"PodScheduled"}]}
    patch PersistentVolume v {"metadata":{"finalizers":null}}
    event Pod late: Warning FailedScheduling x1: 0/2 nodes are available: persistentvolumeclaim "c" not found. not found
    event Pod late: Warning FailedScheduling x2: 0/2 nodes are available: persistentvolumeclaim "c" not found. not found
    event Pod late: Warning FailedScheduling x3: 0/2 nodes are available: persistentvolumeclaim "c" not found. not found
    "#);
}

#[test]
fn a_host_path_is_deleted_only_under_tmp() {
    let mut lab = Lab::new(&["a"]);
    let host = |name: &str, path: &str| {
        let volume = with(volume(name, "a"), "/spec/hostPath", json!({"path": path}));
        let volume = with(
            volume,
            "/spec/persistentVolumeReclaimPolicy",
            json!("Delete"),
        );
        with(
            volume,
            "/spec/claimRef",
            json!({"namespace": "ns", "name": name}),
        )
    };
    lab.apply([
        class("local", "Immediate"),
        host("in", "/tmp/x"),
        host("out", "/var/x"),
    ]);
    lab.apply([claim("in"), claim("out")]);
    lab.look();
    lab.delete(&claim_key("in"));
    lab.delete(&claim_key("out"));
    assert_snapshot!(check(&mut lab), @r#"
    patch PersistentVolumeClaim ns/in {"metadata":{"finalizers":null}}
    patch PersistentVolume in status {"phase":"Released"}
    delete PersistentVolume in
    patch PersistentVolume in {"metadata":{"finalizers":null}}
    patch PersistentVolumeClaim ns/out {"metadata":{"finalizers":null}}
    patch PersistentVolume out status {"phase":"Released"}
    patch PersistentVolume out status {"message":"host_path deleter only supports /tmp/.+ but received provided /var/x","phase":"Failed"}
    event PersistentVolume out: Warning VolumeFailedDelete x1: host_path deleter only supports /tmp/.+ but received provided /var/x
    out Failed out
    "#);
}
