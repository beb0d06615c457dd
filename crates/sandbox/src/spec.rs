//! What may be asked of the sandbox, as plain data.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The network that all pods of one cluster share: a bridge in a network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FabricSpec {
    /// The bridge's own address: the pods' gateway.
    pub gateway: Ipv4Addr,
    /// How many bits of it are the network.
    pub prefix: u8,
    /// Networks whose every address is the cluster's own: Service and node addresses.
    pub local: Vec<(Ipv4Addr, u8)>,
}

impl Default for FabricSpec {
    fn default() -> Self {
        Self {
            gateway: Ipv4Addr::new(10, 244, 0, 1),
            prefix: 16,
            local: vec![
                (Ipv4Addr::new(10, 96, 0, 0), 16),
                (Ipv4Addr::new(172, 18, 0, 0), 16),
            ],
        }
    }
}

/// Names a pod's namespaces; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodId(pub(crate) u64);

/// The namespaces that the containers of one pod share: network, uts and ipc.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodSpec {
    /// What `hostname` says in it.
    pub hostname: String,
    /// Its address.
    pub address: Ipv4Addr,
}

/// One container: its root, its mounts and its first process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// What `/` is.
    pub root: RootKind,
    /// What is mounted in it, in this order.
    pub mounts: Vec<Mount>,
    /// Directories made in a fresh root, as an image would bring them.
    pub directories: Vec<PathBuf>,
    /// Directories of host programs put in the root at the same path.
    pub programs: Vec<PathBuf>,
    /// Files of `/etc` that are its own: `hosts`, `hostname`, `resolv.conf`.
    pub etc: BTreeMap<String, String>,
    /// Where the last words of the process may be written, on the host's side.
    pub termination_log: Option<(PathBuf, PathBuf)>,
    /// Its first process.
    pub process: ProcessSpec,
}

/// What a container's `/` is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootKind {
    /// Empty, writable and gone with the container.
    Fresh,
    /// Empty and read-only.
    ReadOnly,
    /// A directory that stays: a node's own tree.
    Directory(PathBuf),
}

/// One bind mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// A file or directory, as the cluster sees it.
    pub source: PathBuf,
    /// Where it appears; made if it is not there.
    pub target: PathBuf,
    /// What may be done with it.
    pub access: MountAccess,
}

/// What may be done with a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountAccess {
    /// Anything.
    ReadWrite,
    /// Only reading.
    ReadOnly,
}

/// One program to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment, in order.
    pub environment: Vec<(String, String)>,
    /// Where it starts.
    pub directory: PathBuf,
    /// As whom.
    pub identity: Identity,
    /// What it may do.
    pub privilege: Privilege,
    /// Whether its standard input is a terminal that it controls.
    pub terminal: bool,
}

/// As whom a process runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user; 0 where an ordinary user started the cluster.
    pub user: u32,
    /// Its group.
    pub group: u32,
    /// Its further groups.
    pub groups: Vec<u32>,
}

/// What a process may do beyond what its user may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Privilege {
    /// What a container engine grants by default.
    Default,
    /// That, and never more by executing another program.
    NoNewPrivileges,
    /// Everything that the sandbox itself may.
    All,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// The code as a shell and a container runtime count it: 128 and the signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}
