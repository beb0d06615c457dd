//! The contract between a run and the cluster it plays on.
//!
//! Invariants:
//! - No provider is named: what the runner may do is what this trait offers,
//!   and what a cluster cannot do is in [`Capabilities`] before anything is applied.
//! - What the Kubernetes API itself offers (exec, logs, port-forward) is used
//!   through [`Cluster::client`]: no method here repeats it.
//! - Everything in [`Facts`] was read from the real thing, not from what was asked for.
//! - No I/O in this crate: types, messages and cures only.

mod capabilities;
mod command;
mod error;
mod facts;
mod hint;
mod node;
mod progress;
mod release;
mod rests;
mod said;

use std::sync::Arc;

use camino::Utf8Path;
use futures::future::BoxFuture;

pub use capabilities::{Capabilities, NodeCommands, NodeFaults};
pub use command::{CommandOutput, ExitCode};
pub use error::{ClusterError, ErrorKind};
pub use facts::{Facts, ImageDigest, Origin};
pub use node::{Node, NodeMap, NodeName, NodeRole};
pub use progress::Progress;
pub use release::{Release, Released};
pub use rests::rests_of;
pub use said::said;

/// What every asynchronous method of a cluster gives.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ClusterError>>;

/// A Kubernetes cluster that a scenario can be played on.
///
/// Dropping an answer gives its work up: a script that still runs on a node is
/// killed there, and the next script starts in a fresh shell.
pub trait Cluster: Send + Sync {
    /// A client of the cluster's API with the rights of an administrator.
    fn client(&self) -> kube::Client;

    /// A kubeconfig of this cluster and no other, as text: for programs that a
    /// scenario runs. It holds secrets.
    fn kubeconfig(&self) -> Result<String, ClusterError>;

    /// What this cluster is: name, versions, where it came from.
    fn facts(&self) -> &Facts;

    /// The cluster's nodes and which of them the scenario's nodes became.
    fn nodes(&self) -> &NodeMap;

    /// What can be done to this cluster's nodes besides the API.
    fn capabilities(&self) -> Capabilities;

    /// Runs a `sh` script on a node as root.
    ///
    /// Scripts for one node run one after the other, those for different nodes
    /// side by side. A script that exits with another code than 0 is no error
    /// here; its standard input is empty, and a process that it leaves running
    /// must not keep the script's outputs open.
    fn run_on_node<'a>(&'a self, node: &'a NodeName, script: &'a str) -> Answer<'a, CommandOutput>;

    /// Stops a node as a machine is shut down; returns when it is down.
    fn stop_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()>;

    /// Starts a stopped node; returns when it boots. That it is Ready again,
    /// perhaps under another address, is seen through the API.
    fn start_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()>;

    /// Writes the logs of the nodes and of Kubernetes' own components into `directory`.
    fn export_logs<'a>(&'a self, directory: &'a Utf8Path) -> Answer<'a, ()>;

    /// Ends this run's use of the cluster.
    fn release(self: Arc<Self>, how: Release) -> Answer<'static, Released>;
}
