//! Ports of the node that pods take.
//!
//! Invariants:
//! - Two pods collide when protocol and port are equal and one of the addresses is all addresses or both are equal.

use k8s_openapi::api::core::v1::Pod;

/// A port of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    address: String,
    protocol: String,
    port: i32,
}

impl HostPort {
    pub(super) fn collides(&self, other: &Self) -> bool {
        let everywhere = |port: &Self| port.address.is_empty() || port.address == "0.0.0.0";
        self.protocol == other.protocol
            && self.port == other.port
            && (self.address == other.address || everywhere(self) || everywhere(other))
    }
}

/// The ports that a pod takes.
pub(super) fn host_ports(pod: &Pod) -> Vec<HostPort> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    ports
        .filter_map(|port| {
            Some(HostPort {
                address: port.host_ip.clone().unwrap_or_default(),
                protocol: port.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
                port: port.host_port.filter(|port| *port > 0)?,
            })
        })
        .collect()
}
