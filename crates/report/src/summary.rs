//! The fold: what a run has come to, after each record.

use camino::Utf8PathBuf;
use stayput_events::{
    ClaimPart, ClusterFacts, ControlResult, Elapsed, Outcome, Record, RunFacts, StepFacts, StepId,
};

use crate::{LedgerRow, Spans, TimeSplit, claims};

/// What a run has come to.
///
/// `events.iter().fold(Summary::new(), Summary::after)`, live or read back.
#[derive(Debug, Clone, PartialEq, Default)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct StepSummary {
    /// The step, as it was announced.
    pub facts: StepFacts,
    /// When it began, at its first attempt.
    pub begun: Option<Elapsed>,
    /// When it ended.
    pub ended: Option<Elapsed>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What it found, in order.
    pub findings: Vec<String>,
    /// Parts that it cannot show after all, and why not.
    pub withheld: Vec<(ClaimPart, String)>,
    /// What it spent.
    pub spent: Spans,
}

/// What a control has come to.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn after(self, _record: &Record) -> Self {
        todo!()
    }

    /// Each statement of the text, and what the run showed of it.
    pub fn ledger(&self) -> Vec<LedgerRow> {
        claims::ledger(self)
    }

    /// Where the time of the run went.
    pub fn time(&self) -> TimeSplit {
        todo!()
    }

    /// 0 passed, 1 failed, 130 interrupted.
    ///
    /// A step that failed, a control that was not caught and a record that
    /// ends before its run did are never 0. A run that counts as passed
    /// though a step was flaky is one in which the caller allowed it.
    pub fn exit_code(&self) -> u8 {
        todo!()
    }
}
