//! Clusters to play on.

use std::sync::Arc;

use anyhow::Result;
use stayput_cluster::Progress;
use stayput_embedded::Cluster;
use stayput_golden::Stage;
use stayput_kind::KeepCluster;
use tokio_util::sync::CancellationToken;

/// What the pods of all scripts run.
const IMAGE: &str = "redis:7";

/// The nodes of a cluster to play on.
#[derive(Clone, Copy)]
pub(crate) enum Nodes {
    /// As many as the shipped scenarios have.
    Several,
    /// The control plane's only.
    One,
}

/// kind's configuration of a cluster of one node.
const ONE: &str = "\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
";

/// An embedded cluster; it ends when the stage is dropped.
pub(crate) async fn embedded(nodes: Nodes) -> Result<Stage> {
    let usual = stayput_embedded::Options::new(stayput::places()?);
    let options = stayput_embedded::Options {
        images: vec![IMAGE.to_owned()],
        workers: match nodes {
            Nodes::Several => usual.workers,
            Nodes::One => 0,
        },
        ..usual
    };
    let cluster = Cluster::start(options).await?;
    Ok(Stage {
        kubeconfig: cluster.kubeconfig(),
        cluster: Arc::new(cluster),
    })
}

/// A cluster by kind, to be released.
pub(crate) async fn kind(
    kubernetes: &str,
    nodes: Nodes,
    cancel: CancellationToken,
) -> Result<Stage> {
    let kind = stayput::kind()?;
    let config = match nodes {
        Nodes::Several => stayput_fixtures::KIND_CONFIG,
        Nodes::One => ONE,
    };
    let options = stayput_kind::Options {
        config: config.to_owned(),
        kubernetes: Some(kubernetes.to_owned()),
        images: vec![IMAGE.to_owned()],
        scenario_nodes: Vec::new(),
        keep: KeepCluster::Never,
        failure_logs: None,
        progress: Progress::new(super::say),
        cancel,
    };
    let cluster = kind.create(options).await?;
    let kubeconfig = kind.kubeconfig(&cluster.facts().name)?;
    Ok(Stage {
        cluster,
        kubeconfig,
    })
}
