//! Pods that have no node.

use serde_json::Value;

use super::{
    claims::{self, Asking},
    finding::{Finding, Kind, Surety},
    leaving,
    placing::{Bar, bar, barred},
    sight::{Sight, message},
};
use crate::served::{
    claim_names, condition, full_name, is_terminating, name, namespace, text, title,
};

/// Why a pod has no node.
pub(super) fn unscheduled<'a>(sight: &Sight<'a>, pod: &'a Value) -> Vec<Finding> {
    let said = said(sight, pod);
    let asking = Asking {
        of: pod,
        pod: Some(pod),
        said: &said,
    };
    let mut found = Vec::new();
    for named in claim_names(pod) {
        match sight.get("PersistentVolumeClaim", namespace(pod), &named) {
            None => found.push(missing(sight, pod, &named, &said)),
            Some(claim) if is_terminating(claim) => {
                found.push(leaving::claim_of(sight, pod, claim, &said));
            }
            Some(claim) => found.extend(claims::of_pod(sight, claim, &asking)),
        }
    }
    found.extend(apart(sight, pod, &said));
    if claim_names(pod).is_empty() {
        found.extend(by_nodes(sight, pod, &said));
    }
    found.extend(by_words(sight, pod, &said));
    if !said.is_empty() {
        let what = format!("the scheduler finds no node for pod `{}`", own_name(pod));
        let other = Finding::new(Kind::NotScheduled, Surety::Guessed, pod, what)
            .touching(sight.around(pod))
            .seen(format!("scheduler: {said}"))
            .cure("each reason in the scheduler's own words counts the nodes that it excludes");
        found.extend(found.is_empty().then_some(other));
    }
    found
}

/// What the scheduler says of a pod; empty where it says nothing.
pub(super) fn said(sight: &Sight<'_>, pod: &Value) -> String {
    let condition = condition(pod, "PodScheduled").and_then(|it| text(it, "/message"));
    let uid = crate::served::uid(pod);
    let event = || {
        let mut events = sight.of_kind("Event");
        events.find(|it| {
            uid.is_some()
                && crate::event::about_uid(it) == uid
                && text(it, "/reason") == Some("FailedScheduling")
        })
    };
    let said = condition.map(str::to_owned);
    said.or_else(|| event().map(|it| message(it).to_owned()))
        .unwrap_or_default()
}

pub(super) fn own_name(pod: &Value) -> String {
    full_name(namespace(pod), name(pod))
}

fn missing(sight: &Sight<'_>, pod: &Value, named: &str, said: &str) -> Finding {
    let near = sight.nearest("PersistentVolumeClaim", namespace(pod), named);
    let cure = match near {
        Some(near) => {
            format!("there is a claim `{near}`: if it is meant, the pod has to name it so")
        }
        None => format!("make the claim `{named}`"),
    };
    let surety = if said.contains(&format!("\"{named}\" not found")) {
        Surety::Shown
    } else {
        Surety::Told
    };
    let what = format!(
        "pod `{}` names claim `{named}`, which is not there",
        own_name(pod)
    );
    Finding::new(Kind::ClaimMissing, surety, pod, what)
        .touching(sight.around(pod))
        .seen(format!("scheduler: {said}"))
        .cure(cure)
}

/// Volumes that are each somewhere, but nowhere together.
fn apart<'a>(sight: &Sight<'a>, pod: &'a Value, said: &str) -> Option<Finding> {
    let volumes: Vec<_> = sight
        .claims(pod)
        .into_iter()
        .filter_map(|claim| sight.volume(text(claim, "/spec/volumeName")?))
        .map(|volume| (volume, sight.nodes_of(volume)))
        .collect();
    let somewhere = volumes.iter().all(|(_, nodes)| !nodes.is_empty());
    let (_, first) = volumes.first()?;
    let together = first.iter().any(|node| {
        let here = |nodes: &[&Value]| nodes.iter().any(|it| name(it) == name(node));
        volumes.iter().all(|(_, nodes)| here(nodes))
    });
    if together || !somewhere {
        return None;
    }
    let what = format!(
        "the volumes of pod `{}` are on different nodes",
        own_name(pod)
    );
    let lines = volumes.iter().map(|(volume, nodes)| {
        let nodes: Vec<_> = nodes.iter().map(|it| name(it)).collect();
        format!("{}: on {}", title(volume), nodes.join(", "))
    });
    Some(
        Finding::new(Kind::VolumesApart, Surety::Shown, pod, what)
            .touching(sight.around(pod))
            .seen_all(lines)
            .seen(format!("scheduler: {said}"))
            .cure("make the claims anew, all for volumes of one node; a class with `volumeBindingMode: WaitForFirstConsumer` chooses them together"),
    )
}

/// What keeps a pod without volumes from every node.
fn by_nodes<'a>(sight: &Sight<'a>, pod: &'a Value, said: &str) -> Vec<Finding> {
    let bars: Vec<_> = sight
        .of_kind("Node")
        .map(|node| (node, bar(pod, node)))
        .collect();
    if bars.iter().any(|(_, bar)| bar.is_none()) {
        return Vec::new();
    }
    let on = format!("pod `{}` could be", own_name(pod));
    let mut found: Vec<_> = bars
        .iter()
        .filter_map(|(node, bar)| match bar {
            Some(Bar::Down | Bar::Cordoned) => {
                Some(barred(sight, pod, node, bar.as_ref()?, (&on, said)))
            }
            // The control plane's taint is there on purpose.
            Some(Bar::Tainted(taint)) if !taint.contains("control-plane") => {
                Some(barred(sight, pod, node, bar.as_ref()?, (&on, said)))
            }
            Some(Bar::Tainted(_) | Bar::Elsewhere(_)) | None => None,
        })
        .collect();
    let wanted = bars.iter().find_map(|(_, bar)| match bar {
        Some(Bar::Elsewhere(wanted)) => Some(wanted),
        Some(Bar::Down | Bar::Cordoned | Bar::Tainted(_)) | None => None,
    });
    if let (true, Some(wanted)) = (found.is_empty(), wanted) {
        let what = format!(
            "pod `{}` asks for a node with `{wanted}`, and no node is so",
            own_name(pod)
        );
        found.push(
            Finding::new(Kind::NoNodeMatches, Surety::Shown, pod, what)
                .touching(sight.around(pod))
                .seen(format!("scheduler: {said}"))
                .cure("label a node so, or ask for labels that a node has: `kubectl get nodes --show-labels`"),
        );
    }
    found
}

/// What the scheduler alone knows: what is left on a node, and who is there.
fn by_words<'a>(sight: &Sight<'a>, pod: &'a Value, said: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some((_, rest)) = said.split_once("Insufficient ") {
        let resource = rest.split([',', '.']).next().unwrap_or_default();
        let what = format!(
            "no node that pod `{}` may use has enough {resource} left",
            own_name(pod)
        );
        let most = sight.of_kind("Node").map(|node| {
            let has = text(node, &format!("/status/allocatable/{resource}")).unwrap_or("none");
            format!("{}: {has} {resource} in all", title(node))
        });
        found.push(
            Finding::new(Kind::NodeFull, Surety::Shown, pod, what)
                .touching(sight.around(pod))
                .seen(format!("scheduler: {said}"))
                .seen_all(asks(pod, resource))
                .seen_all(most)
                .cure(format!(
                    "ask for less {resource}, or make room on the node of its volume"
                )),
        );
    }
    if said.contains("anti-affinity rules") {
        let what = format!(
            "pod `{}` must not stand beside a pod that is on the only node it could use",
            own_name(pod)
        );
        found.push(
            Finding::new(Kind::KeptApart, Surety::Told, pod, what)
                .touching(sight.around(pod))
                .seen(format!("scheduler: {said}"))
                .cure("put the volumes of pods that are kept apart on different nodes"),
        );
    }
    found
}

fn asks(pod: &Value, resource: &str) -> Vec<String> {
    let containers = crate::served::list(pod, "/spec/containers").iter();
    let asks = containers.filter_map(|container| {
        let amount = text(container, &format!("/resources/requests/{resource}"))?;
        Some(format!(
            "container `{}` asks for {amount}",
            text(container, "/name")?
        ))
    });
    asks.collect()
}
