//! The few facts of an object that matter to people, in reading order.

use serde_json::Value;

use crate::served::{self, list, number, text, texts};

/// A label and a value, as `phase` and `Running`.
pub(super) type Fact = (String, String);

pub(super) fn of(object: &Value) -> Vec<Fact> {
    let mut facts = match served::kind(object) {
        "Pod" => pod(object),
        "PersistentVolumeClaim" => claim(object),
        "PersistentVolume" => volume(object),
        "StatefulSet" => stateful_set(object),
        "Node" => node(object),
        _ => fields(object, &[("phase", "/status/phase")]),
    };
    let finalizers = texts(object, "/metadata/finalizers");
    if !finalizers.is_empty() {
        facts.push(fact("finalizers", finalizers.join(", ")));
    }
    if served::is_terminating(object) {
        facts.push(fact("terminating", grace(object)));
    }
    facts
}

fn grace(object: &Value) -> String {
    match number(object, "/metadata/deletionGracePeriodSeconds") {
        Some(seconds @ 1..) => format!("in its grace period of {seconds}s"),
        Some(_) | None => "yes".to_owned(),
    }
}

fn pod(pod: &Value) -> Vec<Fact> {
    let mut facts = fields(
        pod,
        &[
            ("phase", "/status/phase"),
            ("reason", "/status/reason"),
            ("message", "/status/message"),
            ("node", "/spec/nodeName"),
            ("address", "/status/podIP"),
        ],
    );
    for (name, state) in served::containers(pod) {
        facts.push((format!("container {name}"), state));
    }
    for status in list(pod, "/status/containerStatuses") {
        if let (Some(name), Some(count @ 1..)) =
            (text(status, "/name"), number(status, "/restartCount"))
        {
            facts.push((format!("restarts of {name}"), count.to_string()));
        }
    }
    facts.extend(conditions(
        pod,
        &["PodScheduled", "Ready", "DisruptionTarget"],
    ));
    facts
}

fn claim(claim: &Value) -> Vec<Fact> {
    fields(
        claim,
        &[("phase", "/status/phase"), ("volume", "/spec/volumeName")],
    )
}

fn volume(volume: &Value) -> Vec<Fact> {
    let mut facts = fields(
        volume,
        &[("phase", "/status/phase"), ("message", "/status/message")],
    );
    if let Some(name) = text(volume, "/spec/claimRef/name") {
        let name = served::full_name(text(volume, "/spec/claimRef/namespace"), name);
        // A claim made anew under its name is another.
        let uid = match text(volume, "/spec/claimRef/uid") {
            Some(uid) => format!(" (uid {uid})"),
            None => String::new(),
        };
        facts.push(fact("claim", format!("{name}{uid}")));
    }
    facts
}

fn stateful_set(set: &Value) -> Vec<Fact> {
    let numbers = [
        ("wanted", "/spec/replicas"),
        ("there", "/status/replicas"),
        ("ready", "/status/readyReplicas"),
        ("updated", "/status/updatedReplicas"),
    ];
    numbers
        .iter()
        .filter_map(|(label, pointer)| Some(fact(label, number(set, pointer)?.to_string())))
        .collect()
}

fn node(node: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    let taints: Vec<String> = list(node, "/spec/taints")
        .iter()
        .filter_map(|taint| {
            Some(format!(
                "{}:{}",
                text(taint, "/key")?,
                text(taint, "/effect")?
            ))
        })
        .collect();
    if !taints.is_empty() {
        facts.push(fact("taints", taints.join(", ")));
    }
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        facts.push(fact("cordoned", "yes".to_owned()));
    }
    facts.extend(conditions(node, &["Ready"]));
    facts
}

/// Conditions by type, with reason and message where they are not true.
fn conditions(object: &Value, types: &[&str]) -> Vec<Fact> {
    let fact_of = |kind: &&str| {
        let condition = served::condition(object, kind)?;
        let status = text(condition, "/status")?;
        let why: Vec<&str> = ["/reason", "/message"]
            .iter()
            .filter_map(|pointer| text(condition, pointer))
            .collect();
        let value = match status {
            "True" => status.to_owned(),
            _ if why.is_empty() => status.to_owned(),
            _ => format!("{status} ({})", why.join(": ")),
        };
        Some(fact(kind, value))
    };
    types.iter().filter_map(fact_of).collect()
}

fn fields(object: &Value, fields: &[(&str, &str)]) -> Vec<Fact> {
    fields
        .iter()
        .filter_map(|(label, pointer)| Some(fact(label, text(object, pointer)?.to_owned())))
        .collect()
}

fn fact(label: &str, value: String) -> Fact {
    (label.to_owned(), value)
}
