//! The cells of each kind but pods.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Ages;
use crate::access::{entries, has, int, list, text, yes};

fn name(object: &Value) -> Value {
    json!(text(object, "/metadata/name"))
}

fn or<'a>(found: &'a str, otherwise: &'a str) -> &'a str {
    if found.is_empty() { otherwise } else { found }
}

fn count(object: &Value, pointer: &str) -> i64 {
    i64::try_from(entries(object, pointer).count()).unwrap_or(i64::MAX)
}

fn phase(object: &Value) -> &str {
    if has(object, "/metadata/deletionTimestamp") {
        "Terminating"
    } else {
        text(object, "/status/phase")
    }
}

pub(super) fn name_and_age(object: &Value, ages: Ages) -> Vec<Value> {
    vec![name(object), ages.age(object)]
}

pub(super) fn config_map(object: &Value, ages: Ages) -> Vec<Value> {
    vec![
        name(object),
        json!(count(object, "/data") + count(object, "/binaryData")),
        ages.age(object),
    ]
}

pub(super) fn secret(object: &Value, ages: Ages) -> Vec<Value> {
    vec![
        name(object),
        json!(text(object, "/type")),
        json!(count(object, "/data")),
        ages.age(object),
    ]
}

pub(super) fn service_account(object: &Value, ages: Ages) -> Vec<Value> {
    vec![
        name(object),
        json!(list(object, "/secrets").len()),
        ages.age(object),
    ]
}

pub(super) fn namespace(object: &Value, ages: Ages) -> Vec<Value> {
    vec![
        name(object),
        json!(text(object, "/status/phase")),
        ages.age(object),
    ]
}

pub(super) fn lease(object: &Value, ages: Ages) -> Vec<Value> {
    vec![
        name(object),
        json!(text(object, "/spec/holderIdentity")),
        ages.age(object),
    ]
}

pub(super) fn scale(object: &Value, ages: Ages) -> Vec<Value> {
    let replicas = |pointer| json!(int(object, pointer).unwrap_or_default());
    vec![
        name(object),
        replicas("/spec/replicas"),
        replicas("/status/replicas"),
        ages.age(object),
    ]
}

/// At most three, then how many more.
fn at_most_three(all: &[String], empty: &str) -> String {
    match all.len() {
        0 => empty.to_owned(),
        1..=3 => all.join(","),
        more => format!("{} + {} more...", all[..3].join(","), more - 3),
    }
}

pub(super) fn endpoints(object: &Value, ages: Ages) -> Vec<Value> {
    let mut all = Vec::new();
    for subset in list(object, "/subsets") {
        let ports = list(subset, "/ports");
        let addresses = || {
            list(subset, "/addresses")
                .iter()
                .map(|address| text(address, "/ip"))
        };
        if ports.is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in ports {
            let port = int(port, "/port").unwrap_or_default();
            all.extend(addresses().map(|ip| {
                if ip.contains(':') {
                    format!("[{ip}]:{port}")
                } else {
                    format!("{ip}:{port}")
                }
            }));
        }
    }
    let none = if list(object, "/subsets").is_empty() {
        "<none>"
    } else {
        ""
    };
    vec![
        name(object),
        json!(at_most_three(&all, none)),
        ages.age(object),
    ]
}

pub(super) fn endpoint_slice(object: &Value, ages: Ages) -> Vec<Value> {
    let port = |port: &Value| match (int(port, "/port"), port.get("name").and_then(Value::as_str)) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    };
    let ports: Vec<String> = list(object, "/ports").iter().map(port).collect();
    let addresses = list(object, "/endpoints")
        .iter()
        .flat_map(|endpoint| list(endpoint, "/addresses"));
    let addresses: Vec<String> = addresses
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    vec![
        name(object),
        json!(text(object, "/addressType")),
        json!(at_most_three(&ports, "<unset>")),
        json!(at_most_three(&addresses, "<unset>")),
        ages.age(object),
    ]
}

pub(super) fn event(object: &Value, ages: Ages) -> Vec<Value> {
    let first = or(text(object, "/firstTimestamp"), text(object, "/eventTime"));
    let mut last = or(text(object, "/lastTimestamp"), first);
    let mut count = int(object, "/count")
        .filter(|count| *count != 0)
        .unwrap_or(1);
    if has(object, "/series") {
        last = text(object, "/series/lastObservedTime");
        count = int(object, "/series/count").unwrap_or_default();
    }
    let kind = text(object, "/involvedObject/kind").to_lowercase();
    let target = match text(object, "/involvedObject/name") {
        "" => kind,
        named => format!("{kind}/{named}"),
    };
    let component = or(
        text(object, "/source/component"),
        text(object, "/reportingComponent"),
    );
    let instance = or(
        text(object, "/source/host"),
        text(object, "/reportingInstance"),
    );
    let source = if instance.is_empty() {
        component.to_owned()
    } else {
        format!("{component}, {instance}")
    };
    vec![
        json!(ages.since_text(last)),
        json!(text(object, "/type")),
        json!(text(object, "/reason")),
        json!(target),
        json!(text(object, "/involvedObject/fieldPath")),
        json!(source),
        json!(text(object, "/message").trim()),
        json!(ages.since_text(first)),
        json!(count),
        name(object),
    ]
}

pub(super) fn node(object: &Value, ages: Ages) -> Vec<Value> {
    let ready = list(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == "Ready");
    let mut status = match ready.map(|condition| text(condition, "/status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if yes(object, "/spec/unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let address = |wanted: &str| {
        let found = list(object, "/status/addresses")
            .iter()
            .find(|address| text(address, "/type") == wanted);
        json!(found.map_or("<none>", |address| text(address, "/address")))
    };
    let info = |pointer| json!(or(text(object, pointer), "<unknown>"));
    vec![
        name(object),
        json!(status),
        json!(or(&roles(object), "<none>")),
        ages.age(object),
        json!(text(object, "/status/nodeInfo/kubeletVersion")),
        address("InternalIP"),
        address("ExternalIP"),
        info("/status/nodeInfo/osImage"),
        info("/status/nodeInfo/kernelVersion"),
        info("/status/nodeInfo/containerRuntimeVersion"),
    ]
}

fn roles(node: &Value) -> String {
    let role = |(key, value): (&String, &Value)| match key.strip_prefix("node-role.kubernetes.io/")
    {
        Some(role) => Some(role.to_owned()),
        None => {
            (key == "kubernetes.io/role").then(|| value.as_str().unwrap_or_default().to_owned())
        }
    };
    let roles: BTreeSet<String> = entries(node, "/metadata/labels")
        .filter_map(role)
        .filter(|role| !role.is_empty())
        .collect();
    roles.into_iter().collect::<Vec<_>>().join(",")
}

fn access_modes(modes: &[Value]) -> String {
    const SHORT: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |long: &str| modes.iter().any(|mode| mode == long);
    SHORT
        .iter()
        .filter(|(long, _)| has(long))
        .map(|(_, short)| *short)
        .collect::<Vec<_>>()
        .join(",")
}

fn class<'a>(object: &'a Value, annotation: &str) -> &'a str {
    let annotated = object["metadata"]["annotations"][annotation]
        .as_str()
        .unwrap_or_default();
    or(annotated, text(object, "/spec/storageClassName"))
}

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) fn volume(object: &Value, ages: Ages) -> Vec<Value> {
    let claim = match object.pointer("/spec/claimRef") {
        Some(claim) => format!("{}/{}", text(claim, "/namespace"), text(claim, "/name")),
        None => String::new(),
    };
    vec![
        name(object),
        json!(or(text(object, "/spec/capacity/storage"), "0")),
        json!(access_modes(list(object, "/spec/accessModes"))),
        json!(text(object, "/spec/persistentVolumeReclaimPolicy")),
        json!(phase(object)),
        json!(claim),
        json!(class(object, CLASS_ANNOTATION)),
        json!(or(
            text(object, "/spec/volumeAttributesClassName"),
            "<unset>"
        )),
        json!(text(object, "/status/reason")),
        ages.age(object),
        json!(or(text(object, "/spec/volumeMode"), "<unset>")),
    ]
}

pub(super) fn claim(object: &Value, ages: Ages) -> Vec<Value> {
    let volume = text(object, "/spec/volumeName");
    let (mut capacity, mut modes) = ("", String::new());
    if !volume.is_empty() {
        capacity = or(text(object, "/status/capacity/storage"), "0");
        modes = access_modes(list(object, "/status/accessModes"));
    }
    vec![
        name(object),
        json!(phase(object)),
        json!(volume),
        json!(capacity),
        json!(modes),
        json!(class(object, CLASS_ANNOTATION)),
        json!(or(
            text(object, "/spec/volumeAttributesClassName"),
            "<unset>"
        )),
        ages.age(object),
        json!(or(text(object, "/spec/volumeMode"), "<unset>")),
    ]
}

pub(super) fn storage_class(object: &Value, ages: Ages) -> Vec<Value> {
    let annotations = &object["metadata"]["annotations"];
    let is_default = [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ]
    .iter()
    .any(|key| annotations[*key] == "true");
    let suffix = if is_default { " (default)" } else { "" };
    vec![
        json!(format!("{}{suffix}", text(object, "/metadata/name"))),
        json!(text(object, "/provisioner")),
        json!(or(text(object, "/reclaimPolicy"), "Delete")),
        json!(or(text(object, "/volumeBindingMode"), "Immediate")),
        json!(yes(object, "/allowVolumeExpansion")),
        ages.age(object),
    ]
}

pub(super) fn service(object: &Value, ages: Ages) -> Vec<Value> {
    let ports: Vec<String> = list(object, "/spec/ports")
        .iter()
        .map(service_port)
        .collect();
    let selector: Vec<String> = entries(object, "/spec/selector")
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    vec![
        name(object),
        json!(text(object, "/spec/type")),
        json!(or(text(object, "/spec/clusterIPs/0"), "<none>")),
        json!(external_address(object)),
        json!(or(&ports.join(","), "<none>")),
        ages.age(object),
        json!(or(&selector.join(","), "<none>")),
    ]
}

fn service_port(port: &Value) -> String {
    let number = int(port, "/port").unwrap_or_default();
    let protocol = text(port, "/protocol");
    match int(port, "/nodePort") {
        Some(node) if node > 0 => format!("{number}:{node}/{protocol}"),
        _ => format!("{number}/{protocol}"),
    }
}

fn external_address(service: &Value) -> String {
    let mut addresses: Vec<&str> = Vec::new();
    match text(service, "/spec/type") {
        "ExternalName" => return text(service, "/spec/externalName").to_owned(),
        "LoadBalancer" => {
            let ingress = list(service, "/status/loadBalancer/ingress");
            addresses.extend(
                ingress
                    .iter()
                    .map(|one| or(text(one, "/ip"), text(one, "/hostname"))),
            );
        }
        _ => {}
    }
    addresses.extend(
        list(service, "/spec/externalIPs")
            .iter()
            .filter_map(Value::as_str),
    );
    match (addresses.is_empty(), text(service, "/spec/type")) {
        (false, _) => addresses.join(","),
        (true, "LoadBalancer") => "<pending>".to_owned(),
        (true, _) => "<none>".to_owned(),
    }
}

pub(super) fn stateful_set(object: &Value, ages: Ages) -> Vec<Value> {
    let containers = list(object, "/spec/template/spec/containers");
    let joined = |pointer| {
        json!(
            containers
                .iter()
                .map(|container| text(container, pointer))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    let replicas = |pointer| int(object, pointer).unwrap_or_default();
    vec![
        name(object),
        json!(format!(
            "{}/{}",
            replicas("/status/readyReplicas"),
            replicas("/spec/replicas")
        )),
        ages.age(object),
        joined("/name"),
        joined("/image"),
    ]
}

pub(super) fn controller_revision(object: &Value, ages: Ages) -> Vec<Value> {
    let owner = list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| yes(owner, "/controller"));
    let controller = owner.map_or("<none>".to_owned(), |owner| {
        let group = text(owner, "/apiVersion")
            .split_once('/')
            .map(|(group, _)| format!(".{group}"))
            .unwrap_or_default();
        format!(
            "{}{group}/{}",
            text(owner, "/kind").to_lowercase(),
            text(owner, "/name")
        )
    });
    vec![
        name(object),
        json!(controller),
        json!(int(object, "/revision").unwrap_or_default()),
        ages.age(object),
    ]
}

pub(super) fn budget(object: &Value, ages: Ages) -> Vec<Value> {
    let amount = |pointer| match object.pointer(pointer) {
        Some(Value::String(share)) => json!(share),
        Some(Value::Number(number)) => json!(number.to_string()),
        _ => json!("N/A"),
    };
    vec![
        name(object),
        amount("/spec/minAvailable"),
        amount("/spec/maxUnavailable"),
        json!(int(object, "/status/disruptionsAllowed").unwrap_or_default()),
        ages.age(object),
    ]
}
