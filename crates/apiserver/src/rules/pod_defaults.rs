//! What a pod's spec says when nothing was said.

use serde_json::{Map, Value, json};

use super::resources;
use crate::access::{default, default_text, list, list_mut, object, text, yes};

/// Defaults of every pod spec, in a pod or in a template.
pub(crate) fn default_spec(spec: &mut Value) {
    default_text(spec, "dnsPolicy", "ClusterFirst");
    default_text(spec, "restartPolicy", "Always");
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30);
    default_text(spec, "schedulerName", "default-scheduler");
    both_accounts(spec);
    for volume in list_mut(spec, "/volumes") {
        default_volume(volume);
    }
    for pointer in ["/initContainers", "/containers", "/ephemeralContainers"] {
        for container in list_mut(spec, pointer) {
            default_container(container);
        }
    }
    if yes(spec, "/hostNetwork") {
        for pointer in ["/initContainers", "/containers"] {
            for port in list_mut(spec, pointer).flat_map(|container| list_mut(container, "/ports"))
            {
                let number = port["containerPort"].clone();
                default(port, "hostPort", number);
            }
        }
    }
}

/// The service account has two names in the API.
fn both_accounts(spec: &mut Value) {
    let new = text(spec, "/serviceAccountName").to_owned();
    let old = text(spec, "/serviceAccount").to_owned();
    match (new.is_empty(), old.is_empty()) {
        (true, false) => spec["serviceAccountName"] = json!(old),
        (false, _) => spec["serviceAccount"] = json!(new),
        (true, true) => {}
    }
}

fn default_container(container: &mut Value) {
    default_text(container, "terminationMessagePath", "/dev/termination-log");
    default_text(container, "terminationMessagePolicy", "File");
    let policy = if has_latest_tag(text(container, "/image")) {
        "Always"
    } else {
        "IfNotPresent"
    };
    default_text(container, "imagePullPolicy", policy);
    resources::default_requirements(container);
    for port in list_mut(container, "/ports") {
        default_text(port, "protocol", "TCP");
    }
    for variable in list_mut(container, "/env") {
        if let Some(source) = variable.get_mut("valueFrom") {
            default_source(source);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe) {
            default_probe(probe);
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(hook) = container.pointer_mut(&format!("/lifecycle/{hook}")) {
            default_request(hook);
        }
    }
}

/// An image without tag or digest is the latest.
fn has_latest_tag(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    if last.contains('@') {
        return false;
    }
    last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn default_source(source: &mut Value) {
    if let Some(field) = source.get_mut("fieldRef") {
        default_text(field, "apiVersion", "v1");
    }
}

fn default_probe(probe: &mut Value) {
    for (key, value) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        if probe.get(key).is_none_or(|found| found == 0) {
            probe[key] = json!(value);
        }
    }
    default_request(probe);
    if let Some(grpc) = probe.get_mut("grpc") {
        default(grpc, "service", "");
    }
}

fn default_request(handler: &mut Value) {
    if let Some(request) = handler.get_mut("httpGet") {
        default_text(request, "path", "/");
        default_text(request, "scheme", "HTTP");
    }
}

/// Defaults of one volume: without any source it is an empty directory.
fn default_volume(volume: &mut Value) {
    if volume
        .as_object()
        .is_some_and(|map| map.keys().all(|key| key == "name"))
    {
        volume["emptyDir"] = json!({});
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(source) {
            default(source, "defaultMode", 420);
        }
    }
    if let Some(path) = volume.get_mut("hostPath") {
        default(path, "type", "");
    }
    for item in list_mut(volume, "/downwardAPI/items") {
        default_source(item);
    }
    for source in list_mut(volume, "/projected/sources") {
        if let Some(token) = source.get_mut("serviceAccountToken") {
            default(token, "expirationSeconds", 3600);
        }
        for item in list_mut(source, "/downwardAPI/items") {
            default_source(item);
        }
    }
    if let Some(template) = volume.pointer_mut("/ephemeral/volumeClaimTemplate/spec") {
        default_text(template, "volumeMode", "Filesystem");
    }
}

/// Defaults of pods alone, not of templates: limits without requests are requests too.
pub(crate) fn default_pod_alone(spec: &mut Value) {
    default(spec, "enableServiceLinks", true);
    for pointer in ["/containers", "/initContainers"] {
        for container in list_mut(spec, pointer) {
            let Some(Value::Object(limits)) = container.pointer("/resources/limits").cloned()
            else {
                continue;
            };
            let requests = object(object(container, "resources"), "requests");
            for (name, amount) in limits {
                default(requests, &name, amount);
            }
        }
    }
}

/// The class of service that a pod gets from what it asks for.
pub(crate) fn quality(spec: &Value) -> &'static str {
    let containers: Vec<&Value> = list(spec, "/containers")
        .iter()
        .chain(list(spec, "/initContainers"))
        .collect();
    let amounts = |container: &Value, which: &str| -> Map<String, Value> {
        let found = container
            .pointer(&format!("/resources/{which}"))
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        found
            .into_iter()
            .filter(|(name, amount)| matches!(name.as_str(), "cpu" | "memory") && amount != "0")
            .collect()
    };
    if containers.iter().all(|container| {
        amounts(container, "requests").is_empty() && amounts(container, "limits").is_empty()
    }) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|container| {
        let (requests, limits) = (amounts(container, "requests"), amounts(container, "limits"));
        limits.len() == 2 && requests == limits
    });
    if guaranteed {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
