//! The history of a set's template.
//!
//! Invariants:
//! - A revision's name is the one Kubernetes gives it: FNV-1 over the template's
//!   JSON as Go writes it, then the collision count.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use serde_json::{Value, json};

use super::{Revisions, View, selected};
use crate::object::Kind;
use crate::owners;
use crate::plan::Write;
use crate::world::World;

const HASH_LABEL: &str = "controller.kubernetes.io/hash";
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// How long the set's part of a revision's name may be.
const LONGEST_PREFIX: usize = 223;

/// Either both revisions exist, or this must be written first.
pub(super) enum Choice {
    Known(Revisions, i32),
    Write(Box<Write>),
}

/// The set's revisions, oldest first.
pub(super) fn history(set: &StatefulSet, world: &World) -> Vec<Arc<ControllerRevision>> {
    let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
    let mut revisions: Vec<_> = world
        .within::<ControllerRevision>(namespace)
        .filter(|revision| selected(set, revision.metadata.labels.as_ref()))
        .filter(|revision| {
            owners::controller(&revision.metadata).is_none()
                || owners::controls(&set.metadata, &revision.metadata)
        })
        .cloned()
        .collect();
    revisions.sort_by_key(|revision| {
        let meta = &revision.metadata;
        (
            revision.revision,
            meta.creation_timestamp.clone(),
            meta.name.clone(),
        )
    });
    revisions
}

pub(super) fn choose(view: &View<'_>, history: &[Arc<ControllerRevision>]) -> Choice {
    let data = data(view);
    let next = history.last().map_or(1, |newest| newest.revision + 1);
    let mut collisions = view
        .set
        .status
        .as_ref()
        .and_then(|status| status.collision_count)
        .unwrap_or(0);
    let equal = history
        .iter()
        .rev()
        .find(|revision| json!(revision.data) == data);
    let update = match (equal, history.last()) {
        (Some(equal), Some(newest)) if Arc::ptr_eq(equal, newest) => equal,
        (Some(equal), _) => {
            return Choice::Write(Box::new(Write::patch(&**equal, json!({"revision": next}))));
        }
        (None, _) => {
            while view
                .world
                .get::<ControllerRevision>(view.namespace(), &name(view, &data, collisions))
                .is_some()
            {
                collisions += 1;
            }
            return Choice::Write(Box::new(new_revision(view, &data, next, collisions)));
        }
    };
    let status = view.set.status.as_ref();
    let wanted = status.and_then(|status| status.current_revision.as_ref());
    let current = history
        .iter()
        .find(|revision| revision.metadata.name.as_ref() == wanted);
    let revisions = Revisions {
        current: Arc::clone(current.unwrap_or(update)),
        update: Arc::clone(update),
    };
    Choice::Known(revisions, collisions)
}

/// The deletions that keep the history at its limit.
pub(super) fn truncation(
    view: &View<'_>,
    history: &[Arc<ControllerRevision>],
    revisions: &Revisions,
) -> Vec<Write> {
    let limit = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.revision_history_limit);
    let limit = usize::try_from(limit.unwrap_or(10)).unwrap_or(0);
    let live = |revision: &ControllerRevision| {
        let name = revision.metadata.name.as_deref().unwrap_or_default();
        name == revisions.current_name()
            || name == revisions.update_name()
            || view
                .pods
                .iter()
                .any(|pod| super::pod::revision(pod) == name)
    };
    let old: Vec<_> = history.iter().filter(|revision| !live(revision)).collect();
    let excess = old.len().saturating_sub(limit);
    old[..excess]
        .iter()
        .map(|revision| Write::delete(&***revision))
        .collect()
}

/// The set's template, as a revision keeps it.
fn data(view: &View<'_>) -> Value {
    let mut template = json!(view.set.spec.as_ref().map(|spec| &spec.template));
    template["$patch"] = json!("replace");
    if view.version.writes_null_creation() {
        template["metadata"]["creationTimestamp"] = Value::Null;
    }
    json!({"spec": {"template": template}})
}

fn new_revision(view: &View<'_>, data: &Value, number: i64, collisions: i32) -> Write {
    let name = name(view, data, collisions);
    let template = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.template.metadata.as_ref());
    let mut labels = json!(template.and_then(|meta| meta.labels.as_ref()));
    if labels.is_null() {
        labels = json!({});
    }
    labels[HASH_LABEL] = json!(hash(data, collisions));
    let mut meta = json!({
        "name": name,
        "namespace": view.namespace(),
        "labels": labels,
        "ownerReferences": [owners::reference(view.set)],
    });
    if let Some(annotations) = &view.set.metadata.annotations {
        meta["annotations"] = json!(annotations);
    }
    let body = json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": meta,
        "data": data,
        "revision": number,
    });
    Write::create(Kind::ControllerRevision, view.namespace(), &name, body)
}

fn name(view: &View<'_>, data: &Value, collisions: i32) -> String {
    let prefix: String = view.name().chars().take(LONGEST_PREFIX).collect();
    format!("{prefix}-{}", hash(data, collisions))
}

/// FNV-1 over the JSON and the count, spelt without vowels.
fn hash(data: &Value, collisions: i32) -> String {
    let text = go_json(data) + &collisions.to_string();
    let hash = text.bytes().fold(2_166_136_261_u32, |hash, byte| {
        hash.wrapping_mul(16_777_619) ^ u32::from(byte)
    });
    let digits = hash.to_string();
    digits
        .bytes()
        .map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]))
        .collect()
}

/// JSON as Go's encoder writes it: keys sorted, and these characters escaped in strings.
fn go_json(value: &Value) -> String {
    let mut text = value.to_string();
    for (character, escaped) in [
        ('&', "\\u0026"),
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        text = text.replace(character, escaped);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Templates and names as a real 1.34.4 paired them.
    #[test]
    fn a_revision_has_the_name_that_kubernetes_gives_it() {
        let data = json!({"spec": {"template": {"$patch": "replace", "metadata": {"labels": {"app": "web"}}, "spec": {
            "containers": [{"command": ["bash", "-c", "trap \"exit 0\" TERM; sleep infinity & wait"],
                "image": "redis:7", "imagePullPolicy": "IfNotPresent", "name": "main", "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "volumeMounts": [{"mountPath": "/data", "name": "data"}]}],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 5,
            "volumes": [{"hostPath": {"path": "/disk1/hostpath-moves/data", "type": "DirectoryOrCreate"}, "name": "data"}],
        }}}});
        assert_eq!(hash(&data, 0), "69564c5b9c");
    }
}
