//! Reading single facts out of JSON as served.
//!
//! Invariants:
//! - A field that is not there, or is of another type, is `None` or empty:
//!   never an error.

use serde_json::Value;

/// The string at a JSON pointer; an empty one is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object
        .pointer(pointer)?
        .as_str()
        .filter(|text| !text.is_empty())
}

/// The whole number at a JSON pointer.
pub(crate) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

/// The elements of the list at a JSON pointer.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The strings of the list at a JSON pointer.
pub(crate) fn texts<'a>(object: &'a Value, pointer: &str) -> Vec<&'a str> {
    list(object, pointer)
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

/// The keys of the object at a JSON pointer.
pub(crate) fn keys<'a>(object: &'a Value, pointer: &str) -> Vec<&'a str> {
    object
        .pointer(pointer)
        .and_then(Value::as_object)
        .map(|map| map.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

pub(crate) fn kind(object: &Value) -> &str {
    text(object, "/kind").unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name").unwrap_or_default()
}

pub(crate) fn namespace(object: &Value) -> Option<&str> {
    text(object, "/metadata/namespace")
}

pub(crate) fn uid(object: &Value) -> Option<&str> {
    text(object, "/metadata/uid")
}

/// A label's value; its name may hold `/`, which a pointer would have to escape.
pub(crate) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(name)?.as_str()
}

/// `namespace/name`, or `name` of an object without a namespace.
pub(crate) fn full_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// `Kind namespace/name`.
pub(crate) fn title(object: &Value) -> String {
    let full_name = full_name(namespace(object), name(object));
    format!("{} {full_name}", kind(object)).trim().to_owned()
}

pub(crate) fn is_terminating(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_some()
}

/// The condition of this type.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == Some(kind))
}

pub(crate) fn is_ready(object: &Value) -> bool {
    condition(object, "Ready").and_then(|ready| text(ready, "/status")) == Some("True")
}

/// The owners, as `StatefulSet redis-cluster`.
pub(crate) fn owners(object: &Value) -> Vec<String> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .map(title_of_owner)
        .collect()
}

fn title_of_owner(owner: &Value) -> String {
    let name = text(owner, "/name").unwrap_or_default();
    format!("{} {name}", kind(owner))
}

/// The claims that a pod names, in the order of its volumes.
pub(crate) fn claim_names(pod: &Value) -> Vec<String> {
    list(pod, "/spec/volumes")
        .iter()
        .filter_map(|volume| {
            // A generic ephemeral volume's claim is named after pod and volume.
            let ephemeral = volume.get("ephemeral").is_some();
            match text(volume, "/persistentVolumeClaim/claimName") {
                Some(claim) => Some(claim.to_owned()),
                None if ephemeral => Some(format!("{}-{}", name(pod), text(volume, "/name")?)),
                None => None,
            }
        })
        .collect()
}

/// The path on the node of a local or hostPath volume.
pub(crate) fn volume_path(volume: &Value) -> Option<&str> {
    text(volume, "/spec/local/path").or_else(|| text(volume, "/spec/hostPath/path"))
}

/// The host names that a volume's affinity allows.
pub(crate) fn volume_nodes(volume: &Value) -> Vec<&str> {
    list(volume, "/spec/nodeAffinity/required/nodeSelectorTerms")
        .iter()
        .flat_map(|term| list(term, "/matchExpressions"))
        .filter(|expression| {
            text(expression, "/key") == Some("kubernetes.io/hostname")
                && text(expression, "/operator") == Some("In")
        })
        .flat_map(|expression| texts(expression, "/values"))
        .collect()
}

/// What a container does, as `redis: waiting (ContainerCreating)`, for each.
pub(crate) fn containers(pod: &Value) -> Vec<(&str, String)> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .iter()
        .flat_map(|pointer| list(pod, pointer))
        .map(|status| (text(status, "/name").unwrap_or_default(), state(status)))
        .collect()
}

fn state(status: &Value) -> String {
    let reason = |state: &str| text(status, &format!("/state/{state}/reason"));
    if status.pointer("/state/running").is_some() {
        "running".to_owned()
    } else if let Some(code) = number(status, "/state/terminated/exitCode") {
        let reason = reason("terminated").unwrap_or("no reason");
        format!("terminated ({reason}, exit code {code})")
    } else {
        format!("waiting ({})", reason("waiting").unwrap_or("no reason"))
    }
}

/// The state of a pod in a few words, as `Pending: waiting (ContainerCreating)`.
pub(crate) fn pod_state(pod: &Value) -> String {
    let phase = text(pod, "/status/phase").unwrap_or("without a phase");
    if is_ready(pod) {
        return format!("{phase} and Ready");
    }
    let unscheduled = condition(pod, "PodScheduled")
        .filter(|scheduled| text(scheduled, "/status") == Some("False"))
        .and_then(|scheduled| text(scheduled, "/message"));
    let stuck = containers(pod)
        .into_iter()
        .find(|(_, state)| state != "running")
        .map(|(_, state)| state);
    match (unscheduled, stuck) {
        (Some(message), _) => format!("{phase}: {message}"),
        (None, Some(state)) => format!("{phase}: {state}"),
        (None, None) => format!("{phase}, not Ready"),
    }
}
