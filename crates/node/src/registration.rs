//! A node makes itself known, and says again and again that it is alive.
//!
//! Invariant: never takes away what others have put on the Node object.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, Node, NodeCondition};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use crate::boot::Shared;
use crate::downward::Place;
use crate::recorder::Recorder;
use crate::status_time;

const LEASES: &str = "kube-node-lease";
/// Condition, reason, text: what is not the matter.
const FINE: [(&str, &str, &str); 3] = [
    (
        "MemoryPressure",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    (
        "DiskPressure",
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
    ),
    (
        "PIDPressure",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
    ),
];

/// The labels that every node has.
pub(crate) fn labels(name: &str) -> BTreeMap<String, String> {
    let all = [
        ("beta.kubernetes.io/arch", architecture()),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", architecture()),
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
    ];
    all.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// What this machine has.
pub(crate) fn capacity() -> Place {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    });
    Place {
        cpu: cpus as i128 * 1000,
        memory: total.unwrap_or(0_i128) * 1024,
        ..Place::default()
    }
}

/// Registers the node, then keeps its lease until it is stopped.
pub(crate) async fn keep(shared: Arc<Shared>, recorder: Recorder) {
    let name = shared.config.name.clone();
    let mut ticks = tokio::time::interval(shared.config.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut retry = tokio::time::interval(Duration::from_millis(200));
    while let Err(error) = register(&shared).await {
        tracing::debug!(%error, node = name, "not registered yet");
        retry.tick().await;
    }
    say_hello(&recorder, &name);
    if let Err(error) = proxy_hello(&shared).await {
        tracing::debug!(%error, node = name, "an event was not written");
    }
    loop {
        ticks.tick().await;
        let now = (shared.config.clock)();
        // A node that somebody has deleted stays so until it boots again.
        match post(&shared, now).await {
            Ok(Known::No) => {}
            Ok(Known::Yes) => {
                if let Err(error) = beat(&shared.client, &name, now).await {
                    tracing::debug!(%error, node = name, "no heartbeat");
                }
            }
            Err(error) => tracing::debug!(%error, node = name, "no status"),
        }
    }
}

fn say_hello(recorder: &Recorder, name: &str) {
    recorder.about_node(name, "Starting", "Starting kubelet.".to_owned());
    recorder.about_node(
        name,
        "NodeAllocatableEnforced",
        "Updated Node Allocatable limit across pods".to_owned(),
    );
    let reasons = [
        "NodeHasSufficientMemory",
        "NodeHasNoDiskPressure",
        "NodeHasSufficientPID",
    ];
    for reason in reasons.into_iter().chain(["NodeReady"]).chain(reasons) {
        recorder.about_node(name, reason, format!("Node {name} status is now: {reason}"));
    }
}

/// Service addresses are part of the node: what Kubernetes' own proxy says of itself, in
/// the newer form of events.
async fn proxy_hello(shared: &Shared) -> Result<(), kube::Error> {
    let (name, now) = (&shared.config.name, (shared.config.clock)());
    let event = json!({
        "metadata": {"name": format!("{name}.{:x}", now.as_nanosecond()), "namespace": "default"},
        "involvedObject": {"kind": "Node", "name": name, "uid": name},
        "reason": "Starting",
        "source": {},
        "type": "Normal",
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        "action": "StartKubeProxy",
        "reportingComponent": "kube-proxy",
        "reportingInstance": format!("kube-proxy-{name}"),
    });
    let event = serde_json::from_value::<Event>(event).map_err(kube::Error::SerdeError)?;
    let events = Api::<Event>::namespaced(shared.client.clone(), "default");
    events
        .create(&PostParams::default(), &event)
        .await
        .map(drop)
}

async fn register(shared: &Shared) -> Result<(), kube::Error> {
    let config = &shared.config;
    let nodes = Api::<Node>::all(shared.client.clone());
    let now = (config.clock)();
    if nodes.get_opt(&config.name).await?.is_some() {
        let patch = json!({"status": status(shared, now)});
        nodes
            .patch_status(&config.name, &PatchParams::default(), &Patch::Merge(&patch))
            .await?;
    } else {
        let pods = format!("{}/24", config.pods);
        let node = json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": config.name,
                "labels": shared.labels,
                "annotations": {
                    "node.alpha.kubernetes.io/ttl": "0",
                    "volumes.kubernetes.io/controller-managed-attach-detach": "true",
                },
            },
            "spec": {"podCIDR": pods, "podCIDRs": [pods], "taints": config.taints},
            "status": status(shared, now),
        });
        let node = serde_json::from_value::<Node>(node).map_err(kube::Error::SerdeError)?;
        nodes.create(&PostParams::default(), &node).await?;
        // A server that takes no status at creation gets it now.
        let patch = json!({"status": status(shared, now)});
        nodes
            .patch_status(&config.name, &PatchParams::default(), &Patch::Merge(&patch))
            .await?;
    }
    beat(&shared.client, &config.name, now).await
}

/// Whether the API knows the node.
enum Known {
    Yes,
    No,
}

/// Posts the status where somebody else has declared the node dead, as a kubelet does.
async fn post(shared: &Shared, now: Timestamp) -> Result<Known, kube::Error> {
    let nodes = Api::<Node>::all(shared.client.clone());
    let Some(node) = nodes.get_opt(&shared.config.name).await? else {
        return Ok(Known::No);
    };
    let conditions = node
        .status
        .and_then(|status| status.conditions)
        .unwrap_or_default();
    let ready =
        |condition: &NodeCondition| condition.type_ == "Ready" && condition.status == "True";
    if !conditions.iter().any(ready) {
        let patch = json!({"status": {"conditions": all_conditions(now)}});
        let parameters = PatchParams::default();
        nodes
            .patch_status(&shared.config.name, &parameters, &Patch::Merge(&patch))
            .await?;
    }
    Ok(Known::Yes)
}

fn all_conditions(now: Timestamp) -> Vec<Value> {
    let time = status_time(now);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": status,
            "lastHeartbeatTime": time,
            "lastTransitionTime": time,
            "reason": reason,
            "message": message,
        })
    };
    let fine = FINE.map(|(kind, reason, message)| condition(kind, "False", reason, message));
    let ready = condition(
        "Ready",
        "True",
        "KubeletReady",
        "kubelet is posting ready status",
    );
    fine.into_iter().chain([ready]).collect()
}

fn status(shared: &Shared, now: Timestamp) -> Value {
    let config = &shared.config;
    let resources = json!({
        "cpu": (shared.place.cpu / 1000).to_string(),
        "ephemeral-storage": "264212084Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": format!("{}Ki", shared.place.memory / 1024),
        "pods": "110",
    });
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let release = read("/etc/os-release");
    let pretty = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|name| name.trim_matches('"'));
    let id =
        crate::images::container_id("machine", &config.name, 0).split_off("containerd://".len());
    json!({
        "capacity": resources,
        "allocatable": resources,
        "conditions": all_conditions(now),
        "addresses": [
            {"type": "InternalIP", "address": config.address},
            {"type": "Hostname", "address": config.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": id[..32],
            "systemUUID": id[..32],
            "bootID": format!("{}-{}", &id[32..40], shared.boot),
            "kernelVersion": read("/proc/sys/kernel/osrelease"),
            "osImage": pretty.unwrap_or("Linux"),
            "containerRuntimeVersion": concat!("stayput://", env!("CARGO_PKG_VERSION")),
            "kubeletVersion": config.version,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": architecture(),
        },
    })
}

async fn beat(client: &Client, name: &str, now: Timestamp) -> Result<(), kube::Error> {
    let leases = Api::<Lease>::namespaced(client.clone(), LEASES);
    let time = now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let spec = json!({"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": time});
    let patched = leases
        .patch(
            name,
            &PatchParams::default(),
            &Patch::Merge(&json!({"spec": spec})),
        )
        .await;
    match patched {
        Err(kube::Error::Api(status)) if status.code == 404 => {
            let lease = json!({"metadata": {"name": name, "namespace": LEASES}, "spec": spec});
            let lease = serde_json::from_value::<Lease>(lease).map_err(kube::Error::SerdeError)?;
            leases
                .create(&PostParams::default(), &lease)
                .await
                .map(drop)
        }
        patched => patched.map(drop),
    }
}
