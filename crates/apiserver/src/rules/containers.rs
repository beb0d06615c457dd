//! The containers of a pod.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{names, resources, volumes};
use crate::access::{has, int, list, text};
use crate::issues::{Issues, go_quote};

/// Which list of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Init,
    Main,
}

/// Checks all containers of a spec; `mountable` are the volumes there are.
pub(crate) fn validate(spec: &Value, mountable: &[&str], field: &str, issues: &mut Issues) {
    let main = list(spec, "/containers");
    if main.is_empty() {
        issues.required(format!("{field}.containers"), "");
    }
    let mut seen = BTreeSet::new();
    for (index, container) in main.iter().enumerate() {
        let own = format!("{field}.containers[{index}]");
        name(container, &own, &mut seen, issues);
        one(container, Role::Main, mountable, &own, issues);
    }
    for (index, container) in list(spec, "/initContainers").iter().enumerate() {
        let own = format!("{field}.initContainers[{index}]");
        name(container, &own, &mut seen, issues);
        one(container, Role::Init, mountable, &own, issues);
    }
}

/// Images of a pod may not begin or end with a space; those of templates may.
pub(crate) fn validate_images(spec: &Value, field: &str, issues: &mut Issues) {
    for key in ["containers", "initContainers"] {
        for (index, container) in list(spec, &format!("/{key}")).iter().enumerate() {
            let image = text(container, "/image");
            if image.trim() != image {
                issues.invalid(
                    format!("{field}.{key}[{index}].image"),
                    &json!(image),
                    "must not have leading or trailing whitespace",
                );
            }
        }
    }
}

fn name<'a>(container: &'a Value, field: &str, seen: &mut BTreeSet<&'a str>, issues: &mut Issues) {
    match text(container, "/name") {
        "" => issues.required(format!("{field}.name"), ""),
        name => {
            for error in names::label(name) {
                issues.invalid(format!("{field}.name"), &json!(name), &error);
            }
            if !seen.insert(name) {
                issues.duplicate(format!("{field}.name"), &go_quote(name));
            }
        }
    }
}

fn one(container: &Value, role: Role, mountable: &[&str], field: &str, issues: &mut Issues) {
    if text(container, "/image").is_empty() {
        issues.required(format!("{field}.image"), "");
    }
    match text(container, "/terminationMessagePolicy") {
        "File" | "FallbackToLogsOnError" => {}
        other => {
            issues.unsupported(
                format!("{field}.terminationMessagePolicy"),
                &json!(other),
                &["FallbackToLogsOnError", "File"],
            );
        }
    }
    ports(container, field, issues);
    environment(container, field, issues);
    volumes::validate_mounts(container, mountable, field, issues);
    match text(container, "/imagePullPolicy") {
        "Always" | "IfNotPresent" | "Never" => {}
        other => issues.unsupported(
            format!("{field}.imagePullPolicy"),
            &json!(other),
            &["Always", "IfNotPresent", "Never"],
        ),
    }
    resources::validate_requirements(container, field, issues);
    let sidecar = text(container, "/restartPolicy") == "Always";
    for (key, successes) in [
        ("livenessProbe", Successes::One),
        ("readinessProbe", Successes::Any),
        ("startupProbe", Successes::One),
    ] {
        let Some(found) = container.get(key) else {
            continue;
        };
        let own = format!("{field}.{key}");
        if role == Role::Init && !sidecar {
            issues.forbidden(
                own,
                "may not be set for init containers without restartPolicy=Always",
            );
            continue;
        }
        probe(found, successes, &own, issues);
    }
}

fn ports(container: &Value, field: &str, issues: &mut Issues) {
    let mut seen = BTreeSet::new();
    for (index, port) in list(container, "/ports").iter().enumerate() {
        let field = format!("{field}.ports[{index}]");
        let name = text(port, "/name");
        if !name.is_empty() {
            let errors = names::port(name);
            for error in &errors {
                issues.invalid(format!("{field}.name"), &json!(name), error);
            }
            if errors.is_empty() && !seen.insert(name) {
                issues.duplicate(format!("{field}.name"), &go_quote(name));
            }
        }
        match int(port, "/containerPort").unwrap_or_default() {
            0 => issues.required(format!("{field}.containerPort"), ""),
            number => number_of_port(number, &format!("{field}.containerPort"), issues),
        }
        if let Some(number) = int(port, "/hostPort").filter(|number| *number != 0) {
            number_of_port(number, &format!("{field}.hostPort"), issues);
        }
        protocol(port, &field, issues);
    }
}

fn number_of_port(number: i64, field: &str, issues: &mut Issues) {
    if let Some(error) = names::port_number(number) {
        issues.invalid(field, &json!(number), error);
    }
}

/// The protocol of a port of anything.
pub(crate) fn protocol(port: &Value, field: &str, issues: &mut Issues) {
    match text(port, "/protocol") {
        "TCP" | "UDP" | "SCTP" => {}
        "" => issues.required(format!("{field}.protocol"), ""),
        other => issues.unsupported(
            format!("{field}.protocol"),
            &json!(other),
            &["SCTP", "TCP", "UDP"],
        ),
    }
}

fn environment(container: &Value, field: &str, issues: &mut Issues) {
    for (index, variable) in list(container, "/env").iter().enumerate() {
        let field = format!("{field}.env[{index}]");
        match text(variable, "/name") {
            "" => issues.required(format!("{field}.name"), ""),
            name => {
                for error in names::environment(name) {
                    issues.invalid(format!("{field}.name"), &json!(name), &error);
                }
            }
        }
        if let Some(source) = variable.get("valueFrom") {
            value_from(variable, source, &format!("{field}.valueFrom"), issues);
        }
    }
}

fn value_from(variable: &Value, source: &Value, field: &str, issues: &mut Issues) {
    let mut sources = 0;
    if let Some(reference) = source.get("fieldRef") {
        sources += 1;
        let path = text(reference, "/fieldPath");
        if path.is_empty() {
            issues.required(format!("{field}.fieldRef.fieldPath"), "");
        } else if !known_path(path) {
            let detail = format!("error converting fieldPath: field label not supported: {path}");
            issues.invalid(format!("{field}.fieldRef.fieldPath"), &json!(path), &detail);
        }
    }
    if let Some(reference) = source.get("resourceFieldRef") {
        sources += 1;
        if text(reference, "/resource").is_empty() {
            issues.required(format!("{field}.resourceFieldRef.resource"), "");
        }
    }
    for kind in ["configMapKeyRef", "secretKeyRef"] {
        let Some(reference) = source.get(kind) else {
            continue;
        };
        sources += 1;
        for key in ["name", "key"] {
            if text(reference, &format!("/{key}")).is_empty() {
                issues.required(format!("{field}.{kind}.{key}"), "");
            }
        }
    }
    if sources == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
        issues.invalid(field, &json!(""), detail);
    } else if !text(variable, "/value").is_empty() {
        issues.invalid(
            field,
            &json!(""),
            "may not be specified when `value` is not empty",
        );
    }
    if sources > 1 {
        issues.invalid(
            field,
            &json!(""),
            "may not have more than one field specified at a time",
        );
    }
}

fn known_path(path: &str) -> bool {
    const KNOWN: [&str; 11] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.labels",
        "metadata.annotations",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    KNOWN.contains(&path)
        || path.starts_with("metadata.labels['")
        || path.starts_with("metadata.annotations['")
}

/// How many successes in a row a probe may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Successes {
    One,
    Any,
}

fn probe(probe: &Value, successes: Successes, field: &str, issues: &mut Issues) {
    handler(probe, field, issues);
    for key in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        if let Some(number) = int(probe, &format!("/{key}"))
            && number < 0
        {
            issues.invalid(
                format!("{field}.{key}"),
                &json!(number),
                "must be greater than or equal to 0",
            );
        }
    }
    let threshold = int(probe, "/successThreshold").unwrap_or(1);
    if successes == Successes::One && threshold != 1 {
        issues.invalid(
            format!("{field}.successThreshold"),
            &json!(threshold),
            "must be 1",
        );
    }
}

fn handler(handler: &Value, field: &str, issues: &mut Issues) {
    let mut found = 0;
    for key in ["exec", "httpGet", "tcpSocket", "grpc"] {
        let Some(action) = handler.get(key) else {
            continue;
        };
        found += 1;
        let own = format!("{field}.{key}");
        if found > 1 {
            issues.forbidden(own, "may not specify more than 1 handler type");
            continue;
        }
        match key {
            "exec" if list(action, "/command").is_empty() => {
                issues.required(format!("{own}.command"), "");
            }
            "httpGet" | "tcpSocket" | "grpc" => {
                port_or_name(action, &format!("{own}.port"), issues);
            }
            _ => {}
        }
    }
    if found == 0 {
        issues.required(field, "must specify a handler type");
    }
}

/// A port by number or by name.
pub(crate) fn port_or_name(action: &Value, field: &str, issues: &mut Issues) {
    match action.get("port") {
        Some(Value::String(name)) => {
            for error in names::port(name) {
                issues.invalid(field, &json!(name), &error);
            }
        }
        other => number_of_port(
            other.and_then(Value::as_i64).unwrap_or_default(),
            field,
            issues,
        ),
    }
}

/// What to warn of in the containers of a spec.
pub(crate) fn warn(spec: &Value, field: &str, warnings: &mut Vec<String>) {
    for key in ["initContainers", "containers"] {
        for (index, container) in list(spec, &format!("/{key}")).iter().enumerate() {
            let field = format!("{field}.{key}[{index}]");
            resources::warn_requirements(container, &field, warnings);
            let mut seen = BTreeSet::new();
            for (index, variable) in list(container, "/env").iter().enumerate() {
                let name = text(variable, "/name");
                if has(variable, "/name") && !seen.insert(name) {
                    warnings.push(format!("{field}.env[{index}]: hides previous definition of \"{name}\", which may be dropped when using apply"));
                }
            }
        }
    }
}
