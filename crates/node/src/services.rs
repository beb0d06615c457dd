//! The variables by which a container finds the Services of its namespace.
//!
//! Invariant: only Services that have an address.

use k8s_openapi::api::core::v1::Service;
use kube::api::ListParams;
use kube::{Api, Client};

/// `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT` and the old link variables.
pub(crate) async fn variables(client: &Client, namespace: &str) -> Vec<(String, String)> {
    let services = Api::<Service>::namespaced(client.clone(), namespace)
        .list(&ListParams::default())
        .await;
    services
        .map(|list| list.items.iter().flat_map(of).collect())
        .unwrap_or_default()
}

fn of(service: &Service) -> Vec<(String, String)> {
    let name = service
        .metadata
        .name
        .clone()
        .unwrap_or_default()
        .to_uppercase()
        .replace('-', "_");
    let spec = service.spec.clone().unwrap_or_default();
    let Some(address) = spec
        .cluster_ip
        .filter(|address| !address.is_empty() && address != "None")
    else {
        return Vec::new();
    };
    let ports = spec.ports.unwrap_or_default();
    let mut all = vec![(format!("{name}_SERVICE_HOST"), address.clone())];
    if let Some(first) = ports.first() {
        all.push((format!("{name}_SERVICE_PORT"), first.port.to_string()));
    }
    for port in &ports {
        if let Some(called) = &port.name {
            let called = called.to_uppercase().replace('-', "_");
            all.push((
                format!("{name}_SERVICE_PORT_{called}"),
                port.port.to_string(),
            ));
        }
    }
    if let Some(first) = ports.first() {
        let protocol = first.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
        all.push((
            format!("{name}_PORT"),
            format!("{}://{address}:{}", protocol.to_lowercase(), first.port),
        ));
    }
    for port in &ports {
        let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
        let lower = protocol.to_lowercase();
        let stem = format!("{name}_PORT_{}_{protocol}", port.port);
        all.push((stem.clone(), format!("{lower}://{address}:{}", port.port)));
        all.push((format!("{stem}_PROTO"), lower));
        all.push((format!("{stem}_PORT"), port.port.to_string()));
        all.push((format!("{stem}_ADDR"), address.clone()));
    }
    all
}
