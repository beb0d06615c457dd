//! The status of a pod, as the API is told it.
//!
//! Invariants:
//! - Pure but for the times at which conditions changed, which it remembers.
//! - Complete: what it does not name is not there; fields that must go are null.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PodCondition, VolumeMount};
use serde_json::{Map, Value, json};

use super::backoff::go_duration;
use super::container::{Ended, Member, Next, Role, Run};
use super::machine::{Machine, Network, Over};
use super::stopping::Verdict;

/// When conditions last changed, and to what.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(BTreeMap<&'static str, (bool, Timestamp)>);

const OWN: [&str; 4] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
];

struct Condition {
    kind: &'static str,
    holds: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

impl Conditions {
    pub(super) fn of(seen: &[PodCondition]) -> Self {
        let own = seen.iter().filter_map(|condition| {
            let kind = OWN.into_iter().find(|kind| condition.type_ == *kind)?;
            let since = condition.last_transition_time.as_ref()?;
            Some((kind, (condition.status == "True", since.0)))
        });
        Self(own.collect())
    }

    fn since(&mut self, condition: &Condition, now: Timestamp) -> Timestamp {
        let entry = self
            .0
            .entry(condition.kind)
            .or_insert((condition.holds, now));
        if entry.0 != condition.holds {
            *entry = (condition.holds, now);
        }
        entry.1
    }
}

/// A time as the API writes it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Machine {
    pub(super) fn status(&mut self, now: Timestamp) -> Value {
        let phase = self.phase();
        let mut status = Map::new();
        if let Some(generation) = self.pod.metadata.generation {
            status.insert("observedGeneration".to_owned(), json!(generation));
        }
        status.insert("phase".to_owned(), json!(phase));
        status.insert(
            "conditions".to_owned(),
            Value::Array(self.all_conditions(now)),
        );
        status.insert("hostIP".to_owned(), json!(self.host.address));
        status.insert("hostIPs".to_owned(), json!([{"ip": self.host.address}]));
        let (ip, ips) = match &self.network {
            Network::Has(address) | Network::Gone(Some(address)) => {
                (json!(address), json!([{"ip": address}]))
            }
            Network::Due(_) | Network::Busy | Network::Gone(None) => (Value::Null, Value::Null),
        };
        status.insert("podIP".to_owned(), ip);
        status.insert("podIPs".to_owned(), ips);
        status.insert("startTime".to_owned(), json!(time(self.start_time)));
        let (init, main): (Vec<_>, Vec<_>) =
            (0..self.members.len()).partition(|index| self.members[*index].role != Role::Main);
        if !init.is_empty() {
            status.insert(
                "initContainerStatuses".to_owned(),
                self.members_of(&init, now),
            );
        }
        status.insert("containerStatuses".to_owned(), self.members_of(&main, now));
        Value::Object(status)
    }

    fn members_of(&self, indices: &[usize], now: Timestamp) -> Value {
        indices
            .iter()
            .map(|index| self.member(*index, now))
            .collect()
    }

    fn phase(&self) -> &'static str {
        if self.over == Over::Yes || self.over == Over::Deleted {
            return match self.end_verdict() {
                Verdict::Succeeded => "Succeeded",
                Verdict::Failed => "Failed",
            };
        }
        if self.verdict().is_some() {
            // Said only once nothing of it is left: until then as it was.
            return match self.sent.get("phase").and_then(Value::as_str) {
                Some("Running") => "Running",
                _ => "Pending",
            };
        }
        let began = |member: &Member| match &member.run {
            Run::Running(_) | Run::Ended { .. } => true,
            Run::Starting { previous } => previous.is_some(),
            Run::Blocked { .. } => member.last.is_some(),
            Run::Never => false,
        };
        let initialized = self
            .members
            .iter()
            .all(|member| member.role == Role::Main || member.lets_pass());
        let mut mains = self
            .members
            .iter()
            .filter(|member| member.role == Role::Main);
        if initialized && mains.all(began) {
            "Running"
        } else {
            "Pending"
        }
    }

    /// How a pod that was ended came out: sidecars do not count.
    fn end_verdict(&self) -> Verdict {
        let failed = |member: &Member| match &member.run {
            Run::Ended { ended, .. } => ended.code != 0,
            Run::Never | Run::Blocked { .. } | Run::Starting { .. } | Run::Running(_) => true,
        };
        let counted = self
            .members
            .iter()
            .filter(|member| member.role != Role::Sidecar);
        if counted.into_iter().any(failed) {
            Verdict::Failed
        } else {
            Verdict::Succeeded
        }
    }

    fn all_conditions(&mut self, now: Timestamp) -> Vec<Value> {
        let own = self.own_conditions();
        let generation = self.pod.metadata.generation;
        let mut all = Vec::new();
        for condition in own {
            let since = self.conditions.since(&condition, now);
            let mut value = Map::new();
            value.insert("type".to_owned(), json!(condition.kind));
            if let Some(generation) = generation {
                value.insert("observedGeneration".to_owned(), json!(generation));
            }
            value.insert(
                "status".to_owned(),
                json!(if condition.holds { "True" } else { "False" }),
            );
            value.insert("lastProbeTime".to_owned(), Value::Null);
            value.insert("lastTransitionTime".to_owned(), json!(time(since)));
            if let Some(reason) = condition.reason {
                value.insert("reason".to_owned(), json!(reason));
            }
            if let Some(message) = condition.message {
                value.insert("message".to_owned(), json!(message));
            }
            all.push(Value::Object(value));
        }
        all.extend(self.scheduled(now));
        all
    }

    /// The scheduler's condition, marked as seen; a pod that no scheduler placed gets one.
    /// The conditions of others are not touched.
    fn scheduled(&self, now: Timestamp) -> Option<Value> {
        let seen = self
            .pod
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_deref())
            .unwrap_or_default();
        let seen = seen
            .iter()
            .find(|condition| condition.type_ == "PodScheduled");
        let mut value = match seen {
            Some(seen) => serde_json::to_value(seen).ok()?,
            None => {
                json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": time(self.start_time.min(now))})
            }
        };
        let object = value.as_object_mut()?;
        object.entry("lastProbeTime").or_insert(Value::Null);
        if let Some(generation) = self.pod.metadata.generation {
            object.insert("observedGeneration".to_owned(), json!(generation));
        }
        Some(value)
    }

    fn own_conditions(&self) -> [Condition; 4] {
        let verdict = match self.over {
            Over::No | Over::TearingDown if self.stop.is_some() => None,
            // A pod that never had a network keeps what was said of it.
            Over::Yes | Over::Deleted if self.network == Network::Gone(None) => None,
            Over::Yes | Over::Deleted => Some(self.end_verdict()),
            Over::No | Over::TearingDown => self.verdict(),
        };
        let network = matches!(self.network, Network::Has(_));
        let network = Condition {
            kind: OWN[0],
            holds: network,
            reason: None,
            message: None,
        };
        let [ready, containers] = [OWN[2], OWN[3]].map(|kind| self.readiness(kind, verdict));
        [network, self.initialized(verdict), ready, containers]
    }

    fn initialized(&self, verdict: Option<Verdict>) -> Condition {
        let kind = OWN[1];
        let late = self
            .members
            .iter()
            .filter(|member| member.role != Role::Main && !member.lets_pass());
        let late = late
            .map(|member| member.name.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        if late.is_empty() || verdict == Some(Verdict::Succeeded) {
            let reason = (verdict == Some(Verdict::Succeeded)).then_some("PodCompleted");
            return Condition {
                kind,
                holds: true,
                reason,
                message: None,
            };
        }
        let message = Some(format!("containers with incomplete status: [{late}]"));
        Condition {
            kind,
            holds: false,
            reason: Some("ContainersNotInitialized"),
            message,
        }
    }

    fn readiness(&self, kind: &'static str, verdict: Option<Verdict>) -> Condition {
        let done = match verdict {
            Some(Verdict::Succeeded) => Some("PodCompleted"),
            Some(Verdict::Failed) => Some("PodFailed"),
            None => None,
        };
        if done.is_some() {
            return Condition {
                kind,
                holds: false,
                reason: done,
                message: None,
            };
        }
        let unready = self
            .members
            .iter()
            .filter(|member| member.role != Role::Init && !member.is_ready());
        let unready = unready
            .map(|member| member.name.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        if unready.is_empty() {
            return Condition {
                kind,
                holds: true,
                reason: None,
                message: None,
            };
        }
        let message = Some(format!("containers with unready status: [{unready}]"));
        Condition {
            kind,
            holds: false,
            reason: Some("ContainersNotReady"),
            message,
        }
    }

    fn member(&self, index: usize, now: Timestamp) -> Value {
        let member = &self.members[index];
        let definition = self.definition(index);
        let mut status = Map::new();
        let mut put = |key: &str, value: Value| drop(status.insert(key.to_owned(), value));
        put("name", json!(member.name));
        let (state, last) = self.states(member, now);
        put("state", state);
        put("lastState", last);
        put("ready", json!(member.is_ready()));
        put("restartCount", json!(member.restarts));
        let asked = definition
            .and_then(|definition| definition.image.clone())
            .unwrap_or_default();
        let (image, image_id) = member.shown.clone().unwrap_or((asked, String::new()));
        put("image", json!(image));
        put("imageID", json!(image_id));
        let started = match &member.run {
            Run::Running(running) => running.started,
            Run::Never | Run::Blocked { .. } | Run::Starting { .. } | Run::Ended { .. } => false,
        };
        put("started", json!(started));
        if let Some(id) = &member.id {
            put("containerID", json!(id));
            let resources = definition.and_then(|definition| definition.resources.as_ref());
            put(
                "resources",
                resources.map_or(json!({}), |resources| json!(resources)),
            );
            if let Some(requests) = resources.and_then(|resources| resources.requests.as_ref()) {
                put("allocatedResources", json!(requests));
            }
        }
        let mounts = definition
            .and_then(|definition| definition.volume_mounts.as_deref())
            .unwrap_or_default();
        if !mounts.is_empty() {
            put("volumeMounts", mounts.iter().map(mount).collect());
        }
        Value::Object(status)
    }

    /// What a container that never ran waits for.
    pub(crate) fn waits_for(&self, container: &str) -> &'static str {
        let member = self.members.iter().find(|member| member.name == container);
        match member.map(|member| &member.run) {
            Some(Run::Blocked { reason, .. }) => reason,
            Some(Run::Never | Run::Starting { .. } | Run::Running(_) | Run::Ended { .. })
            | None => self.not_begun(),
        }
    }

    fn not_begun(&self) -> &'static str {
        if self.members.iter().any(|member| member.role != Role::Main) {
            "PodInitializing"
        } else {
            "ContainerCreating"
        }
    }

    /// `state` and `lastState`.
    fn states(&self, member: &Member, now: Timestamp) -> (Value, Value) {
        let last = || member.last.as_ref().map_or(json!({}), terminated);
        let waiting = |reason: &str, message: Option<&str>| match message {
            Some(message) => json!({"waiting": {"reason": reason, "message": message}}),
            None => json!({"waiting": {"reason": reason}}),
        };
        match &member.run {
            Run::Never | Run::Starting { previous: None } => {
                (waiting(self.not_begun(), None), json!({}))
            }
            Run::Starting {
                previous: Some(previous),
            } => (terminated(previous), last()),
            Run::Blocked {
                reason, message, ..
            } => (waiting(reason, Some(message)), last()),
            Run::Running(running) => (
                json!({"running": {"startedAt": time(running.since)}}),
                last(),
            ),
            Run::Ended {
                ended,
                next:
                    Next::Restart {
                        pause: Some((pause, show)),
                        ..
                    },
            } if *show <= now => {
                let (pause, name, pod) = (
                    go_duration(*pause),
                    &member.name,
                    super::full_name(&self.pod),
                );
                let message =
                    format!("back-off {pause} restarting failed container={name} pod={pod}");
                (
                    waiting("CrashLoopBackOff", Some(&message)),
                    terminated(ended),
                )
            }
            Run::Ended { ended, .. } => (terminated(ended), last()),
        }
    }
}

fn terminated(ended: &Ended) -> Value {
    let mut value = json!({
        "exitCode": ended.code,
        "reason": ended.reason,
        "startedAt": ended.started.map(time),
        "finishedAt": ended.finished.map(time),
    });
    if let Some(object) = value.as_object_mut() {
        if let Some(message) = &ended.message {
            object.insert("message".to_owned(), json!(message));
        }
        if let Some(id) = &ended.id {
            object.insert("containerID".to_owned(), json!(id));
        }
    }
    json!({"terminated": value})
}

fn mount(mount: &VolumeMount) -> Value {
    let mut value = json!({"name": mount.name, "mountPath": mount.mount_path});
    if mount.read_only == Some(true)
        && let Some(object) = value.as_object_mut()
    {
        object.insert("readOnly".to_owned(), json!(true));
        let recursive = mount.recursive_read_only.as_deref().unwrap_or("Disabled");
        object.insert("recursiveReadOnly".to_owned(), json!(recursive));
    }
    value
}
