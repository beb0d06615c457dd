//! A kind cluster in use.
//!
//! Invariants:
//! - The lock is held as long as this lives, or until it is released as kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use kube::Client;
use stayput_cluster::{
    Answer, Capabilities, Cluster, ClusterError, CommandOutput, Facts, NodeCommands, NodeFaults,
    NodeMap, NodeName, Origin, Release, Released,
};
use tokio::task::JoinSet;

use crate::create::Order;
use crate::images::Pantry;
use crate::node_shell::{NodeShell, Opener};
use crate::options::KeepCluster;
use crate::ready::{Awaited, takes_pods};
use crate::remove::remove;
use crate::state::{Claim, Kept};
use crate::tools::Tools;

/// A cluster that kind made, locked by this run.
#[derive(Debug)]
pub(crate) struct KindCluster {
    parts: Parts,
    tools: Tools,
    claim: Claim,
}

/// What a running cluster consists of, its programs and its lock apart.
pub(crate) struct Parts {
    pub(crate) client: Client,
    facts: Facts,
    nodes: NodeMap,
    shells: BTreeMap<NodeName, NodeShell>,
    when_kept: Kept,
    /// Owns the tasks behind `shells`: they end with the cluster.
    _owners: JoinSet<()>,
}

/// Connects to a created cluster, waits until it takes pods, brings images onto
/// its nodes, and reads what it is.
pub(crate) async fn assemble(
    order: &Order,
    claim: &Claim,
    origin: Origin,
    ready_limit: Duration,
) -> Result<Parts, ClusterError> {
    let options = &order.options;
    let client = connect(&claim.kubeconfig()).await?;
    let (usable, others) = order.config.names(claim.cluster());
    let nodes = NodeMap::assign(&options.scenario_nodes, usable, others)?;
    let names: Vec<_> = nodes.iter().map(|node| node.name.clone()).collect();
    let (shells, owners) = open_shells(&order.tools, &names);
    let pantry = Pantry {
        tools: &order.tools,
        cluster: claim.cluster(),
        shells: shells.values().collect(),
        progress: &options.progress,
    };
    let awaited = Awaited {
        nodes: names.clone(),
        limit: ready_limit,
        progress: &options.progress,
    };
    let version = async {
        let version = client.apiserver_version().await;
        version.map_err(|source| api("ask for the server's version", source))
    };
    let ((), images, version, node_image) = tokio::try_join!(
        takes_pods(&client, awaited),
        pantry.stock(&options.images),
        version,
        node_image(&order.tools, &names),
    )?;
    let tools = &order.tools;
    let facts = Facts {
        provider: "kind".to_owned(),
        name: claim.cluster().to_owned(),
        kubernetes: version.git_version,
        origin,
        versions: vec![
            format!("kind {}", tools.kind_version),
            format!("{} {}", tools.engine.program(), tools.engine_facts.version),
            node_image,
        ],
        images,
    };
    let when_kept = match options.keep {
        KeepCluster::Always => Kept::ForReuse,
        KeepCluster::OnFailure | KeepCluster::Never => Kept::ForInspection,
    };
    Ok(Parts {
        client,
        facts,
        nodes,
        shells,
        when_kept,
        _owners: owners,
    })
}

async fn connect(kubeconfig: &Utf8Path) -> Result<Client, ClusterError> {
    let client = stayput_client::connect_by(kubeconfig.as_std_path()).await;
    client.map_err(|error| ClusterError::BadKubeconfig {
        said: error.to_string(),
    })
}

fn open_shells(tools: &Tools, names: &[NodeName]) -> (BTreeMap<NodeName, NodeShell>, JoinSet<()>) {
    let mut owners = JoinSet::new();
    let shells = names.iter().map(|node| {
        let opener = Opener {
            programs: tools.programs.clone(),
            engine: tools.engine.clone(),
            node: node.clone(),
        };
        (node.clone(), NodeShell::start(&mut owners, opener))
    });
    (shells.collect(), owners)
}

/// The node image as it really is: its name, and its digest where it has one.
async fn node_image(tools: &Tools, nodes: &[NodeName]) -> Result<String, ClusterError> {
    let Some(node) = nodes.first() else {
        return Ok("no node".to_owned());
    };
    let format = "{{.Config.Image}} {{.Image}}";
    let arguments = ["container", "inspect", "--format", format, node.as_str()];
    let printed = tools.programs.output(tools.engine.call(arguments)).await?;
    let (name, id) = printed.trim().split_once(' ').unwrap_or((&printed, ""));
    if name.contains('@') {
        return Ok(name.to_owned());
    }
    let format = "{{range .RepoDigests}}{{println .}}{{end}}";
    let arguments = ["image", "inspect", "--format", format, id];
    let digests = tools.programs.output(tools.engine.call(arguments)).await?;
    let digest = digests.lines().find_map(|line| line.split_once('@'));
    Ok(match digest {
        Some((_, digest)) => format!("{name}@{digest}"),
        // Built on this machine: no registry has given it a digest.
        None => format!("{name} (image id {id})"),
    })
}

fn api(what: &str, source: kube::Error) -> ClusterError {
    ClusterError::Api {
        what: what.to_owned(),
        source: Box::new(source),
    }
}

impl KindCluster {
    pub(crate) fn new(parts: Parts, tools: Tools, claim: Claim) -> Self {
        Self {
            parts,
            tools,
            claim,
        }
    }

    fn shell(&self, node: &NodeName) -> Result<&NodeShell, ClusterError> {
        self.parts.shells.get(node).ok_or_else(|| {
            let node = node.clone();
            ClusterError::UnknownNode { node }
        })
    }

    /// Stops or starts the container that a node is.
    async fn engine(&self, verb: &str, node: &NodeName) -> Result<(), ClusterError> {
        let shell = self.shell(node)?;
        let call = self.tools.engine.call([verb, node.as_str()]);
        let done = self
            .tools
            .programs
            .output(call.within(Duration::from_mins(2)))
            .await;
        // Whatever became of the node, its old shell is of no use.
        shell.close().await;
        done.map(drop)
    }

    async fn let_go(&self, how: Release) -> Result<Released, ClusterError> {
        match how {
            Release::Keep => {
                self.claim.keep(self.parts.when_kept)?;
                Ok(Released::Kept {
                    kubeconfig: self.claim.kubeconfig(),
                })
            }
            Release::Delete => {
                remove(&self.tools, &self.claim).await?;
                Ok(Released::Deleted)
            }
        }
    }
}

impl Cluster for KindCluster {
    fn client(&self) -> Client {
        self.parts.client.clone()
    }

    fn kubeconfig(&self) -> Result<String, ClusterError> {
        let path = self.claim.kubeconfig();
        std::fs::read_to_string(&path).map_err(|error| ClusterError::BadKubeconfig {
            said: format!("`{path}`: {error}"),
        })
    }

    fn facts(&self) -> &Facts {
        &self.parts.facts
    }

    fn nodes(&self) -> &NodeMap {
        &self.parts.nodes
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            node_commands: NodeCommands::Supported,
            node_faults: NodeFaults::Supported,
        }
    }

    fn run_on_node<'a>(&'a self, node: &'a NodeName, script: &'a str) -> Answer<'a, CommandOutput> {
        Box::pin(async move { self.shell(node)?.run(script).await })
    }

    fn stop_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        Box::pin(self.engine("stop", node))
    }

    fn start_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        Box::pin(self.engine("start", node))
    }

    fn export_logs<'a>(&'a self, directory: &'a Utf8Path) -> Answer<'a, ()> {
        Box::pin(self.tools.export_logs(self.claim.cluster(), directory))
    }

    fn release(self: Arc<Self>, how: Release) -> Answer<'static, Released> {
        Box::pin(async move { self.let_go(how).await })
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}
