//! The pod of one ordinal.
//!
//! Invariants:
//! - Its name, labels, host name and volumes follow from set, revision and ordinal alone.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::{Revisions, View, claims};
use crate::owners;

const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";
const REVISION_LABEL: &str = "controller-revision-hash";

/// The revision a pod was made from.
pub(super) fn revision(pod: &Pod) -> &str {
    let labels = pod.metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(REVISION_LABEL))
        .map_or("", String::as_str)
}

/// The name of the pod with that ordinal.
pub(super) fn name(view: &View<'_>, ordinal: i32) -> String {
    format!("{}-{ordinal}", view.name())
}

/// The revision that a new pod of that ordinal is made from.
pub(super) fn revision_for<'a>(
    view: &View<'_>,
    revisions: &'a Revisions,
    ordinal: i32,
) -> &'a ControllerRevision {
    let strategy = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.update_strategy.as_ref());
    let rolling = strategy.is_none_or(|strategy| strategy.type_.as_deref() != Some("OnDelete"));
    let partition = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.partition);
    let current = view
        .set
        .status
        .as_ref()
        .and_then(|status| status.current_replicas)
        .unwrap_or(0);
    let below = view.start() + partition.unwrap_or(current);
    if rolling && ordinal < below {
        &revisions.current
    } else {
        &revisions.update
    }
}

/// The pod of that ordinal, as it is to be created.
pub(super) fn new(view: &View<'_>, revision: &ControllerRevision, ordinal: i32) -> Value {
    let template = json!(revision.data)["spec"]["template"].take();
    let name = name(view, ordinal);
    let mut meta = json!({
        "name": name,
        "generateName": format!("{}-", view.name()),
        "namespace": view.namespace(),
        "ownerReferences": [owners::reference(view.set)],
        "labels": template["metadata"]["labels"],
    });
    if meta["labels"].is_null() {
        meta["labels"] = json!({});
    }
    meta["labels"][NAME_LABEL] = json!(name);
    meta["labels"][INDEX_LABEL] = json!(ordinal.to_string());
    meta["labels"][REVISION_LABEL] = json!(revision.metadata.name);
    for field in ["annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(field) {
            meta[field] = value.clone();
        }
    }
    let mut spec = template["spec"].clone();
    spec["hostname"] = json!(name);
    let service = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.service_name.clone());
    if let Some(service) = service.filter(|service| !service.is_empty()) {
        spec["subdomain"] = json!(service);
    }
    spec["volumes"] = volumes(view, &spec["volumes"], ordinal);
    if spec["volumes"].as_array().is_some_and(Vec::is_empty)
        && let Some(fields) = spec.as_object_mut()
    {
        fields.remove("volumes");
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
}

/// A volume for each claim, then those of the template that no claim replaces.
fn volumes(view: &View<'_>, of_template: &Value, ordinal: i32) -> Value {
    let templates = claims::templates(view);
    let mut all: Vec<Value> = templates
        .iter()
        .map(|template| {
            let claim = claims::name(view, template, ordinal);
            json!({"name": template.metadata.name, "persistentVolumeClaim": {"claimName": claim}})
        })
        .collect();
    let replaced = |volume: &Value| {
        let mut names = templates
            .iter()
            .map(|template| json!(template.metadata.name));
        names.any(|name| name == volume["name"])
    };
    let rest = of_template.as_array().into_iter().flatten();
    all.extend(rest.filter(|volume| !replaced(volume)).cloned());
    json!(all)
}

/// The labels that make the pod its set's; `None` if it has them.
pub(super) fn identity_patch(pod: &Pod, ordinal: i32) -> Option<Value> {
    let labels = pod.metadata.labels.clone().unwrap_or_default();
    let name = pod.metadata.name.clone().unwrap_or_default();
    let right = labels.get(NAME_LABEL) == Some(&name);
    (!right).then(
        || json!({"metadata": {"labels": {NAME_LABEL: name, INDEX_LABEL: ordinal.to_string()}}}),
    )
}
