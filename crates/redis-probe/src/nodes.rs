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

impl OpenSlot {
    /// What is under way, with a name for the other node.
    pub(crate) fn with(&self, peer: &str) -> String {
        match self.way {
            Way::MigratingTo => format!("slot {} migrating to {peer}", self.slot),
            Way::ImportingFrom => format!("slot {} importing from {peer}", self.slot),
        }
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
    let lines = text.lines().map(str::trim_end);
    let nodes = lines.filter(|line| !line.is_empty() && !line.starts_with("vars "));
    nodes.map(parse_line).collect()
}

/// Reads one line.
fn parse_line(line: &str) -> Result<NodeLine, NodesError> {
    let unreadable = |part| NodesError {
        part,
        line: line.to_owned(),
    };
    let mut fields = line.split(' ').filter(|field| !field.is_empty());
    let mut next = |part| fields.next().ok_or_else(|| unreadable(part));
    let number = |text: &str, part| text.parse().map_err(|_| unreadable(part));

    let id = parse_id(next("id")?).ok_or_else(|| unreadable("id"))?;
    let place = parse_place(next("address")?).ok_or_else(|| unreadable("address"))?;
    let flags = Flags::parse(next("flags")?);
    let master = match next("master")? {
        "-" => None,
        master => Some(parse_id(master).ok_or_else(|| unreadable("master"))?),
    };
    let ping_sent = number(next("time of the ping")?, "time of the ping")?;
    let pong_received = number(next("time of the pong")?, "time of the pong")?;
    let config_epoch = number(next("epoch")?, "epoch")?;
    let link = match next("link")? {
        "connected" => Link::Connected,
        "disconnected" => Link::Disconnected,
        _ => return Err(unreadable("link")),
    };
    let (slots, open_slots) = parse_slots(fields).ok_or_else(|| unreadable("slots"))?;
    Ok(NodeLine {
        id,
        address: place.address,
        port: place.port,
        bus_port: place.bus_port,
        hostname: place.hostname,
        aux: place.aux,
        flags,
        master,
        ping_sent,
        pong_received,
        config_epoch,
        link,
        slots,
        open_slots,
    })
}

fn parse_id(text: &str) -> Option<String> {
    let is_id = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_owned())
}

/// Where a node is: `ip:port@cport[,hostname[,name=value…]]`.
struct Place {
    address: String,
    port: u16,
    bus_port: u16,
    hostname: Option<String>,
    aux: BTreeMap<String, String>,
}

fn parse_place(text: &str) -> Option<Place> {
    let mut parts = text.split(',');
    let (client, bus_port) = parts.next()?.split_once('@')?;
    // From the right: an IPv6 address has colons of its own.
    let (address, port) = client.rsplit_once(':')?;
    let hostname = parts.next().filter(|name| !name.is_empty());
    let aux = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    Some(Place {
        address: address.to_owned(),
        port: port.parse().ok()?,
        bus_port: bus_port.parse().ok()?,
        hostname: hostname.map(str::to_owned),
        aux: aux
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    })
}

fn parse_slots<'a>(
    fields: impl Iterator<Item = &'a str>,
) -> Option<(Vec<SlotRange>, Vec<OpenSlot>)> {
    let mut slots = Vec::new();
    let mut open = Vec::new();
    for field in fields {
        match field.strip_prefix('[') {
            Some(inside) => open.push(parse_open_slot(inside.strip_suffix(']')?)?),
            None => slots.push(SlotRange::parse(field)?),
        }
    }
    Some((slots, open))
}

fn parse_open_slot(text: &str) -> Option<OpenSlot> {
    let (slot, way, peer) = if let Some((slot, peer)) = text.split_once("->-") {
        (slot, Way::MigratingTo, peer)
    } else {
        let (slot, peer) = text.split_once("-<-")?;
        (slot, Way::ImportingFrom, peer)
    };
    let slot = SlotRange::parse(slot).filter(|range| range.count() == 1)?;
    Some(OpenSlot {
        slot: slot.first(),
        way,
        peer: parse_id(peer)?,
    })
}
