//! The container engine: whether there is one, and what of ours is left on it.

use std::{collections::HashMap, process};

use testcontainers::{
    bollard::{
        Docker,
        query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder},
    },
    core::client::docker_client_instance,
};
use tokio::runtime::Runtime;

/// Every container of ours has this label, with the run's process id.
pub(crate) const LABEL: &str = "dev.stayput.redis-containers";

/// The label's value for this run.
pub(crate) fn run() -> String {
    process::id().to_string()
}

/// Why there is no container engine; none where there is one.
pub(crate) fn missing() -> Option<String> {
    let ping = async {
        let docker = docker_client_instance()
            .await
            .map_err(|error| error.to_string())?;
        docker.ping().await.map_err(|error| error.to_string())
    };
    let answer = match Runtime::new() {
        Ok(runtime) => runtime.block_on(ping),
        Err(error) => Err(error.to_string()),
    };
    answer
        .err()
        .map(|error| format!("no container engine: {error}"))
}

/// Removes what this run started and did not remove, each by its id.
pub(crate) fn remove_leftovers() {
    if let Ok(runtime) = Runtime::new() {
        runtime.block_on(async {
            if let Ok(docker) = docker_client_instance().await {
                remove_ours(&docker).await;
            }
        });
    }
}

async fn remove_ours(docker: &Docker) {
    let label = format!("{LABEL}={}", run());
    let ours = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&HashMap::from([("label", vec![label])]))
        .build();
    let left = docker.list_containers(Some(ours)).await.unwrap_or_default();
    for id in left.into_iter().filter_map(|container| container.id) {
        let by_force = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        // One that is on its way out already is as good as removed.
        let _ = docker.remove_container(&id, Some(by_force)).await;
    }
}
