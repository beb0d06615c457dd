//! Cluster addresses and node ports of services.
//!
//! Invariant: an address or a port belongs to one service at a time.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::access::{int, list, list_mut, text};
use crate::issues::Issues;
use crate::random::Random;

/// The network of cluster addresses: 10.96.0.0/16.
const NETWORK: [u8; 2] = [10, 96];
const FIRST_PORT: i64 = 30_000;
const PORTS: u64 = 2_768;

/// What is taken.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    taken: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<i64>,
}

impl Addresses {
    /// Gives a service what it needs and does not have; nothing is taken for a refused one.
    pub(crate) fn give(&mut self, service: &mut Value, random: &mut Random, issues: &mut Issues) {
        let spec = &mut service["spec"];
        let kind = text(spec, "/type").to_owned();
        if kind == "ExternalName" {
            return;
        }
        match text(spec, "/clusterIP") {
            "None" => {}
            "" => {
                let address = self.free(random).to_string();
                spec["clusterIP"] = json!(address);
                spec["clusterIPs"] = json!([address]);
            }
            wanted => match wanted.parse::<Ipv4Addr>() {
                Ok(address) if address.octets()[..2] != NETWORK => {
                    let detail = format!(
                        "failed to allocate IP {address}: the provided network does not match the current range"
                    );
                    issues.invalid_text(
                        "spec.clusterIPs",
                        &spec["clusterIPs"].to_string(),
                        &detail,
                    );
                }
                Ok(address) if !self.taken.insert(address) => {
                    let detail = format!(
                        "failed to allocate IP {address}: provided IP is already allocated"
                    );
                    issues.invalid_text(
                        "spec.clusterIPs",
                        &spec["clusterIPs"].to_string(),
                        &detail,
                    );
                }
                _ => {}
            },
        }
        if issues.is_empty() && matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            self.give_ports(spec, random);
        }
    }

    fn free(&mut self, random: &mut Random) -> Ipv4Addr {
        loop {
            let number = u16::try_from(10 + random.below(65_000)).unwrap_or(10);
            let [high, low] = number.to_be_bytes();
            let address = Ipv4Addr::new(NETWORK[0], NETWORK[1], high, low);
            if self.taken.insert(address) {
                return address;
            }
        }
    }

    fn give_ports(&mut self, spec: &mut Value, random: &mut Random) {
        for port in list_mut(spec, "/ports") {
            let mut number = int(port, "/nodePort").unwrap_or_default();
            while number == 0 || (int(port, "/nodePort").is_none() && self.ports.contains(&number))
            {
                number = FIRST_PORT + i64::try_from(random.below(PORTS)).unwrap_or_default();
            }
            self.ports.insert(number);
            port["nodePort"] = json!(number);
        }
    }

    /// What a changed service needs besides what it had.
    pub(crate) fn change(
        &mut self,
        new: &mut Value,
        old: &Value,
        random: &mut Random,
        issues: &mut Issues,
    ) {
        self.take_back(old);
        self.give(new, random, issues);
    }

    /// What a service had is free again.
    pub(crate) fn take_back(&mut self, service: &Value) {
        if let Ok(address) = text(service, "/spec/clusterIP").parse() {
            self.taken.remove(&address);
        }
        for port in list(service, "/spec/ports") {
            if let Some(number) = int(port, "/nodePort") {
                self.ports.remove(&number);
            }
        }
    }
}
