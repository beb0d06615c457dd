//! Services, endpoints and endpoint slices.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::{cluster, containers, names};
use crate::access::{copy, default, default_text, has, int, list, list_mut, object, remove, text};
use crate::issues::{Issues, go_quote};

const KINDS: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

const BAD_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

pub(crate) fn default_service(value: &mut Value) {
    let spec = object(value, "spec");
    default_text(spec, "sessionAffinity", "None");
    default_text(spec, "type", "ClusterIP");
    match text(spec, "/sessionAffinity") {
        "None" => {
            remove(spec, "sessionAffinityConfig");
        }
        "ClientIP" => default(
            object(object(spec, "sessionAffinityConfig"), "clientIP"),
            "timeoutSeconds",
            10_800,
        ),
        _ => {}
    }
    for port in list_mut(spec, "/ports") {
        default_text(port, "protocol", "TCP");
        let own = port["port"].clone();
        if port
            .get("targetPort")
            .is_none_or(|target| target == 0 || target == "")
        {
            port["targetPort"] = own;
        }
    }
    let kind = text(spec, "/type").to_owned();
    let from_outside = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    if from_outside {
        default_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if from_outside || kind == "ClusterIP" {
        default_text(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// What a new service gets without asking: families, and both forms of its address.
pub(crate) fn create_service(value: &mut Value) {
    cluster::drop_status(value);
    let spec = object(value, "spec");
    if text(spec, "/type") == "ExternalName" {
        for key in [
            "clusterIP",
            "clusterIPs",
            "ipFamilies",
            "ipFamilyPolicy",
            "internalTrafficPolicy",
        ] {
            remove(spec, key);
        }
        return;
    }
    let address = text(spec, "/clusterIP").to_owned();
    if !address.is_empty() {
        default(spec, "clusterIPs", json!([address]));
    }
    let headless_without_selector = address == "None" && !has(spec, "/selector");
    if headless_without_selector && !has(spec, "/ipFamilyPolicy") {
        spec["ipFamilyPolicy"] = json!("RequireDualStack");
        default(spec, "ipFamilies", json!(["IPv4", "IPv6"]));
    }
    default_text(spec, "ipFamilyPolicy", "SingleStack");
    default(spec, "ipFamilies", json!(["IPv4"]));
}

/// What a service keeps though it was not repeated: its addresses and node ports.
pub(crate) fn update_service(new: &mut Value, old: &Value) {
    copy(new, old, "status");
    let before = &old["spec"];
    let spec = object(new, "spec");
    if text(spec, "/type") == "ExternalName" {
        return;
    }
    match (has(spec, "/clusterIP"), has(spec, "/clusterIPs")) {
        (true, _)
            if spec["clusterIP"] != before["clusterIP"]
                && spec["clusterIPs"] == before["clusterIPs"] =>
        {
            spec["clusterIPs"] = json!([spec["clusterIP"]]);
        }
        (true, true) => {}
        (true, false) if spec["clusterIP"] == before["clusterIP"] => {
            copy(spec, before, "clusterIPs");
        }
        (true, false) => spec["clusterIPs"] = json!([spec["clusterIP"]]),
        (false, _) => {
            copy(spec, before, "clusterIP");
            copy(spec, before, "clusterIPs");
        }
    }
    for key in ["ipFamilies", "ipFamilyPolicy"] {
        if !has(spec, &format!("/{key}")) {
            copy(spec, before, key);
        }
    }
    if text(spec, "/type") == "ClusterIP" {
        for key in [
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "allocateLoadBalancerNodePorts",
        ] {
            remove(spec, key);
        }
        for port in list_mut(spec, "/ports") {
            remove(port, "nodePort");
        }
    } else {
        let old_ports = list(before, "/ports");
        for port in
            list_mut(spec, "/ports").filter(|port| int(port, "/nodePort").unwrap_or_default() == 0)
        {
            let same =
                |old: &&Value| old["port"] == port["port"] && old["protocol"] == port["protocol"];
            if let Some(node_port) = old_ports
                .iter()
                .find(same)
                .and_then(|old| old.get("nodePort"))
            {
                port["nodePort"] = node_port.clone();
            }
        }
    }
}

pub(crate) fn validate_service(value: &Value, issues: &mut Issues) {
    let spec = &value["spec"];
    let kind = text(spec, "/type");
    let ports = list(spec, "/ports");
    if ports.is_empty() && text(spec, "/clusterIP") != "None" && kind != "ExternalName" {
        issues.required("spec.ports", "");
    }
    let naming = if ports.len() > 1 {
        Naming::Needed
    } else {
        Naming::Optional
    };
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        service_port(
            port,
            naming,
            &mut seen,
            &format!("spec.ports[{index}]"),
            issues,
        );
    }
    super::metadata::labels(spec, "/selector", "spec.selector", issues);
    match text(spec, "/sessionAffinity") {
        "None" | "ClientIP" => {}
        "" => issues.required("spec.sessionAffinity", ""),
        other => issues.unsupported("spec.sessionAffinity", &json!(other), &["ClientIP", "None"]),
    }
    for (index, address) in list(spec, "/clusterIPs").iter().enumerate() {
        let text = address.as_str().unwrap_or_default();
        if text != "None" && text.parse::<IpAddr>().is_err() {
            issues.invalid(format!("spec.clusterIPs[{index}]"), address, BAD_ADDRESS);
        }
    }
    for (index, address) in list(spec, "/externalIPs").iter().enumerate() {
        if address
            .as_str()
            .unwrap_or_default()
            .parse::<IpAddr>()
            .is_err()
        {
            issues.invalid(format!("spec.externalIPs[{index}]"), address, BAD_ADDRESS);
        }
    }
    match kind {
        "" => issues.required("spec.type", ""),
        other if !KINDS.contains(&other) => issues.unsupported("spec.type", &json!(other), &KINDS),
        "ExternalName" => {
            let name = text(spec, "/externalName").trim_end_matches('.');
            if name.is_empty() {
                issues.required("spec.externalName", "");
            } else {
                for error in names::subdomain(name) {
                    issues.invalid("spec.externalName", &json!(name), &error);
                }
            }
        }
        _ => {}
    }
    duplicate_ports(ports, issues);
}

/// Whether a port needs a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// There are several.
    Needed,
    /// It is the only one.
    Optional,
}

fn service_port<'a>(
    port: &'a Value,
    naming: Naming,
    seen: &mut BTreeSet<&'a str>,
    field: &str,
    issues: &mut Issues,
) {
    let name = text(port, "/name");
    if name.is_empty() {
        if naming == Naming::Needed {
            issues.required(format!("{field}.name"), "");
        }
    } else {
        for error in names::label(name) {
            issues.invalid(format!("{field}.name"), &json!(name), &error);
        }
        if !seen.insert(name) {
            issues.duplicate(format!("{field}.name"), &go_quote(name));
        }
    }
    let number = int(port, "/port").unwrap_or_default();
    if let Some(error) = names::port_number(number) {
        issues.invalid(format!("{field}.port"), &json!(number), error);
    }
    containers::protocol(port, field, issues);
    match &port["targetPort"] {
        Value::String(name) => {
            for error in names::port(name) {
                issues.invalid(format!("{field}.targetPort"), &json!(name), &error);
            }
        }
        number => {
            if let Some(error) = names::port_number(number.as_i64().unwrap_or_default()) {
                issues.invalid(format!("{field}.targetPort"), number, error);
            }
        }
    }
}

fn duplicate_ports(ports: &[Value], issues: &mut Issues) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let (number, protocol) = (
            int(port, "/port").unwrap_or_default(),
            text(port, "/protocol"),
        );
        if !seen.insert((number, protocol)) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":\"{protocol}\",\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\"NodePort\":0}}"
            );
            issues.duplicate(format!("spec.ports[{index}]"), &shown);
        }
    }
}

pub(crate) fn change_service(new: &Value, old: &Value, issues: &mut Issues) {
    let (before, after) = (
        text(old, "/spec/clusterIPs/0"),
        text(new, "/spec/clusterIPs/0"),
    );
    let both_internal =
        text(old, "/spec/type") != "ExternalName" && text(new, "/spec/type") != "ExternalName";
    if both_internal && !before.is_empty() && before != after {
        issues.invalid_text(
            "spec.clusterIPs[0]",
            &new["spec"]["clusterIPs"].to_string(),
            "may not change once set",
        );
    }
}

pub(crate) fn default_endpoints(value: &mut Value) {
    for port in list_mut(value, "/subsets").flat_map(|subset| list_mut(subset, "/ports")) {
        default_text(port, "protocol", "TCP");
    }
}

pub(crate) fn validate_endpoints(value: &Value, issues: &mut Issues) {
    for (index, subset) in list(value, "/subsets").iter().enumerate() {
        let field = format!("subsets[{index}]");
        let (ready, waiting) = (
            list(subset, "/addresses"),
            list(subset, "/notReadyAddresses"),
        );
        if ready.is_empty() && waiting.is_empty() {
            issues.required(&field, "must specify `addresses` or `notReadyAddresses`");
        }
        for (key, addresses) in [("addresses", ready), ("notReadyAddresses", waiting)] {
            for (index, address) in addresses.iter().enumerate() {
                endpoint_address(
                    text(address, "/ip"),
                    &format!("{field}.{key}[{index}].ip"),
                    issues,
                );
            }
        }
        let ports = list(subset, "/ports");
        for (index, port) in ports.iter().enumerate() {
            let field = format!("{field}.ports[{index}]");
            if ports.len() > 1 && text(port, "/name").is_empty() {
                issues.required(format!("{field}.name"), "");
            }
            let number = int(port, "/port").unwrap_or_default();
            if let Some(error) = names::port_number(number) {
                issues.invalid(format!("{field}.port"), &json!(number), error);
            }
            containers::protocol(port, &field, issues);
        }
    }
}

fn endpoint_address(address: &str, field: &str, issues: &mut Issues) {
    let quoted = json!(address);
    match address.parse::<IpAddr>() {
        Err(_) => {
            issues.invalid(field, &quoted, BAD_ADDRESS);
            issues.invalid(field, &quoted, "must be a valid IP address");
        }
        Ok(ip) if ip.is_loopback() => issues.invalid(
            field,
            &quoted,
            "may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ),
        Ok(ip) if ip.is_unspecified() => issues.invalid(
            field,
            &quoted,
            &format!("may not be unspecified ({address})"),
        ),
        Ok(_) => {}
    }
}

pub(crate) fn default_slice(value: &mut Value) {
    for port in list_mut(value, "/ports") {
        default(port, "name", "");
        default(port, "protocol", "TCP");
    }
}

pub(crate) fn validate_slice(value: &Value, issues: &mut Issues) {
    match text(value, "/addressType") {
        "FQDN" | "IPv4" | "IPv6" => {}
        "" => issues.required("addressType", ""),
        other => issues.unsupported("addressType", &json!(other), &["FQDN", "IPv4", "IPv6"]),
    }
    for (index, port) in list(value, "/ports").iter().enumerate() {
        containers::protocol(port, &format!("ports[{index}]"), issues);
    }
    for (index, endpoint) in list(value, "/endpoints").iter().enumerate() {
        let field = format!("endpoints[{index}].addresses");
        let addresses = list(endpoint, "/addresses");
        if addresses.is_empty() {
            issues.required(&field, "must contain at least 1 address");
        }
        for (index, address) in addresses.iter().enumerate() {
            let parsed = address.as_str().unwrap_or_default().parse::<IpAddr>();
            let wrong = match text(value, "/addressType") {
                "IPv4" => !parsed.is_ok_and(|ip| ip.is_ipv4()),
                "IPv6" => !parsed.is_ok_and(|ip| ip.is_ipv6()),
                _ => false,
            };
            if wrong {
                issues.invalid(format!("{field}[{index}]"), address, BAD_ADDRESS);
            }
        }
    }
}

pub(crate) fn change_slice(new: &Value, old: &Value, issues: &mut Issues) {
    if new["endpoints"] == old["endpoints"] {
        // They were good enough before.
        issues.forget("endpoints[");
    }
    if new["addressType"] != old["addressType"] {
        issues.invalid("addressType", &new["addressType"], "field is immutable");
    }
}
