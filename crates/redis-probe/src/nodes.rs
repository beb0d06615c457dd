//! The lines of CLUSTER NODES and of `nodes.conf`.
//!
//! Invariants:
//! - A flag is matched whole: `nofailover` is not `fail`, `fail?` is not
//!   `fail`.
//! - A line that cannot be read is an error that quotes it; none is skipped,
//!   except the `vars` line of `nodes.conf`.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use thiserror::Error;

use crate::{Role, slots::SlotRange};

/// One node, as some node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeLine {
    /// The node's id: forty hexadecimal digits.
    pub id: String,
    /// Its address without ports; empty where it is not known.
    pub address: String,
    /// The port for clients; 0 where it is not known.
    pub port: u16,
    /// The port of the cluster bus; 0 where it is not known.
    pub bus_port: u16,
    /// The announced host name; none where it is empty.
    pub hostname: Option<String>,
    /// What follows the host name, from 7.2 on, as `shard-id`.
    pub aux: BTreeMap<String, String>,
    /// Its flags.
    pub flags: Flags,
    /// The id of its master, for a replica.
    pub master: Option<String>,
    /// When a ping was sent that is not answered yet, in ms since the epoch;
    /// 0 if none.
    pub ping_sent: u64,
    /// When the last pong came, in ms since the epoch.
    pub pong_received: u64,
    /// The epoch of its configuration; of its master's, for a replica.
    pub config_epoch: u64,
    /// The state of the link to it; a node is always linked to itself.
    pub link: Link,
    /// The slots it serves.
    pub slots: Vec<SlotRange>,
    /// Slots that are being moved; only on the node's own line.
    pub open_slots: Vec<OpenSlot>,
}

impl NodeLine {
    /// What it is in its shard; none while nobody knows.
    pub fn role(&self) -> Option<Role> {
        if self.flags.has("master") {
            Some(Role::Master)
        } else if self.flags.has("slave") || self.flags.has("replica") {
            Some(Role::Replica)
        } else {
            None
        }
    }
}

/// The flags of a node, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Flags(Vec<String>);

impl Flags {
    /// Reads `myself,master`, and `noflags` as no flag.
    pub fn parse(text: &str) -> Self {
        let flags = text
            .split(',')
            .filter(|flag| !matches!(*flag, "" | "noflags"));
        Self(flags.map(str::to_owned).collect())
    }

    /// Whether this very flag is set.
    pub fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|own| own == flag)
    }

    /// Whether this is the line of the node that was asked.
    pub fn myself(&self) -> bool {
        self.has("myself")
    }

    /// The flags that no node of a healthy cluster has: `fail`, `fail?`,
    /// `noaddr`, `handshake`.
    pub fn ailing(&self) -> impl Iterator<Item = &str> {
        let ailing = ["fail", "fail?", "noaddr", "handshake"];
        let flags = self.0.iter().map(String::as_str);
        flags.filter(move |flag| ailing.contains(flag))
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// The state of the link between two nodes' buses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Link {
    /// It stands.
    Connected,
    /// It does not.
    Disconnected,
}

/// A slot on its way from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenSlot {
    /// The slot.
    pub slot: u16,
    /// Which way.
    pub way: Way,
    /// The id of the other node.
    pub peer: String,
}

/// Which way an open slot moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// Away from this node: `[100->-id]`.
    MigratingTo,
    /// To this node: `[100-<-id]`.
    ImportingFrom,
}

impl fmt::Display for OpenSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::MigratingTo => "migrating to",
            Way::ImportingFrom => "importing from",
        };
        write!(f, "slot {} {way} {}", self.slot, self.peer)
    }
}

/// A line that is none of CLUSTER NODES.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot read the {part} in the line `{line}` of CLUSTER NODES")]
pub struct NodesError {
    /// Which part of it.
    pub part: &'static str,
    /// The line.
    pub line: String,
}

/// Reads all lines, in their order.
pub fn parse(text: &str) -> Result<Vec<NodeLine>, NodesError> {
    let _ = text;
    todo!()
}
