//! Who owns the claims and pods of a set, and what goes with it.

use insta::assert_snapshot;
use serde_json::{Value, json};
use stayput_controllers::object::Kind;
use stayput_controllers::plan::Propagation;

use crate::lab::Lab;
use crate::objects::{set, with};
use crate::sets::{check, lab, pod_key, set_key};

fn owners(lab: &Lab) -> String {
    let owner = "/metadata/ownerReferences/0/kind";
    let (pods, claims) = (
        lab.table(Kind::Pod, &[owner]),
        lab.table(Kind::PersistentVolumeClaim, &[owner]),
    );
    format!("{pods}\n{claims}")
}

fn policy(deleted: &str, scaled: &str) -> Value {
    let policy = json!({"whenDeleted": deleted, "whenScaled": scaled});
    with(set(2), "/spec/persistentVolumeClaimRetentionPolicy", policy)
}

fn story(deleted: &str, scaled: &str) -> String {
    let mut lab = lab(2);
    lab.apply([policy(deleted, scaled)]);
    let made = owners(&lab);
    lab.patch(&set_key(), &json!({"spec": {"replicas": 1}}));
    let shrunk = owners(&lab);
    lab.delete(&set_key());
    format!("{made}\n- scaled\n{shrunk}\n- deleted\n{}", owners(&lab))
}

#[test]
fn claims_are_kept_unless_the_policy_says_otherwise() {
    assert_snapshot!(story("Retain", "Retain"), @r"
    web-0 StatefulSet
    web-1 StatefulSet
    data-web-0 -
    data-web-1 -
    - scaled
    web-0 StatefulSet
    data-web-0 -
    data-web-1 -
    - deleted

    data-web-0 -
    data-web-1 -
    ");
}

#[test]
fn claims_go_with_a_deleted_set() {
    assert_snapshot!(story("Delete", "Retain"), @r"
    web-0 StatefulSet
    web-1 StatefulSet
    data-web-0 StatefulSet
    data-web-1 StatefulSet
    - scaled
    web-0 StatefulSet
    data-web-0 StatefulSet
    data-web-1 StatefulSet
    - deleted
    ");
}

#[test]
fn claims_go_with_pods_out_of_range() {
    assert_snapshot!(story("Retain", "Delete"), @r"
    web-0 StatefulSet
    web-1 StatefulSet
    data-web-0 -
    data-web-1 -
    - scaled
    web-0 StatefulSet
    data-web-0 -
    - deleted

    data-web-0 -
    ");
}

#[test]
fn claims_go_with_both() {
    assert_snapshot!(story("Delete", "Delete"), @r"
    web-0 StatefulSet
    web-1 StatefulSet
    data-web-0 StatefulSet
    data-web-1 StatefulSet
    - scaled
    web-0 StatefulSet
    data-web-0 StatefulSet
    - deleted
    ");
}

#[test]
fn orphans_are_left_and_adopted_by_the_set_made_again() {
    let mut lab = lab(2);
    lab.apply([set(2)]);
    lab.look();
    lab.delete_with(&set_key(), Propagation::Orphan);
    lab.delete(&pod_key("web-1"));
    let left = format!(
        "{}\n{}",
        lab.look_for(&["ownerReferences", "create"]),
        owners(&lab)
    );
    lab.apply([set(2)]);
    assert_snapshot!(format!("{left}\n\n{}\n{}", check(&mut lab), owners(&lab)), @r#"
    patch Pod ns/web-0 {"metadata":{"ownerReferences":null}}
    patch Pod ns/web-1 {"metadata":{"ownerReferences":null}}
    patch ControllerRevision ns/web-ff7dccb89 {"metadata":{"ownerReferences":null}}
    web-0 -
    data-web-0 -
    data-web-1 -

    patch ControllerRevision ns/web-ff7dccb89 {"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,"kind":"StatefulSet","name":"web","uid":"uid-14"}]}}
    patch Pod ns/web-0 {"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,"kind":"StatefulSet","name":"web","uid":"uid-14"}]}}
    create Pod ns/web-1
    patch StatefulSet ns/web status {"availableReplicas":1,"collisionCount":0,"currentReplicas":1,"currentRevision":"web-ff7dccb89","observedGeneration":1,"readyReplicas":1,"replicas":1,"updateRevision":"web-ff7dccb89","updatedReplicas":1}
    bind Pod ns/web-1 to b
    patch StatefulSet ns/web status {"currentReplicas":2,"replicas":2,"updatedReplicas":2}
    event StatefulSet web: Normal SuccessfulCreate x1: create Pod web-1 in StatefulSet web successful
    patch StatefulSet ns/web status {"availableReplicas":2,"readyReplicas":2}
    web-0 StatefulSet
    web-1 StatefulSet
    data-web-0 -
    data-web-1 -
    "#);
}
