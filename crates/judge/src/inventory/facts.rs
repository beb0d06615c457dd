//! For each kind the few facts that a snapshot holds.
//!
//! Invariants:
//! - Facts are what the API serves, in its own words; a fact that is not there
//!   is left out.

use serde_json::Value;

use super::Entry;
use crate::served::{self, keys, list, number, text, texts};

type Facts = Vec<(String, Entry)>;

/// The facts of one object, what matters most first.
pub(super) fn of(object: &Value) -> Facts {
    let mut facts = Vec::new();
    if served::is_terminating(object) {
        facts.push(("terminating".to_owned(), Entry::Flag(true)));
    }
    facts.extend(match served::kind(object) {
        "Pod" => pod(object),
        "PersistentVolumeClaim" => claim(object),
        "PersistentVolume" => volume(object),
        "StatefulSet" => stateful_set(object),
        "Service" => service(object),
        "EndpointSlice" => endpoint_slice(object),
        "Endpoints" => endpoints(object),
        "ConfigMap" => said([("keys", data_keys(object))]),
        "Secret" => said([
            ("type", words(text(object, "/type"))),
            ("keys", data_keys(object)),
        ]),
        "StorageClass" => class(object),
        "Namespace" => said([("phase", words(text(object, "/status/phase")))]),
        _ => Vec::new(),
    });
    let finalizers = texts(object, "/metadata/finalizers");
    facts.extend(said([
        ("finalizers", joined(finalizers)),
        ("owner", joined(served::owners(object))),
    ]));
    facts
}

fn pod(pod: &Value) -> Facts {
    let mut facts = said([("phase", words(text(pod, "/status/phase")))]);
    facts.push(("ready".to_owned(), Entry::Flag(served::is_ready(pod))));
    facts.extend(said([
        ("node", words(text(pod, "/spec/nodeName"))),
        ("claims", joined(served::claim_names(pod))),
    ]));
    facts
}

fn claim(claim: &Value) -> Facts {
    said([
        ("phase", words(text(claim, "/status/phase"))),
        ("volume", words(text(claim, "/spec/volumeName"))),
        ("class", words(text(claim, "/spec/storageClassName"))),
        ("capacity", words(text(claim, "/status/capacity/storage"))),
        ("access modes", joined(texts(claim, "/status/accessModes"))),
    ])
}

fn volume(volume: &Value) -> Facts {
    let claim = text(volume, "/spec/claimRef/name")
        .map(|name| served::full_name(text(volume, "/spec/claimRef/namespace"), name));
    said([
        ("phase", words(text(volume, "/status/phase"))),
        ("message", words(text(volume, "/status/message"))),
        ("claim", claim),
        ("class", words(text(volume, "/spec/storageClassName"))),
        ("capacity", words(text(volume, "/spec/capacity/storage"))),
        ("access modes", joined(texts(volume, "/spec/accessModes"))),
        (
            "reclaim policy",
            words(text(volume, "/spec/persistentVolumeReclaimPolicy")),
        ),
        ("nodes", joined(served::volume_nodes(volume))),
        ("path", words(served::volume_path(volume))),
    ])
}

fn stateful_set(set: &Value) -> Facts {
    let count = |label: &str, pointer: &str| {
        let number = number(set, pointer).unwrap_or(0);
        (label.to_owned(), Entry::Number(number))
    };
    let templates = list(set, "/spec/volumeClaimTemplates")
        .iter()
        .map(served::name);
    let mut facts = vec![
        count("wanted", "/spec/replicas"),
        count("there", "/status/replicas"),
        count("ready", "/status/readyReplicas"),
    ];
    facts.extend(said([
        ("service", words(text(set, "/spec/serviceName"))),
        ("claim templates", joined(templates)),
    ]));
    facts
}

fn service(service: &Value) -> Facts {
    let address = match text(service, "/spec/clusterIP") {
        Some("None") => Some("none: headless".to_owned()),
        Some(_) => Some("given".to_owned()),
        None => None,
    };
    let ports = list(service, "/spec/ports").iter().filter_map(|port| {
        let number = number(port, "/port")?;
        let protocol = text(port, "/protocol").unwrap_or("TCP");
        Some(match text(port, "/name") {
            Some(name) => format!("{name} {number}/{protocol}"),
            None => format!("{number}/{protocol}"),
        })
    });
    said([
        ("type", words(text(service, "/spec/type"))),
        ("address", address),
        ("ports", joined(ports)),
    ])
}

fn endpoint_slice(slice: &Value) -> Facts {
    let count = |ready: bool| {
        let is = |endpoint: &&Value| {
            // Unknown is to be taken as ready, says the API.
            let seen = endpoint.pointer("/conditions/ready");
            seen.and_then(Value::as_bool).unwrap_or(true) == ready
        };
        let endpoints = list(slice, "/endpoints").iter().filter(is);
        endpoints
            .map(|endpoint| list(endpoint, "/addresses").len())
            .sum()
    };
    addresses(count(true), count(false))
}

fn endpoints(endpoints: &Value) -> Facts {
    let count = |pointer: &str| {
        let subsets = list(endpoints, "/subsets").iter();
        subsets.map(|subset| list(subset, pointer).len()).sum()
    };
    addresses(count("/addresses"), count("/notReadyAddresses"))
}

fn addresses(ready: usize, not_ready: usize) -> Facts {
    let not_ready = (not_ready > 0).then(|| format!(", {not_ready} not ready"));
    let text = format!("{ready} ready{}", not_ready.unwrap_or_default());
    vec![("addresses".to_owned(), Entry::Text(text))]
}

fn class(class: &Value) -> Facts {
    said([
        ("provisioner", words(text(class, "/provisioner"))),
        ("binding", words(text(class, "/volumeBindingMode"))),
        ("reclaim policy", words(text(class, "/reclaimPolicy"))),
    ])
}

fn data_keys(object: &Value) -> Option<String> {
    let pointers = ["/data", "/binaryData"];
    let mut keys: Vec<&str> = pointers.iter().flat_map(|at| keys(object, at)).collect();
    keys.sort_unstable();
    joined(keys)
}

/// Facts that are there.
fn said<const N: usize>(facts: [(&str, Option<String>); N]) -> Facts {
    let fact =
        |(label, value): (&str, Option<String>)| Some((label.to_owned(), Entry::Text(value?)));
    facts.into_iter().filter_map(fact).collect()
}

fn words(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn joined<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> Option<String> {
    let parts: Vec<String> = parts
        .into_iter()
        .map(|part| part.as_ref().to_owned())
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
