//! The beginning and the end of namespaces.

use insta::assert_snapshot;
use serde_json::json;
use stayput_controllers::object::{Key, Kind};

use crate::lab::{Kubelets, Lab};
use crate::objects::{claim, namespace, pod, set, volume, waiting_class, with};

fn key() -> Key {
    Key::new(Kind::Namespace, "", "ns")
}

#[test]
fn a_namespace_is_furnished_and_refurnished() {
    let mut lab = Lab::new(&[]);
    lab.apply([namespace("new")]);
    lab.delete(&Key::new(Kind::ServiceAccount, "new", "default"));
    lab.patch(
        &Key::new(Kind::ConfigMap, "new", "kube-root-ca.crt"),
        &json!({"data": {"ca.crt": "other"}}),
    );
    assert_snapshot!(lab.look(), @r#"
    create ServiceAccount new/default
    create ConfigMap new/kube-root-ca.crt
    create ServiceAccount new/default
    patch ConfigMap new/kube-root-ca.crt {"data":{"ca.crt":"PEM"}}
    "#);
}

#[test]
fn a_deleted_namespace_is_emptied_after_five_seconds() {
    let mut lab = Lab::new(&["a"]);
    lab.apply([waiting_class(), volume("v0", "a"), set(1)]);
    lab.look();
    lab.delete(&key());
    let early = lab.look();
    lab.pass(6);
    assert_snapshot!(format!("early:\n{early}\nlate:\n{}\n{}", lab.look(), lab.table(Kind::Namespace, &[])), @r#"
    early:

    late:
    delete all pods in ns
    delete all persistentvolumeclaims in ns
    delete all statefulsets in ns
    delete all controllerrevisions in ns
    delete all events in ns
    patch PersistentVolumeClaim ns/data-web-0 {"metadata":{"finalizers":null}}
    patch PersistentVolume v0 status {"phase":"Released"}
    delete all events in ns
    patch Namespace ns status {"conditions":[{"lastTransitionTime":"2026-11-24T10:00:05Z","message":"All resources successfully discovered","reason":"ResourcesDiscovered","status":"False","type":"NamespaceDeletionDiscoveryFailure"},{"lastTransitionTime":"2026-11-24T10:00:05Z","message":"All legacy kube types successfully parsed","reason":"ParsedGroupVersions","status":"False","type":"NamespaceDeletionGroupVersionParsingFailure"},{"lastTransitionTime":"2026-11-24T10:00:05Z","message":"All content successfully deleted, may be waiting on finalization","reason":"ContentDeleted","status":"False","type":"NamespaceDeletionContentFailure"},{"lastTransitionTime":"2026-11-24T10:00:05Z","message":"All content successfully removed","reason":"ContentRemoved","status":"False","type":"NamespaceContentRemaining"},{"lastTransitionTime":"2026-11-24T10:00:05Z","message":"All content-preserving finalizers finished","reason":"ContentHasNoFinalizers","status":"False","type":"NamespaceFinalizersRemaining"}]}
    delete all events in ns
    finalize Namespace ns {"finalizers":[]}
    "#);
}

#[test]
fn what_holds_a_namespace_is_told() {
    let mut lab = Lab::new(&["a"]);
    lab.kubelets = Kubelets::Sleep;
    lab.apply([
        waiting_class(),
        volume("v", "a"),
        claim("c"),
        pod("p", &["c"]),
    ]);
    lab.look();
    lab.delete(&key());
    lab.pass(6);
    let conditions = lab.api.get(&key()).unwrap()["status"]["conditions"].clone();
    let told = conditions.as_array().unwrap().iter().map(|condition| {
        format!(
            "{} {} {}: {}",
            condition["type"], condition["status"], condition["reason"], condition["message"]
        )
    });
    let told = told.collect::<Vec<_>>().join("\n");
    lab.kubelets = Kubelets::Run;
    lab.pass(10);
    assert_snapshot!(format!("{told}\n{}", lab.table(Kind::Namespace, &[])), @r#"
    "NamespaceDeletionDiscoveryFailure" "False" "ResourcesDiscovered": "All resources successfully discovered"
    "NamespaceDeletionGroupVersionParsingFailure" "False" "ParsedGroupVersions": "All legacy kube types successfully parsed"
    "NamespaceDeletionContentFailure" "True" "ContentDeletionFailed": "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: ns for gvr: /v1, Resource=pods"
    "NamespaceContentRemaining" "True" "SomeResourcesRemain": "Some resources are remaining: persistentvolumeclaims. has 1 resource instances"
    "NamespaceFinalizersRemaining" "True" "SomeFinalizersRemain": "Some content in the namespace has finalizers remaining: kubernetes.io/pvc-protection in 1 resource instances"
    "#);
}

#[test]
fn a_finalizer_of_somebody_else_keeps_the_namespace() {
    let mut lab = Lab::new(&[]);
    let held = with(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "ns"}}),
        "/metadata/finalizers",
        json!(["x/y"]),
    );
    lab.apply([held]);
    lab.delete(&key());
    lab.pass(20);
    let held = lab.table(
        Kind::Namespace,
        &["/status/phase", "/status/conditions/4/message"],
    );
    lab.patch(
        &Key::new(Kind::ConfigMap, "ns", "m"),
        &json!({"metadata": {"finalizers": null}}),
    );
    lab.pass(5);
    assert_snapshot!(format!("{held}\nthen:\n{}", lab.table(Kind::Namespace, &[])), @r"
    ns Terminating Some content in the namespace has finalizers remaining: x/y in 1 resource instances
    then:
    ");
}
