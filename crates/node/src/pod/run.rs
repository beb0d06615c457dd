//! Containers that start, run, are probed, end and start again.

use jiff::{SignedDuration, Timestamp};

use super::backoff::Backoff;
use super::command::{Command, Level, StartFault};
use super::container::{Ended, Next, Role, Run, Running};
use super::machine::Machine;
use crate::images::{Found, PullPolicy};

/// How long a kubelet shows an exit before it says that it waits: its own rhythm.
const SHOWN: SignedDuration = SignedDuration::from_secs(12);
/// After the first failure it looks again at once.
const SHOWN_FIRST: SignedDuration = SignedDuration::from_secs(1);
/// How long a kubelet takes to notice an end that it did not cause.
const NOTICE: SignedDuration = SignedDuration::from_secs(1);
/// How soon a container whose configuration was not there is tried again.
const CONFIG_RETRY: SignedDuration = SignedDuration::from_secs(10);

/// What ended a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Itself.
    Own,
    /// This node, because of a probe or a hook.
    Killed,
}

impl Machine {
    pub(super) fn start_if_due(&mut self, now: Timestamp, index: usize, out: &mut Vec<Command>) {
        let due = match &self.members[index].run {
            Run::Never => true,
            Run::Blocked { retry, .. } => *retry <= now,
            Run::Ended {
                next: Next::Restart { at, .. },
                ..
            } => *at <= now,
            Run::Starting { .. }
            | Run::Running(_)
            | Run::Ended {
                next: Next::Stays, ..
            } => false,
        };
        if due {
            self.start(now, index, out);
        } else {
            self.show_backoff(now, index, out);
        }
    }

    /// Says again that a container waits, when its status begins to say so.
    fn show_backoff(&mut self, now: Timestamp, index: usize, out: &mut Vec<Command>) {
        if let Run::Ended {
            next:
                Next::Restart {
                    pause: Some((_, show)),
                    ..
                },
            ..
        } = &mut self.members[index].run
            && *show <= now
            && *show != Timestamp::MIN
        {
            *show = Timestamp::MIN;
            self.back_off_event(index, out);
        }
    }

    fn back_off_event(&self, index: usize, out: &mut Vec<Command>) {
        let member = &self.members[index];
        let message = format!(
            "Back-off restarting failed container {} in pod {}",
            member.name,
            super::full_name(&self.pod)
        );
        self.event(out, Level::Warning, "BackOff", message, Some(member));
    }

    fn start(&mut self, now: Timestamp, index: usize, out: &mut Vec<Command>) {
        let Some(definition) = self.definition(index) else {
            return;
        };
        let name = definition.image.clone().unwrap_or_default();
        let policy = PullPolicy::of(definition.image_pull_policy.as_deref(), &name);
        match self.host.images.find(&name, policy) {
            Found::Image(image) => {
                for text in image.pulled(&name, policy) {
                    self.event(
                        out,
                        Level::Normal,
                        text.0,
                        text.1,
                        Some(&self.members[index]),
                    );
                }
                let member = &mut self.members[index];
                member.instance += 1;
                member.image = Some(image.clone());
                let instance = member.instance;
                let previous = member.previous();
                member.run = Run::Starting { previous };
                out.push(Command::Start {
                    container: index,
                    instance,
                    image,
                });
            }
            Found::Never(message) => self.image_never(now, index, message, out),
            Found::Absent(error) => self.image_absent(now, index, &name, &error, out),
        }
    }

    fn image_never(
        &mut self,
        now: Timestamp,
        index: usize,
        message: String,
        out: &mut Vec<Command>,
    ) {
        let member = &self.members[index];
        self.event(
            out,
            Level::Warning,
            "ErrImageNeverPull",
            message.clone(),
            Some(member),
        );
        self.event(
            out,
            Level::Warning,
            "Failed",
            "Error: ErrImageNeverPull".to_owned(),
            Some(member),
        );
        let retry = now + CONFIG_RETRY;
        self.members[index].run = Run::Blocked {
            reason: "ErrImageNeverPull",
            message,
            retry,
        };
    }

    fn image_absent(
        &mut self,
        now: Timestamp,
        index: usize,
        name: &str,
        error: &str,
        out: &mut Vec<Command>,
    ) {
        let member = &self.members[index];
        let blocked = if matches!(
            member.run,
            Run::Blocked {
                reason: "ErrImagePull",
                ..
            }
        ) {
            self.event(
                out,
                Level::Normal,
                "BackOff",
                format!("Back-off pulling image \"{name}\""),
                Some(member),
            );
            self.event(
                out,
                Level::Warning,
                "Failed",
                "Error: ImagePullBackOff".to_owned(),
                Some(member),
            );
            let message = format!("Back-off pulling image \"{name}\": ErrImagePull: {error}");
            let pause = self.members[index].pulls.next(now);
            Run::Blocked {
                reason: "ImagePullBackOff",
                message,
                retry: now + pause,
            }
        } else {
            self.event(
                out,
                Level::Normal,
                "Pulling",
                format!("Pulling image \"{name}\""),
                Some(member),
            );
            let message = format!("Failed to pull image \"{name}\": {error}");
            self.event(out, Level::Warning, "Failed", message, Some(member));
            self.event(
                out,
                Level::Warning,
                "Failed",
                "Error: ErrImagePull".to_owned(),
                Some(member),
            );
            Run::Blocked {
                reason: "ErrImagePull",
                message: error.to_owned(),
                retry: now + SHOWN,
            }
        };
        self.members[index].run = blocked;
    }

    pub(super) fn on_started(
        &mut self,
        now: Timestamp,
        index: usize,
        instance: u32,
        hook: &Result<(), String>,
        out: &mut Vec<Command>,
    ) {
        let Some(definition) = self.definition(index).cloned() else {
            return;
        };
        let started = Running::begin(&definition, now);
        self.created(index, instance, out);
        let member = &self.members[index];
        self.event(
            out,
            Level::Normal,
            "Started",
            format!("Started container {}", member.name),
            Some(member),
        );
        self.members[index].run = Run::Running(started);
        if hook.is_err() {
            let member = &self.members[index];
            self.event(
                out,
                Level::Warning,
                "FailedPostStartHook",
                "PostStartHook failed".to_owned(),
                Some(member),
            );
            let message = format!(
                "Container {} failed postStart hook, will be restarted",
                member.name
            );
            self.kill(now, index, self.grace(), Some(message), out);
        } else if self.stop.is_some() {
            let grace = self.stop.as_ref().map_or(0, |stop| stop.grace);
            self.kill(now, index, grace, None, out);
        }
    }

    fn created(&mut self, index: usize, instance: u32, out: &mut Vec<Command>) {
        let uid = self.pod.metadata.uid.clone().unwrap_or_default();
        let member = &mut self.members[index];
        member.last = member.previous();
        member.id = Some(crate::images::container_id(&uid, &member.name, instance));
        member.shown = member
            .image
            .as_ref()
            .map(|image| (image.reference.clone(), image.id.clone()));
        member.restarts = instance - 1;
        let message = format!("Created container: {}", member.name);
        self.event(
            out,
            Level::Normal,
            "Created",
            message,
            Some(&self.members[index]),
        );
    }

    pub(super) fn on_start_failed(
        &mut self,
        now: Timestamp,
        index: usize,
        fault: StartFault,
        out: &mut Vec<Command>,
    ) {
        let instance = self.members[index].instance;
        let (reason, message) = match fault {
            StartFault::Config(message) => ("CreateContainerConfigError", message),
            StartFault::Create(message) => ("CreateContainerError", message),
            StartFault::Program(why) => {
                self.created(index, instance, out);
                let message = format!(
                    "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
                     runc create failed: unable to start container process: {why}: unknown"
                );
                self.event(
                    out,
                    Level::Warning,
                    "Failed",
                    format!("Error: {message}"),
                    Some(&self.members[index]),
                );
                return self.ended(
                    now,
                    index,
                    Ended::of_start_error(message, now),
                    Cause::Own,
                    out,
                );
            }
        };
        self.event(
            out,
            Level::Warning,
            "Failed",
            format!("Error: {message}"),
            Some(&self.members[index]),
        );
        let member = &mut self.members[index];
        // The attempt made no container: the next one has its number.
        member.instance = instance - 1;
        member.last = member.previous();
        member.run = Run::Blocked {
            reason,
            message,
            retry: now + CONFIG_RETRY,
        };
    }

    pub(super) fn on_exited(
        &mut self,
        now: Timestamp,
        index: usize,
        instance: u32,
        code: i32,
        message: Option<String>,
        out: &mut Vec<Command>,
    ) {
        let member = &self.members[index];
        if member.instance != instance {
            return;
        }
        let (since, killed) = match &member.run {
            Run::Running(running) => (running.since, running.stop.is_some()),
            Run::Never | Run::Blocked { .. } | Run::Starting { .. } | Run::Ended { .. } => {
                (now, false)
            }
        };
        let cause = if killed { Cause::Killed } else { Cause::Own };
        self.ended(
            now,
            index,
            Ended::of_exit(code, message, since, now),
            cause,
            out,
        );
    }

    fn ended(
        &mut self,
        now: Timestamp,
        index: usize,
        mut ended: Ended,
        cause: Cause,
        out: &mut Vec<Command>,
    ) {
        ended.id.clone_from(&self.members[index].id);
        let again = self.stop.is_none() && self.starts_again(index, ended.code);
        let next = if again {
            self.restart(now, index, cause)
        } else {
            Next::Stays
        };
        self.members[index].run = Run::Ended { ended, next };
        if let Next::Restart { pause: Some(_), .. } = next {
            self.back_off_event(index, out);
        }
    }

    fn starts_again(&self, index: usize, code: i32) -> bool {
        match (self.members[index].role, self.restart_policy()) {
            (Role::Sidecar, _) | (Role::Main, "Always") => true,
            (Role::Init, "Always" | "OnFailure") | (Role::Main, "OnFailure") => code != 0,
            _ => false,
        }
    }

    /// When the next attempt is made. After a kill of its own a kubelet judges by the end
    /// before that one, so that the first such restart is free and begins no pause.
    fn restart(&mut self, now: Timestamp, index: usize, cause: Cause) -> Next {
        let member = &mut self.members[index];
        let before = member.last.as_ref().and_then(|last| last.finished);
        let (judged, notice) = match (cause, before) {
            (Cause::Killed, None) => {
                return Next::Restart {
                    at: now,
                    pause: None,
                };
            }
            (Cause::Killed, Some(before)) => (before, SignedDuration::ZERO),
            (Cause::Own, _) => (now, NOTICE),
        };
        let first = member
            .backoff
            .after(judged)
            .is_some_and(|pause| pause == first_pause());
        match member
            .backoff
            .after(judged)
            .filter(|pause| now < judged + *pause)
        {
            None => {
                member.backoff.attempt(now);
                Next::Restart {
                    at: now + notice,
                    pause: None,
                }
            }
            Some(pause) => {
                let at = now + pause;
                member.backoff.attempt(at);
                let show = now + if first { SHOWN_FIRST } else { SHOWN };
                Next::Restart {
                    at,
                    pause: Some((pause, show)),
                }
            }
        }
    }
}

fn first_pause() -> SignedDuration {
    Backoff::restarts().next(Timestamp::UNIX_EPOCH)
}
