//! Volumes, claims and classes.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{affinity, names, resources, selectors};
use crate::access::{default, default_text, entries, has, list, object, remove, text};
use crate::issues::{Issues, go_quote};
use crate::quantity::Quantity;

const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const SIZE: &str = "spec.resources[storage]";
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// Fields of a volume's spec that are not its source.
const NOT_SOURCE: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

pub(crate) fn default_volume(value: &mut Value) {
    let spec = object(value, "spec");
    default_text(spec, "persistentVolumeReclaimPolicy", "Retain");
    default_text(spec, "volumeMode", "Filesystem");
    if let Some(path) = spec.get_mut("hostPath") {
        default(path, "type", "");
    }
    if let Some(capacity) = spec.get_mut("capacity") {
        resources::round_amounts(capacity);
    }
    default_text(object(value, "status"), "phase", "Pending");
}

/// A new volume is pending, since now.
pub(crate) fn create_volume(value: &mut Value) {
    value["status"] = json!({"phase": "Pending"});
}

pub(crate) fn validate_volume(value: &Value, issues: &mut Issues) {
    let spec = &value["spec"];
    access_modes(spec, "", issues);
    match spec.pointer("/capacity") {
        None => issues.required("spec.capacity", ""),
        Some(capacity) => {
            if capacity.get("storage").is_none() || entries(spec, "/capacity").count() > 1 {
                issues.unsupported("spec.capacity", capacity, &["storage"]);
            }
        }
    }
    for (name, amount) in entries(spec, "/capacity") {
        let field = format!("spec.capacity[{name}]");
        match Quantity::parse(amount.as_str().unwrap_or_default()).map(Quantity::sign) {
            Some(Ordering::Less) => {
                let bare = amount.as_str().unwrap_or_default();
                issues.invalid_text(&field, bare, "must be a valid resource quantity");
                issues.invalid(&field, amount, "must be greater than zero");
            }
            Some(Ordering::Equal) => issues.invalid(&field, amount, "must be greater than zero"),
            _ => {}
        }
    }
    let policy = text(spec, "/persistentVolumeReclaimPolicy");
    if !matches!(policy, "Delete" | "Recycle" | "Retain") {
        issues.unsupported(
            "spec.persistentVolumeReclaimPolicy",
            &json!(policy),
            &["Delete", "Recycle", "Retain"],
        );
    }
    if let Some(affinity) = spec.get("nodeAffinity") {
        match affinity.get("required") {
            Some(required) => {
                affinity::node_selector(required, "spec.nodeAffinity.required", issues);
            }
            None => issues.required(
                "spec.nodeAffinity.required",
                "must specify required node constraints",
            ),
        }
    }
    source(spec, issues);
    let class = text(spec, "/storageClassName");
    if !class.is_empty() {
        for error in names::subdomain(class) {
            issues.invalid("spec.storageClassName", &json!(class), &error);
        }
    }
    volume_mode(spec, issues);
}

fn volume_mode(spec: &Value, issues: &mut Issues) {
    let mode = text(spec, "/volumeMode");
    if !matches!(mode, "" | "Block" | "Filesystem") {
        issues.unsupported("spec.volumeMode", &json!(mode), &["Block", "Filesystem"]);
    }
}

fn access_modes(spec: &Value, detail: &str, issues: &mut Issues) {
    let modes = list(spec, "/accessModes");
    if modes.is_empty() {
        issues.required("spec.accessModes", detail);
    }
    for mode in modes
        .iter()
        .filter(|mode| !MODES.iter().any(|known| *mode == known))
    {
        issues.unsupported("spec.accessModes", mode, &MODES);
    }
    if modes.contains(&json!("ReadWriteOncePod")) && modes.len() > 1 {
        issues.forbidden(
            "spec.accessModes",
            "may not use ReadWriteOncePod with other access modes",
        );
    }
}

fn source(spec: &Value, issues: &mut Issues) {
    let mut found = 0;
    for (name, source) in entries(spec, "").filter(|(name, _)| !NOT_SOURCE.contains(&name.as_str()))
    {
        found += 1;
        let field = format!("spec.{name}");
        if found > 1 {
            issues.forbidden(field, "may not specify more than 1 volume type");
            continue;
        }
        let path = text(source, "/path");
        match name.as_str() {
            "hostPath" | "local" if path.is_empty() => issues.required(format!("{field}.path"), ""),
            "hostPath" | "local" if path.split('/').any(|part| part == "..") => {
                issues.invalid(
                    format!("{field}.path"),
                    &json!(path),
                    "must not contain '..'",
                );
            }
            _ => {}
        }
        if name == "local" && !has(spec, "/nodeAffinity") {
            issues.required("spec.nodeAffinity", "Local volume requires node affinity");
        }
    }
    if found == 0 {
        issues.required("spec", "must specify a volume type");
    }
    let path = text(spec, "/hostPath/path");
    if path == "/" && text(spec, "/persistentVolumeReclaimPolicy") == "Recycle" {
        issues.forbidden(
            "spec.persistentVolumeReclaimPolicy",
            "may not be 'recycle' for a hostPath mount of '/'",
        );
    }
}

pub(crate) fn change_volume(new: &Value, old: &Value, issues: &mut Issues) {
    let source = |volume: &Value| {
        let mut spec = volume["spec"].clone();
        for key in NOT_SOURCE {
            remove(&mut spec, key);
        }
        spec
    };
    if source(new) != source(old) {
        issues.forbidden(
            "spec.persistentvolumesource",
            "spec.persistentvolumesource is immutable after creation",
        );
    }
    immutable_mode(new, old, issues);
    if has(old, "/spec/nodeAffinity") && new["spec"]["nodeAffinity"] != old["spec"]["nodeAffinity"]
    {
        issues.invalid(
            "nodeAffinity",
            &new["spec"]["nodeAffinity"],
            "field is immutable",
        );
    }
}

fn immutable_mode(new: &Value, old: &Value, issues: &mut Issues) {
    if new["spec"]["volumeMode"] != old["spec"]["volumeMode"] {
        issues.invalid(
            "volumeMode",
            &new["spec"]["volumeMode"],
            "field is immutable",
        );
    }
}

fn warn_annotation(value: &Value, warnings: &mut Vec<String>) {
    if value["metadata"]["annotations"]
        .get(CLASS_ANNOTATION)
        .is_some()
    {
        warnings.push(format!("metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; use \"storageClassName\" attribute instead"));
    }
}

pub(crate) fn warn_volume(value: &Value, warnings: &mut Vec<String>) {
    warn_annotation(value, warnings);
    if text(value, "/spec/persistentVolumeReclaimPolicy") == "Recycle" {
        let advice = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";
        warnings.push(format!("spec.persistentVolumeReclaimPolicy: {advice}"));
    }
}

pub(crate) fn warn_claim(value: &Value, warnings: &mut Vec<String>) {
    warn_annotation(value, warnings);
}

/// Defaults of a claim's spec, in a claim or in a template.
fn default_claim_spec(spec: &mut Value) {
    default_text(spec, "volumeMode", "Filesystem");
    object(spec, "resources");
    if let Some(requests) = spec.pointer_mut("/resources/requests") {
        resources::round_amounts(requests);
    }
}

pub(crate) fn default_claim(value: &mut Value) {
    default_claim_spec(object(value, "spec"));
    default_text(object(value, "status"), "phase", "Pending");
}

/// A new claim is pending; a data source is written in both its forms.
pub(crate) fn create_claim(value: &mut Value) {
    value["status"] = json!({"phase": "Pending"});
    let spec = object(value, "spec");
    if let Some(source) = spec.get_mut("dataSource") {
        default(source, "apiGroup", Value::Null);
    }
    match (
        spec.get("dataSource").cloned(),
        spec.get("dataSourceRef").cloned(),
    ) {
        (Some(source), None) => spec["dataSourceRef"] = source,
        (None, Some(source)) if source.get("namespace").is_none() => spec["dataSource"] = source,
        _ => {}
    }
}

pub(crate) fn validate_claim(value: &Value, issues: &mut Issues) {
    let spec = &value["spec"];
    access_modes(spec, "at least 1 access mode is required", issues);
    if let Some(selector) = spec.get("selector") {
        selectors::validate(selector, "spec.selector", issues);
    }
    match spec.pointer("/resources/requests/storage") {
        None => issues.required(SIZE, ""),
        Some(amount) => {
            let sign = Quantity::parse(amount.as_str().unwrap_or_default()).map(Quantity::sign);
            if sign != Some(Ordering::Greater) {
                issues.invalid(SIZE, amount, "must be greater than zero");
            }
        }
    }
    let class = text(spec, "/storageClassName");
    if !class.is_empty() {
        for error in names::subdomain(class) {
            issues.invalid("spec.storageClassName", &json!(class), &error);
        }
    }
    volume_mode(spec, issues);
}

/// A claim may get a volume once, and, when bound, more space.
pub(crate) fn change_claim(new: &Value, old: &Value, issues: &mut Issues) {
    let (mut after, mut before) = (new["spec"].clone(), old["spec"].clone());
    if text(&before, "/volumeName").is_empty() {
        crate::access::copy(&mut before, &after, "volumeName");
    }
    if !has(&before, "/storageClassName")
        && old["metadata"]["annotations"]
            .get(CLASS_ANNOTATION)
            .is_none()
    {
        // A class may be given to a claim that came before there was a default one.
        crate::access::copy(&mut before, &after, "storageClassName");
    }
    if text(new, "/status/phase") == "Bound" {
        for spec in [&mut after, &mut before] {
            remove(spec, "volumeAttributesClassName");
            if let Some(requests) = spec.pointer_mut("/resources/requests") {
                remove(requests, "storage");
            }
        }
    }
    if after != before {
        issues.forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
    }
    let size = |claim: &Value, pointer: &str| Quantity::parse(text(claim, pointer));
    let (wanted, had) = (
        size(new, "/spec/resources/requests/storage"),
        size(old, "/spec/resources/requests/storage"),
    );
    if let (Some(wanted), Some(had)) = (wanted, had)
        && wanted.compare(had) == Ordering::Less
        && size(old, "/status/capacity/storage")
            .is_none_or(|real| wanted.compare(real) != Ordering::Greater)
    {
        issues.forbidden(
            "spec.resources.requests.storage",
            "field can not be less than status.capacity",
        );
    }
    immutable_mode(new, old, issues);
}

pub(crate) fn default_class(value: &mut Value) {
    default_text(value, "reclaimPolicy", "Delete");
    default_text(value, "volumeBindingMode", "Immediate");
}

pub(crate) fn validate_class(value: &Value, issues: &mut Issues) {
    match text(value, "/provisioner") {
        "" => issues.required("provisioner", ""),
        name => {
            for error in names::qualified(&name.to_lowercase()) {
                issues.invalid("provisioner", &json!(name), &error);
            }
        }
    }
    let policy = text(value, "/reclaimPolicy");
    if !matches!(policy, "Delete" | "Retain") {
        issues.unsupported("reclaimPolicy", &json!(policy), &["Delete", "Retain"]);
    }
    let mode = text(value, "/volumeBindingMode");
    if !matches!(mode, "Immediate" | "WaitForFirstConsumer") {
        issues.unsupported(
            "volumeBindingMode",
            &json!(mode),
            &["Immediate", "WaitForFirstConsumer"],
        );
    }
}

pub(crate) fn change_class(new: &Value, old: &Value, issues: &mut Issues) {
    for key in ["parameters", "provisioner", "reclaimPolicy"] {
        if new.get(key) != old.get(key) {
            issues.forbidden(key, &format!("updates to {key} are forbidden."));
        }
    }
    if new["volumeBindingMode"] != old["volumeBindingMode"] {
        issues.invalid_text(
            "volumeBindingMode",
            &go_quote(text(new, "/volumeBindingMode")),
            "field is immutable",
        );
    }
}

/// Defaults of the claims that a set makes.
pub(crate) fn default_template(template: &mut Value) {
    template["apiVersion"] = json!("v1");
    template["kind"] = json!("PersistentVolumeClaim");
    default_claim(template);
}
