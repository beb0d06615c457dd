//! The cluster's own process: puts API server, control plane, network and nodes together.
//!
//! Invariants:
//! - Every part reaches the API as a client; none is handed another part's state.
//! - Whatever part ends ends the process, and with it the cluster.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use stayput_apiserver::{ApiServer, Dialing, NodeDialer};
use stayput_cluster::NodeName;
use stayput_controllers::version::Version;
use stayput_node::images::Images;
use stayput_node::{Dns, Node, NodeConfig, Powers};
use stayput_sandbox::{Inside, Sandbox};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::door::Door;
use crate::home::Home;
use crate::message;
use crate::nodes::{Planned, planned};
use crate::ready::takes_pods;

pub(crate) const ENTRY: &str = "stayput-embedded";
/// Where pods ask for names, as kubeadm has it.
const NAMES: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);
/// How often a node says that it is alive. Kubernetes' times (10 s, 50 s, 40 s) fit a
/// network that fails now and then; here they are a quarter of that.
const HEARTBEAT: Duration = Duration::from_millis(2_500);
/// After how much silence it is Unknown.
const NODE_GRACE: SignedDuration = SignedDuration::from_millis(12_500);
/// How long one must be missing before its pods are removed.
const NODE_QUARANTINE: SignedDuration = SignedDuration::from_secs(10);

stayput_sandbox::before_main!("stayput-embedded", cluster);

/// What the process is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) state: camino::Utf8PathBuf,
    pub(crate) workers: usize,
    /// As 34.
    pub(crate) minor: u32,
    /// As `1.34.4`.
    pub(crate) release: String,
    pub(crate) images: Images,
    /// What uids and generated names come from.
    pub(crate) seed: u64,
}

/// Why the cluster did not begin, as a text for the launcher.
type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// The whole life of the process; its exit code.
fn cluster(inside: Inside) -> i32 {
    let control = inside.control.try_clone();
    match live(inside) {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "the cluster ends");
            let told = control
                .and_then(|mut control| Answer::Failed(error.to_string()).write(&mut control));
            // The launcher may be gone: then nobody is to be told.
            drop(told);
            1
        }
    }
}

fn live(inside: Inside) -> Result<(), Trouble> {
    let blueprint = serde_json::from_slice::<Blueprint>(&inside.arguments)?;
    let home = Home::of(&blueprint.state, &blueprint.name);
    let _held = home.hold()?;
    log_to(&home)?;
    open_as_many_files_as_allowed();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(run(inside, &blueprint, &home));
    runtime.shutdown_background();
    ended
}

/// Sends what is logged to a file of the cluster.
fn log_to(home: &Home) -> Result<(), Trouble> {
    let file = private(home.log().as_std_path())?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("STAYPUT_CLUSTER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_writer(Arc::new(file))
        .with_ansi(false)
        .with_env_filter(filter)
        .try_init()
}

/// Raises the limit of open files to the highest that is allowed, as programs in Go do: the
/// API server has as many seats as it has files. Pods keep theirs: the zygote forks them.
fn open_as_many_files_as_allowed() {
    let limit = getrlimit(Resource::Nofile);
    let highest = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, highest) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// A new file that only its owner may read.
pub(crate) fn private(path: &std::path::Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create_new(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

async fn run(inside: Inside, blueprint: &Blueprint, home: &Home) -> Result<(), Trouble> {
    let Inside {
        listeners,
        control,
        sandbox,
        ..
    } = inside;
    let (sandbox, zygote) = sandbox.open()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(zygote);
    let dialer = Arc::new(Dialer::default());
    let mut server = ApiServer::start(stayput_apiserver::Options {
        seed: blueprint.seed,
        version: blueprint.release.clone(),
        nodes: dialer.clone(),
        unhonoured: Arc::new(|kind, object| match kind {
            "Pod" | "StatefulSet" => stayput_node::unhonoured(object),
            _ => Vec::new(),
        }),
        ..stayput_apiserver::Options::default()
    });
    let listener = listeners.into_iter().next().ok_or("no listener")?;
    let https = server.serve_https_on(listener)?;
    control_plane(&mut tasks, &server, blueprint, https.credentials.ca.clone());
    let plan = planned(&blueprint.name, blueprint.workers);
    let nodes = boot(&mut tasks, &server, &sandbox, blueprint, home, &plan)?;
    drop(dialer.nodes.set(nodes.clone()));
    let names = plan
        .iter()
        .map(|node| node.name.clone())
        .collect::<Vec<_>>();
    takes_pods(&server.client(), &names).await?;
    private(home.kubeconfig().as_std_path())?
        .write_all(https.kubeconfig(&blueprint.name).as_bytes())?;
    let door = Door::new(message::listen(&home.directory)?, sandbox, nodes);
    Answer::Ready.write(&mut &control)?;
    tokio::select! {
        () = door.serve() => Ok(()),
        _ = tasks.join_next() => Err("a part of the cluster has ended".into()),
    }
}

fn control_plane(
    tasks: &mut JoinSet<()>,
    server: &ApiServer,
    blueprint: &Blueprint,
    root_ca: String,
) {
    let options = stayput_controllers::Options {
        version: Version::minor(blueprint.minor),
        root_ca,
        // Kubernetes waits so that its caches catch up; here nothing lags.
        namespace_grace: SignedDuration::ZERO,
        node_grace: NODE_GRACE,
        node_quarantine: NODE_QUARANTINE,
        ..stayput_controllers::Options::default()
    };
    let client = server.client_as("kube-controller-manager");
    tasks.spawn(stayput_controllers::run::run(
        client,
        Timestamp::now,
        options,
        CancellationToken::new(),
    ));
    let names = stayput_node::fabric::run(server.client_as("kube-proxy"), dns());
    tasks.spawn(async move {
        if let Err(error) = names.await {
            tracing::error!(%error, "no names and Service addresses");
        }
    });
}

fn dns() -> Dns {
    Dns {
        server: NAMES,
        domain: "cluster.local".to_owned(),
    }
}

fn boot(
    tasks: &mut JoinSet<()>,
    server: &ApiServer,
    sandbox: &Sandbox,
    blueprint: &Blueprint,
    home: &Home,
    plan: &[Planned],
) -> Result<BTreeMap<NodeName, Node>, Trouble> {
    let images = Arc::new(blueprint.images.clone());
    let client: Client = server.client_as("kubelet");
    let mut nodes = BTreeMap::new();
    for node in plan {
        let config = NodeConfig {
            name: node.name.clone(),
            address: node.address,
            pods: node.pods,
            disk: home.disk(&node.name).into(),
            labels: node.labels(),
            taints: node.taints(),
            version: format!("v{}", blueprint.release),
            images: images.clone(),
            dns: dns(),
            powers: Powers::of_this_process(),
            heartbeat: HEARTBEAT,
            clock: Timestamp::now,
        };
        let (handle, life) = Node::new(config, client.clone(), sandbox.clone())?;
        tasks.spawn(life);
        nodes.insert(NodeName::new(&node.name), handle);
    }
    Ok(nodes)
}

/// The API server's way to the nodes, which exist only once it does.
#[derive(Default)]
struct Dialer {
    nodes: OnceLock<BTreeMap<NodeName, Node>>,
}

impl NodeDialer for Dialer {
    fn dial(&self, node: &str) -> Dialing {
        let found = self
            .nodes
            .get()
            .and_then(|nodes| nodes.get(&NodeName::new(node)))
            .map(Node::open);
        let missing = format!("there is no node `{node}`");
        Box::pin(async move {
            match found {
                Some(stream) => Ok(Box::new(stream) as Box<dyn stayput_apiserver::NodeStream>),
                None => Err(std::io::Error::new(
                    std::io::ErrorKind::NotConnected,
                    missing,
                )),
            }
        })
    }
}
