//! An embedded cluster in use.
//!
//! Invariants:
//! - Scripts for one node run one after the other, and each is killed with its asker.
//! - Dropped, the cluster is gone, unless its lifetime is its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use kube::Client;
use stayput_cluster::{
    Answer, Capabilities, ClusterError, CommandOutput, Facts, NodeCommands, NodeFaults, NodeMap,
    NodeName, Origin, Release, Released,
};
use stayput_sandbox::Launched;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Semaphore;

use crate::Lifetime;
use crate::clusters::{ask, end, settled};
use crate::home::{Home, failed};
use crate::message::{Order, Streams};

/// How long a script may take, as on kind.
const LIMIT: Duration = Duration::from_mins(2);
/// How much it may print.
const MOST: usize = 32 << 20;
/// Reads a script from standard input, and leaves it an empty one.
const RUN: &str = "script=$(cat); exec </dev/null; eval \"$script\"";

/// A cluster that runs; dropped, it is gone with all that is in it, unless its lifetime
/// is its own.
pub struct Cluster {
    parts: Parts,
    client: Client,
    facts: Facts,
    nodes: NodeMap,
    /// One at a time on each node.
    turns: BTreeMap<NodeName, Semaphore>,
}

/// What a cluster is held by.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) home: Home,
    pub(crate) held: File,
    /// That no other run uses it.
    pub(crate) _using: File,
    /// None of one that was begun by an earlier program.
    pub(crate) launched: Option<Launched>,
    pub(crate) lifetime: Lifetime,
}

impl Parts {
    /// Ends the cluster, whoever else in this program still has a handle on it.
    async fn end(&self) -> Result<(), ClusterError> {
        // Else the end, which waits until nobody holds the directory, waits for us.
        self.held
            .unlock()
            .map_err(failed("unlock", &self.home.directory))?;
        end(&self.home).await
    }
}

impl Cluster {
    /// Reaches a cluster that has begun, as any client would.
    pub(crate) async fn connect(
        parts: Parts,
        nodes: NodeMap,
        mut versions: Vec<String>,
        origin: Origin,
    ) -> Result<Self, ClusterError> {
        let client = connect(&parts.home.kubeconfig()).await?;
        let version = client.apiserver_version().await;
        let version = version.map_err(|source| ClusterError::Api {
            what: "ask for the server's version".to_owned(),
            source: Box::new(source),
        })?;
        versions.insert(0, format!("stayput {}", env!("CARGO_PKG_VERSION")));
        let facts = Facts {
            provider: "embedded".to_owned(),
            name: parts.home.name.clone(),
            kubernetes: version.git_version,
            origin,
            versions,
            images: Vec::new(),
        };
        let turn = |node: &stayput_cluster::Node| (node.name.clone(), Semaphore::new(1));
        let turns = nodes.iter().map(turn).collect();
        Ok(Self {
            parts,
            client,
            facts,
            nodes,
            turns,
        })
    }

    /// Where its kubeconfig file is.
    pub fn kubeconfig(&self) -> camino::Utf8PathBuf {
        self.parts.home.kubeconfig()
    }

    /// Lets it live on after this program, unless it was started to end with it.
    pub fn detach(self) {
        match self.parts.lifetime {
            Lifetime::Program => {}
            Lifetime::Own | Lifetime::Kept => {
                if let Some(launched) = self.parts.launched {
                    launched.detach();
                }
            }
        }
    }

    async fn script(&self, node: &NodeName, script: &str) -> Result<CommandOutput, ClusterError> {
        if script.contains('\0') {
            let node = node.clone();
            return Err(ClusterError::NotAScript { node });
        }
        let turns = self.turns.get(node).ok_or_else(|| {
            let node = node.clone();
            ClusterError::UnknownNode { node }
        })?;
        let _turn = turns.acquire().await;
        let lost = |error: io::Error| ClusterError::ShellLost {
            node: node.clone(),
            said: error.to_string(),
        };
        let (streams, out, err) = piped(script).map_err(lost)?;
        let order = Order::Run {
            node: node.as_str().to_owned(),
            command: ["sh", "-c", RUN].map(str::to_owned).to_vec(),
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let talk = async {
            tokio::try_join!(
                ask(
                    &self.parts.home.directory,
                    node.as_str(),
                    &order,
                    Some(streams)
                ),
                collect(node, out, &mut stdout),
                collect(node, err, &mut stderr),
            )
        };
        let talked = tokio::time::timeout(LIMIT, talk).await;
        match talked {
            Ok(talked) => {
                let (reply, (), ()) = talked?;
                let exit =
                    settled(&reply).ok_or_else(|| lost(io::ErrorKind::UnexpectedEof.into()))?;
                Ok(CommandOutput {
                    stdout,
                    stderr,
                    exit,
                })
            }
            Err(_) => Err(ClusterError::ScriptTimedOut {
                node: node.clone(),
                after: LIMIT,
                said: tail(&[stdout, stderr].concat()),
            }),
        }
    }

    async fn about(&self, node: &NodeName, order: Order) -> Result<(), ClusterError> {
        let directory = &self.parts.home.directory;
        ask(directory, node.as_str(), &order, None).await.map(drop)
    }

    async fn let_go(self, how: Release) -> Result<Released, ClusterError> {
        match (how, self.parts.lifetime) {
            (Release::Keep, Lifetime::Own | Lifetime::Kept) => {
                let kubeconfig = self.kubeconfig();
                self.detach();
                Ok(Released::Kept { kubeconfig })
            }
            (Release::Keep, Lifetime::Program) => Err(ClusterError::Unsupported {
                what: "keep a cluster that ends with this program".to_owned(),
                cluster: self.facts.name,
                why: "it was started so".to_owned(),
            }),
            (Release::Delete, _) => {
                self.parts.end().await?;
                let Parts { home, launched, .. } = self.parts;
                let Some(launched) = launched else {
                    return Ok(Released::Deleted);
                };
                let name = home.name;
                let stopped = tokio::task::spawn_blocking(move || launched.stop()).await;
                match stopped {
                    Ok(Ok(_)) => Ok(Released::Deleted),
                    Ok(Err(error)) => Err(ClusterError::NotDeleted {
                        name,
                        said: error.to_string(),
                    }),
                    Err(panic) => Err(ClusterError::NotDeleted {
                        name,
                        said: panic.to_string(),
                    }),
                }
            }
        }
    }

    fn copy_logs(&self, to: &Utf8Path) -> Result<(), ClusterError> {
        fs::create_dir_all(to).map_err(failed("create the directory", to))?;
        let log = self.parts.home.log();
        let copy = to.join("cluster.log");
        fs::copy(&log, &copy).map_err(failed("copy", &log))?;
        for node in &self.nodes {
            let from = self
                .parts
                .home
                .disk(node.name.as_str())
                .join("var/log/pods");
            copy_tree(&from, &to.join(node.name.as_str())).map_err(failed("copy", &from))?;
        }
        Ok(())
    }
}

/// A script's standard streams: theirs, and our ends of the two outputs.
fn piped(script: &str) -> io::Result<(Streams, Receiver, Receiver)> {
    let mut file = File::from(rustix::fs::memfd_create(
        "script",
        rustix::fs::MemfdFlags::CLOEXEC,
    )?);
    file.write_all(script.as_bytes())?;
    file.rewind()?;
    let (out, output) = stayput_sandbox::pipe()?;
    let (err, error) = stayput_sandbox::pipe()?;
    let streams = Streams {
        input: OwnedFd::from(file),
        output,
        error,
    };
    Ok((
        streams,
        Receiver::from_owned_fd(out)?,
        Receiver::from_owned_fd(err)?,
    ))
}

async fn collect(
    node: &NodeName,
    mut from: Receiver,
    into: &mut Vec<u8>,
) -> Result<(), ClusterError> {
    loop {
        match from.read_buf(into).await {
            Ok(0) => return Ok(()),
            Ok(_) if into.len() > MOST => {
                return Err(ClusterError::OutputTooLarge {
                    node: node.clone(),
                    limit: MOST,
                });
            }
            Ok(_) => {}
            Err(error) => {
                return Err(ClusterError::ShellLost {
                    node: node.clone(),
                    said: error.to_string(),
                });
            }
        }
    }
}

/// The end of what was said.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2000)..]);
    text.trim().to_owned()
}

fn copy_tree(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_tree(path, &copy)?;
        } else {
            fs::copy(path, copy)?;
        }
    }
    Ok(())
}

/// A client as any program of the user makes it.
pub(crate) async fn connect(kubeconfig: &Utf8Path) -> Result<Client, ClusterError> {
    let client = stayput_client::connect_by(kubeconfig.as_std_path()).await;
    client.map_err(|error| ClusterError::BadKubeconfig {
        said: error.to_string(),
    })
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl stayput_cluster::Cluster for Cluster {
    fn client(&self) -> Client {
        self.client.clone()
    }

    fn kubeconfig(&self) -> Result<String, ClusterError> {
        let path = self.parts.home.kubeconfig();
        fs::read_to_string(&path).map_err(|error| ClusterError::BadKubeconfig {
            said: format!("`{path}`: {error}"),
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
            node_commands: NodeCommands::Supported,
            node_faults: NodeFaults::Supported,
        }
    }

    fn run_on_node<'a>(&'a self, node: &'a NodeName, script: &'a str) -> Answer<'a, CommandOutput> {
        Box::pin(self.script(node, script))
    }

    fn stop_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        let name = node.as_str().to_owned();
        Box::pin(self.about(node, Order::Stop { node: name }))
    }

    fn start_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        let name = node.as_str().to_owned();
        Box::pin(self.about(node, Order::Start { node: name }))
    }

    fn export_logs<'a>(&'a self, directory: &'a Utf8Path) -> Answer<'a, ()> {
        Box::pin(async move { self.copy_logs(directory) })
    }

    fn release(self: Arc<Self>, how: Release) -> Answer<'static, Released> {
        Box::pin(async move {
            match Arc::try_unwrap(self) {
                Ok(cluster) => cluster.let_go(how).await,
                Err(shared) => match how {
                    // Whoever still holds it lets it go by dropping it.
                    Release::Delete => {
                        shared.parts.end().await?;
                        Ok(Released::Deleted)
                    }
                    Release::Keep => Ok(Released::Kept {
                        kubeconfig: shared.kubeconfig(),
                    }),
                },
            }
        })
    }
}
