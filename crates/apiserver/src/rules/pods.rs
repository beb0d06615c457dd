//! Pods: what they default to, what they must be, what of them may change.

use serde_json::{Value, json};

use super::{affinity, containers, metadata, names, pod_defaults, volumes};
use crate::access::{copy, has, int, list, object, remove, text};
use crate::issues::Issues;

const DNS: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

const MAY_CHANGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to \
    be set to 1 if it was previously negative)";

pub(crate) fn default_pod(value: &mut Value) {
    let spec = object(value, "spec");
    pod_defaults::default_pod_alone(spec);
    pod_defaults::default_spec(spec);
}

pub(crate) fn create_pod(value: &mut Value) {
    let quality = pod_defaults::quality(&value["spec"]);
    value["status"] = json!({"phase": "Pending", "qosClass": quality});
    if !list(value, "/spec/schedulingGates").is_empty() {
        value["status"]["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
            "lastProbeTime": null, "lastTransitionTime": null,
        }]);
    }
}

/// A status update changes nothing that was asked for, and ends nothing.
pub(crate) fn update_status(new: &mut Value, old: &Value) {
    copy(new, old, "spec");
    let old_metadata = &old["metadata"];
    copy(&mut new["metadata"], old_metadata, "ownerReferences");
    if !has(new, "/status/qosClass") {
        let quality = old["status"]["qosClass"].clone();
        object(new, "status")["qosClass"] = quality;
    }
}

/// Checks a pod's spec, in a pod or in a template; `extra` are volumes that claim templates add.
pub(crate) fn validate_spec(spec: &Value, extra: &[&str], field: &str, issues: &mut Issues) {
    volumes::validate(spec, field, issues);
    let mut mountable: Vec<&str> = list(spec, "/volumes")
        .iter()
        .map(|volume| text(volume, "/name"))
        .collect();
    mountable.extend(extra);
    containers::validate(spec, &mountable, field, issues);
    policies(spec, field, issues);
    metadata::labels(
        spec,
        "/nodeSelector",
        &format!("{field}.nodeSelector"),
        issues,
    );
    affinity::validate(spec, field, issues);
    for (index, gate) in list(spec, "/readinessGates").iter().enumerate() {
        let kind = text(gate, "/conditionType");
        for error in names::qualified(kind) {
            issues.invalid(
                format!("{field}.readinessGates[{index}].conditionType"),
                &json!(kind),
                &error,
            );
        }
    }
    affinity::validate_spread(spec, field, issues);
    for key in ["serviceAccountName", "nodeName", "priorityClassName"] {
        let name = text(spec, &format!("/{key}"));
        if !name.is_empty() {
            for error in names::subdomain(name) {
                issues.invalid(format!("{field}.{key}"), &json!(name), &error);
            }
        }
    }
    deadline(spec, field, issues);
    for key in ["hostname", "subdomain"] {
        let name = text(spec, &format!("/{key}"));
        if !name.is_empty() {
            for error in names::label(name) {
                issues.invalid(format!("{field}.{key}"), &json!(name), &error);
            }
        }
    }
    affinity::validate_tolerations(spec, field, issues);
}

fn policies(spec: &Value, field: &str, issues: &mut Issues) {
    match text(spec, "/restartPolicy") {
        "Always" | "OnFailure" | "Never" => {}
        "" => issues.required(format!("{field}.restartPolicy"), ""),
        other => issues.unsupported(
            format!("{field}.restartPolicy"),
            &json!(other),
            &["Always", "OnFailure", "Never"],
        ),
    }
    let policy = text(spec, "/dnsPolicy");
    if !DNS.contains(&policy) {
        issues.unsupported(format!("{field}.dnsPolicy"), &json!(policy), &DNS);
    }
}

fn deadline(spec: &Value, field: &str, issues: &mut Issues) {
    if let Some(seconds) = int(spec, "/activeDeadlineSeconds")
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        issues.invalid(
            format!("{field}.activeDeadlineSeconds"),
            &json!(seconds),
            "must be between 1 and 2147483647, inclusive",
        );
    }
}

pub(crate) fn validate_pod(value: &Value, issues: &mut Issues) {
    validate_spec(&value["spec"], &[], "spec", issues);
    containers::validate_images(&value["spec"], "spec", issues);
}

pub(crate) fn warn_pod(value: &Value, warnings: &mut Vec<String>) {
    containers::warn(&value["spec"], "spec", warnings);
}

/// What may change in a pod: images, its deadline, more tolerations, fewer gates.
pub(crate) fn change_pod(new: &Value, old: &Value, issues: &mut Issues) {
    for key in ["containers", "initContainers"] {
        let names = |pod: &Value| -> Vec<Value> {
            list(pod, &format!("/spec/{key}"))
                .iter()
                .map(|one| one["name"].clone())
                .collect()
        };
        if names(new) != names(old) {
            issues.forbidden(
                format!("spec.{key}"),
                "pod updates may not add or remove containers",
            );
            return;
        }
    }
    change_deadline(new, old, issues);
    change_tolerations(new, old, issues);
    change_gates(new, old, issues);
    if !issues.is_empty() {
        return;
    }
    if changeable_taken_out(new, old) != changeable_taken_out(old, old) {
        issues.forbidden("spec", MAY_CHANGE);
    }
}

fn changeable_taken_out(pod: &Value, old: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for key in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        remove(&mut spec, key);
    }
    if int(old, "/spec/terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 0) {
        remove(&mut spec, "terminationGracePeriodSeconds");
    }
    if !list(old, "/spec/schedulingGates").is_empty() {
        // A pod that is held back may still be told where to go.
        remove(&mut spec, "nodeSelector");
        remove(&mut spec, "affinity");
    }
    for key in ["containers", "initContainers"] {
        for container in spec
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            remove(container, "image");
        }
    }
    spec
}

fn change_deadline(new: &Value, old: &Value, issues: &mut Issues) {
    const FIELD: &str = "spec.activeDeadlineSeconds";
    match (
        int(old, "/spec/activeDeadlineSeconds"),
        int(new, "/spec/activeDeadlineSeconds"),
    ) {
        (Some(_), None) => issues.invalid(
            FIELD,
            &Value::Null,
            "must not update from a positive integer to nil value",
        ),
        (Some(before), Some(after)) if after > before => {
            issues.invalid(
                FIELD,
                &json!(after),
                "must be less than or equal to previous value",
            );
        }
        _ => {}
    }
}

fn change_tolerations(new: &Value, old: &Value, issues: &mut Issues) {
    let without_seconds = |toleration: &Value| {
        let mut toleration = toleration.clone();
        remove(&mut toleration, "tolerationSeconds");
        toleration
    };
    let after: Vec<Value> = list(new, "/spec/tolerations")
        .iter()
        .map(without_seconds)
        .collect();
    if !list(old, "/spec/tolerations")
        .iter()
        .all(|toleration| after.contains(&without_seconds(toleration)))
    {
        issues.forbidden(
            "spec.tolerations",
            "existing toleration can not be modified except its tolerationSeconds",
        );
    }
}

fn change_gates(new: &Value, old: &Value, issues: &mut Issues) {
    let before = list(old, "/spec/schedulingGates");
    for (index, gate) in list(new, "/spec/schedulingGates").iter().enumerate() {
        if !before.contains(gate) {
            let detail = format!(
                "only deletion is allowed, but found new scheduling gate '{}'",
                text(gate, "/name")
            );
            issues.forbidden(format!("spec.schedulingGates[{index}].name"), &detail);
        }
    }
}
