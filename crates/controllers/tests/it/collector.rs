//! What becomes of dependents.

use insta::assert_snapshot;
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::plan::Propagation;

use crate::lab::Lab;
use crate::objects::with;

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ns"}})
}

fn owned_by(lab: &Lab, name: &str, owners: &[&str]) -> Value {
    let reference = |owner: &&str| {
        let uid = lab.get(Kind::ConfigMap, owner)["metadata"]["uid"].clone();
        let uid = if uid.is_null() { json!("nobody") } else { uid };
        json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": uid, "blockOwnerDeletion": true})
    };
    let references: Vec<Value> = owners.iter().map(reference).collect();
    with(map(name), "/metadata/ownerReferences", json!(references))
}

fn key(name: &str) -> Key {
    Key::new(Kind::ConfigMap, "ns", name)
}

/// A grandparent with a child that has a child, one with two owners and one with none that exists.
fn family() -> Lab {
    let mut lab = Lab::new(&[]);
    lab.apply([map("top"), map("other")]);
    let middle = owned_by(&lab, "middle", &["top"]);
    lab.apply([middle]);
    let (bottom, shared) = (
        owned_by(&lab, "bottom", &["middle"]),
        owned_by(&lab, "shared", &["top", "other"]),
    );
    lab.apply([bottom, shared]);
    lab.look();
    lab
}

fn check(propagation: Propagation) -> String {
    let mut lab = family();
    lab.delete_with(&key("top"), propagation);
    let left = lab.table(Kind::ConfigMap, &["/metadata/ownerReferences/0/name"]);
    format!("{}\n\n{left}", lab.look())
}

#[test]
fn background_deletes_dependents_afterwards() {
    assert_snapshot!(check(Propagation::Background), @r#"
    delete ConfigMap ns/middle Background
    patch ConfigMap ns/shared {"metadata":{"ownerReferences":[{"apiVersion":"v1","blockOwnerDeletion":true,"kind":"ConfigMap","name":"other","uid":"uid-4"}]}}
    delete ConfigMap ns/bottom Background

    other -
    shared other
    "#);
}

#[test]
fn foreground_deletes_dependents_first() {
    assert_snapshot!(check(Propagation::Foreground), @r#"
    delete ConfigMap ns/middle Foreground
    patch ConfigMap ns/shared {"metadata":{"ownerReferences":[{"apiVersion":"v1","blockOwnerDeletion":true,"kind":"ConfigMap","name":"other","uid":"uid-4"}]}}
    delete ConfigMap ns/bottom Background
    patch ConfigMap ns/middle {"metadata":{"finalizers":null}}
    patch ConfigMap ns/top {"metadata":{"finalizers":null}}

    other -
    shared other
    "#);
}

#[test]
fn orphan_leaves_them() {
    assert_snapshot!(check(Propagation::Orphan), @r#"
    patch ConfigMap ns/middle {"metadata":{"ownerReferences":null}}
    patch ConfigMap ns/shared {"metadata":{"ownerReferences":[{"apiVersion":"v1","blockOwnerDeletion":true,"kind":"ConfigMap","name":"other","uid":"uid-4"}]}}
    patch ConfigMap ns/top {"metadata":{"finalizers":null}}

    bottom middle
    middle -
    other -
    shared other
    "#);
}

#[test]
fn an_owner_that_never_was_is_confirmed_absent_first() {
    let mut lab = Lab::new(&[]);
    let stray = owned_by(&lab, "stray", &["nobody"]);
    lab.apply([stray]);
    assert_snapshot!(lab.look(), @r"
    confirm that ConfigMap ns/nobody is gone
    delete ConfigMap ns/stray Background
    ");
}

#[test]
fn owners_of_unknown_kinds_are_believed() {
    let mut lab = Lab::new(&[]);
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "d"}]);
    lab.apply([with(map("m"), "/metadata/ownerReferences", owner)]);
    assert_snapshot!(lab.look(), @"");
}
