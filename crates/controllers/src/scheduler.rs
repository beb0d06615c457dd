//! Places pods on nodes.
//!
//! Invariants:
//! - A pod is placed by `/binding` alone, after its volumes are bound.
//! - What was decided for a pod and is not yet written counts for every later
//!   decision (reservations); a failed write drops it.
//! - A pod that fits nowhere is tried again only when something it failed on changed.

mod affinity;
mod filters;
mod message;
mod ports;
mod reservations;
mod score;
mod spread;
mod usage;
mod volumes;
mod wake;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use crate::controller::{Controller, Ending};
use crate::object::{Key, Kind};
use crate::plan::{Announcement, Plan, Severity, Step, Verb, Write};
use crate::pods;
use crate::times::{after, stamp};
use crate::version::Version;
use crate::world::{Change, World};

use filters::Cycle;
use reservations::{Reservation, Reservations, Stage};
use usage::Usages;
use wake::Waiting;

/// How long a pod waits for its volumes to be bound.
const BIND_TIMEOUT: SignedDuration = SignedDuration::from_secs(600);
/// A pod that fits nowhere is tried again after this even if nothing changed.
const LEFTOVER: SignedDuration = SignedDuration::from_secs(300);
/// Enough nodes that fit to choose from; more are not looked at.
const ENOUGH_NODES: usize = 100;

/// The default-scheduler.
#[derive(Debug)]
pub struct Scheduler {
    version: Version,
    reservations: Reservations,
    usages: Usages,
    waiting: Waiting,
    next_node: usize,
}

impl Scheduler {
    /// Speaks as `version` does.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            reservations: Reservations::default(),
            usages: Usages::default(),
            waiting: Waiting::default(),
            next_node: 0,
        }
    }
}

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        "default-scheduler"
    }

    fn agent(&self) -> &'static str {
        "kube-scheduler"
    }

    fn follow(&mut self, change: &Change, _world: &World, wake: &mut Vec<Key>) {
        if let Some((before, after)) = change.of::<Node>() {
            self.usages
                .follow_node(before.map(AsRef::as_ref), after.map(AsRef::as_ref));
        }
        if let Some((before, after)) = change.of::<Pod>() {
            self.usages
                .follow(before.map(AsRef::as_ref), after.map(AsRef::as_ref));
            let latest = after.or(before);
            if let Some(pod) = latest
                && (after.is_none() || pods::is_placed(pod) || pods::is_finished(pod))
            {
                self.reservations.drop(&Key::of(&**pod));
                self.waiting.forget(&Key::of(&**pod));
            }
            if let Some(pod) = after
                && concerns_us(pod)
                && !before.is_some_and(|before| wake::same_demands(before, pod))
            {
                wake.push(Key::of(&**pod));
            }
        }
        wake.extend(self.waiting.woken_by(change));
        wake.extend(self.reservations.concerned_by(change));
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let pod = world
            .get::<Pod>(&key.namespace, &key.name)
            .filter(|pod| concerns_us(pod));
        let Some(pod) = pod else {
            self.reservations.drop(key);
            self.waiting.forget(key);
            return Plan::nothing();
        };
        match self.reservations.of(key) {
            Some(reservation) if Some(&reservation.uid) == pod.metadata.uid.as_ref() => {
                let reservation = reservation.clone();
                self.bind(pod, &reservation, world, now)
            }
            Some(_) | None => self.schedule(pod, world, now),
        }
    }

    fn finished(&mut self, key: &Key, ending: Ending) {
        if ending == Ending::Failed {
            self.reservations.drop(key);
        }
    }
}

/// Whether the pod is to be placed by this scheduler, now.
fn concerns_us(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let scheduler = spec.and_then(|spec| spec.scheduler_name.as_deref());
    let gated = spec.is_some_and(|spec| spec.scheduling_gates.iter().flatten().next().is_some());
    !pods::is_placed(pod)
        && !pods::is_terminating(pod)
        && !pods::is_finished(pod)
        && !gated
        && scheduler.unwrap_or("default-scheduler") == "default-scheduler"
}

impl Scheduler {
    fn schedule(&mut self, pod: &Pod, world: &World, now: Timestamp) -> Plan {
        let key = Key::of(pod);
        self.reservations.drop(&key);
        let nodes: Vec<&Node> = world.all::<Node>().map(AsRef::as_ref).collect();
        if nodes.is_empty() {
            self.waiting.wait(pod, wake::Reasons::everything());
            return self.unschedulable(pod, "no nodes available to schedule pods", now);
        }
        let cycle = match Cycle::begin(pod, world, &self.usages, &self.reservations, self.version) {
            Ok(cycle) => cycle,
            Err(why) => {
                self.waiting.wait(pod, wake::Reasons::volumes());
                let message = message::rejected(self.version, nodes.len(), &why);
                return self.unschedulable(pod, &message, now);
            }
        };
        let mut fitting = Vec::new();
        let mut refusals = Vec::new();
        for offset in 0..nodes.len() {
            let node = nodes[(self.next_node + offset) % nodes.len()];
            match cycle.filter(node) {
                Ok(volumes) => fitting.push((node, volumes)),
                Err(refusal) => refusals.push(refusal),
            }
            if fitting.len() >= ENOUGH_NODES {
                self.next_node = (self.next_node + offset + 1) % nodes.len();
                break;
            }
        }
        let Some(best) = score::best(&cycle, &fitting) else {
            self.waiting.wait(pod, wake::Reasons::of(&refusals));
            let message = message::unfit(self.version, nodes.len(), &refusals);
            return self.unschedulable(pod, &message, now);
        };
        let (node, volumes) = fitting.swap_remove(best);
        let reservation = Reservation::new(pod, node, volumes, now);
        let plan = reserve(pod, &reservation, world, now);
        self.waiting.forget(&key);
        self.reservations.add(key, reservation.clone());
        if plan.steps.is_empty() {
            return self.bind(pod, &reservation, world, now);
        }
        plan
    }

    /// Binds the pod once its claims are; until then, waits.
    fn bind(
        &mut self,
        pod: &Pod,
        reservation: &Reservation,
        world: &World,
        now: Timestamp,
    ) -> Plan {
        let key = Key::of(pod);
        if reservation.stage == Stage::Bound {
            return Plan::nothing();
        }
        if let Some(why) = volumes::binding_failed(pod, reservation, world) {
            self.reservations.drop(&key);
            return self.failed(
                pod,
                &format!(r#"running PreBind plugin "VolumeBinding": {why}"#),
                now,
            );
        }
        if !volumes::all_bound(pod, world) {
            let deadline = after(reservation.since, BIND_TIMEOUT);
            if now >= deadline {
                self.reservations.drop(&key);
                let why = r#"running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded"#;
                return self.failed(pod, why, now);
            }
            let mut plan = Plan::nothing();
            plan.look_again(deadline);
            return plan;
        }
        self.reservations.bound(&key);
        let namespace = &key.namespace;
        let (name, node) = (&key.name, &reservation.node);
        let text = format!("Successfully assigned {namespace}/{name} to {node}");
        let mut plan = Plan::nothing();
        plan.steps.push(Step {
            told: Some(Announcement::about(
                pod,
                Severity::Normal,
                "Scheduled",
                text,
            )),
            refused: Some(Announcement::about(
                pod,
                Severity::Warning,
                "FailedScheduling",
                r#"running Bind plugin "DefaultBinder": "#,
            )),
            write: Some(Write {
                key: key.clone(),
                verb: Verb::Bind {
                    uid: reservation.uid.clone(),
                    node: node.clone(),
                },
            }),
            ..Step::default()
        });
        plan
    }

    fn unschedulable(&self, pod: &Pod, message: &str, now: Timestamp) -> Plan {
        let mut plan = self.said(pod, "Unschedulable", message, now);
        plan.look_again(after(now, LEFTOVER));
        plan
    }

    fn failed(&mut self, pod: &Pod, message: &str, now: Timestamp) -> Plan {
        self.waiting.wait(pod, wake::Reasons::volumes());
        let mut plan = self.said(pod, "SchedulerError", message, now);
        plan.look_again(after(now, SignedDuration::from_secs(1)));
        plan
    }

    fn said(&self, pod: &Pod, reason: &str, message: &str, now: Timestamp) -> Plan {
        let mut plan = Plan::nothing();
        plan.tell(Announcement::about(
            pod,
            Severity::Warning,
            "FailedScheduling",
            message,
        ));
        if let Some(status) = self.condition(pod, reason, message, now) {
            plan.write(Write::patch_status(pod, &status));
        }
        plan
    }

    /// The pod's conditions with `PodScheduled` False; `None` if it says so already.
    fn condition(&self, pod: &Pod, reason: &str, message: &str, now: Timestamp) -> Option<Value> {
        let known = pods::condition(pod, "PodScheduled");
        if known.is_some_and(|known| {
            known.status == "False"
                && known.reason.as_deref() == Some(reason)
                && known.message.as_deref() == Some(message)
        }) {
            return None;
        }
        let unchanged = known.filter(|known| known.status == "False");
        let since = unchanged.and_then(|known| known.last_transition_time.as_ref());
        let since = since.map_or_else(|| stamp(now), |time| stamp(time.0));
        let mut condition = json!({
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": null,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        });
        if self.version.observes_generation() {
            condition["observedGeneration"] = json!(pod.metadata.generation);
        }
        let known = pod
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten());
        let mut conditions: Vec<Value> = known
            .filter(|condition| condition.type_ != "PodScheduled")
            .map(|condition| json!(condition))
            .collect();
        conditions.push(condition);
        Some(json!({"conditions": conditions}))
    }
}

/// The writes that give the pod's claims the volumes chosen for them.
fn reserve(pod: &Pod, reservation: &Reservation, world: &World, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    for (volume, claim) in &reservation.volumes {
        if let Some(write) = volumes::assume(volume, claim, world) {
            let step = plan.write(write);
            step.refused = Some(Announcement::about(
                pod,
                Severity::Warning,
                "FailedScheduling",
                r#"running PreBind plugin "VolumeBinding": binding volumes: "#,
            ));
        }
    }
    if !plan.steps.is_empty() {
        plan.look_again(now);
    }
    plan
}

/// The key of a pod's claim.
fn claim_key(pod: &Pod, claim: &str) -> Key {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    Key::new(Kind::PersistentVolumeClaim, namespace, claim)
}
