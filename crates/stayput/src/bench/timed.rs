//! A cluster that takes down when each request and each node command leaves.

use std::sync::Arc;

use camino::Utf8Path;
use kube::client::Body;
use stayput_cluster::{
    Answer, Capabilities, Cluster, CommandOutput, Facts, NodeMap, NodeName, Release, Released,
};
use stayput_events::Elapsed;
use stayput_runner::Clock;
use tokio::sync::mpsc;

/// Something that the runner asked of the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: Elapsed,
    /// As `GET /api/v1/…`, or `node NAME`.
    pub(crate) what: String,
}

/// A cluster beside which somebody takes the time.
pub(crate) struct Timed {
    inner: Arc<dyn Cluster>,
    client: kube::Client,
    clock: Clock,
    asked: mpsc::UnboundedSender<Asked>,
}

impl Timed {
    /// Takes the time of what is asked of this cluster.
    pub(crate) fn new(
        inner: Arc<dyn Cluster>,
        clock: Clock,
        asked: mpsc::UnboundedSender<Asked>,
    ) -> Self {
        let (told, client) = (asked.clone(), inner.client());
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let what = format!("{} {}", request.method(), request.uri());
            // Nobody reads any more once the benchmark is over.
            let _ = told.send(Asked {
                at: clock.now(),
                what,
            });
            let client = client.clone();
            async move { client.send(request).await }
        });
        Self {
            client: kube::Client::new(service, "default"),
            inner,
            clock,
            asked,
        }
    }
}

impl Cluster for Timed {
    fn client(&self) -> kube::Client {
        self.client.clone()
    }

    fn kubeconfig(&self) -> Result<String, stayput_cluster::ClusterError> {
        self.inner.kubeconfig()
    }

    fn facts(&self) -> &Facts {
        self.inner.facts()
    }

    fn nodes(&self) -> &NodeMap {
        self.inner.nodes()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn run_on_node<'a>(&'a self, node: &'a NodeName, script: &'a str) -> Answer<'a, CommandOutput> {
        let _ = self.asked.send(Asked {
            at: self.clock.now(),
            what: format!("node {node}"),
        });
        self.inner.run_on_node(node, script)
    }

    fn stop_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        self.inner.stop_node(node)
    }

    fn start_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        self.inner.start_node(node)
    }

    fn export_logs<'a>(&'a self, directory: &'a Utf8Path) -> Answer<'a, ()> {
        self.inner.export_logs(directory)
    }

    fn release(self: Arc<Self>, how: Release) -> Answer<'static, Released> {
        Arc::clone(&self.inner).release(how)
    }
}
