//! Which names a cluster has, from its Services and `EndpointSlices`.
//!
//! Invariant: pure. Only endpoints that are ready have names; a Service that publishes
//! addresses which are not ready has them marked as ready in its slices.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use super::packet::{A, Found, Record, SRV};
use super::{Key, address};

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Names {
    suffix: String,
    pub(crate) services: BTreeMap<Key, Service>,
    pub(crate) slices: BTreeMap<Key, EndpointSlice>,
}

const OWNER: &str = "kubernetes.io/service-name";

impl Names {
    pub(crate) fn new(domain: &str) -> Self {
        Self {
            suffix: format!(".svc.{domain}"),
            ..Self::default()
        }
    }

    /// What a name leads to.
    pub(crate) fn look_up(&self, name: &str, kind: u16) -> Found {
        let Some(inner) = name.strip_suffix(&self.suffix) else {
            return Found::Nothing;
        };
        let labels = inner.split('.').collect::<Vec<_>>();
        match labels[..] {
            [service, namespace] => self.service(service, namespace, kind),
            [port, protocol, service, namespace]
                if port.starts_with('_') && protocol.starts_with('_') =>
            {
                self.places(&port[1..], service, namespace, kind)
            }
            [host, service, namespace] => self.host(host, service, namespace, kind),
            _ => Found::Nothing,
        }
    }

    fn get(&self, service: &str, namespace: &str) -> Option<&Service> {
        self.services
            .get(&(namespace.to_owned(), service.to_owned()))
    }

    fn service(&self, service: &str, namespace: &str, kind: u16) -> Found {
        let Some(found) = self.get(service, namespace) else {
            return Found::Nothing;
        };
        let records = match cluster_ip(found) {
            Some(address) => vec![Record::Address(address)],
            None => self
                .ready(service, namespace)
                .filter_map(address_of)
                .map(Record::Address)
                .collect(),
        };
        // A headless Service without endpoints has no name, as CoreDNS has it.
        if records.is_empty() {
            return Found::Nothing;
        }
        Found::Records(if kind == A { records } else { Vec::new() })
    }

    fn host(&self, host: &str, service: &str, namespace: &str, kind: u16) -> Found {
        let named = self
            .ready(service, namespace)
            .filter(|endpoint| endpoint.hostname.as_deref() == Some(host));
        let records = named
            .filter_map(address_of)
            .map(Record::Address)
            .collect::<Vec<_>>();
        match (records.is_empty(), kind) {
            (true, _) => Found::Nothing,
            (false, A) => Found::Records(records),
            (false, _) => Found::Records(Vec::new()),
        }
    }

    fn places(&self, port: &str, service: &str, namespace: &str, kind: u16) -> Found {
        let Some(found) = self.get(service, namespace) else {
            return Found::Nothing;
        };
        let ports = found
            .spec
            .as_ref()
            .and_then(|spec| spec.ports.as_deref())
            .unwrap_or_default();
        let Some(named) = ports
            .iter()
            .find(|known| known.name.as_deref() == Some(port))
        else {
            return Found::Nothing;
        };
        let Ok(number) = u16::try_from(named.port) else {
            return Found::Nothing;
        };
        let whole = format!("{service}.{namespace}{}", self.suffix);
        let mut records = vec![Record::Place {
            target: whole.clone(),
            port: number,
        }];
        if cluster_ip(found).is_none() {
            let hosts = self
                .ready(service, namespace)
                .filter_map(|endpoint| endpoint.hostname.clone());
            records = hosts
                .map(|host| Record::Place {
                    target: format!("{host}.{whole}"),
                    port: number,
                })
                .collect();
        }
        Found::Records(if kind == SRV { records } else { Vec::new() })
    }

    fn slices_of<'a>(
        &'a self,
        service: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a EndpointSlice> {
        let owned = move |slice: &&EndpointSlice| {
            let labels = slice.metadata.labels.as_ref();
            labels
                .and_then(|labels| labels.get(OWNER))
                .is_some_and(|owner| owner == service)
        };
        self.slices
            .iter()
            .filter(move |((at, _), _)| at == namespace)
            .map(|(_, slice)| slice)
            .filter(owned)
    }

    fn ready<'a>(
        &'a self,
        service: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Endpoint> {
        self.slices_of(service, namespace)
            .flat_map(|slice| slice.endpoints.iter())
            .filter(|endpoint| is_ready(endpoint))
    }

    /// Where the connections to each Service port go.
    pub(crate) fn routes(&self) -> BTreeMap<SocketAddrV4, Vec<SocketAddrV4>> {
        let mut routes = BTreeMap::new();
        for ((namespace, name), service) in &self.services {
            let Some(address) = cluster_ip(service) else {
                continue;
            };
            for port in service
                .spec
                .iter()
                .flat_map(|spec| spec.ports.iter().flatten())
            {
                let tcp = port
                    .protocol
                    .as_deref()
                    .is_none_or(|protocol| protocol == "TCP");
                if let (Ok(number), true) = (u16::try_from(port.port), tcp) {
                    routes.insert(
                        SocketAddrV4::new(address, number),
                        self.backends(name, namespace, port),
                    );
                }
            }
        }
        routes
    }

    fn backends(&self, service: &str, namespace: &str, port: &ServicePort) -> Vec<SocketAddrV4> {
        let mut backends = Vec::new();
        for slice in self.slices_of(service, namespace) {
            let name = port.name.as_deref().unwrap_or_default();
            let ports = slice.ports.as_deref().unwrap_or_default();
            let named = ports
                .iter()
                .find(|known| known.name.as_deref().unwrap_or_default() == name);
            let Some(number) = named.and_then(|known| u16::try_from(known.port?).ok()) else {
                continue;
            };
            let ready = slice
                .endpoints
                .iter()
                .filter(|endpoint| is_ready(endpoint))
                .filter_map(address_of);
            backends.extend(ready.map(|address| SocketAddrV4::new(address, number)));
        }
        backends
    }
}

fn cluster_ip(service: &Service) -> Option<Ipv4Addr> {
    address(service.spec.as_ref()?.cluster_ip.as_deref()?)
}

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint
        .conditions
        .as_ref()
        .and_then(|conditions| conditions.ready)
        != Some(false)
}

fn address_of(endpoint: &Endpoint) -> Option<Ipv4Addr> {
    address(endpoint.addresses.first()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::new("cluster.local");
        let key = |name: &str| ("redis".to_owned(), name.to_owned());
        let service = |text: &str| serde_saphyr::from_str::<Service>(text).unwrap();
        let ports = "ports: [{name: client, port: 6379}]";
        names.services.insert(
            key("web"),
            service(&format!("{{spec: {{clusterIP: None, {ports}}}}}")),
        );
        names.services.insert(
            key("front"),
            service(&format!("{{spec: {{clusterIP: 10.96.1.1, {ports}}}}}")),
        );
        for owner in ["web", "front"] {
            let slice = format!(
                "{{metadata: {{labels: {{kubernetes.io/service-name: {owner}}}}}, addressType: IPv4, \
                 ports: [{{name: client, port: 6380}}], endpoints: [\
                 {{addresses: [10.244.1.2], hostname: web-0, conditions: {{ready: true}}}}, \
                 {{addresses: [10.244.1.3], hostname: web-1, conditions: {{ready: false}}}}]}}"
            );
            names
                .slices
                .insert(key(owner), serde_saphyr::from_str(&slice).unwrap());
        }
        names
    }

    fn check(name: &str, kind: u16) -> String {
        match names().look_up(&format!("{name}.svc.cluster.local"), kind) {
            Found::Nothing => "no such name".to_owned(),
            Found::Records(records) => format!("{records:?}"),
        }
    }

    #[test]
    fn headless_services_and_their_pods_have_names() {
        assert_eq!(check("web.redis", A), "[Address(10.244.1.2)]");
        assert_eq!(check("web-0.web.redis", A), "[Address(10.244.1.2)]");
        assert_eq!(check("web-1.web.redis", A), "no such name");
        assert_eq!(check("front.redis", A), "[Address(10.96.1.1)]");
        assert_eq!(check("nope.redis", A), "no such name");
    }

    #[test]
    fn a_name_that_exists_has_no_other_records() {
        assert_eq!(check("web.redis", 28), "[]");
        let place = "[Place { target: \"web-0.web.redis.svc.cluster.local\", port: 6379 }]";
        assert_eq!(check("_client._tcp.web.redis", SRV), place);
    }

    #[test]
    fn connections_go_to_the_target_port_of_what_is_ready() {
        let routes = names().routes();
        let backends = &routes[&"10.96.1.1:6379".parse().unwrap()];
        assert_eq!(backends, &["10.244.1.2:6380".parse().unwrap()]);
    }
}
