//! Containers that are ended, and pods that end.

use jiff::{SignedDuration, Timestamp};

use super::command::{Command, Level};
use super::container::{Ended, Next, Role, Run, StopStep, Stopping};
use super::machine::{Machine, Network, Over, Step};

const TERM: i32 = 15;
const KILL: i32 = 9;
/// A process gets at least this after a hook that took all the time.
const LEAST: SignedDuration = SignedDuration::from_secs(2);

/// A pod that is being ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) grace: i64,
    /// The API has it no more: nothing is to be said of it.
    pub(super) gone: bool,
    deadline: Timestamp,
    began: bool,
}

/// What a pod amounts to when nothing of it will run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Succeeded,
    Failed,
}

impl Machine {
    pub(super) fn begin_stop(&mut self, now: Timestamp, grace: i64, _: &mut Vec<Command>) {
        let deadline = now + SignedDuration::from_secs(grace);
        self.stop = Some(Stop {
            grace,
            gone: false,
            deadline,
            began: false,
        });
    }

    /// Ends main containers, then sidecars from the last, then the pod.
    pub(super) fn advance_stop(&mut self, now: Timestamp, out: &mut Vec<Command>) {
        let Some(stop) = &mut self.stop else { return };
        let (deadline, began) = (stop.deadline, std::mem::replace(&mut stop.began, true));
        let left = deadline.duration_since(now).as_secs().max(0);
        if !began {
            for index in self.of_role(|role| role != Role::Sidecar) {
                self.kill(now, index, left, None, out);
            }
            self.settle();
        }
        let alive = |role| {
            self.members
                .iter()
                .any(|member| member.role == role && member.is_alive())
        };
        if !alive(Role::Main) && !alive(Role::Init) {
            let last = self.of_role(|role| role == Role::Sidecar).pop();
            if let Some(index) = last {
                self.kill(now, index, left, None, out);
            }
        }
        for index in 0..self.members.len() {
            self.ask_probes(now, index, out);
            self.carry_on_stopping(now, index, out);
        }
        if !self.members.iter().any(super::container::Member::is_alive)
            && self.volumes != Step::Busy
        {
            self.tear_down(out);
        }
    }

    /// Members of a role that still run.
    fn of_role(&self, wanted: impl Fn(Role) -> bool) -> Vec<usize> {
        let chosen = |(_, member): &(usize, &super::container::Member)| {
            wanted(member.role) && member.is_alive()
        };
        self.members
            .iter()
            .enumerate()
            .filter(chosen)
            .map(|(index, _)| index)
            .collect()
    }

    /// Nothing waits to start again any more: what waits has ended.
    fn settle(&mut self) {
        for member in &mut self.members {
            if let Run::Ended { next, .. } = &mut member.run
                && *next != Next::Stays
            {
                *next = Next::Stays;
                member.last = None;
            }
        }
    }

    /// Begins to end a container that runs.
    pub(super) fn kill(
        &mut self,
        now: Timestamp,
        index: usize,
        grace: i64,
        message: Option<String>,
        out: &mut Vec<Command>,
    ) {
        let hook = self
            .definition(index)
            .and_then(|container| container.lifecycle.as_ref());
        let has_hook = hook.is_some_and(|hooks| hooks.pre_stop.is_some()) && grace > 0;
        let limit = SignedDuration::from_secs(grace);
        let member = &mut self.members[index];
        let message = message.unwrap_or_else(|| format!("Stopping container {}", member.name));
        let Some(running) = member.running_mut() else {
            return;
        };
        if running.stop.is_some() {
            return;
        }
        let step = if has_hook {
            StopStep::Hook
        } else {
            StopStep::Asked
        };
        running.stop = Some(Stopping {
            deadline: now + limit,
            step,
        });
        self.event(
            out,
            Level::Normal,
            "Killing",
            message,
            Some(&self.members[index]),
        );
        out.push(if has_hook {
            Command::PreStop {
                container: index,
                limit,
            }
        } else {
            Command::Signal {
                container: index,
                signal: if grace == 0 { KILL } else { TERM },
            }
        });
    }

    pub(super) fn on_hook_done(&mut self, now: Timestamp, index: usize, out: &mut Vec<Command>) {
        let Some(running) = self.members[index].running_mut() else {
            return;
        };
        if let Some(stop) = &mut running.stop
            && stop.step == StopStep::Hook
        {
            *stop = Stopping {
                deadline: stop.deadline.max(now + LEAST),
                step: StopStep::Asked,
            };
            out.push(Command::Signal {
                container: index,
                signal: TERM,
            });
        }
    }

    /// Kills what has outlived its grace.
    pub(super) fn carry_on_stopping(
        &mut self,
        now: Timestamp,
        index: usize,
        out: &mut Vec<Command>,
    ) {
        let Some(running) = self.members[index].running_mut() else {
            return;
        };
        let Some(stop) = &mut running.stop else {
            return;
        };
        if stop.deadline > now || stop.step == StopStep::Killed {
            return;
        }
        // Its end is an input; there is nothing further to wait for.
        *stop = Stopping {
            deadline: Timestamp::MAX,
            step: StopStep::Killed,
        };
        out.push(Command::Signal {
            container: index,
            signal: KILL,
        });
    }

    /// Whether all is over by itself, and how it came out.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let over = |index: usize| match &self.members[index].run {
            Run::Ended {
                ended,
                next: Next::Stays,
            } => Some(ended.code),
            _ => None,
        };
        let mut codes = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            match (member.role, over(index)) {
                (Role::Init, Some(code)) if code != 0 => return Some(Verdict::Failed),
                (Role::Main, Some(code)) => codes.push(code),
                (Role::Main, None) => return None,
                (Role::Init | Role::Sidecar, _) => {}
            }
        }
        Some(if codes.iter().all(|code| *code == 0) {
            Verdict::Succeeded
        } else {
            Verdict::Failed
        })
    }

    /// The pod's main containers are over: sidecars follow, then the pod's end.
    pub(super) fn finish(&mut self, now: Timestamp, out: &mut Vec<Command>) {
        if let Some(index) = self.of_role(|role| role == Role::Sidecar).pop() {
            self.kill(now, index, self.grace(), None, out);
            for index in 0..self.members.len() {
                self.carry_on_stopping(now, index, out);
            }
            return;
        }
        self.settle();
        self.tear_down(out);
    }

    fn tear_down(&mut self, out: &mut Vec<Command>) {
        self.over = Over::TearingDown;
        out.push(Command::TearDown);
    }

    pub(super) fn on_torn_down(&mut self, out: &mut Vec<Command>) {
        self.over = Over::Yes;
        let address = match std::mem::replace(&mut self.network, Network::Gone(None)) {
            Network::Has(address) => Some(address),
            Network::Due(_) | Network::Busy | Network::Gone(_) => None,
        };
        self.network = Network::Gone(address);
        let Some(stop) = &self.stop else {
            if self.pod.metadata.deletion_timestamp.is_some() {
                out.push(Command::Delete);
            }
            return;
        };
        let gone = stop.gone;
        for member in &mut self.members {
            if matches!(member.run, Run::Never | Run::Blocked { .. }) {
                member.run = Run::Ended {
                    ended: Ended::not_located(),
                    next: Next::Stays,
                };
            }
        }
        if gone {
            out.push(Command::Forget);
        } else {
            out.push(Command::Delete);
        }
    }
}
