//! Deleting objects: at once, after a while, or when their finalizers are gone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Api;
use super::body::{not_registered, success};
use super::dispatch::Target;
use super::finish::ends;
use super::negotiate::Asked;
use super::options::{Persist, dry_run, parse_int};
use super::request::{Answer, Request};
use super::selector::Selector;
use crate::access::{has, int, list, object, remove, text};
use crate::issues::Issues;
use crate::kinds::{Admission, Deleted, Kind};
use crate::status::Status;
use crate::store::{Key, Object};
use crate::time;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What becomes of the objects that this one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// How something is deleted.
#[derive(Debug, Clone)]
pub(super) struct DeleteOptions {
    propagation: Option<Propagation>,
    grace: Option<i64>,
    uid: Option<String>,
    revision: Option<String>,
    persist: Persist,
}

impl Api {
    pub(super) fn delete(
        &mut self,
        request: &Request,
        target: Target<'_>,
    ) -> Result<Answer, Status> {
        let options = delete_options(self, request)?;
        let view = self.view(request, Asked::Objects)?;
        let old = self.existing(target.served, &target.key())?;
        let kind = target.served.kind;
        let (object, gone) = self.delete_object(target, &old, &options)?;
        if gone && kind.deleted == Deleted::Status {
            let body = success(kind, target.name, text(&object.value(), "/metadata/uid"));
            return Ok(Answer::value(200, body, view.media.encoding));
        }
        Ok(Answer::Document(view.one(kind, 200, object, self.now)))
    }

    pub(super) fn delete_collection(
        &mut self,
        request: &Request,
        target: Target<'_>,
    ) -> Result<Answer, Status> {
        let options = delete_options(self, request)?;
        let view = self.view(request, Asked::Objects)?;
        let kind = target.served.kind;
        let selector = Selector::parse(
            kind,
            request.param("labelSelector"),
            request.param("fieldSelector"),
        )?;
        let namespace = kind.namespaced().then_some(target.namespace);
        let objects: Vec<(Key, Arc<Object>)> = self
            .store
            .range(target.served.table, namespace, None)
            .filter(|(_, object)| selector.sees(object))
            .map(|(key, object)| (key.clone(), Arc::clone(object)))
            .collect();
        for (key, object) in &objects {
            let target = Target {
                namespace: &key.namespace,
                name: &key.name,
                ..target
            };
            self.delete_object(target, object, &options)?;
        }
        let metadata = json!({"resourceVersion": self.store.revision().to_string()});
        let objects = objects.into_iter().map(|(_, object)| object).collect();
        Ok(Answer::Document(
            view.many(kind, metadata, objects, self.now),
        ))
    }

    /// Deletes one object; gives its last or next state and whether it is gone.
    pub(super) fn delete_object(
        &mut self,
        target: Target<'_>,
        old: &Arc<Object>,
        options: &DeleteOptions,
    ) -> Result<(Arc<Object>, bool), Status> {
        let kind = target.served.kind;
        check_preconditions(kind, target.name, old, options)?;
        if kind.admission == Admission::Namespace
            && matches!(target.name, "default" | "kube-system" | "kube-public")
        {
            return Err(Status::forbidden(
                kind,
                target.name,
                "this namespace may not be deleted",
            ));
        }
        let mut new = old.value().into_owned();
        propagate(&mut new, options.propagation);
        self.mark(kind, &mut new, options);
        let gone = ends(kind, &new);
        let object = match options.persist {
            Persist::DryRun => Arc::new(Object::unstored(new)),
            Persist::Kept if new == *old.value() && !gone => Arc::clone(old),
            Persist::Kept if gone => self.remove_marked(target, old, new),
            Persist::Kept => self.commit(target.served, target.key(), new),
        };
        Ok((object, gone))
    }

    /// Removes an object at once; what is answered is as it was marked.
    fn remove_marked(
        &mut self,
        target: Target<'_>,
        old: &Arc<Object>,
        marked: Value,
    ) -> Arc<Object> {
        // A pod is seen with its last grace before it is gone.
        let is_pod = target.served.kind.admission == Admission::Pod;
        if is_pod && marked != *old.value() {
            self.commit(target.served, target.key(), marked.clone());
        }
        let Some(last) = self.end(target) else {
            return Arc::clone(old);
        };
        if is_pod {
            return Arc::new(Object::new(marked, last.revision()));
        }
        last
    }

    /// Writes into an object that it is to go, and when.
    fn mark(&self, kind: &Kind, value: &mut Value, options: &DeleteOptions) {
        let grace = match kind.admission {
            Admission::Pod => pod_grace(value, options.grace),
            _ => 0,
        };
        let marked = has(value, "/metadata/deletionTimestamp");
        let before = int(value, "/metadata/deletionGracePeriodSeconds").unwrap_or_default();
        if marked && (kind.admission != Admission::Pod || grace >= before) {
            return;
        }
        let generation = int(value, "/metadata/generation");
        let metadata = object(value, "metadata");
        metadata["deletionTimestamp"] = json!(time::seconds(time::later(self.now, grace)));
        if kind.admission == Admission::Namespace {
            object(value, "status")["phase"] = json!("Terminating");
            return;
        }
        metadata["deletionGracePeriodSeconds"] = json!(grace);
        if let Some(generation) = generation.filter(|generation| *generation > 0 && !marked) {
            metadata["generation"] = json!(generation.saturating_add(1));
        }
    }
}

/// A pod that never ran, or has ended, needs no time to end.
fn pod_grace(pod: &Value, asked: Option<i64>) -> i64 {
    if text(pod, "/spec/nodeName").is_empty()
        || matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
    {
        return 0;
    }
    let own = int(pod, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    match asked.unwrap_or(own) {
        negative if negative < 0 => 1,
        grace => grace,
    }
}

fn propagate(value: &mut Value, propagation: Option<Propagation>) {
    let Some(propagation) = propagation else {
        return;
    };
    let metadata = object(value, "metadata");
    let mut finalizers: Vec<Value> = list(metadata, "/finalizers")
        .iter()
        .filter(|finalizer| *finalizer != FOREGROUND && *finalizer != ORPHAN)
        .cloned()
        .collect();
    match propagation {
        Propagation::Background => {}
        Propagation::Foreground => finalizers.push(json!(FOREGROUND)),
        Propagation::Orphan => finalizers.push(json!(ORPHAN)),
    }
    if finalizers.is_empty() {
        remove(metadata, "finalizers");
    } else {
        metadata["finalizers"] = Value::Array(finalizers);
    }
}

fn check_preconditions(
    kind: &Kind,
    name: &str,
    old: &Object,
    options: &DeleteOptions,
) -> Result<(), Status> {
    let value = old.value();
    let real = text(&value, "/metadata/uid");
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != real) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({real}). The object might have been deleted and then \
             recreated"
        );
        return Err(Status::conflict(kind, name, &why));
    }
    let real = old.revision().to_string();
    if let Some(revision) = options
        .revision
        .as_deref()
        .filter(|revision| *revision != real)
    {
        let why = format!(
            "the ResourceVersion in the precondition ({revision}) does not match the ResourceVersion in record ({real}). The object might \
             have been modified"
        );
        return Err(Status::conflict(kind, name, &why));
    }
    Ok(())
}

/// Reads the options from the body, and from the query for those without one.
pub(super) fn delete_options(api: &Api, request: &Request) -> Result<DeleteOptions, Status> {
    if request.body.is_empty() {
        return read_options(request, &Value::Null);
    }
    let value = api.plain(request, "DeleteOptions")?.into_value();
    let kind = text(&value, "/kind");
    if !matches!(kind, "" | "DeleteOptions") {
        let error = not_registered(kind, text(&value, "/apiVersion"));
        return Err(Status::internal(error));
    }
    read_options(request, &value)
}

/// Reads the options from a value, and from the query what that leaves open.
pub(super) fn read_options(request: &Request, value: &Value) -> Result<DeleteOptions, Status> {
    let mut issues = Issues::default();
    let propagation = propagation(request, value, &mut issues);
    let in_body: Vec<&str> = list(value, "/dryRun")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let persist = dry_run(
        if in_body.is_empty() {
            request.params("dryRun")
        } else {
            in_body
        }
        .as_slice(),
        &mut issues,
    );
    if !issues.is_empty() {
        return Err(Status::invalid_options("DeleteOptions", &issues));
    }
    let precondition = |pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let grace = match int(value, "/gracePeriodSeconds") {
        None => parse_int(request, "gracePeriodSeconds")?,
        own => own,
    };
    Ok(DeleteOptions {
        propagation,
        grace,
        uid: precondition("/preconditions/uid"),
        revision: precondition("/preconditions/resourceVersion"),
        persist,
    })
}

fn propagation(request: &Request, value: &Value, issues: &mut Issues) -> Option<Propagation> {
    let or_query = |key: &str| match value.get(key).and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => request.param(key).to_owned(),
    };
    let propagation = match or_query("propagationPolicy").as_str() {
        "" => None,
        "Background" => Some(Propagation::Background),
        "Foreground" => Some(Propagation::Foreground),
        "Orphan" => Some(Propagation::Orphan),
        other => {
            issues.unsupported(
                "propagationPolicy",
                &json!(other),
                &["Foreground", "Background", "Orphan", "nil"],
            );
            None
        }
    };
    let orphan = value
        .get("orphanDependents")
        .and_then(Value::as_bool)
        .or_else(|| request.param("orphanDependents").parse().ok());
    match (propagation, orphan) {
        (None, Some(true)) => Some(Propagation::Orphan),
        (None, Some(false)) => Some(Propagation::Background),
        (chosen, _) => chosen,
    }
}
