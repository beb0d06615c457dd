//! Which fields of a pod this node takes but does not honour, so that an API server can
//! warn about them.
//!
//! Invariant: pure; names a field only if it asks for something.

use serde_json::Value;

/// Fields of the pod itself, as JSON pointers, and as people write them.
const OF_POD: [(&str, &str); 9] = [
    ("/spec/hostNetwork", "spec.hostNetwork"),
    ("/spec/hostPID", "spec.hostPID"),
    ("/spec/hostIPC", "spec.hostIPC"),
    ("/spec/shareProcessNamespace", "spec.shareProcessNamespace"),
    ("/spec/ephemeralContainers", "spec.ephemeralContainers"),
    ("/spec/runtimeClassName", "spec.runtimeClassName"),
    ("/spec/readinessGates", "spec.readinessGates"),
    ("/spec/dnsConfig", "spec.dnsConfig"),
    ("/spec/setHostnameAsFQDN", "spec.setHostnameAsFQDN"),
];
/// Fields of each container.
const OF_CONTAINER: [(&str, &str); 9] = [
    ("/volumeDevices", "volumeDevices"),
    ("/resizePolicy", "resizePolicy"),
    ("/stdin", "stdin"),
    ("/tty", "tty"),
    ("/lifecycle/stopSignal", "lifecycle.stopSignal"),
    ("/livenessProbe/grpc", "livenessProbe.grpc"),
    ("/readinessProbe/grpc", "readinessProbe.grpc"),
    ("/startupProbe/grpc", "startupProbe.grpc"),
    (
        "/securityContext/capabilities",
        "securityContext.capabilities",
    ),
];

/// The fields of a pod, or of the template in a workload, that nothing here honours.
pub fn unhonoured(object: &Value) -> Vec<String> {
    let (pod, stem) = match object.pointer("/spec/template") {
        Some(template) => (template, "spec.template."),
        None => (object, ""),
    };
    let asks = |value: Option<&Value>| match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Bool(true) | Value::Number(_) | Value::String(_)) => true,
    };
    let own = OF_POD
        .iter()
        .filter(|(pointer, _)| asks(pod.pointer(pointer)));
    let mut all = own
        .map(|(_, name)| format!("{stem}{name}"))
        .collect::<Vec<_>>();
    for list in ["initContainers", "containers"] {
        let containers = pod
            .pointer(&format!("/spec/{list}"))
            .and_then(Value::as_array);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            let own = OF_CONTAINER
                .iter()
                .filter(|(pointer, _)| asks(container.pointer(pointer)));
            all.extend(own.map(|(_, name)| format!("{stem}spec.{list}[{index}].{name}")));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_asks_for_something_is_named() {
        let text = "{spec: {template: {spec: {hostNetwork: true, hostPID: false, containers: [{name: a, tty: true}]}}}}";
        let object = serde_saphyr::from_str::<Value>(text).unwrap();
        assert_eq!(
            unhonoured(&object),
            [
                "spec.template.spec.hostNetwork",
                "spec.template.spec.containers[0].tty"
            ]
        );
    }
}
