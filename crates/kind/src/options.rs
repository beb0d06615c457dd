//! What a cluster is asked for.

use std::ffi::OsString;

use camino::Utf8PathBuf;
use tokio_util::sync::CancellationToken;

use stayput_cluster::Progress;

/// What the caller's process knows: a library reads no environment by itself.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The value of `KIND_EXPERIMENTAL_PROVIDER`: the engine that kind is told to use.
    pub provider: Option<String>,
    /// Variables set for every program besides those inherited; tests set `PATH`.
    pub variables: Vec<(OsString, OsString)>,
}

/// The cluster that a run needs.
#[derive(Debug)]
pub struct Options {
    /// The text of a kind configuration (kind-config.yaml).
    pub config: String,
    /// A version of Kubernetes, `1.34` or `1.34.4`; without it the newest node
    /// image that the engine has.
    pub kubernetes: Option<String>,
    /// Images that the scenario's pods need on the nodes.
    pub images: Vec<String>,
    /// The scenario's names for its nodes, in order.
    pub scenario_nodes: Vec<String>,
    /// Whether a kept cluster may be used, and this one be found again.
    pub keep: KeepCluster,
    /// Where logs go when the cluster cannot be made.
    pub failure_logs: Option<Utf8PathBuf>,
    /// Told what goes on.
    pub progress: Progress,
    /// Cancelled when the user interrupts; the half-made cluster is then deleted.
    pub cancel: CancellationToken,
}

/// When a cluster outlives its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepCluster {
    /// Never: its own cluster, deleted at the end.
    Never,
    /// Its own cluster, kept to be looked at when the run fails.
    OnFailure,
    /// A kept cluster of the same configuration and version is used again, and kept.
    Always,
}
