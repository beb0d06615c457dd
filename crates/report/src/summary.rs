//! The fold: what a run has come to, after each record.
//!
//! Invariants:
//! - Pure: the same records in the same order give the same summary.
//! - Total: any list of records folds, also one that is cut short or names a
//!   step that was never announced.

use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use stayput_events::{
    ClaimPart, ClusterFacts, ControlResult, Cost, Elapsed, Event, Outcome, Record, RunFacts,
    StepFacts, StepId,
};

use crate::{LedgerRow, Spans, TimeSplit, claims, exit};

/// What a run has come to.
///
/// `events.iter().fold(Summary::new(), Summary::after)`, live or read back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// What was known before anything was touched.
    pub run: Option<RunFacts>,
    /// The cluster, and when all of its nodes were Ready.
    pub cluster: Option<(Elapsed, ClusterFacts)>,
    /// The scenario's steps, in order; the controls' own are in `controls`.
    pub steps: Vec<StepSummary>,
    /// The controls, in the order in which they were played.
    pub controls: Vec<ControlSummary>,
    /// What is waited for at this moment.
    pub awaited: Option<Awaited>,
    /// Files with more to read.
    pub files: Vec<Utf8PathBuf>,
    /// How the run ended; none while it runs, and of a record cut short.
    pub outcome: Option<Outcome>,
    /// The moment of the last record.
    pub now: Elapsed,
    /// What was spent by the run as a whole and by no step.
    pub spent: Spans,
}

/// What a step has come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSummary {
    /// The step, as it was announced.
    pub facts: StepFacts,
    /// When it began, at its first attempt.
    pub begun: Option<Elapsed>,
    /// When it ended.
    pub ended: Option<Elapsed>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What it found, in order; of its last attempt.
    pub findings: Vec<String>,
    /// Parts that it cannot show after all, and why not.
    pub withheld: Vec<(ClaimPart, String)>,
    /// What it spent.
    pub spent: Spans,
}

/// What a control has come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlSummary {
    /// Its name.
    pub name: String,
    /// The step that has to fail.
    pub fails_at: String,
    /// When it began.
    pub begun: Elapsed,
    /// When it ended.
    pub ended: Option<Elapsed>,
    /// Whether the sabotage was noticed where it should be.
    pub result: Option<ControlResult>,
    /// Its own steps.
    pub steps: Vec<StepSummary>,
    /// What it spent outside its steps.
    pub spent: Spans,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The step that waits; none while the cluster is being made.
    pub step: Option<StepId>,
    /// What for.
    pub what: String,
    /// What is seen instead.
    pub seen: String,
    /// Since when.
    pub since: Elapsed,
}

impl Summary {
    /// A run of which nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This run after one more record.
    #[must_use]
    pub fn after(mut self, record: &Record) -> Self {
        self.now = self.now.max(record.at);
        match &record.event {
            Event::RunStarted(facts) => self.start(facts),
            Event::ClusterProgress { what } => self.wait(None, what, "", record.at),
            Event::ClusterReady(facts) => {
                self.awaited = None;
                self.cluster = Some((record.at, facts.clone()));
            }
            Event::Awaiting { step, what, seen } => {
                self.wait(Some(*step), what, seen, record.at);
            }
            Event::StepStarted { step } => {
                self.awaited = None;
                self.on(*step, |step| step.begin(record.at));
            }
            Event::Found { step, what, .. } => {
                self.on(*step, |step| step.findings.push(what.clone()));
            }
            Event::Logged { step, text } => self.on(*step, |step| {
                step.findings.extend(text.lines().map(str::to_owned));
            }),
            Event::Withheld { step, part, reason } => self.on(*step, |step| {
                step.withheld.push((part.clone(), reason.clone()));
            }),
            Event::StepFinished { step, outcome } => {
                self.awaited = None;
                self.on(*step, |step| step.end(record.at, outcome));
            }
            Event::Spent {
                step,
                on,
                from,
                until,
            } => self.spend(*step, *on, *from, *until),
            // Lanes of objects are drawn from the records themselves.
            Event::Told { .. } | Event::Acted { .. } | Event::Changed { .. } => {}
            Event::ControlStarted {
                control,
                fails_at,
                steps,
            } => self.begin_control(control, fails_at, steps, record.at),
            Event::ControlFinished { control, result } => {
                self.finish_control(control, result, record.at);
            }
            Event::FilesWritten { files } => self.files.extend(files.iter().cloned()),
            Event::RunFinished { outcome } => {
                self.awaited = None;
                self.outcome = Some(outcome.clone());
            }
        }
        self
    }

    /// Each statement of the text, and what the run showed of it.
    pub fn ledger(&self) -> Vec<LedgerRow> {
        claims::ledger(self)
    }

    /// Where the time of the run went.
    pub fn time(&self) -> TimeSplit {
        let mut all = self.spent.clone();
        for step in &self.steps {
            all.extend(&step.spent);
        }
        for control in &self.controls {
            all.push_control(control.begun, control.ended.unwrap_or(self.now));
        }
        all.split(Elapsed::ZERO, self.now)
    }

    /// 0 passed, 1 failed, 130 interrupted.
    ///
    /// A step that failed, a control that was not caught and a record that
    /// ends before its run did are never 0. A run that took several attempts
    /// is 0 only where its caller allows that.
    pub fn exit_code(&self) -> u8 {
        exit::code(self)
    }

    /// Whether something failed, as opposed to what passed, was flaky or was stopped.
    pub fn is_failed(&self) -> bool {
        exit::failed(self)
    }

    /// The control that is being played.
    pub fn control(&self) -> Option<&ControlSummary> {
        self.controls.last().filter(|last| last.ended.is_none())
    }

    /// The step that is being played, and the steps that it is one of.
    pub fn current(&self) -> Option<(&StepSummary, &[StepSummary])> {
        let steps = self.control().map_or(&self.steps, |control| &control.steps);
        let running = |step: &&StepSummary| step.begun.is_some() && step.ended.is_none();
        steps.iter().find(running).map(|step| (step, &**steps))
    }

    fn start(&mut self, facts: &RunFacts) {
        self.steps = announced(&facts.steps);
        self.run = Some(facts.clone());
    }

    fn wait(&mut self, step: Option<StepId>, what: &str, seen: &str, at: Elapsed) {
        let before = self.awaited.take();
        let same = before.filter(|awaited| awaited.step == step && awaited.what == what);
        self.awaited = Some(Awaited {
            step,
            what: what.to_owned(),
            seen: seen.to_owned(),
            since: same.map_or(at, |awaited| awaited.since),
        });
    }

    /// The steps that step numbers mean now, and where their time is kept if
    /// it belongs to none of them.
    fn scope(&mut self) -> (&mut Vec<StepSummary>, &mut Spans) {
        match self.controls.last_mut() {
            Some(control) if control.ended.is_none() => (&mut control.steps, &mut control.spent),
            Some(_) | None => (&mut self.steps, &mut self.spent),
        }
    }

    /// Does `what` to a step; a step that was never announced is passed over.
    fn on(&mut self, id: StepId, what: impl FnOnce(&mut StepSummary)) {
        let (steps, _) = self.scope();
        if let Some(step) = steps.iter_mut().find(|step| step.facts.id == id) {
            what(step);
        }
    }

    fn spend(&mut self, step: Option<StepId>, on: Cost, from: Elapsed, until: Elapsed) {
        let (steps, spent) = self.scope();
        let found = step.and_then(|id| steps.iter_mut().find(|step| step.facts.id == id));
        let spans = found.map_or(spent, |step| &mut step.spent);
        spans.push(on, from, until);
    }

    fn begin_control(&mut self, name: &str, fails_at: &str, steps: &[StepFacts], at: Elapsed) {
        self.controls.push(ControlSummary {
            name: name.to_owned(),
            fails_at: fails_at.to_owned(),
            begun: at,
            ended: None,
            result: None,
            steps: announced(steps),
            spent: Spans::default(),
        });
    }

    fn finish_control(&mut self, name: &str, result: &ControlResult, at: Elapsed) {
        self.awaited = None;
        let open = |control: &&mut ControlSummary| control.ended.is_none() && control.name == name;
        if let Some(control) = self.controls.iter_mut().rev().find(open) {
            control.ended = Some(at);
            control.result = Some(result.clone());
        }
    }
}

impl StepSummary {
    /// How long it took, and on what; none before it has ended.
    pub fn time(&self) -> Option<TimeSplit> {
        Some(self.spent.split(self.begun?, self.ended?))
    }

    /// How long it took; none if it was never begun, or has not ended.
    pub fn took(&self) -> Option<Duration> {
        Some(self.ended? - self.begun?)
    }

    /// What an attempt that is made again found before no longer counts.
    fn begin(&mut self, at: Elapsed) {
        self.begun.get_or_insert(at);
        self.ended = None;
        self.outcome = None;
        self.findings.clear();
        self.withheld.clear();
    }

    fn end(&mut self, at: Elapsed, outcome: &Outcome) {
        self.ended = Some(at);
        self.outcome = Some(outcome.clone());
    }
}

impl ControlSummary {
    /// How long it took, and on what; none before it has ended.
    pub fn time(&self) -> Option<TimeSplit> {
        let mut all = self.spent.clone();
        for step in &self.steps {
            all.extend(&step.spent);
        }
        Some(all.split(self.begun, self.ended?))
    }

    /// Whether the sabotage was noticed where it should be.
    pub fn caught(&self) -> bool {
        matches!(self.result, Some(ControlResult::Caught(_)))
    }
}

fn announced(steps: &[StepFacts]) -> Vec<StepSummary> {
    let summary = |facts: &StepFacts| StepSummary {
        facts: facts.clone(),
        begun: None,
        ended: None,
        outcome: None,
        findings: Vec::new(),
        withheld: Vec::new(),
        spent: Spans::default(),
    };
    steps.iter().map(summary).collect()
}
