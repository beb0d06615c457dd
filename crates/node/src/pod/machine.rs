//! The machine itself: inputs in, commands out, and what is to be done next.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use serde_json::Value;

use super::backoff::Backoff;
use super::command::{Command, EventDraft, Input, Level, PodNews};
use super::container::{Member, Next, Role, Run};
use super::status::Conditions;
use super::stopping::Stop;
use crate::images::Images;

const SETTLES: SignedDuration = SignedDuration::from_millis(200);

/// The node that a pod is on.
#[derive(Debug, Clone)]
pub struct Host {
    /// The node's address.
    pub address: String,
    /// What its images are.
    pub images: Arc<Images>,
}

/// One pod.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) host: Host,
    pub(super) pod: Arc<Pod>,
    pub(super) members: Vec<Member>,
    pub(super) volumes: Step,
    pub(super) mounts: Backoff,
    pub(super) network: Network,
    pub(super) stop: Option<Stop>,
    pub(super) over: Over,
    pub(super) start_time: Timestamp,
    pub(super) conditions: Conditions,
    pub(crate) sent: Value,
    /// The network was lost with the machine and is made again.
    pub(super) changed: bool,
    /// A status is held back until a container has settled.
    unsettled: bool,
}

/// A step that may have to be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Due(Timestamp),
    Busy,
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Network {
    Due(Timestamp),
    Busy,
    Has(String),
    Gone(Option<String>),
}

/// How far the pod's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    No,
    TearingDown,
    Yes,
    Deleted,
}

impl Machine {
    /// A pod that has just come to this node.
    pub fn new(pod: Arc<Pod>, host: Host, now: Timestamp) -> Self {
        let members = Member::all_of(&pod);
        Self {
            host,
            members,
            volumes: Step::Due(now),
            mounts: Backoff::mounts(),
            network: Network::Due(now),
            stop: None,
            over: Over::No,
            start_time: now,
            conditions: Conditions::default(),
            sent: Value::Null,
            changed: false,
            unsettled: false,
            pod,
        }
    }

    /// Takes one input and says what to do.
    pub fn on(&mut self, now: Timestamp, input: Input) -> Vec<Command> {
        let mut out = Vec::new();
        match input {
            Input::Pod(news) => self.on_news(now, news, &mut out),
            Input::Volumes(mounted) => self.on_volumes(now, mounted, &mut out),
            Input::Network(made) => self.on_network(now, made, &mut out),
            Input::Started {
                container,
                instance,
                hook,
            } => self.on_started(now, container, instance, &hook, &mut out),
            Input::StartFailed { container, fault } => {
                self.on_start_failed(now, container, fault, &mut out);
            }
            Input::Exited {
                container,
                instance,
                exit,
                message,
            } => {
                self.on_exited(now, container, instance, exit.code(), message, &mut out);
            }
            Input::Probed {
                container,
                instance,
                kind,
                outcome,
            } => {
                self.on_probed(now, container, instance, kind, outcome, &mut out);
            }
            Input::HookDone { container } => self.on_hook_done(now, container, &mut out),
            Input::TornDown => self.on_torn_down(&mut out),
            Input::Tick => {}
        }
        self.advance(now, &mut out);
        self.publish(now, &mut out);
        out
    }

    /// When [`Input::Tick`] is due.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let step = match self.volumes {
            Step::Due(at) => Some(at),
            Step::Busy | Step::Done => None,
        };
        let network = match (&self.network, self.volumes) {
            (Network::Due(at), Step::Done) => Some(*at),
            _ => None,
        };
        let members = self
            .members
            .iter()
            .filter_map(|member| self.wake_of(member));
        if matches!(self.over, Over::Yes | Over::Deleted) {
            return None;
        }
        members.chain(step).chain(network).min()
    }

    fn wake_of(&self, member: &Member) -> Option<Timestamp> {
        match &member.run {
            Run::Blocked { retry, .. } => self.stop.is_none().then_some(*retry),
            Run::Running(running) => {
                let stop = running.stop.as_ref().map(|stop| stop.deadline);
                let probes = running
                    .asked()
                    .filter_map(super::probing::Prober::due)
                    .min();
                let settled = self.settles_at(member).filter(|_| self.unsettled);
                [stop, probes, settled].into_iter().flatten().min()
            }
            Run::Ended {
                next: Next::Restart { at, pause },
                ..
            } => {
                let show = pause
                    .map(|(_, show)| show)
                    .filter(|show| *show != Timestamp::MIN);
                Some(show.map_or(*at, |show| show.min(*at))).filter(|_| self.stop.is_none())
            }
            Run::Never
            | Run::Starting { .. }
            | Run::Ended {
                next: Next::Stays, ..
            } => None,
        }
    }

    fn on_news(&mut self, now: Timestamp, news: PodNews, out: &mut Vec<Command>) {
        match news {
            PodNews::Is(pod) => {
                let deleting = pod.metadata.deletion_timestamp.is_some();
                self.pod = pod;
                if deleting && self.over == Over::Yes && self.stop.is_none() {
                    out.push(Command::Delete);
                    self.over = Over::Deleted;
                } else if deleting && self.stop.is_none() {
                    let grace = self.pod.metadata.deletion_grace_period_seconds;
                    self.begin_stop(now, grace.unwrap_or_else(|| self.grace()), out);
                }
            }
            PodNews::Gone if matches!(self.over, Over::Yes | Over::Deleted) => {
                out.push(Command::Forget);
            }
            PodNews::Gone => {
                if self.stop.is_none() {
                    self.begin_stop(now, self.grace(), out);
                }
                if let Some(stop) = &mut self.stop {
                    stop.gone = true;
                }
            }
        }
    }

    fn on_volumes(
        &mut self,
        now: Timestamp,
        mounted: Result<(), Vec<String>>,
        out: &mut Vec<Command>,
    ) {
        match mounted {
            Ok(()) => self.volumes = Step::Done,
            Err(failures) => {
                self.volumes = Step::Due(now + self.mounts.next(now));
                for message in failures {
                    self.event(out, Level::Warning, "FailedMount", message, None);
                }
            }
        }
    }

    fn on_network(&mut self, now: Timestamp, made: Result<String, String>, out: &mut Vec<Command>) {
        self.network = match made {
            Ok(address) => Network::Has(address),
            Err(why) => {
                let message =
                    format!("Failed to create pod sandbox: rpc error: code = Unknown desc = {why}");
                self.event(out, Level::Warning, "FailedCreatePodSandBox", message, None);
                Network::Due(now + SignedDuration::from_secs(1))
            }
        };
    }

    /// Does everything that is due.
    fn advance(&mut self, now: Timestamp, out: &mut Vec<Command>) {
        if self.over != Over::No {
            return;
        }
        if self.stop.is_some() {
            return self.advance_stop(now, out);
        }
        match self.volumes {
            Step::Due(at) if at <= now => {
                self.volumes = Step::Busy;
                out.push(Command::MountVolumes);
                return;
            }
            Step::Due(_) | Step::Busy => return,
            Step::Done => {}
        }
        match &self.network {
            Network::Due(at) if *at <= now => {
                if std::mem::take(&mut self.changed) {
                    let message =
                        "Pod sandbox changed, it will be killed and re-created.".to_owned();
                    self.event(out, Level::Normal, "SandboxChanged", message, None);
                }
                self.network = Network::Busy;
                out.push(Command::MakeNetwork);
            }
            Network::Due(_) | Network::Busy | Network::Gone(_) => {}
            Network::Has(_) => self.advance_members(now, out),
        }
    }

    fn advance_members(&mut self, now: Timestamp, out: &mut Vec<Command>) {
        if self.verdict().is_some() {
            return self.finish(now, out);
        }
        let mut open = true;
        for index in 0..self.members.len() {
            // A sidecar is kept alive whatever comes after it.
            if open
                || (self.members[index].role == Role::Sidecar && self.members[index].instance > 0)
            {
                self.start_if_due(now, index, out);
            }
            if self.members[index].role != Role::Main && !self.members[index].lets_pass() {
                open = false;
            }
            self.ask_probes(now, index, out);
            self.carry_on_stopping(now, index, out);
        }
    }

    pub(super) fn spec(&self) -> Option<&PodSpec> {
        self.pod.spec.as_ref()
    }

    /// The definition of a member.
    pub(super) fn definition(&self, index: usize) -> Option<&Container> {
        let spec = self.spec()?;
        let init = spec.init_containers.as_deref().unwrap_or_default();
        init.iter().chain(&spec.containers).nth(index)
    }

    pub(super) fn restart_policy(&self) -> &str {
        self.spec()
            .and_then(|spec| spec.restart_policy.as_deref())
            .unwrap_or("Always")
    }

    pub(super) fn grace(&self) -> i64 {
        self.spec()
            .and_then(|spec| spec.termination_grace_period_seconds)
            .unwrap_or(30)
    }

    #[expect(
        clippy::unused_self,
        reason = "an event is about this pod, and will name it"
    )]
    pub(super) fn event(
        &self,
        out: &mut Vec<Command>,
        level: Level,
        reason: &'static str,
        message: String,
        member: Option<&Member>,
    ) {
        let field_path = member.map(Member::field_path);
        out.push(Command::Event(EventDraft {
            level,
            reason,
            message,
            field_path,
        }));
    }

    /// When a container that is meant to end is said to run: what ends at once is never
    /// seen running by a kubelet, which looks once a second.
    fn settles_at(&self, member: &Member) -> Option<Timestamp> {
        let meant_to_end = member.role == Role::Main && self.restart_policy() != "Always";
        match &member.run {
            Run::Running(running) if meant_to_end => Some(running.since + SETTLES),
            _ => None,
        }
    }

    /// Whether something is about to follow that is better said at once with what is:
    /// another attempt's start, or the end of all.
    fn is_between(&self, now: Timestamp) -> bool {
        let virgin = self.members.iter().all(|member| member.id.is_none());
        let restarting = |member: &Member| match &member.run {
            Run::Starting { previous } => virgin || previous.is_some(),
            Run::Never | Run::Blocked { .. } | Run::Running(_) | Run::Ended { .. } => false,
        };
        let brief = |member: &Member| self.settles_at(member).is_some_and(|at| at > now);
        if self.stop.is_none() && self.members.iter().any(brief) {
            return true;
        }
        let ending = self.stop.is_some() && self.over == Over::TearingDown;
        ending || (self.stop.is_none() && self.members.iter().any(restarting))
    }

    fn publish(&mut self, now: Timestamp, out: &mut Vec<Command>) {
        if self.over == Over::Deleted || self.stop.as_ref().is_some_and(|stop| stop.gone) {
            return;
        }
        self.unsettled = self.is_between(now);
        if self.unsettled {
            return;
        }
        let status = self.status(now);
        if status != self.sent {
            self.sent.clone_from(&status);
            // The status of an end comes before the deletion that it allows.
            let end = out
                .iter()
                .position(|command| matches!(command, Command::Delete));
            out.insert(end.unwrap_or(out.len()), Command::Status(status));
        }
    }
}
