//! `StatefulSet`s: order, claims, updates, owners.

use insta::assert_snapshot;
use serde_json::json;
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::version::Version;

use crate::lab::{Kubelets, Lab};
use crate::objects::{claim, pod, set, volume, waiting_class, with};

pub(crate) fn set_key() -> Key {
    Key::new(Kind::StatefulSet, "ns", "web")
}

pub(crate) fn pod_key(name: &str) -> Key {
    Key::new(Kind::Pod, "ns", name)
}

pub(crate) fn lab(volumes: usize) -> Lab {
    lab_of(volumes, Version::default())
}

fn lab_of(volumes: usize, version: Version) -> Lab {
    let mut lab = Lab::with(&["a", "b"], version);
    lab.apply([waiting_class()]);
    for index in 0..volumes {
        lab.apply([volume(&format!("v{index}"), ["a", "b"][index % 2])]);
    }
    lab.look();
    lab
}

/// What was done to pods, claims, revisions and the set.
pub(crate) fn check(lab: &mut Lab) -> String {
    let done = lab.look_for(&[
        "StatefulSet",
        " Pod ns/web",
        "ControllerRevision",
        "Claim ns/data-web-",
    ]);
    let ours = |line: &&str| {
        !line.contains("volumeName") && !line.contains("Bound") && !line.contains("finalizers")
    };
    done.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

fn template(lab: &mut Lab, round: &str) {
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"round": round}}}}});
    lab.patch(&set_key(), &patch);
}

fn ready(lab: &mut Lab, name: &str, status: &str) {
    let condition =
        json!([{"type": "Ready", "status": status, "lastTransitionTime": "2026-11-24T10:00:00Z"}]);
    lab.patch_status(
        &pod_key(name),
        &json!({"phase": "Running", "podIP": "10.1.1.1", "conditions": condition}),
    );
}

#[test]
fn pods_are_made_in_order_each_with_its_claim() {
    let mut lab = lab(2);
    lab.apply([set(2)]);
    assert_snapshot!(check(&mut lab), @r#"
    create ControllerRevision ns/web-ff7dccb89
    create PersistentVolumeClaim ns/data-web-0
    create Pod ns/web-0
    patch StatefulSet ns/web status {"collisionCount":0,"currentRevision":"web-ff7dccb89","observedGeneration":1,"updateRevision":"web-ff7dccb89"}
    patch StatefulSet ns/web status {"currentReplicas":1,"replicas":1,"updatedReplicas":1}
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-0 Pod web-0 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-0 in StatefulSet web successful
    bind Pod ns/web-0 to a
    create PersistentVolumeClaim ns/data-web-1
    create Pod ns/web-1
    patch StatefulSet ns/web status {"availableReplicas":1,"readyReplicas":1}
    patch StatefulSet ns/web status {"currentReplicas":2,"replicas":2,"updatedReplicas":2}
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-1 Pod web-1 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-1 in StatefulSet web successful
    bind Pod ns/web-1 to b
    patch StatefulSet ns/web status {"availableReplicas":2,"readyReplicas":2}
    "#);
}

#[test]
fn the_next_pod_waits_until_its_predecessor_is_ready() {
    let mut lab = lab(3);
    lab.kubelets = Kubelets::Sleep;
    lab.apply([set(3)]);
    let first = check(&mut lab);
    ready(&mut lab, "web-0", "False");
    let unready = check(&mut lab);
    ready(&mut lab, "web-0", "True");
    assert_snapshot!(format!("{first}\n\nunready:\n{unready}\n\nready:\n{}", check(&mut lab)), @r#"
    create ControllerRevision ns/web-ff7dccb89
    create PersistentVolumeClaim ns/data-web-0
    create Pod ns/web-0
    patch StatefulSet ns/web status {"collisionCount":0,"currentRevision":"web-ff7dccb89","observedGeneration":1,"updateRevision":"web-ff7dccb89"}
    patch StatefulSet ns/web status {"currentReplicas":1,"replicas":1,"updatedReplicas":1}
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-0 Pod web-0 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-0 in StatefulSet web successful
    bind Pod ns/web-0 to a

    unready:


    ready:
    create PersistentVolumeClaim ns/data-web-1
    create Pod ns/web-1
    patch StatefulSet ns/web status {"availableReplicas":1,"readyReplicas":1}
    patch StatefulSet ns/web status {"currentReplicas":2,"replicas":2,"updatedReplicas":2}
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-1 Pod web-1 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-1 in StatefulSet web successful
    bind Pod ns/web-1 to b
    "#);
}

#[test]
fn a_parallel_set_makes_all_at_once() {
    let mut lab = lab(3);
    lab.kubelets = Kubelets::Sleep;
    lab.apply([with(set(3), "/spec/podManagementPolicy", json!("Parallel"))]);
    assert_snapshot!(check(&mut lab), @r#"
    create ControllerRevision ns/web-ff7dccb89
    create PersistentVolumeClaim ns/data-web-0
    create Pod ns/web-0
    create PersistentVolumeClaim ns/data-web-1
    create PersistentVolumeClaim ns/data-web-2
    create Pod ns/web-1
    create Pod ns/web-2
    patch StatefulSet ns/web status {"collisionCount":0,"currentRevision":"web-ff7dccb89","observedGeneration":1,"updateRevision":"web-ff7dccb89"}
    patch StatefulSet ns/web status {"currentReplicas":3,"replicas":3,"updatedReplicas":3}
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-0 Pod web-0 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-0 in StatefulSet web successful
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-1 Pod web-1 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-2 Pod web-2 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-1 in StatefulSet web successful
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-2 in StatefulSet web successful
    bind Pod ns/web-0 to a
    bind Pod ns/web-1 to b
    bind Pod ns/web-2 to a
    "#);
}

#[test]
fn events_are_capitalised_since_1_35() {
    let mut lab = lab_of(1, Version::minor(35));
    lab.apply([set(1)]);
    assert_snapshot!(lab.look_for(&["event StatefulSet"]), @r"
    event StatefulSet web: Normal SuccessfulCreate x1: Create Claim data-web-0 Pod web-0 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: Create Pod web-0 in StatefulSet web successful
    ");
}

#[test]
fn scaling_down_ends_the_highest_first_and_keeps_claims() {
    let mut lab = lab(3);
    lab.apply([set(3)]);
    lab.look();
    lab.patch(&set_key(), &json!({"spec": {"replicas": 1}}));
    let down = check(&mut lab);
    let claims = lab.table(
        Kind::PersistentVolumeClaim,
        &["/status/phase", "/spec/volumeName"],
    );
    let nodes = lab.table(Kind::Pod, &["/spec/nodeName"]);
    lab.patch(&set_key(), &json!({"spec": {"replicas": 3}}));
    let again = lab.table(
        Kind::PersistentVolumeClaim,
        &["/status/phase", "/spec/volumeName"],
    );
    assert_eq!(claims, again);
    assert_snapshot!(format!("{down}\n{claims}\n{nodes}\n\n{}", lab.table(Kind::Pod, &["/spec/nodeName"])), @r#"
    delete Pod ns/web-2
    patch StatefulSet ns/web status {"observedGeneration":2}
    delete Pod ns/web-1
    patch StatefulSet ns/web status {"availableReplicas":2,"currentReplicas":2,"readyReplicas":2,"replicas":2,"updatedReplicas":2}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-2 in StatefulSet web successful
    patch StatefulSet ns/web status {"availableReplicas":1,"currentReplicas":1,"readyReplicas":1,"replicas":1,"updatedReplicas":1}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-1 in StatefulSet web successful
    data-web-0 Bound v0
    data-web-1 Bound v1
    data-web-2 Bound v2
    web-0 a

    web-0 a
    web-1 b
    web-2 a
    "#);
}

#[test]
fn scaling_down_waits_for_an_unhealthy_pod() {
    let mut lab = lab(3);
    lab.apply([set(3)]);
    lab.kubelets = Kubelets::Sleep;
    ready(&mut lab, "web-0", "False");
    lab.look();
    lab.patch(&set_key(), &json!({"spec": {"replicas": 1}}));
    let halted = check(&mut lab);
    ready(&mut lab, "web-0", "True");
    assert_snapshot!(format!("{halted}\n\n{}", check(&mut lab)), @r#"
    patch StatefulSet ns/web status {"observedGeneration":2}

    delete Pod ns/web-2
    patch StatefulSet ns/web status {"availableReplicas":3,"readyReplicas":3}
    patch StatefulSet ns/web status {"currentReplicas":2,"updatedReplicas":2}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-2 in StatefulSet web successful
    "#);
}

#[test]
fn a_rolling_update_goes_from_the_highest_down_to_the_partition() {
    let mut lab = lab(3);
    lab.apply([with(
        set(3),
        "/spec/updateStrategy/rollingUpdate/partition",
        json!(1),
    )]);
    lab.look();
    template(&mut lab, "one");
    let partial = check(&mut lab);
    lab.patch(
        &set_key(),
        &json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}),
    );
    assert_snapshot!(format!("{partial}\n\n{}", check(&mut lab)), @r#"
    create ControllerRevision ns/web-59cb8f84b5
    delete Pod ns/web-2
    patch StatefulSet ns/web status {"currentReplicas":2,"observedGeneration":2,"updateRevision":"web-59cb8f84b5","updatedReplicas":null}
    create Pod ns/web-2
    patch StatefulSet ns/web status {"availableReplicas":2,"readyReplicas":2,"replicas":2}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-2 in StatefulSet web successful
    bind Pod ns/web-2 to a
    patch StatefulSet ns/web status {"replicas":3,"updatedReplicas":1}
    event StatefulSet web: Normal SuccessfulCreate x2: create Pod web-2 in StatefulSet web successful
    delete Pod ns/web-1
    patch StatefulSet ns/web status {"availableReplicas":3,"currentReplicas":1,"readyReplicas":3}
    create Pod ns/web-1
    patch StatefulSet ns/web status {"availableReplicas":2,"readyReplicas":2,"replicas":2}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-1 in StatefulSet web successful
    bind Pod ns/web-1 to b
    patch StatefulSet ns/web status {"replicas":3,"updatedReplicas":2}
    event StatefulSet web: Normal SuccessfulCreate x2: create Pod web-1 in StatefulSet web successful
    patch StatefulSet ns/web status {"availableReplicas":3,"readyReplicas":3}

    delete Pod ns/web-0
    patch StatefulSet ns/web status {"currentReplicas":null,"observedGeneration":3}
    create Pod ns/web-0
    patch StatefulSet ns/web status {"availableReplicas":2,"readyReplicas":2,"replicas":2}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-0 in StatefulSet web successful
    bind Pod ns/web-0 to a
    patch StatefulSet ns/web status {"replicas":3,"updatedReplicas":3}
    event StatefulSet web: Normal SuccessfulCreate x2: create Pod web-0 in StatefulSet web successful
    patch StatefulSet ns/web status {"availableReplicas":3,"currentReplicas":3,"currentRevision":"web-59cb8f84b5","readyReplicas":3}
    "#);
}

#[test]
fn on_delete_updates_only_what_is_deleted() {
    let mut lab = lab(2);
    lab.apply([with(
        set(2),
        "/spec/updateStrategy",
        json!({"type": "OnDelete"}),
    )]);
    lab.look();
    template(&mut lab, "one");
    let before = lab.table(Kind::Pod, &["/metadata/labels/controller-revision-hash"]);
    lab.delete(&pod_key("web-0"));
    let after = lab.table(Kind::Pod, &["/metadata/labels/controller-revision-hash"]);
    assert_snapshot!(format!("{before}\n\n{after}"), @r"
    web-0 web-ff7dccb89
    web-1 web-ff7dccb89

    web-0 web-59cb8f84b5
    web-1 web-ff7dccb89
    ");
}

#[test]
fn going_back_reuses_the_old_revision_and_history_is_limited() {
    let mut lab = lab(1);
    lab.apply([with(set(1), "/spec/revisionHistoryLimit", json!(1))]);
    for round in ["one", "two", "three"] {
        template(&mut lab, round);
    }
    let limited = lab.table(Kind::ControllerRevision, &["/revision"]);
    template(&mut lab, "two");
    let back = lab.table(Kind::ControllerRevision, &["/revision"]);
    assert_snapshot!(format!("{limited}\n\n{back}"), @r"
    web-75d89ff55f 3
    web-f67b664d9 4

    web-75d89ff55f 5
    web-f67b664d9 4
    ");
}

#[test]
fn failed_pods_are_made_again() {
    let mut lab = lab(1);
    lab.apply([set(1)]);
    lab.look();
    lab.patch_status(&pod_key("web-0"), &json!({"phase": "Failed"}));
    assert_snapshot!(check(&mut lab), @r#"
    delete Pod ns/web-0
    patch StatefulSet ns/web status {"availableReplicas":0,"readyReplicas":null}
    create Pod ns/web-0
    patch StatefulSet ns/web status {"currentReplicas":null,"replicas":0,"updatedReplicas":null}
    event StatefulSet web: Normal SuccessfulDelete x1: delete Pod web-0 in StatefulSet web successful
    bind Pod ns/web-0 to a
    patch StatefulSet ns/web status {"currentReplicas":1,"replicas":1,"updatedReplicas":1}
    event StatefulSet web: Normal SuccessfulCreate x2: create Pod web-0 in StatefulSet web successful
    patch StatefulSet ns/web status {"availableReplicas":1,"readyReplicas":1}
    "#);
}

#[test]
fn a_terminating_claim_holds_its_pod_up() {
    let mut lab = lab(1);
    let held = with(claim("data-web-0"), "/metadata/finalizers", json!(["x/y"]));
    lab.apply([held]);
    let key = Key::new(Kind::PersistentVolumeClaim, "ns", "data-web-0");
    lab.patch(&key, &json!({"metadata": {"finalizers": ["x/y"]}}));
    lab.delete(&key);
    lab.look();
    lab.apply([set(1)]);
    lab.pass(1);
    let said = lab.look_for(&["event StatefulSet"]);
    lab.patch(&key, &json!({"metadata": {"finalizers": []}}));
    lab.pass(60);
    let first = said.lines().next().unwrap_or_default();
    assert_snapshot!(format!("{first}\n{}", lab.look_for(&["event StatefulSet"])), @r"
    event StatefulSet web: Warning FailedCreate x1: create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted
    event StatefulSet web: Normal SuccessfulCreate x1: create Claim data-web-0 Pod web-0 in StatefulSet web success
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-0 in StatefulSet web successful
    ");
}

#[test]
fn a_missing_claim_of_a_pending_pod_is_made_again() {
    let mut lab = lab(1);
    lab.kubelets = Kubelets::Sleep;
    lab.api.remove(&Key::new(Kind::PersistentVolume, "", "v0"));
    lab.apply([set(1)]);
    lab.look();
    lab.delete(&Key::new(Kind::PersistentVolumeClaim, "ns", "data-web-0"));
    lab.apply([volume("w", "a")]);
    lab.pass(301);
    assert_snapshot!(check(&mut lab), @r#"
    patch Pod ns/web-0 status {"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:00:00Z","message":"0/3 nodes are available: persistentvolumeclaim \"data-web-0\" is being deleted. not found","observedGeneration":1,"reason":"Unschedulable","status":"False","type":"PodScheduled"}]}
    patch Pod ns/web-0 status {"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:00:00Z","message":"0/3 nodes are available: persistentvolumeclaim \"data-web-0\" not found. not found","observedGeneration":1,"reason":"Unschedulable","status":"False","type":"PodScheduled"}]}
    create PersistentVolumeClaim ns/data-web-0
    patch Pod ns/web-0 status {"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-11-24T10:00:00Z","message":"0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't find available persistent volumes to bind. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.","observedGeneration":1,"reason":"Unschedulable","status":"False","type":"PodScheduled"}]}
    event StatefulSet web: Normal SuccessfulCreate x2: create Claim data-web-0 Pod web-0 in StatefulSet web success
    bind Pod ns/web-0 to a
    "#);
}

#[test]
fn ordinals_may_start_elsewhere() {
    let mut lab = lab(2);
    lab.apply([with(set(2), "/spec/ordinals", json!({"start": 5}))]);
    assert_snapshot!(lab.table(Kind::Pod, &["/metadata/labels/apps.kubernetes.io~1pod-index"]), @r"
    web-5 5
    web-6 6
    ");
}

#[test]
fn a_pod_must_be_ready_for_a_while() {
    let mut lab = lab(2);
    lab.apply([with(set(2), "/spec/minReadySeconds", json!(10))]);
    let early = lab.table(Kind::Pod, &[]);
    lab.pass(10);
    let later = lab.table(Kind::Pod, &[]);
    lab.pass(10);
    let available = lab.get(Kind::StatefulSet, "web")["status"]["availableReplicas"].clone();
    assert_snapshot!(format!("{early}\n\n{later}\n\n{available}"), @r"
    web-0 

    web-0 
    web-1 

    2
    ");
}

#[test]
fn a_pod_of_another_owner_is_in_the_way() {
    let mut lab = lab(1);
    lab.apply([pod("web-0", &[])]);
    lab.apply([set(1)]);
    assert_snapshot!(check(&mut lab), @r#"
    bind Pod ns/web-0 to b
    create ControllerRevision ns/web-ff7dccb89
    patch StatefulSet ns/web status {"collisionCount":0,"currentRevision":"web-ff7dccb89","observedGeneration":1,"updateRevision":"web-ff7dccb89"}
    "#);
}

#[test]
fn a_pod_is_what_the_template_says_and_who_it_is() {
    let mut lab = lab(1);
    lab.apply([set(1)]);
    let pod = lab.get(Kind::Pod, "web-0");
    let shown = json!({"labels": pod["metadata"]["labels"], "generateName": pod["metadata"]["generateName"],
        "hostname": pod["spec"]["hostname"], "subdomain": pod["spec"]["subdomain"], "volumes": pod["spec"]["volumes"]});
    assert_snapshot!(shown, @r#"{"generateName":"web-","hostname":"web-0","labels":{"app":"web","apps.kubernetes.io/pod-index":"0","controller-revision-hash":"web-ff7dccb89","statefulset.kubernetes.io/pod-name":"web-0"},"subdomain":"web","volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-web-0"}}]}"#);
}
