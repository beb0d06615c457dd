//! Any context of the user's kubeconfig as a cluster.
//!
//! Invariants:
//! - Nothing is created, changed or deleted here: the cluster is the user's, and
//!   so is the kubeconfig, which is only read.
//! - There is no way onto the nodes: no scripts, no faults, and both are said.

mod coming;
mod given;
mod nodes;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::config::Kubeconfig;
use kube::{Api, Client};
use stayput_cluster::{Cluster, ClusterError, Facts, NodeMap, Origin, Progress};

use given::Given;

/// How long the API server may take to answer the first request.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The context that a run is to be played on.
#[derive(Clone, Debug)]
pub struct Options {
    /// The context's name.
    pub context: String,
    /// The kubeconfig files in the order of `KUBECONFIG`; empty for the user's default.
    pub kubeconfigs: Vec<Utf8PathBuf>,
    /// The scenario's names for its nodes, in order.
    pub scenario_nodes: Vec<String>,
    /// Who is told what is waited for.
    pub progress: Progress,
}

/// Connects to a context's cluster and finds nodes for the scenario.
pub async fn open(options: Options) -> Result<Arc<dyn Cluster>, ClusterError> {
    let kubeconfig = read(&options.kubeconfigs)?;
    let known = names(&kubeconfig);
    if !known.contains(&options.context) {
        let name = options.context;
        return Err(ClusterError::UnknownContext { name, known });
    }
    let own = alone(&kubeconfig, &options.context);
    let (client, server) = connect(own.clone(), &options.context).await?;
    let nodes = Api::<Node>::all(client.clone());
    let wanted = options.scenario_nodes.len();
    // Who is there, not how they are this moment: that need not wait for a cache.
    let all = ListParams::default().match_any();
    let (version, list) = futures::try_join!(
        asked(client.apiserver_version(), &options.context, &server),
        asked(nodes.list(&all), &options.context, &server),
    )?;
    let nodes = coming::enough(&nodes, list, wanted, &options.progress).await;
    let (usable, others) = nodes::sorted(&nodes);
    let nodes = NodeMap::assign(&options.scenario_nodes, usable, others)?;
    let facts = Facts {
        provider: "context".to_owned(),
        name: options.context,
        kubernetes: version.git_version,
        origin: Origin::Given,
        versions: vec![format!("server {server}")],
        images: Vec::new(),
    };
    Ok(Arc::new(Given::new(client, own, facts, nodes)))
}

/// Reads and merges the files as kubectl does: what comes first wins.
fn read(files: &[Utf8PathBuf]) -> Result<Kubeconfig, ClusterError> {
    let bad = |error: &dyn std::error::Error| ClusterError::BadKubeconfig { said: chain(error) };
    if files.is_empty() {
        return Kubeconfig::read().map_err(|error| bad(&error));
    }
    let mut merged = Kubeconfig::default();
    let mut missing = None;
    let mut found = false;
    for file in files {
        // kubectl passes over files of the list that do not exist.
        if !file.exists() {
            missing.get_or_insert(file);
            continue;
        }
        found = true;
        let next = Kubeconfig::read_from(file).map_err(|error| bad(&error))?;
        merged = merged.merge(next).map_err(|error| bad(&error))?;
    }
    match missing {
        Some(file) if !found => Err(ClusterError::BadKubeconfig {
            said: format!("there is no file `{file}`"),
        }),
        _ => Ok(merged),
    }
}

fn names(kubeconfig: &Kubeconfig) -> Vec<String> {
    let contexts = kubeconfig.contexts.iter();
    contexts.map(|context| context.name.clone()).collect()
}

/// The context with its cluster and its user, and no other.
fn alone(kubeconfig: &Kubeconfig, context: &str) -> Kubeconfig {
    let mut own = kubeconfig.clone();
    own.current_context = Some(context.to_owned());
    own.contexts.retain(|it| it.name == context);
    let inner = own.contexts.first().and_then(|it| it.context.clone());
    let (cluster, user) = inner.map_or((None, None), |it| (Some(it.cluster), it.user));
    own.clusters.retain(|it| Some(&it.name) == cluster.as_ref());
    own.auth_infos.retain(|it| Some(&it.name) == user.as_ref());
    own
}

async fn connect(kubeconfig: Kubeconfig, context: &str) -> Result<(Client, String), ClusterError> {
    let bad = |error: &dyn std::error::Error| ClusterError::BadKubeconfig {
        said: format!("context `{context}`: {}", chain(error)),
    };
    let mut servers = kubeconfig
        .clusters
        .iter()
        .filter_map(|it| it.cluster.as_ref());
    let server = servers.find_map(|it| it.server.clone());
    let client = stayput_client::connect(kubeconfig, Some(context.to_owned())).await;
    let client = client.map_err(|error| bad(&error))?;
    Ok((client, server.unwrap_or_default()))
}

/// The answer to a first request; a server that does not answer in time is unreachable.
async fn asked<T>(
    request: impl Future<Output = Result<T, kube::Error>>,
    context: &str,
    server: &str,
) -> Result<T, ClusterError> {
    let name = context.to_owned();
    match tokio::time::timeout(ANSWER_LIMIT, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(ClusterError::Api {
            what: format!("use context `{name}`"),
            source: Box::new(kube::Error::Api(status)),
        }),
        Ok(Err(source)) => Err(ClusterError::Unreachable {
            name,
            server: server.to_owned(),
            source: Box::new(source),
        }),
        Err(_) => Err(ClusterError::NotUsable {
            what: format!("the API server of `{name}` ({server}) does not answer"),
            waited: ANSWER_LIMIT,
            last_seen: "a connection without an answer".to_owned(),
        }),
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_said = stayput_cluster::said(cause);
        if !said.contains(&cause_said) {
            said = format!("{said}: {cause_said}");
        }
        source = cause.source();
    }
    said
}
