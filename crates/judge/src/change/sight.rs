//! Where an object is after a change, of the kinds that have a place.

use serde_json::Value;
use stayput_events::{PodState, Sight};

use crate::{
    served::{self, text},
    taint::in_words,
};

/// What an object is now; `None` of kinds without a place.
pub(super) fn of(old: Option<&Value>, new: Option<&Value>) -> Option<Sight> {
    let kind = served::kind(new.or(old)?);
    let seen: fn(&Value) -> Sight = match kind {
        "Pod" => pod,
        "PersistentVolumeClaim" => claim,
        "PersistentVolume" => volume,
        "Node" => node,
        _ => return None,
    };
    Some(new.map_or(Sight::Gone, seen))
}

fn pod(pod: &Value) -> Sight {
    let namespace = served::namespace(pod);
    let claims = served::claim_names(pod).into_iter();
    Sight::Pod {
        node: owned(pod, "/spec/nodeName"),
        address: owned(pod, "/status/podIP"),
        claims: claims
            .map(|name| served::full_name(namespace, &name))
            .collect(),
        state: state(pod),
    }
}

fn state(pod: &Value) -> PodState {
    if served::is_terminating(pod) {
        return PodState::Terminating;
    }
    match text(pod, "/status/phase") {
        Some("Succeeded" | "Failed") => PodState::Ended,
        Some("Running") if is_true(pod, "Ready") => PodState::Ready,
        Some("Running") => PodState::Running,
        Some(_) | None => PodState::Pending,
    }
}

fn claim(claim: &Value) -> Sight {
    Sight::Claim {
        volume: owned(claim, "/spec/volumeName"),
    }
}

fn volume(volume: &Value) -> Sight {
    let nodes = served::volume_nodes(volume).into_iter();
    let claim = text(volume, "/spec/claimRef/name");
    let namespace = text(volume, "/spec/claimRef/namespace");
    Sight::Volume {
        nodes: nodes.map(str::to_owned).collect(),
        path: served::volume_path(volume).map(str::to_owned),
        claim: claim.map(|name| served::full_name(namespace, name)),
        phase: owned(volume, "/status/phase").unwrap_or_else(|| "Pending".to_owned()),
    }
}

fn node(node: &Value) -> Sight {
    Sight::Node {
        ready: is_true(node, "Ready"),
        cordoned: node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)),
        taints: served::list(node, "/spec/taints")
            .iter()
            .filter_map(taint)
            .collect(),
    }
}

/// A taint that somebody set: what the control plane says of a node by its own is told by
/// other words, and where it stands itself is so on purpose.
fn taint(taint: &Value) -> Option<String> {
    let key = text(taint, "/key")?;
    let own = ["node.kubernetes.io/", "node-role.kubernetes.io/"];
    if own.iter().any(|it| key.starts_with(it)) {
        return None;
    }
    Some(in_words(taint))
}

fn is_true(object: &Value, condition: &str) -> bool {
    let condition = served::condition(object, condition);
    condition.and_then(|it| text(it, "/status")) == Some("True")
}

fn owned(object: &Value, pointer: &str) -> Option<String> {
    text(object, pointer).map(str::to_owned)
}
