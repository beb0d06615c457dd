//! A node without processes: it says of itself and of its pods what a kubelet says.
//!
//! Invariants:
//! - For this benchmark only: no scenario reaches it, and nothing is proven by it.
//! - It writes what a kubelet writes, by the same kinds of request.

use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event as Watched};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// How often a node says that it lives, as a kubelet does.
const BEAT: Duration = Duration::from_secs(10);
const LEASES: &str = "kube-node-lease";

/// One node.
pub(super) struct Hollow {
    /// Counted from 0; name and addresses come from it.
    pub(super) number: usize,
    pub(super) client: Client,
    /// Told of each pod that runs.
    pub(super) running: mpsc::UnboundedSender<()>,
}

impl Hollow {
    fn name(&self) -> String {
        format!("hollow-{}", self.number)
    }

    /// Makes itself known: Node, status, lease.
    pub(super) async fn register(&self) -> Result<(), kube::Error> {
        let name = self.name();
        let nodes = Api::<Node>::all(self.client.clone());
        let labels = json!({
            "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
            "kubernetes.io/hostname": name,
        });
        let node = json!({"metadata": {"name": name, "labels": labels}, "spec": {}});
        nodes.create(&PostParams::default(), &typed(node)?).await?;
        let status = json!({"status": node_status(&name)});
        nodes
            .patch_status(&name, &PatchParams::default(), &Patch::Merge(&status))
            .await?;
        let leases = Api::<Lease>::namespaced(self.client.clone(), LEASES);
        let lease = json!({"metadata": {"name": name, "namespace": LEASES}, "spec": lease(&name)});
        leases
            .create(&PostParams::default(), &typed(lease)?)
            .await
            .map(drop)
    }

    /// Keeps its lease and has its pods run, until the benchmark is over.
    pub(super) async fn live(self) {
        let pods = Api::<Pod>::all(self.client.clone());
        let mine = watcher::Config::default().fields(&format!("spec.nodeName={}", self.name()));
        let mut changes = watcher::watcher(pods, mine).boxed();
        let mut beats = tokio::time::interval(BEAT);
        beats.tick().await;
        let mut addresses = 1_usize..;
        loop {
            let done = tokio::select! {
                _ = beats.tick() => self.beat().await,
                change = changes.next() => match change {
                    None => return,
                    Some(Ok(Watched::Apply(pod) | Watched::InitApply(pod))) => {
                        self.run(&pod, addresses.next().unwrap_or_default()).await
                    }
                    Some(Ok(Watched::Delete(_) | Watched::Init | Watched::InitDone)) => Ok(()),
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a watch of a hollow node was interrupted");
                        Ok(())
                    }
                },
            };
            if let Err(error) = done {
                tracing::warn!(%error, node = self.name(), "a write of a hollow node was refused");
            }
        }
    }

    async fn beat(&self) -> Result<(), kube::Error> {
        let name = self.name();
        let patch = json!({"spec": lease(&name)});
        Api::<Lease>::namespaced(self.client.clone(), LEASES)
            .patch(&name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .map(drop)
    }

    /// Has a pod run that does not yet.
    async fn run(&self, pod: &Pod, number: usize) -> Result<(), kube::Error> {
        let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
        if phase == Some("Running") {
            return Ok(());
        }
        let pods =
            Api::<Pod>::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default());
        let address = format!("10.{}.{}.{number}", self.number / 250, self.number % 250);
        let patch = json!({
            "metadata": {"uid": pod.uid()},
            "status": pod_status(pod, &address),
        });
        pods.patch_status(
            &pod.name_any(),
            &PatchParams::default(),
            &Patch::Merge(&patch),
        )
        .await?;
        // Nobody counts any more once the benchmark is over.
        let _ = self.running.send(());
        Ok(())
    }
}

fn typed<T: serde::de::DeserializeOwned>(object: Value) -> Result<T, kube::Error> {
    serde_json::from_value(object).map_err(kube::Error::SerdeError)
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn lease(holder: &str) -> Value {
    let time = Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string();
    json!({"holderIdentity": holder, "leaseDurationSeconds": 40, "renewTime": time})
}

fn node_status(name: &str) -> Value {
    let time = now();
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind, "status": status, "reason": format!("Kubelet{kind}"),
            "message": "a node without processes", "lastHeartbeatTime": time,
            "lastTransitionTime": time,
        })
    };
    let has = json!({"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    json!({
        "capacity": has,
        "allocatable": has,
        "conditions": [
            condition("MemoryPressure", "False"), condition("DiskPressure", "False"),
            condition("PIDPressure", "False"), condition("Ready", "True"),
        ],
        "addresses": [{"type": "Hostname", "address": name}],
    })
}

fn pod_status(pod: &Pod, address: &str) -> Value {
    let time = now();
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": time});
    let kinds = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ];
    let spec = pod.spec.as_ref();
    let containers = spec
        .map(|spec| spec.containers.as_slice())
        .unwrap_or_default();
    let running = containers.iter().map(|container| {
        json!({
            "name": container.name, "image": container.image,
            "imageID": "hollow", "containerID": "hollow://0",
            "ready": true, "started": true, "restartCount": 0, "lastState": {},
            "state": {"running": {"startedAt": time}},
        })
    });
    json!({
        "phase": "Running",
        "conditions": kinds.map(condition),
        "containerStatuses": running.collect::<Vec<_>>(),
        "podIP": address,
        "podIPs": [{"ip": address}],
        "hostIP": "172.18.0.2",
        "hostIPs": [{"ip": "172.18.0.2"}],
        "startTime": time,
        "qosClass": "BestEffort",
    })
}
