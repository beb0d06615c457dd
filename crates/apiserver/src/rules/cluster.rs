//! Namespaces, nodes, leases, and what many kinds share.

use serde_json::{Value, json};

use super::names;
use crate::access::{copy, default_text, int, list, object, remove, text};
use crate::issues::Issues;

/// A new object has no status yet.
pub(crate) fn drop_status(value: &mut Value) {
    remove(value, "status");
}

/// The status changes only through its subresource.
pub(crate) fn keep_status(new: &mut Value, old: &Value) {
    copy(new, old, "status");
}

pub(crate) fn default_namespace(value: &mut Value) {
    default_text(object(value, "status"), "phase", "Active");
    let name = text(value, "/metadata/name").to_owned();
    if !name.is_empty() {
        object(object(value, "metadata"), "labels")["kubernetes.io/metadata.name"] = json!(name);
    }
}

pub(crate) fn create_namespace(value: &mut Value) {
    value["status"] = json!({"phase": "Active"});
    let spec = object(value, "spec");
    if !list(spec, "/finalizers").contains(&json!("kubernetes")) {
        let mut finalizers = list(spec, "/finalizers").to_vec();
        finalizers.push(json!("kubernetes"));
        spec["finalizers"] = Value::Array(finalizers);
    }
}

/// The finalizers of its content change only through `finalize`.
pub(crate) fn update_namespace(new: &mut Value, old: &Value) {
    copy(new, old, "status");
    copy(new, old, "spec");
}

pub(crate) fn default_node(value: &mut Value) {
    let status = object(value, "status");
    if status.get("allocatable").is_none() && status.get("capacity").is_some() {
        status["allocatable"] = status["capacity"].clone();
    }
}

/// A node starts not ready, whatever its kubelet says.
pub(crate) fn create_node(value: &mut Value) {
    const KEY: &str = "node.kubernetes.io/not-ready";
    let spec = object(value, "spec");
    let mut taints = list(spec, "/taints").to_vec();
    if !taints
        .iter()
        .any(|taint| text(taint, "/key") == KEY && text(taint, "/effect") == "NoSchedule")
    {
        taints.push(json!({"key": KEY, "effect": "NoSchedule"}));
        spec["taints"] = Value::Array(taints);
    }
}

pub(crate) fn validate_node(value: &Value, issues: &mut Issues) {
    for (index, taint) in list(value, "/spec/taints").iter().enumerate() {
        let field = format!("metadata.taints[{index}]");
        for error in names::qualified(text(taint, "/key")) {
            issues.invalid(format!("{field}.key"), &taint["key"], &error);
        }
        for error in names::label_value(text(taint, "/value")) {
            issues.invalid(format!("{field}.value"), &taint["value"], &error);
        }
        match text(taint, "/effect") {
            "NoSchedule" | "PreferNoSchedule" | "NoExecute" => {}
            "" => issues.required(format!("{field}.effect"), ""),
            other => issues.unsupported(
                format!("{field}.effect"),
                &json!(other),
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            ),
        }
    }
}

pub(crate) fn change_node(new: &Value, old: &Value, issues: &mut Issues) {
    let (before, after) = (text(old, "/spec/providerID"), text(new, "/spec/providerID"));
    if !before.is_empty() && before != after {
        issues.forbidden(
            "spec.providerID",
            "node updates may not change providerID except from \"\" to valid",
        );
    }
    let (before, after) = (text(old, "/spec/podCIDR"), text(new, "/spec/podCIDR"));
    if !before.is_empty() && before != after {
        issues.forbidden(
            "spec.podCIDRs",
            "node updates may not change podCIDR except from \"\" to valid",
        );
    }
}

pub(crate) fn validate_lease(value: &Value, issues: &mut Issues) {
    if let Some(seconds) = int(value, "/spec/leaseDurationSeconds")
        && seconds <= 0
    {
        issues.invalid(
            "spec.leaseDurationSeconds",
            &json!(seconds),
            "must be greater than 0",
        );
    }
    if let Some(transitions) = int(value, "/spec/leaseTransitions")
        && transitions < 0
    {
        issues.invalid(
            "spec.leaseTransitions",
            &json!(transitions),
            "must be greater than or equal to 0",
        );
    }
}
