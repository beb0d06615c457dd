//! Whether a recorded write was foreseen.
//!
//! Invariants:
//! - Compared is the object after the write; versions, generations and times set by the API are not.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::apps::v1::StatefulSet;
use serde_json::Value;
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::plan::{Verb, Write};
use stayput_controllers::world::World;

use super::trace::{Moment, Step};
use crate::api::merge;

pub(crate) enum Verdict {
    NotOurs,
    Foreseen(&'static str),
    Missed(&'static str, String),
}

#[derive(Default)]
pub(crate) struct Tally {
    foreseen: BTreeMap<&'static str, usize>,
    missed: BTreeMap<&'static str, Vec<String>>,
}

impl Tally {
    pub(crate) fn foreseen(&mut self, what: &'static str) {
        *self.foreseen.entry(what).or_insert(0) += 1;
    }

    pub(crate) fn missed(&mut self, what: &'static str, why: String) {
        self.missed.entry(what).or_default().push(why);
        self.foreseen.entry(what).or_insert(0);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, foreseen) in &self.foreseen {
            let missed = self.missed.get(what).map_or(0, Vec::len);
            write!(f, "{what} {foreseen} of {}; ", foreseen + missed)?;
        }
        for line in self.missed.values().flatten() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

pub(crate) fn judge(
    after: &Value,
    before: Option<&Value>,
    moment: &Moment,
    writes: &[&Write],
    world: &World,
) -> Verdict {
    let Some(what) = ours(after, before, moment, world) else {
        return Verdict::NotOurs;
    };
    let key = &moment.key;
    let of_this = |write: &&&Write| same_object(&write.key, key) && decided_on(write, before);
    let about: Vec<&&Write> = writes.iter().filter(of_this).collect();
    if about.iter().any(|write| makes(write, before, after)) {
        return Verdict::Foreseen(what);
    }
    if what == "volume binding"
        && writes
            .iter()
            .any(|write| binds_the_same_claim(write, after))
    {
        return Verdict::Foreseen("another of equal volumes");
    }
    let intended: Vec<String> = about.iter().map(|write| cut(&write.to_string())).collect();
    let changed = cut(&difference(before.unwrap_or(&Value::Null), after));
    Verdict::Missed(
        what,
        format!(
            "{what} {key}: {changed} | intended: {}",
            intended.join(", ")
        ),
    )
}

/// Whether the write was decided on that version of its object.
fn decided_on(write: &Write, before: Option<&Value>) -> bool {
    let Verb::Patch { body, .. } = &write.verb else {
        return true;
    };
    before.is_some_and(|before| {
        before["metadata"]["resourceVersion"] == body["metadata"]["resourceVersion"]
    })
}

/// Ties between nodes are random: then the claim has another volume.
fn binds_the_same_claim(write: &Write, after: &Value) -> bool {
    match &write.verb {
        Verb::Patch { body, .. } => {
            body["spec"]["claimRef"]["uid"] == after["spec"]["claimRef"]["uid"]
        }
        _ => false,
    }
}

fn same_object(intended: &Key, recorded: &Key) -> bool {
    // A generated name is known by its prefix.
    let named = intended.name == recorded.name
        || (intended.name.ends_with('-') && recorded.name.starts_with(&intended.name));
    intended.kind == recorded.kind && intended.namespace == recorded.namespace && named
}

/// What kind of write this is, if only a controller makes it.
fn ours(
    after: &Value,
    before: Option<&Value>,
    moment: &Moment,
    world: &World,
) -> Option<&'static str> {
    let gone = matches!(moment.step, Step::Change { gone: true, .. });
    let changed = |pointer: &str| {
        before.is_some_and(|before| before.pointer(pointer) != after.pointer(pointer))
    };
    let deleted = before.is_some_and(|before| before["metadata"]["deletionTimestamp"].is_null())
        && changed("/metadata/deletionTimestamp")
        && !gone;
    // The eviction itself writes these; that is the API server's.
    let evicted = !after["status"]["disruptedPods"].is_null() && changed("/status/disruptedPods");
    match (moment.key.kind, before.is_none(), gone) {
        (Kind::PersistentVolume, false, false) if changed("/status") => Some("volume status"),
        (Kind::PersistentVolume, false, false)
            if !after["spec"]["claimRef"]["uid"].is_null() && changed("/spec/claimRef") =>
        {
            Some("volume binding")
        }
        (Kind::PersistentVolumeClaim, false, false) if changed("/spec/volumeName") => {
            Some("claim binding")
        }
        (Kind::PersistentVolumeClaim, false, false) if changed("/status") => Some("claim status"),
        (Kind::PersistentVolumeClaim, true, false) if labelled(after) => Some("claim of a set"),
        (Kind::StatefulSet, false, false) if changed("/status") && !deleted => Some("set status"),
        (Kind::ControllerRevision, true, false) => Some("revision"),
        (Kind::ControllerRevision | Kind::Pod, false, false)
            if changed("/metadata/ownerReferences") =>
        {
            Some("owner")
        }
        (Kind::Pod, true, false) if !after["metadata"]["ownerReferences"].is_null() => {
            Some("pod of a set")
        }
        (Kind::Pod, false, false) if changed("/spec/nodeName") => Some("binding"),
        (Kind::Pod, false, false) if deleted && set_wants(after, world) => Some("end of a pod"),
        (Kind::Endpoints, _, false) => Some("endpoints"),
        (Kind::EndpointSlice, _, false) => Some("slice"),
        (Kind::PodDisruptionBudget, false, false) if changed("/status") && !evicted => {
            Some("budget")
        }
        _ => None,
    }
}

fn labelled(claim: &Value) -> bool {
    claim["metadata"]["labels"]["app"].is_string()
}

/// Whether the pod's set no longer wants it as it is: then its end is the controller's.
fn set_wants(pod: &Value, world: &World) -> bool {
    let owner = &pod["metadata"]["ownerReferences"][0];
    let Some(key) = world.by_uid(owner["uid"].as_str().unwrap_or_default()) else {
        return !owner.is_null();
    };
    let set = world.get::<StatefulSet>(&key.namespace, &key.name);
    let set = serde_json::to_value(set.map(AsRef::as_ref)).unwrap();
    let ordinal: i64 = pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"]
        .as_str()
        .unwrap_or("0")
        .parse()
        .unwrap();
    let old =
        pod["metadata"]["labels"]["controller-revision-hash"] != set["status"]["updateRevision"];
    ordinal >= set["spec"]["replicas"].as_i64().unwrap_or(1) || old
}

fn makes(write: &Write, before: Option<&Value>, after: &Value) -> bool {
    match &write.verb {
        Verb::Create(body) => before.is_none() && within(body, after),
        Verb::Patch { body, .. } => before.is_some_and(|before| {
            let mut made = before.clone();
            merge(&mut made, body);
            plain(&made) == plain(after)
        }),
        Verb::Replace(body) => plain(body) == plain(after),
        Verb::Delete { .. } => !after["metadata"]["deletionTimestamp"].is_null(),
        Verb::Bind { node, .. } => after["spec"]["nodeName"] == *node.as_str(),
        Verb::Finalize(_) | Verb::DeleteAll | Verb::ConfirmGone(_) => false,
    }
}

/// Without what the API sets by itself.
fn plain(object: &Value) -> Value {
    let mut object = object.clone();
    for field in [
        "resourceVersion",
        "generation",
        "uid",
        "creationTimestamp",
        "name",
    ] {
        if let Some(meta) = object["metadata"].as_object_mut() {
            meta.remove(field);
        }
    }
    if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
        annotations.remove("endpoints.kubernetes.io/last-change-trigger-time");
    }
    prune(&mut object);
    if let Some(status) = object["status"].as_object_mut() {
        status.remove("lastPhaseTransitionTime");
    }
    times(&mut object);
    object
}

/// Removes what is empty: Kubernetes serves some of it, and some not.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| {
                !value.is_null() && value.as_object().is_none_or(|fields| !fields.is_empty())
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("lastTransitionTime");
            fields.values_mut().for_each(times);
        }
        Value::Array(items) => items.iter_mut().for_each(times),
        _ => {}
    }
}

/// Whether all of `part` is in `whole`, leaving aside what was cut from the recording.
fn within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().all(|(field, value)| {
            let trigger = field == "endpoints.kubernetes.io/last-change-trigger-time";
            let null = value.is_null() && whole.get(field).is_none_or(Value::is_null);
            null || trigger
                || whole
                    .get(field)
                    .map_or(is_cut(field), |other| within(value, other))
        }),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len()
                && part
                    .iter()
                    .zip(whole)
                    .all(|(part, whole)| within(part, whole))
        }
        _ => part == whole,
    }
}

fn is_cut(field: &str) -> bool {
    const CUT: [&str; 13] = [
        "command",
        "dnsPolicy",
        "env",
        "imagePullPolicy",
        "readinessProbe",
        "schedulerName",
        "securityContext",
        "terminationGracePeriodSeconds",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "volumeMounts",
        "annotations",
        "status",
    ];
    CUT.contains(&field)
}

fn difference(before: &Value, after: &Value) -> String {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return format!("{before} -> {after}");
    };
    let mut lines = Vec::new();
    for field in before
        .keys()
        .chain(after.keys().filter(|field| !before.contains_key(*field)))
    {
        let (old, new) = (
            before.get(field).unwrap_or(&Value::Null),
            after.get(field).unwrap_or(&Value::Null),
        );
        if old != new && field != "resourceVersion" {
            lines.push(format!("{field}: {}", difference(old, new)));
        }
    }
    lines.join("; ")
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}
