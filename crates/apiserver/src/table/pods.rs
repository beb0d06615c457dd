//! How a pod looks in a table.

use serde_json::{Value, json};

use super::Ages;
use crate::access::{has, int, list, text, yes};

/// The cells of a pod.
pub(super) fn cells(pod: &Value, ages: Ages) -> Vec<Value> {
    let look = look(pod);
    let or_none = |found: &str| json!(if found.is_empty() { "<none>" } else { found });
    let restarts = match look.last_restart {
        Some(when) if look.restarts > 0 => {
            format!("{} ({} ago)", look.restarts, ages.since_text(&when))
        }
        _ => look.restarts.to_string(),
    };
    vec![
        json!(text(pod, "/metadata/name")),
        json!(format!("{}/{}", look.ready, look.total)),
        json!(look.reason),
        json!(restarts),
        ages.age(pod),
        or_none(text(pod, "/status/podIPs/0/ip")),
        or_none(text(pod, "/spec/nodeName")),
        or_none(text(pod, "/status/nominatedNodeName")),
        or_none(&gates(pod)),
    ]
}

/// The conditions a row carries when its pod has ended.
pub(super) fn conditions(pod: &Value) -> Option<Value> {
    let (reason, message) = match text(pod, "/status/phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

struct Look {
    reason: String,
    ready: usize,
    total: usize,
    restarts: i64,
    last_restart: Option<String>,
}

fn look(pod: &Value) -> Look {
    let sidecars: Vec<&str> = list(pod, "/spec/initContainers")
        .iter()
        .filter(|one| is_sidecar(one))
        .map(|one| text(one, "/name"))
        .collect();
    let mut look = Look {
        reason: first_reason(pod),
        ready: 0,
        total: list(pod, "/spec/containers").len() + sidecars.len(),
        restarts: 0,
        last_restart: None,
    };
    let initializing = look_at_init_containers(pod, &sidecars, &mut look);
    if !initializing || condition(pod, "Initialized") == "True" {
        let sidecar = |status: &&Value| sidecars.contains(&text(status, "/name"));
        look.restarts = 0;
        look.last_restart = None;
        for status in list(pod, "/status/initContainerStatuses")
            .iter()
            .filter(sidecar)
        {
            count_restarts(status, &mut look);
        }
        look_at_containers(pod, &mut look);
    }
    if has(pod, "/metadata/deletionTimestamp") {
        if text(pod, "/status/reason") == "NodeLost" {
            "Unknown".clone_into(&mut look.reason);
        } else if !matches!(text(pod, "/status/phase"), "Failed" | "Succeeded") {
            "Terminating".clone_into(&mut look.reason);
        }
    }
    look
}

fn is_sidecar(container: &Value) -> bool {
    text(container, "/restartPolicy") == "Always"
}

fn condition<'a>(pod: &'a Value, wanted: &str) -> &'a str {
    let found = list(pod, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == wanted);
    found.map_or("", |condition| text(condition, "/status"))
}

fn first_reason(pod: &Value) -> String {
    let gated = list(pod, "/status/conditions").iter().any(|condition| {
        text(condition, "/type") == "PodScheduled"
            && text(condition, "/reason") == "SchedulingGated"
    });
    let reason = match (gated, text(pod, "/status/reason")) {
        (true, _) => "SchedulingGated",
        (false, "") => text(pod, "/status/phase"),
        (false, reason) => reason,
    };
    reason.to_owned()
}

fn count_restarts(status: &Value, look: &mut Look) {
    look.restarts += int(status, "/restartCount").unwrap_or_default();
    let finished = text(status, "/lastState/terminated/finishedAt");
    if !finished.is_empty()
        && look
            .last_restart
            .as_deref()
            .is_none_or(|last| last < finished)
    {
        look.last_restart = Some(finished.to_owned());
    }
}

/// How an ended container is called: its reason, or its signal or exit code.
fn ended(terminated: &Value) -> String {
    match (
        text(terminated, "/reason"),
        int(terminated, "/signal").unwrap_or_default(),
    ) {
        ("", 0) => format!(
            "ExitCode:{}",
            int(terminated, "/exitCode").unwrap_or_default()
        ),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn look_at_init_containers(pod: &Value, sidecars: &[&str], look: &mut Look) -> bool {
    let all = list(pod, "/spec/initContainers").len();
    for (index, status) in list(pod, "/status/initContainerStatuses")
        .iter()
        .enumerate()
    {
        count_restarts(status, look);
        let terminated = status
            .pointer("/state/terminated")
            .filter(|found| !found.is_null());
        let waiting = text(status, "/state/waiting/reason");
        match terminated {
            Some(end) if int(end, "/exitCode").unwrap_or_default() == 0 => continue,
            _ if sidecars.contains(&text(status, "/name")) && yes(status, "/started") => {
                look.ready += usize::from(yes(status, "/ready"));
                continue;
            }
            Some(end) => look.reason = format!("Init:{}", ended(end)),
            None if !waiting.is_empty() && waiting != "PodInitializing" => {
                look.reason = format!("Init:{waiting}");
            }
            None => look.reason = format!("Init:{index}/{all}"),
        }
        return true;
    }
    false
}

fn look_at_containers(pod: &Value, look: &mut Look) {
    let mut running = false;
    for status in list(pod, "/status/containerStatuses").iter().rev() {
        count_restarts(status, look);
        let terminated = status
            .pointer("/state/terminated")
            .filter(|found| !found.is_null());
        match (text(status, "/state/waiting/reason"), terminated) {
            ("", Some(end)) => look.reason = ended(end),
            ("", None) if yes(status, "/ready") && has(status, "/state/running") => {
                running = true;
                look.ready += 1;
            }
            ("", None) => {}
            (waiting, _) => waiting.clone_into(&mut look.reason),
        }
    }
    if look.reason == "Completed" && running {
        let ready = condition(pod, "Ready") == "True";
        (if ready { "Running" } else { "NotReady" }).clone_into(&mut look.reason);
    }
}

fn gates(pod: &Value) -> String {
    let gates = list(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return String::new();
    }
    let open = gates
        .iter()
        .filter(|gate| condition(pod, text(gate, "/conditionType")) == "True")
        .count();
    format!("{open}/{}", gates.len())
}
