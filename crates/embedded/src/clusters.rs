//! The embedded clusters that there are, from any process of this user.

use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::{ClusterError, ExitCode, NodeName};

use crate::home::{Home, failed, homes, sweep};
use crate::message::{self, Order, Reply, Streams};

/// The embedded clusters of one state directory.
#[derive(Clone, Debug)]
pub struct Clusters {
    state: Utf8PathBuf,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// The version that it speaks.
    pub kubernetes: String,
    /// Who uses it.
    pub usage: Usage,
}

/// Who uses a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// A run that lives, or a command in front.
    Running,
    /// Nobody that is known: it was started in the background.
    Detached,
    /// Nobody: it was kept, to be used again.
    Kept,
}

impl Clusters {
    /// Those whose files are below `state`.
    pub fn new(state: Utf8PathBuf) -> Self {
        Self { state }
    }

    /// All that live, by name; what is left of others is removed.
    pub fn list(&self) -> Vec<Listed> {
        sweep(&self.state);
        let listed = |home: Home| {
            let described = home.described();
            let usage = match (home.take(), described.kept) {
                (Ok(Some(_)), Some(_)) => Usage::Kept,
                (Ok(Some(_)), None) => Usage::Detached,
                (Ok(None) | Err(_), _) => Usage::Running,
            };
            Listed {
                usage,
                name: home.name,
                nodes: described.nodes,
                kubernetes: described.kubernetes,
            }
        };
        homes(&self.state).into_iter().map(listed).collect()
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        homes(&self.state)
            .iter()
            .any(|home| home.name == name && home.is_used())
    }

    /// Where the kubeconfig file of a cluster is.
    pub fn kubeconfig(&self, name: &str) -> Result<Utf8PathBuf, ClusterError> {
        Ok(self.home(name)?.kubeconfig())
    }

    /// Ends a cluster that no living run uses.
    pub async fn down(&self, name: &str) -> Result<(), ClusterError> {
        let home = self.home(name)?;
        let taken = home.take().map_err(failed("lock", &home.directory))?;
        let _using = taken.ok_or_else(|| ClusterError::InUse {
            name: name.to_owned(),
        })?;
        end(&home).await
    }

    /// Runs a command on a node, with the caller's own streams.
    pub async fn exec(
        &self,
        node: &str,
        command: Vec<String>,
        streams: Streams,
    ) -> Result<ExitCode, ClusterError> {
        let order = Order::Run {
            node: node.to_owned(),
            command,
        };
        let home = self.home_of_node(node)?;
        let reply = ask(&home.directory, node, &order, Some(streams)).await?;
        settled(&reply).ok_or_else(|| ClusterError::ShellLost {
            node: NodeName::new(node),
            said: "it has no exit code".to_owned(),
        })
    }

    /// Stops a node.
    pub async fn stop(&self, node: &str) -> Result<(), ClusterError> {
        let home = self.home_of_node(node)?;
        let order = Order::Stop {
            node: node.to_owned(),
        };
        ask(&home.directory, node, &order, None).await.map(drop)
    }

    /// Starts a stopped node.
    pub async fn start(&self, node: &str) -> Result<(), ClusterError> {
        let home = self.home_of_node(node)?;
        let order = Order::Start {
            node: node.to_owned(),
        };
        ask(&home.directory, node, &order, None).await.map(drop)
    }

    fn home(&self, name: &str) -> Result<Home, ClusterError> {
        if self.has(name) {
            return Ok(Home::of(&self.state, name));
        }
        Err(ClusterError::UnknownCluster {
            name: name.to_owned(),
            known: self.list().into_iter().map(|it| it.name).collect(),
        })
    }

    /// The cluster whose node this is: its name is the node's first part.
    fn home_of_node(&self, node: &str) -> Result<Home, ClusterError> {
        let belongs = |home: &Home| home.disk(node).is_dir() && home.is_used();
        let valid = node
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        let found = homes(&self.state).into_iter().find(belongs);
        found.filter(|_| valid && !node.is_empty()).ok_or_else(|| {
            let node = NodeName::new(node);
            ClusterError::UnknownNode { node }
        })
    }
}

/// Ends the cluster of that directory; returns when nothing of it is left.
pub(crate) async fn end(home: &Home) -> Result<(), ClusterError> {
    // A cluster that does not answer is gone, or about to be.
    if let Err(error) = message::give(&home.directory, &Order::End, None).await {
        tracing::debug!(%error, "the cluster's socket does not answer");
    }
    let home = home.clone();
    let name = home.name.clone();
    let removed = tokio::task::spawn_blocking(move || {
        // Whoever holds the directory does so until its very end.
        if let Ok(file) = std::fs::File::open(&home.directory) {
            file.lock()
                .map_err(crate::home::failed("lock", &home.directory))?;
        }
        home.remove()
    });
    removed.await.map_err(|panic| ClusterError::NotDeleted {
        name,
        said: panic.to_string(),
    })?
}

/// Gives an order about a node.
pub(crate) async fn ask(
    directory: &Utf8Path,
    node: &str,
    order: &Order,
    streams: Option<Streams>,
) -> Result<Reply, ClusterError> {
    let node = NodeName::new(node);
    match message::give(directory, order, streams).await {
        Ok(Reply::UnknownNode) => Err(ClusterError::UnknownNode { node }),
        Ok(Reply::NodeStopped) => Err(ClusterError::NodeStopped { node }),
        Ok(Reply::Failed(said)) => Err(ClusterError::ShellLost { node, said }),
        Ok(reply @ (Reply::Done | Reply::Exited(_))) => Ok(reply),
        Err(error) => Err(ClusterError::ShellLost {
            node,
            said: format!("the cluster does not answer: {error}"),
        }),
    }
}

/// The exit code of a command, if the reply has one.
pub(crate) fn settled(reply: &Reply) -> Option<ExitCode> {
    match reply {
        Reply::Exited(code) => Some(ExitCode(*code)),
        Reply::Done | Reply::UnknownNode | Reply::NodeStopped | Reply::Failed(_) => None,
    }
}
