//! Which probes are asked, and what their verdicts do.

use jiff::Timestamp;

use super::command::{Command, Level, ProbeOutcome};
use super::container::{Run, Running};
use super::machine::Machine;
use super::probing::{ProbeKind, Prober};

impl Running {
    /// The probes that may be asked now: only the startup probe until it has passed.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Prober> {
        let started = self.started;
        let ending = self.stop.is_some();
        self.probers.iter().filter(move |prober| match prober.kind {
            ProbeKind::Startup => !started && !ending,
            ProbeKind::Readiness => started,
            ProbeKind::Liveness => started && !ending,
        })
    }
}

impl Machine {
    pub(super) fn ask_probes(&mut self, now: Timestamp, index: usize, out: &mut Vec<Command>) {
        let member = &mut self.members[index];
        let instance = member.instance;
        let Some(running) = member.running_mut() else {
            return;
        };
        let due = running
            .asked()
            .filter(|prober| prober.due().is_some_and(|at| at <= now));
        let kinds = due.map(|prober| prober.kind).collect::<Vec<_>>();
        for kind in kinds {
            if let Some(prober) = running
                .probers
                .iter_mut()
                .find(|prober| prober.kind == kind)
            {
                prober.ask(now);
                out.push(Command::Probe {
                    container: index,
                    instance,
                    kind,
                });
            }
        }
    }

    pub(super) fn on_probed(
        &mut self,
        now: Timestamp,
        index: usize,
        instance: u32,
        kind: ProbeKind,
        outcome: ProbeOutcome,
        out: &mut Vec<Command>,
    ) {
        if self.members[index].instance != instance
            || !matches!(self.members[index].run, Run::Running(_))
        {
            return;
        }
        let name = kind.name();
        let (passed, complaint) = match outcome {
            ProbeOutcome::Passed => (Some(true), None),
            ProbeOutcome::Failed(why) => (Some(false), Some(format!("{name} probe failed: {why}"))),
            ProbeOutcome::Errored(why) => (
                None,
                Some(format!(
                    "{name} probe errored and resulted in unknown state: {why}"
                )),
            ),
        };
        if let Some(message) = complaint {
            self.event(
                out,
                Level::Warning,
                "Unhealthy",
                message,
                Some(&self.members[index]),
            );
        }
        let Some(running) = self.members[index].running_mut() else {
            return;
        };
        let prober = running
            .probers
            .iter_mut()
            .find(|prober| prober.kind == kind);
        if let Some(verdict) = prober.and_then(|prober| prober.answer(now, passed)) {
            self.take_verdict(now, index, kind, verdict, out);
        }
    }

    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "a probe's verdict is yes or no"
    )]
    fn take_verdict(
        &mut self,
        now: Timestamp,
        index: usize,
        kind: ProbeKind,
        verdict: bool,
        out: &mut Vec<Command>,
    ) {
        let Some(running) = self.members[index].running_mut() else {
            return;
        };
        match (kind, verdict) {
            (ProbeKind::Readiness, ready) => running.ready = ready,
            (ProbeKind::Startup, true) => {
                running.started = true;
                running.ready = !running.has(ProbeKind::Readiness);
            }
            (ProbeKind::Liveness, true) => {}
            (ProbeKind::Startup | ProbeKind::Liveness, false) => {
                running.probers.iter_mut().for_each(Prober::forget);
                let name = &self.members[index].name;
                let which = kind.name().to_lowercase();
                let message = format!("Container {name} failed {which} probe, will be restarted");
                let own = self
                    .definition(index)
                    .and_then(|definition| kind.of(definition));
                let grace = own.and_then(|probe| probe.termination_grace_period_seconds);
                self.kill(
                    now,
                    index,
                    grace.unwrap_or_else(|| self.grace()),
                    Some(message),
                    out,
                );
            }
        }
    }
}
