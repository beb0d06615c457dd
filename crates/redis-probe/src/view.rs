//! What one pod says about itself and the cluster.

use std::fmt;

use serde::Serialize;

use crate::{
    info::{ClusterInfo, Replication, Server},
    nodes::NodeLine,
};

/// One pod's answer to [`look`](crate::look()).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// CLUSTER INFO.
    pub cluster: ClusterInfo,
    /// CLUSTER NODES, in the server's order.
    pub nodes: Vec<NodeLine>,
    /// INFO replication.
    pub replication: Replication,
    /// INFO server.
    pub server: Server,
    /// DBSIZE.
    pub dbsize: u64,
    /// DEBUG DIGEST.
    pub digest: Digest,
}

impl View {
    /// The line that the server marks as its own, where there is exactly one.
    pub fn myself(&self) -> Option<&NodeLine> {
        let mut own = self.nodes.iter().filter(|node| node.flags.myself());
        own.next().filter(|_| own.next().is_none())
    }

    /// The line of a node.
    pub fn node(&self, id: &str) -> Option<&NodeLine> {
        self.nodes.iter().find(|node| node.id == id)
    }
}

/// The digest of all keys and values that a server holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Digest {
    /// Forty hexadecimal digits; all zeroes for an empty server.
    Known(String),
    /// The server does not give it, in its words: it needs
    /// `enable-debug-command local`.
    Refused(String),
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(digest) => f.write_str(digest),
            Self::Refused(why) => write!(f, "not given ({why})"),
        }
    }
}

/// What a node is in its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// It takes the writes.
    Master,
    /// It follows a master.
    Replica,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Replica => "replica",
        })
    }
}
