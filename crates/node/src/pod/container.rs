//! What a pod's machine knows of one container.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod};

use super::backoff::Backoff;
use super::probing::{ProbeKind, Prober};
use crate::images::Image;

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ends before the next one starts.
    Init,
    /// Starts before the next one, and runs as long as the pod.
    Sidecar,
    /// What the pod is for.
    Main,
}

/// One container.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) run: Run,
    /// How the attempt before the present one ended.
    pub(crate) last: Option<Ended>,
    pub(crate) restarts: u32,
    /// Which attempt is the present one; 0 before the first.
    pub(crate) instance: u32,
    pub(crate) backoff: Backoff,
    pub(crate) pulls: Backoff,
    pub(crate) image: Option<Arc<Image>>,
    /// As the status shows it: image, image ID.
    pub(crate) shown: Option<(String, String)>,
    pub(crate) id: Option<String>,
}

/// Where a container is.
#[derive(Debug, Clone)]
pub(crate) enum Run {
    /// Not yet asked for.
    Never,
    /// Cannot start, tried again at a time.
    Blocked {
        reason: &'static str,
        message: String,
        retry: Timestamp,
    },
    /// Being started, after an attempt that ended so.
    Starting { previous: Option<Ended> },
    /// Its process runs.
    Running(Running),
    /// Its process has ended.
    Ended { ended: Ended, next: Next },
}

/// A container whose process runs.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) since: Timestamp,
    pub(crate) started: bool,
    pub(crate) ready: bool,
    pub(crate) probers: Vec<Prober>,
    pub(crate) stop: Option<Stopping>,
}

/// A container that is being ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stopping {
    /// When it is killed.
    pub(crate) deadline: Timestamp,
    pub(crate) step: StopStep,
}

/// How far the ending has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopStep {
    Hook,
    Asked,
    Killed,
}

/// What follows an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    Stays,
    /// Another attempt at a time.
    Restart {
        at: Timestamp,
        /// The pause that this is, and when the status begins to say so.
        pause: Option<(SignedDuration, Timestamp)>,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) reason: &'static str,
    pub(crate) message: Option<String>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) id: Option<String>,
}

impl Member {
    pub(crate) fn all_of(pod: &Pod) -> Vec<Self> {
        let Some(spec) = &pod.spec else {
            return Vec::new();
        };
        let init = spec.init_containers.iter().flatten().map(|container| {
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            Self::new(container, if sidecar { Role::Sidecar } else { Role::Init })
        });
        init.chain(
            spec.containers
                .iter()
                .map(|container| Self::new(container, Role::Main)),
        )
        .collect()
    }

    fn new(container: &Container, role: Role) -> Self {
        Self {
            name: container.name.clone(),
            role,
            run: Run::Never,
            last: None,
            restarts: 0,
            instance: 0,
            backoff: Backoff::restarts(),
            pulls: Backoff::restarts(),
            image: None,
            shown: None,
            id: None,
        }
    }

    /// Whether the containers after it may start.
    pub(crate) fn lets_pass(&self) -> bool {
        match (&self.run, self.role) {
            (Run::Ended { ended, .. }, Role::Init) => ended.code == 0,
            (Run::Running(running), Role::Sidecar) => running.started,
            // A sidecar that ran once does not hold the pod up again.
            (Run::Ended { .. }, Role::Sidecar) => true,
            _ => false,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        match &self.run {
            Run::Running(running) => running.ready && self.role != Role::Init,
            Run::Ended { ended, .. } => self.role == Role::Init && ended.code == 0,
            Run::Never | Run::Blocked { .. } | Run::Starting { .. } => false,
        }
    }

    /// Whether a process of it runs or is about to.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.run, Run::Running(_) | Run::Starting { .. })
    }

    /// How the attempt ended that a new one follows.
    pub(crate) fn previous(&self) -> Option<Ended> {
        match &self.run {
            Run::Ended { ended, .. } => Some(ended.clone()),
            Run::Starting {
                previous: Some(previous),
            } => Some(previous.clone()),
            Run::Never | Run::Blocked { .. } | Run::Starting { .. } | Run::Running(_) => {
                self.last.clone()
            }
        }
    }

    pub(crate) fn running_mut(&mut self) -> Option<&mut Running> {
        match &mut self.run {
            Run::Running(running) => Some(running),
            Run::Never | Run::Blocked { .. } | Run::Starting { .. } | Run::Ended { .. } => None,
        }
    }

    /// The part of the pod that events about it name.
    pub(crate) fn field_path(&self) -> String {
        match self.role {
            Role::Init | Role::Sidecar => format!("spec.initContainers{{{}}}", self.name),
            Role::Main => format!("spec.containers{{{}}}", self.name),
        }
    }
}

impl Running {
    pub(crate) fn begin(container: &Container, now: Timestamp) -> Self {
        let probers = ProbeKind::ALL
            .into_iter()
            .filter_map(|kind| {
                kind.of(container)
                    .map(|probe| Prober::new(kind, probe, now))
            })
            .collect::<Vec<_>>();
        let has = |kind| probers.iter().any(|prober: &Prober| prober.kind == kind);
        let started = !has(ProbeKind::Startup);
        Self {
            since: now,
            started,
            ready: started && !has(ProbeKind::Readiness),
            probers,
            stop: None,
        }
    }

    pub(crate) fn has(&self, kind: ProbeKind) -> bool {
        self.probers.iter().any(|prober| prober.kind == kind)
    }
}

impl Ended {
    pub(crate) fn of_exit(
        code: i32,
        message: Option<String>,
        started: Timestamp,
        now: Timestamp,
    ) -> Self {
        let reason = if code == 0 { "Completed" } else { "Error" };
        Self {
            code,
            reason,
            message,
            started: Some(started),
            finished: Some(now),
            id: None,
        }
    }

    /// The program could not be executed.
    pub(crate) fn of_start_error(message: String, now: Timestamp) -> Self {
        let started = Some(Timestamp::UNIX_EPOCH);
        Self {
            code: 128,
            reason: "StartError",
            message: Some(message),
            started,
            finished: Some(now),
            id: None,
        }
    }

    /// The pod ended before the container began.
    pub(crate) fn not_located() -> Self {
        let message = "The container could not be located when the pod was terminated".to_owned();
        Self {
            code: 137,
            reason: "ContainerStatusUnknown",
            message: Some(message),
            started: None,
            finished: None,
            id: None,
        }
    }

    /// The machine stopped under it.
    pub(crate) fn unknown(started: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            code: 255,
            reason: "Unknown",
            message: None,
            started,
            finished: Some(now),
            id: None,
        }
    }
}
