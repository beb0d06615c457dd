//! Everything that can go wrong with a cluster, each cause by its own name.

use std::io;
use std::time::Duration;

use camino::Utf8PathBuf;

use crate::NodeName;

/// Why a cluster could not be had, or did not do what it was asked.
///
/// The message says what was tried and what was seen; [`hint`](Self::hint)
/// says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// A program is not installed.
    #[error("`{program}` is not installed, or not in PATH")]
    MissingProgram {
        /// The program's name.
        program: String,
    },
    /// This machine lacks, or does not allow, what the cluster is made of.
    #[error("{what}")]
    Machine {
        /// What was tried, and what was seen.
        what: String,
        /// What to do about it.
        cure: String,
        /// What happened, if the system said so.
        source: Option<io::Error>,
    },
    /// None of the container engines that could be used is installed.
    #[error("no container engine found: looked for {}", list(.looked_for))]
    NoEngine {
        /// The programs that were looked for.
        looked_for: Vec<String>,
    },
    /// The engine's program is there, but nothing answers it.
    #[error("`{engine}` is installed, but its engine does not answer: {said}")]
    EngineNotRunning {
        /// The engine's program.
        engine: String,
        /// What it said.
        said: String,
    },
    /// The engine runs, but not for this user.
    #[error("this user may not use the engine of `{engine}`: {said}")]
    EngineForbidden {
        /// The engine's program.
        engine: String,
        /// What it said.
        said: String,
    },
    /// What was given as a Kubernetes version is none, or no node image has it.
    #[error("no node image for Kubernetes `{asked}`: {said}")]
    UnknownKubernetes {
        /// What was asked for.
        asked: String,
        /// Why it cannot be had.
        said: String,
        /// The node images that the engine has.
        here: Vec<String>,
    },
    /// The nodes' image could not be had.
    #[error("cannot pull the node image `{image}`: {said}")]
    NodeImageNotFound {
        /// The image's name.
        image: String,
        /// What the engine said.
        said: String,
        /// The node images that the engine has.
        here: Vec<String>,
    },
    /// An image that the scenario's pods need could not be had.
    #[error(
        "image `{image}` is neither on the nodes nor in the engine, and cannot be pulled: {said}"
    )]
    ImageNotFound {
        /// The image's name.
        image: String,
        /// What the engine said.
        said: String,
    },
    /// An image is in the engine, but did not get onto the nodes.
    #[error("cannot load image `{image}` into the nodes: {said}")]
    ImageNotLoaded {
        /// The image's name.
        image: String,
        /// What was said about it.
        said: String,
    },
    /// A cluster, or a container, of this name exists already.
    #[error("the name `{name}` is taken: {said}")]
    NameTaken {
        /// The name.
        name: String,
        /// What was said about it.
        said: String,
    },
    /// A port that the cluster should listen on is in use.
    #[error("a port that the cluster needs is taken: {said}")]
    PortTaken {
        /// What the engine said.
        said: String,
    },
    /// The configuration of the cluster was not accepted.
    #[error("the cluster's configuration is not valid: {said}")]
    BadConfig {
        /// What was said about it.
        said: String,
    },
    /// The cluster was not created, for a reason that has no name of its own.
    #[error("cannot create cluster `{name}`: {said}")]
    CreateFailed {
        /// The cluster's name.
        name: String,
        /// The last that was said about it.
        said: String,
    },
    /// A node did not become Ready in time.
    #[error("node `{node}` is not Ready after {}s: {last_seen}", .waited.as_secs())]
    NodeNotReady {
        /// The node.
        node: String,
        /// How long it was waited for.
        waited: Duration,
        /// Its Ready condition as last seen.
        last_seen: String,
    },
    /// The API server did not answer, or a namespace was not set up, in time.
    #[error("{what} after {}s: {last_seen}", .waited.as_secs())]
    NotUsable {
        /// What was missing.
        what: String,
        /// How long it was waited for.
        waited: Duration,
        /// What was last seen of it.
        last_seen: String,
    },
    /// The scenario has more nodes than the cluster can give it.
    #[error(
        "the scenario needs {} nodes ({}), the cluster has {} that it can use ({})",
        .wanted.len(), list(.wanted), .usable.len(), list(.usable)
    )]
    TooFewNodes {
        /// The scenario's nodes.
        wanted: Vec<String>,
        /// The nodes that there are for them.
        usable: Vec<NodeName>,
    },
    /// The user interrupted what was going on; it has been cleaned up.
    #[error("interrupted while {doing}")]
    Interrupted {
        /// What was going on.
        doing: String,
    },
    /// The user interrupted, and cleaning up did not work either.
    #[error("interrupted while {doing}, and cluster `{name}` could not be deleted: {said}")]
    InterruptedUncleanly {
        /// What was going on.
        doing: String,
        /// The cluster that is left.
        name: String,
        /// Why it is left.
        said: String,
    },
    /// A cluster of ours could not be deleted.
    #[error("cannot delete cluster `{name}`: {said}")]
    NotDeleted {
        /// The cluster's name.
        name: String,
        /// Why it is still there.
        said: String,
    },
    /// No cluster of ours has this name.
    #[error("there is no cluster `{name}` of stayput's")]
    UnknownCluster {
        /// The name.
        name: String,
        /// The clusters that there are.
        known: Vec<String>,
    },
    /// Another run uses the cluster at this moment.
    #[error("cluster `{name}` is in use by another run")]
    InUse {
        /// The cluster's name.
        name: String,
    },
    /// The kubeconfig has no context of this name.
    #[error("the kubeconfig has no context `{name}`")]
    UnknownContext {
        /// The name.
        name: String,
        /// The contexts that it has.
        known: Vec<String>,
    },
    /// The kubeconfig could not be read.
    #[error("cannot read the kubeconfig: {said}")]
    BadKubeconfig {
        /// What is wrong with it.
        said: String,
    },
    /// The API server could not be reached.
    #[error("the API server of `{name}` ({server}) does not answer")]
    Unreachable {
        /// The cluster's or the context's name.
        name: String,
        /// Its address.
        server: String,
        /// What happened.
        source: Box<kube::Error>,
    },
    /// A request to the API failed.
    #[error("cannot {what}")]
    Api {
        /// What was tried.
        what: String,
        /// What happened.
        source: Box<kube::Error>,
    },
    /// The cluster cannot do this.
    #[error("cannot {what} on `{cluster}`: {why}")]
    Unsupported {
        /// What was tried.
        what: String,
        /// The cluster's name.
        cluster: String,
        /// Why not.
        why: String,
    },
    /// The cluster has no node of this name.
    #[error("there is no node `{node}`")]
    UnknownNode {
        /// The name.
        node: NodeName,
    },
    /// The node does not run.
    #[error("node `{node}` is stopped")]
    NodeStopped {
        /// The node.
        node: NodeName,
    },
    /// The shell on the node ended before the script did.
    #[error("the shell on node `{node}` ended before the script did: {said}")]
    ShellLost {
        /// The node.
        node: NodeName,
        /// What was last said.
        said: String,
    },
    /// A script took too long and was killed.
    #[error("a script on node `{node}` was killed after {}s; it had printed: {said}", .after.as_secs())]
    ScriptTimedOut {
        /// The node.
        node: NodeName,
        /// How long it had.
        after: Duration,
        /// The end of what it had printed.
        said: String,
    },
    /// A script printed too much and was killed.
    #[error("a script on node `{node}` printed more than {limit} bytes")]
    OutputTooLarge {
        /// The node.
        node: NodeName,
        /// The most that a script may print.
        limit: usize,
    },
    /// What was to be run is no script.
    #[error("a script for node `{node}` has a NUL byte in it")]
    NotAScript {
        /// The node.
        node: NodeName,
    },
    /// A program could not be started.
    #[error("cannot run `{command}`")]
    Spawn {
        /// The command line.
        command: String,
        /// What happened.
        source: io::Error,
    },
    /// A program failed.
    #[error("`{command}` failed ({exit}): {said}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        exit: String,
        /// The end of what it said.
        said: String,
    },
    /// A program took too long and was killed.
    #[error("`{command}` was killed after {}s; it had said: {said}", .after.as_secs())]
    TimedOut {
        /// The command line.
        command: String,
        /// How long it had.
        after: Duration,
        /// The end of what it said.
        said: String,
    },
    /// A program printed something that we do not understand.
    #[error("`{command}` printed something unexpected: {said}")]
    Unexpected {
        /// The command line.
        command: String,
        /// What it printed.
        said: String,
    },
    /// A file of ours could not be read or written.
    #[error("cannot {what} `{path}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// What happened.
        source: io::Error,
    },
}

/// What kind of failure an error is: sets the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked for does not exist: names and versions.
    Usage,
    /// The cluster could not be had, or was lost.
    Cluster,
    /// The user interrupted.
    Interrupted,
}

impl ClusterError {
    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Interrupted { .. } | Self::InterruptedUncleanly { .. } => ErrorKind::Interrupted,
            Self::UnknownCluster { .. } => ErrorKind::Usage,
            _ => ErrorKind::Cluster,
        }
    }
}

/// Names in backticks, separated by commas.
pub(crate) fn list<T: ToString>(names: &[T]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", name.to_string()))
        .collect();
    quoted.join(", ")
}
