//! Owner references.
//!
//! Invariants:
//! - At most one owner of an object controls it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

use crate::object::{Cached, Key, Kind};
use crate::world::World;

/// The owner that controls the object.
pub(crate) fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let mut owners = meta.owner_references.iter().flatten();
    owners.find(|owner| owner.controller == Some(true))
}

/// Whether `owner` controls the object.
pub(crate) fn controls(owner: &ObjectMeta, meta: &ObjectMeta) -> bool {
    controller(meta).is_some_and(|reference| Some(&reference.uid) == owner.uid.as_ref())
}

/// A reference by which `owner` controls.
pub(crate) fn reference<T: Cached>(owner: &T) -> Value {
    json!({
        "apiVersion": T::KIND.api_version(),
        "kind": T::KIND.descriptor().kind,
        "name": owner.meta().name,
        "uid": owner.meta().uid,
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// The references of an object with one more.
pub(crate) fn adopted(meta: &ObjectMeta, reference: Value) -> Value {
    let mut all = kept(meta, |_| true);
    all.push(reference);
    json!(all)
}

/// The references of an object that `keep` keeps.
pub(crate) fn kept(meta: &ObjectMeta, keep: impl Fn(&OwnerReference) -> bool) -> Vec<Value> {
    let owners = meta.owner_references.iter().flatten();
    owners
        .filter(|owner| keep(owner))
        .map(|owner| json!(owner))
        .collect()
}

/// The controller of an object, if it is of `kind` and known by that uid.
pub(crate) fn controller_key(meta: &ObjectMeta, kind: Kind, world: &World) -> Option<Key> {
    let owner = controller(meta)?;
    let key = world.by_uid(&owner.uid)?;
    (key.kind == kind).then(|| key.clone())
}
