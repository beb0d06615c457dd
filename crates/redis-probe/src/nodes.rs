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
fn parse_line(text: &str) -> Result<NodeLine, NodesError> {
    let unreadable = |part| NodesError {
        part,
        line: text.to_owned(),
    };
    let mut fields = text.split(' ').filter(|field| !field.is_empty());
    let mut next = |part| fields.next().ok_or_else(|| unreadable(part));
    let number = |digits: &str, part| digits.parse().map_err(|_| unreadable(part));

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
    let link = parse_link(next("link")?).ok_or_else(|| unreadable("link"))?;
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

fn parse_link(text: &str) -> Option<Link> {
    match text {
        "connected" => Some(Link::Connected),
        "disconnected" => Some(Link::Disconnected),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::recorded;

    const ID: &str = "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca";

    /// Reads one line, `ID` standing for an id, and prints what matters.
    fn check(line: &str) -> String {
        let line = line.replace("ID", ID);
        match parse(&line) {
            Err(error) => error.to_string().replace(ID, "ID"),
            Ok(nodes) => nodes.iter().map(brief).collect::<Vec<_>>().join("\n"),
        }
    }

    fn brief(node: &NodeLine) -> String {
        let slots: Vec<_> = node.slots.iter().map(ToString::to_string).collect();
        let open: Vec<_> = node
            .open_slots
            .iter()
            .map(|slot| slot.with("peer"))
            .collect();
        format!(
            "{}:{}@{} host {:?} aux {:?}; {:?} [{}] ailing {:?}; of {:?}; epoch {}; {:?}; slots {slots:?} {open:?}",
            node.address,
            node.port,
            node.bus_port,
            node.hostname,
            node.aux,
            node.role(),
            node.flags,
            node.flags.ailing().collect::<Vec<_>>(),
            node.master.as_deref().map(|id| id.replace(ID, "ID")),
            node.config_epoch,
            node.link,
        )
    }

    #[test]
    fn a_master_with_slots() {
        assert_snapshot!(check("ID 10.0.0.1:6379@16379 myself,master - 0 1426238316232 2 connected 0-5460 7000"), @r#"10.0.0.1:6379@16379 host None aux {}; Some(Master) [myself,master] ailing []; of None; epoch 2; Connected; slots ["0-5460", "7000"] []"#);
    }

    #[test]
    fn nofailover_is_not_fail() {
        assert_snapshot!(check("ID 10.0.0.1:6379@16379 slave,nofailover ID 0 0 2 connected"), @r#"10.0.0.1:6379@16379 host None aux {}; Some(Replica) [slave,nofailover] ailing []; of Some("ID"); epoch 2; Connected; slots [] []"#);
        assert_snapshot!(check("ID 10.0.0.1:6379@16379 slave,fail?,nofailover ID 0 0 2 disconnected"), @r#"10.0.0.1:6379@16379 host None aux {}; Some(Replica) [slave,fail?,nofailover] ailing ["fail?"]; of Some("ID"); epoch 2; Disconnected; slots [] []"#);
    }

    #[test]
    fn a_node_without_an_address() {
        assert_snapshot!(check("ID :0@0 master,noaddr - 1 1 1 disconnected 0-5460"), @r#":0@0 host None aux {}; Some(Master) [master,noaddr] ailing ["noaddr"]; of None; epoch 1; Disconnected; slots ["0-5460"] []"#);
        assert_snapshot!(check("ID :0@0 noflags - 0 0 0 disconnected"), @":0@0 host None aux {}; None [] ailing []; of None; epoch 0; Disconnected; slots [] []");
    }

    #[test]
    fn host_names_and_what_follows_them() {
        assert_snapshot!(check("ID 10.0.0.1:6379@16379,redis-0.redis master - 0 0 1 connected"), @r#"10.0.0.1:6379@16379 host Some("redis-0.redis") aux {}; Some(Master) [master] ailing []; of None; epoch 1; Connected; slots [] []"#);
        assert_snapshot!(check("ID 10.0.0.1:6379@16379,,tls-port=0,shard-id=ID master - 0 0 1 connected"), @r#"10.0.0.1:6379@16379 host None aux {"shard-id": "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca", "tls-port": "0"}; Some(Master) [master] ailing []; of None; epoch 1; Connected; slots [] []"#);
    }

    #[test]
    fn an_address_with_colons() {
        assert_snapshot!(check("ID fd00:10:244::5:6379@16379 master - 0 0 1 connected"), @"fd00:10:244::5:6379@16379 host None aux {}; Some(Master) [master] ailing []; of None; epoch 1; Connected; slots [] []");
    }

    #[test]
    fn open_slots() {
        assert_snapshot!(check("ID 10.0.0.1:6379@16379 master - 0 0 1 connected 77-78 [77->-ID] [93-<-ID]"), @r#"10.0.0.1:6379@16379 host None aux {}; Some(Master) [master] ailing []; of None; epoch 1; Connected; slots ["77-78"] ["slot 77 migrating to peer", "slot 93 importing from peer"]"#);
    }

    #[test]
    fn the_vars_of_nodes_conf_are_no_node() {
        assert_snapshot!(check("vars currentEpoch 6 lastVoteEpoch 0\n"), @"");
    }

    #[test]
    fn a_line_that_is_none_says_what_is_wrong() {
        assert_snapshot!(check("ID"), @"cannot read the address in the line `ID` of CLUSTER NODES");
        assert_snapshot!(check("LOADING Redis is loading the dataset in memory"), @"cannot read the id in the line `LOADING Redis is loading the dataset in memory` of CLUSTER NODES");
        assert_snapshot!(check("ID 10.0.0.1:6379@16379 master - 0 0 1 maybe"), @"cannot read the link in the line `ID 10.0.0.1:6379@16379 master - 0 0 1 maybe` of CLUSTER NODES");
        assert_snapshot!(check("ID 10.0.0.1:6379@16379 master - 0 0 1 connected 5-99999"), @"cannot read the slots in the line `ID 10.0.0.1:6379@16379 master - 0 0 1 connected 5-99999` of CLUSTER NODES");
    }

    #[test]
    fn every_recorded_state_can_be_read() {
        assert_eq!(recorded::members("healthy").len(), 6);
        assert_eq!(recorded::members("all-moved").len(), 6);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn any_field_is_read_or_refused(fields in proptest::collection::vec("[a-z0-9:@,=\\[\\]<>-]{0,12}", 0..12)) {
            let _ = parse(&format!("{ID} {}", fields.join(" ")));
        }
    }
}
