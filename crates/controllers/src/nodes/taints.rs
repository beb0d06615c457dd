//! The taints that follow from a node's conditions.
//!
//! Invariants:
//! - `NoSchedule` follows at once. `NoExecute`, which evicts, is given to one node in
//!   ten seconds, and to none while most or all nodes are not ready.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Taint};
use serde_json::{Value, json};

use super::{condition, readiness};
use crate::plan::Write;
use crate::times::{after, stamp};
use crate::world::World;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    (
        "NetworkUnavailable",
        "node.kubernetes.io/network-unavailable",
    ),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
];
const BETWEEN: SignedDuration = SignedDuration::from_secs(10);
/// Above this share of nodes that are not ready, none is tainted.
const MOST_PERCENT: usize = 55;

/// What to do about a node's taints.
pub(super) enum Next {
    Nothing,
    At(Timestamp),
    Write(Box<Write>),
}

/// Keeps `NoExecute` taints apart.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: Option<Timestamp>,
}

impl Pace {
    pub(super) fn next(&mut self, node: &Node, world: &World, now: Timestamp) -> Next {
        let known: Vec<&Taint> = node
            .spec
            .iter()
            .flat_map(|spec| spec.taints.iter().flatten())
            .collect();
        let wanted = no_schedule(node);
        let ours = |taint: &Taint| {
            taint.effect == "NoSchedule"
                && (matches!(taint.key.as_str(), NOT_READY | UNREACHABLE | UNSCHEDULABLE)
                    || PRESSURES.iter().any(|(_, key)| *key == taint.key))
        };
        let have: Vec<&str> = known
            .iter()
            .filter(|taint| ours(taint))
            .map(|taint| taint.key.as_str())
            .collect();
        if have.iter().any(|key| !wanted.contains(key))
            || wanted.iter().any(|key| !have.contains(key))
        {
            let kept = known
                .iter()
                .filter(|taint| !ours(taint) || wanted.contains(&taint.key.as_str()));
            let mut taints: Vec<Value> = kept.map(|taint| json!(taint)).collect();
            let new = wanted.iter().filter(|key| !have.contains(key));
            taints.extend(new.map(|key| taint(key, "NoSchedule", now)));
            return write(node, &taints);
        }
        self.no_execute(node, &known, world, now)
    }

    fn no_execute(&mut self, node: &Node, known: &[&Taint], world: &World, now: Timestamp) -> Next {
        // A node that has never told how it is has a grace time of its own.
        let wanted = match condition(node, "Ready").map(|ready| ready.status.as_str()) {
            None | Some("True") => None,
            Some("False") => Some(NOT_READY),
            Some(_) => Some(UNREACHABLE),
        };
        let wanted = wanted.filter(|_| !disrupted(world));
        let ours = |taint: &Taint| {
            taint.effect == "NoExecute" && matches!(taint.key.as_str(), NOT_READY | UNREACHABLE)
        };
        let have: Vec<&str> = known
            .iter()
            .filter(|taint| ours(taint))
            .map(|taint| taint.key.as_str())
            .collect();
        if have == wanted.into_iter().collect::<Vec<&str>>() {
            return Next::Nothing;
        }
        let mut taints: Vec<Value> = known
            .iter()
            .filter(|taint| !ours(taint))
            .map(|taint| json!(taint))
            .collect();
        if let Some(key) = wanted {
            if have.is_empty()
                && let Some(next) = self.next.filter(|next| *next > now)
            {
                return Next::At(next);
            }
            self.next = Some(after(now, BETWEEN));
            taints.push(taint(key, "NoExecute", now));
        }
        write(node, &taints)
    }
}

fn no_schedule(node: &Node) -> Vec<&'static str> {
    let mut keys = Vec::new();
    match condition(node, "Ready").map(|ready| ready.status.as_str()) {
        Some("False") => keys.push(NOT_READY),
        Some("Unknown") => keys.push(UNREACHABLE),
        _ => {}
    }
    let pressed =
        |kind: &str| condition(node, kind).is_some_and(|condition| condition.status == "True");
    keys.extend(
        PRESSURES
            .iter()
            .filter(|(kind, _)| pressed(kind))
            .map(|(_, key)| *key),
    );
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        keys.push(UNSCHEDULABLE);
    }
    keys
}

/// Whether so many nodes are not ready that the fault is likely elsewhere.
fn disrupted(world: &World) -> bool {
    let all = world.all::<Node>().count();
    let lost = world
        .all::<Node>()
        .filter(|node| readiness(node) != "True")
        .count();
    lost == all || (lost > 2 && lost * 100 >= all * MOST_PERCENT)
}

fn taint(key: &str, effect: &str, now: Timestamp) -> Value {
    json!({"key": key, "effect": effect, "timeAdded": stamp(now)})
}

fn write(node: &Node, taints: &[Value]) -> Next {
    let taints = if taints.is_empty() {
        Value::Null
    } else {
        json!(taints)
    };
    Next::Write(Box::new(Write::patch(
        node,
        json!({"spec": {"taints": taints}}),
    )))
}
