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

/// An embedded cluster; it ends when the stage is dropped.
pub(crate) async fn embedded() -> Result<Stage> {
    let options = stayput_embedded::Options {
        images: vec![IMAGE.to_owned()],
        ..stayput_embedded::Options::new(stayput::places()?)
    };
    let cluster = Cluster::start(options).await?;
    Ok(Stage {
        kubeconfig: cluster.kubeconfig(),
        cluster: Arc::new(cluster),
    })
}

/// A cluster by kind, to be released.
pub(crate) async fn kind(kubernetes: &str, cancel: CancellationToken) -> Result<Stage> {
    let kind = stayput::kind()?;
    let options = stayput_kind::Options {
        config: stayput_fixtures::KIND_CONFIG.to_owned(),
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
