//! What keeps a pod from a node.

use serde_json::Value;

use super::{
    finding::{Finding, Kind, Surety},
    selector,
    sight::{Sight, told_condition},
};
use crate::{
    served::{is_ready, list, name, text, title},
    taint,
};

/// What keeps a pod from a node, the gravest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bar {
    /// The node is not ready, or says nothing.
    Down,
    /// It takes no new pods.
    Cordoned,
    /// It has a taint that the pod does not tolerate.
    Tainted(String),
    /// The pod asks for another node.
    Elsewhere(String),
}

/// The first thing that keeps a pod from a node; none where nothing is seen.
pub(super) fn bar(pod: &Value, node: &Value) -> Option<Bar> {
    if !is_ready(node) {
        return Some(Bar::Down);
    }
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        return Some(Bar::Cordoned);
    }
    if let Some(wanted) = elsewhere(pod, node) {
        return Some(Bar::Elsewhere(wanted));
    }
    let bars = |taint: &&Value| {
        let effect = text(taint, "/effect");
        matches!(effect, Some("NoSchedule" | "NoExecute")) && !tolerates(pod, taint)
    };
    let taint = list(node, "/spec/taints").iter().find(bars)?;
    Some(Bar::Tainted(taint::in_words(taint)))
}

/// What the pod asks of its node, where this node is not so.
fn elsewhere(pod: &Value, node: &Value) -> Option<String> {
    let labels = node.pointer("/metadata/labels");
    let wanted = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    for (key, value) in wanted.into_iter().flatten() {
        if labels.and_then(|it| it.get(key)) != Some(value) {
            return Some(format!("{key}={}", value.as_str().unwrap_or_default()));
        }
    }
    let required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let required = pod.pointer(required)?;
    let terms = list(required, "/nodeSelectorTerms");
    (!selector::any_term(terms, node)).then(|| selector::words(terms))
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    list(pod, "/spec/tolerations").iter().any(|toleration| {
        let of = |field| text(toleration, field);
        let key = of("/key").is_none_or(|key| Some(key) == text(taint, "/key"));
        let effect = of("/effect").is_none_or(|it| Some(it) == text(taint, "/effect"));
        let value = of("/operator") == Some("Exists") || of("/value") == text(taint, "/value");
        key && effect && value
    })
}

/// What the scheduler says of such a node.
fn words_of(bar: &Bar) -> &'static str {
    match bar {
        Bar::Down | Bar::Tainted(_) => "untolerated taint",
        Bar::Cordoned => "were unschedulable",
        Bar::Elsewhere(_) => "didn't match Pod's node affinity/selector",
    }
}

/// The cause that is a bar before a node, where `on` says what is there.
///
/// `said` is what the scheduler says of the pod.
pub(super) fn barred(
    sight: &Sight<'_>,
    pod: &Value,
    node: &Value,
    bar: &Bar,
    (on, said): (&str, &str),
) -> Finding {
    let surety = if said.contains(words_of(bar)) {
        Surety::Shown
    } else {
        Surety::Guessed
    };
    let node_name = name(node);
    let finding = |kind, what| {
        Finding::new(kind, surety, pod, what)
            .touching(sight.around(pod))
            .touching([title(node)])
    };
    let finding = match bar {
        Bar::Down => down(pod, node, &format!("{on} on node `{node_name}`"), surety)
            .touching(sight.around(pod)),
        Bar::Cordoned => finding(
            Kind::NodeCordoned,
            format!("{on} on node `{node_name}`, which is cordoned: it takes no new pods"),
        )
        .seen(format!("Node {node_name}: .spec.unschedulable is true"))
        .cure(format!("uncordon it: `kubectl uncordon {node_name}`")),
        Bar::Tainted(taint) => finding(
            Kind::NodeTainted,
            format!("{on} on node `{node_name}`, whose taint `{taint}` the pod does not tolerate"),
        )
        .seen(format!("Node {node_name}: .spec.taints has {taint}"))
        .cure(format!(
            "give the pod a toleration, or take the taint away: `kubectl taint node {node_name} {taint}-`"
        )),
        Bar::Elsewhere(wanted) => finding(
            Kind::NoNodeMatches,
            format!("{on} on node `{node_name}`, but the pod asks for a node with `{wanted}`"),
        )
        .seen(format!("Node {node_name} is not so"))
        .cure("let the pod ask for nothing that contradicts its volume"),
    };
    finding.seen(format!("scheduler: {said}"))
}

/// A node that does not answer; `what` stands before the reason.
pub(super) fn down(of: &Value, node: &Value, what: &str, surety: Surety) -> Finding {
    let node_name = name(node);
    Finding::new(
        Kind::NodeDown,
        surety,
        of,
        format!("{what}, which is not Ready"),
    )
    .touching([title(node)])
    .seen_all(told_condition(node, "Ready"))
    .cure(format!(
        "start node `{node_name}` again; if it never comes back, delete the node, the pod and its claim: a local volume's data is lost with its node"
    ))
}
