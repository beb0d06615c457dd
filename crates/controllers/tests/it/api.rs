//! As much of an API server as controllers notice: versions, uids, finalizers, preconditions.
//!
//! Invariants:
//! - Every change has a new version and is told to the watcher, in order.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::plan::{Propagation, Verb, Write};

/// What a watch tells.
pub(crate) enum Told {
    Applied(Kind, Value),
    Deleted(Kind, Value),
}

/// A refusal: the code and the text.
pub(crate) type Refused = (u16, String);

#[derive(Default)]
pub(crate) struct Api {
    objects: BTreeMap<Key, Value>,
    version: u64,
    made: u64,
    pub(crate) told: Vec<Told>,
}

impl Api {
    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    pub(crate) fn keys(&self, kind: Kind) -> Vec<Key> {
        self.objects
            .keys()
            .filter(|key| key.kind == kind)
            .cloned()
            .collect()
    }

    /// Makes a request; what it answers, if the object still exists.
    pub(crate) fn request(
        &mut self,
        write: &Write,
        now: Timestamp,
    ) -> Result<Option<Value>, Refused> {
        let key = &write.key;
        match &write.verb {
            Verb::Create(body) => self.create(key.kind, body.clone(), now).map(Some),
            Verb::Patch { subresource, body } => self.patch(key, *subresource, body, now).map(Some),
            Verb::Replace(body) => {
                let mut body = body.clone();
                self.check(key, &body)?;
                body["metadata"]["generation"] = json!(1);
                Ok(Some(self.put(key, body)))
            }
            Verb::Delete {
                uid,
                grace,
                propagation,
                ..
            } => {
                if let Some(uid) = uid {
                    self.check(key, &json!({"metadata": {"uid": uid}}))?;
                }
                self.delete(key, *grace, *propagation, now)
            }
            Verb::Bind { node, .. } => {
                let scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null,
                    "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()});
                let body =
                    json!({"spec": {"nodeName": node}, "status": {"conditions": [scheduled]}});
                self.patch(key, Some("binding"), &body, now).map(|_| None)
            }
            Verb::Finalize(body) => {
                self.check(key, body)?;
                self.remove(key);
                Ok(None)
            }
            Verb::ConfirmGone(uid) => match self.objects.get(key) {
                Some(object) if object["metadata"]["uid"] == json!(uid) => {
                    Err((0, "the owner is alive".to_owned()))
                }
                _ => Ok(None),
            },
            Verb::DeleteAll => {
                let keys: Vec<Key> = self
                    .objects
                    .keys()
                    .filter(|other| other.kind == key.kind)
                    .cloned()
                    .collect();
                for other in keys
                    .into_iter()
                    .filter(|other| other.namespace == key.namespace)
                {
                    self.delete(&other, None, Propagation::Background, now)?;
                }
                Ok(None)
            }
        }
    }

    pub(crate) fn create(
        &mut self,
        kind: Kind,
        mut body: Value,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        self.made += 1;
        let meta = &mut body["metadata"];
        if meta["name"].is_null() {
            let prefix = meta["generateName"].as_str().unwrap_or_default().to_owned();
            meta["name"] = json!(format!("{prefix}{:05}", self.made));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = Key::new(kind, &text(&meta["namespace"]), &text(&meta["name"]));
        let namespace = Key::new(Kind::Namespace, "", &key.namespace);
        if self
            .objects
            .get(&namespace)
            .is_some_and(|namespace| !namespace["metadata"]["deletionTimestamp"].is_null())
        {
            return Err((
                403,
                format!("namespace {} is being terminated", key.namespace),
            ));
        }
        if self.objects.contains_key(&key) {
            let plural = kind.descriptor().plural;
            return Err((409, format!(r#"{plural} "{}" already exists"#, key.name)));
        }
        meta["uid"] = json!(format!("uid-{}", self.made));
        meta["creationTimestamp"] = json!(now);
        meta["generation"] = json!(1);
        admit(kind, &mut body);
        Ok(self.put(&key, body))
    }

    pub(crate) fn patch(
        &mut self,
        key: &Key,
        subresource: Option<&str>,
        patch: &Value,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        self.check(key, patch)?;
        let known = self.objects[key].clone();
        let mut object = known.clone();
        merge(&mut object, patch);
        object["metadata"]["resourceVersion"] = known["metadata"]["resourceVersion"].clone();
        if subresource.is_none() && object["spec"] != known["spec"] {
            let generation = known["metadata"]["generation"].as_i64().unwrap_or(0);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        if object == known {
            return Ok(known);
        }
        let meta = &object["metadata"];
        let ended = key.kind != Kind::Namespace
            && !meta["deletionTimestamp"].is_null()
            && meta["finalizers"].as_array().is_none_or(Vec::is_empty)
            && meta["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0;
        let _ = now;
        let object = self.put(key, object);
        if ended {
            self.remove(key);
        }
        Ok(object)
    }

    pub(crate) fn delete(
        &mut self,
        key: &Key,
        grace: Option<u32>,
        propagation: Propagation,
        now: Timestamp,
    ) -> Result<Option<Value>, Refused> {
        let mut object = self.objects.get(key).cloned().ok_or_else(|| missing(key))?;
        let mut finalizers = object["metadata"]["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        match propagation {
            Propagation::Foreground => finalizers.push(json!("foregroundDeletion")),
            Propagation::Orphan => finalizers.push(json!("orphan")),
            Propagation::Default | Propagation::Background => {}
        }
        let placed = key.kind == Kind::Pod && object["spec"]["nodeName"].is_string();
        let grace = if placed { grace.unwrap_or(30) } else { 0 };
        if finalizers.is_empty() && grace == 0 && key.kind != Kind::Namespace {
            self.remove(key);
            return Ok(None);
        }
        let meta = &mut object["metadata"];
        if meta["deletionTimestamp"].is_null() {
            let when = now
                .saturating_add(SignedDuration::from_secs(grace.into()))
                .unwrap();
            meta["deletionTimestamp"] = json!(when);
            meta["deletionGracePeriodSeconds"] = json!(grace);
            if !finalizers.is_empty() {
                meta["finalizers"] = json!(finalizers);
            }
            if key.kind == Kind::Namespace {
                object["status"]["phase"] = json!("Terminating");
            }
            object = self.put(key, object);
        }
        Ok(Some(object))
    }

    /// Ends an object whatever holds it.
    pub(crate) fn remove(&mut self, key: &Key) {
        if let Some(mut object) = self.objects.remove(key) {
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
            self.told.push(Told::Deleted(key.kind, object));
        }
    }

    fn put(&mut self, key: &Key, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(key.clone(), object.clone());
        self.told.push(Told::Applied(key.kind, object.clone()));
        object
    }

    fn check(&self, key: &Key, sent: &Value) -> Result<(), Refused> {
        let known = self.objects.get(key).ok_or_else(|| missing(key))?;
        for field in ["uid", "resourceVersion"] {
            let sent = &sent["metadata"][field];
            if !sent.is_null() && *sent != known["metadata"][field] {
                let (plural, name) = (key.kind.descriptor().plural, &key.name);
                let text = format!(
                    "Operation cannot be fulfilled on {plural} \"{name}\": the object has been modified"
                );
                return Err((409, text));
            }
        }
        Ok(())
    }
}

fn missing(key: &Key) -> Refused {
    (
        404,
        format!(
            r#"{} "{}" not found"#,
            key.kind.descriptor().plural,
            key.name
        ),
    )
}

/// What admission and defaulting add, as far as controllers care.
fn admit(kind: Kind, body: &mut Value) {
    match kind {
        Kind::Pod => body["status"]["phase"] = json!("Pending"),
        Kind::PersistentVolume => {
            body["metadata"]["finalizers"] = json!(["kubernetes.io/pv-protection"]);
            body["status"]["phase"] = json!("Pending");
        }
        Kind::PersistentVolumeClaim => {
            body["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
            body["status"] = json!({"phase": "Pending"});
        }
        Kind::StatefulSet => body["status"] = json!({"replicas": 0, "availableReplicas": 0}),
        Kind::Namespace => {
            body["spec"]["finalizers"] = json!(["kubernetes"]);
            body["status"]["phase"] = json!("Active");
        }
        _ => {}
    }
}

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (field, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(field);
        } else {
            merge(&mut target[field], value);
        }
    }
}
