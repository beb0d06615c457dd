//! A pod that was on a machine when it stopped.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::container::{Ended, Member, Next, Role, Run};
use super::machine::{Host, Machine, Over};
use super::status::Conditions;

impl Machine {
    /// Takes a pod up again from what the API last heard of it: what ran has ended in a
    /// way that nobody saw, and its namespaces are to be made anew.
    pub fn resume(pod: &Arc<Pod>, host: Host, now: Timestamp) -> Self {
        let mut machine = Self::new(pod.clone(), host, now);
        let Some(status) = &pod.status else {
            return machine;
        };
        if let Some(start) = &status.start_time {
            machine.start_time = start.0;
        }
        machine.conditions = Conditions::of(status.conditions.as_deref().unwrap_or_default());
        let statuses = status
            .init_container_statuses
            .iter()
            .chain(&status.container_statuses)
            .flatten();
        for seen in statuses {
            if let Some(member) = machine
                .members
                .iter_mut()
                .find(|member| member.name == seen.name)
            {
                member.resume(seen, now);
            }
        }
        machine.changed = machine.members.iter().any(|member| member.instance > 0);
        if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
            machine.over = Over::Yes;
            return machine;
        }
        machine.decide(now);
        machine
    }

    /// What ran starts again where its policy says so.
    fn decide(&mut self, now: Timestamp) {
        let policy = self.restart_policy().to_owned();
        for member in &mut self.members {
            let Run::Ended { ended, next } = &mut member.run else {
                continue;
            };
            let again = match member.role {
                Role::Sidecar => true,
                Role::Init => ended.code != 0 && policy != "Never",
                Role::Main => policy == "Always" || (policy == "OnFailure" && ended.code != 0),
            };
            if again {
                *next = Next::Restart {
                    at: now,
                    pause: None,
                };
                member.backoff.attempt(now);
            }
        }
    }
}

impl Member {
    fn resume(&mut self, seen: &ContainerStatus, now: Timestamp) {
        let Some(id) = &seen.container_id else { return };
        self.id = Some(id.clone());
        self.shown = Some((seen.image.clone(), seen.image_id.clone()));
        self.restarts = u32::try_from(seen.restart_count).unwrap_or(0);
        self.instance = self.restarts + 1;
        let state = seen.state.clone().unwrap_or_default();
        let mut ended = match (&state.terminated, &state.running) {
            (Some(terminated), _) => Ended {
                code: terminated.exit_code,
                reason: if terminated.exit_code == 0 {
                    "Completed"
                } else {
                    "Error"
                },
                message: terminated.message.clone(),
                started: terminated.started_at.as_ref().map(|time| time.0),
                finished: terminated.finished_at.as_ref().map(|time| time.0),
                id: None,
            },
            (None, running) => {
                let started = running
                    .as_ref()
                    .and_then(|running| running.started_at.as_ref())
                    .map(|time| time.0);
                Ended::unknown(started, now)
            }
        };
        ended.id = Some(id.clone());
        self.run = Run::Ended {
            ended,
            next: Next::Stays,
        };
    }
}
