//! A cluster that is somebody else's.

use std::sync::Arc;

use camino::Utf8Path;
use kube::{Client, config::Kubeconfig};
use stayput_cluster::{
    Answer, Capabilities, Cluster, ClusterError, CommandOutput, Facts, NodeCommands, NodeFaults,
    NodeMap, NodeName, Release, Released,
};

/// A cluster reached by a context: its API and nothing else.
pub(crate) struct Given {
    client: Client,
    kubeconfig: Kubeconfig,
    facts: Facts,
    nodes: NodeMap,
}

impl Given {
    pub(crate) fn new(
        client: Client,
        kubeconfig: Kubeconfig,
        facts: Facts,
        nodes: NodeMap,
    ) -> Self {
        Self {
            client,
            kubeconfig,
            facts,
            nodes,
        }
    }

    fn unsupported<T: Send + 'static>(&self, what: String, why: &str) -> Answer<'static, T> {
        let error = ClusterError::Unsupported {
            what,
            cluster: self.facts.name.clone(),
            why: why.to_owned(),
        };
        Box::pin(std::future::ready(Err(error)))
    }
}

impl Cluster for Given {
    fn client(&self) -> Client {
        self.client.clone()
    }

    fn kubeconfig(&self) -> Result<String, ClusterError> {
        // JSON is YAML, too.
        serde_json::to_string(&self.kubeconfig).map_err(|error| ClusterError::BadKubeconfig {
            said: error.to_string(),
        })
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn nodes(&self) -> &NodeMap {
        &self.nodes
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            node_commands: NodeCommands::Unsupported,
            node_faults: NodeFaults::Unsupported,
        }
    }

    fn run_on_node<'a>(&'a self, node: &'a NodeName, _: &'a str) -> Answer<'a, CommandOutput> {
        let why = "its nodes can be reached through its API only";
        self.unsupported(format!("run a script on node `{node}`"), why)
    }

    fn stop_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        self.unsupported(format!("stop node `{node}`"), "its machines are not ours")
    }

    fn start_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        self.unsupported(format!("start node `{node}`"), "its machines are not ours")
    }

    fn export_logs<'a>(&'a self, _: &'a Utf8Path) -> Answer<'a, ()> {
        let why = "its nodes can be reached through its API only";
        self.unsupported("export logs of the nodes".to_owned(), why)
    }

    fn release(self: Arc<Self>, _: Release) -> Answer<'static, Released> {
        Box::pin(std::future::ready(Ok(Released::NotOurs)))
    }
}
