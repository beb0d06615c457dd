//! What can go wrong between a request and a running process, as types.

use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An error of this crate, as seen by the program or the cluster.
#[derive(Debug, Error)]
pub enum Error {
    /// The machine does not allow what a sandbox is made of.
    #[error("cannot {stage} in a namespace of its own")]
    Forbidden {
        /// What was tried.
        stage: Stage,
        /// What a person can do about it.
        remedy: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The copy of the program could not be started.
    #[error("cannot start a copy of this program")]
    Start(#[source] io::Error),
    /// The copy of the program ended before it reported itself.
    #[error("the cluster's process ended while it started ({status})")]
    Ended {
        /// How it ended.
        status: String,
    },
    /// A pod or a process could not be made.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The zygote is gone, and with it the cluster.
    #[error("the sandbox is gone")]
    Gone,
    /// Its socket failed.
    #[error("cannot speak to the sandbox")]
    Wire(#[source] io::Error),
}

/// The steps of getting the outer namespaces, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// A user namespace.
    User,
    /// Network, mount, pid, uts and ipc namespaces.
    Namespaces,
    /// A mount inside them.
    Mount,
    /// A proc file system.
    Proc,
    /// The bridge of the fabric.
    Network,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "make a user namespace",
            Self::Namespaces => "make network, mount and process namespaces",
            Self::Mount => "mount a file system",
            Self::Proc => "mount /proc",
            Self::Network => "make a network bridge",
        })
    }
}

/// Why one pod or one process could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{what}")]
pub struct Failure {
    /// Whose fault it is.
    pub fault: Fault,
    /// What was tried and what the kernel said, in the words of a container runtime
    /// where the program is at fault.
    pub what: String,
}

/// Whose fault a [`Failure`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The program: not found, not executable.
    Program,
    /// What was asked for needs root: another user, a group, a capability.
    NeedsRoot,
    /// The mounts or namespaces.
    Setup,
    /// The container or pod it names is not there.
    Unknown,
}

impl Failure {
    pub(crate) fn setup(what: &str, error: &io::Error) -> Self {
        Self {
            fault: Fault::Setup,
            what: format!("{what}: {error}"),
        }
    }

    pub(crate) fn program(what: String) -> Self {
        Self {
            fault: Fault::Program,
            what,
        }
    }

    pub(crate) fn unknown(what: &str) -> Self {
        Self {
            fault: Fault::Unknown,
            what: what.to_owned(),
        }
    }
}
