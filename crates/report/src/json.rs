//! report.json: the whole run for programs.
//!
//! Its fields are documented in `report.md`; a test holds that page to what
//! is written.
//!
//! Invariants:
//! - The records in it fold to the summary in it.
//! - It is redacted as a whole, whoever made the texts in it.

use serde::Serialize;
use serde_json::Value;
use stayput_events::{
    ClaimPart, ClusterFacts, ControlResult, Elapsed, Failure, FlakyCounts, Outcome, Provider,
    Record, RunFacts, SCHEMA_VERSION, SkipReason, StepId,
};

use crate::{
    ControlSummary, Error, LedgerRow, StepSummary, Summary, Tally, TimeSplit, redact, words,
};

/// The report of a run, redacted.
pub fn write(records: &[Record], summary: &Summary) -> Result<Value, Error> {
    let report = Report {
        schema_version: SCHEMA_VERSION,
        run: summary.run.as_ref().map(Run::of),
        cluster: summary.cluster.as_ref().map(|(ready, facts)| Cluster {
            ready: *ready,
            facts,
        }),
        outcome: summary.outcome.as_ref().map(End::of),
        exit_code: summary.exit_code(),
        steps: summary.steps.iter().map(Step::of).collect(),
        controls: summary.controls.iter().map(Control::of).collect(),
        claims: Claims::of(summary),
        time: summary.time(),
        files: summary.files.iter().map(|file| file.as_str()).collect(),
        records,
    };
    let plain = serde_json::to_value(report).map_err(|source| Error::Json {
        doing: "write",
        source,
    })?;
    Ok(redact::value(plain))
}

/// The records of a report, for another fold.
pub fn read(report: &Value) -> Result<Vec<Record>, Error> {
    let version = &report["schemaVersion"];
    if *version != SCHEMA_VERSION {
        return Err(Error::SchemaVersion {
            found: version.to_string(),
            known: SCHEMA_VERSION,
        });
    }
    serde_json::from_value(report["records"].clone()).map_err(|source| Error::Json {
        doing: "read",
        source,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    run: Option<Run<'a>>,
    cluster: Option<Cluster<'a>>,
    outcome: Option<End<'a>>,
    exit_code: u8,
    steps: Vec<Step<'a>>,
    controls: Vec<Control<'a>>,
    claims: Claims,
    time: TimeSplit,
    files: Vec<&'a str>,
    records: &'a [Record],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    scenario: &'a str,
    file: &'a str,
    about: &'a str,
    provider: &'a Provider,
    why: &'a str,
    rerun: &'a str,
    seed: u64,
    started: &'a str,
    version: &'a str,
    flaky: FlakyCounts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster<'a> {
    ready: Elapsed,
    facts: &'a ClusterFacts,
}

/// How something ended, flat: a word, and what belongs to that word.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct End<'a> {
    is: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step<'a> {
    id: StepId,
    name: &'a str,
    place: &'a str,
    shows: &'a [ClaimPart],
    begun: Option<Elapsed>,
    ended: Option<Elapsed>,
    outcome: Option<End<'a>>,
    findings: &'a [String],
    withheld: Vec<Withheld<'a>>,
    costs: Option<TimeSplit>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Withheld<'a> {
    part: &'a ClaimPart,
    reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Control<'a> {
    name: &'a str,
    fails_at: &'a str,
    begun: Elapsed,
    ended: Option<Elapsed>,
    result: Option<&'static str>,
    note: Option<String>,
    outcome: Option<End<'a>>,
    steps: Vec<Step<'a>>,
    costs: Option<TimeSplit>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    tally: Tally,
    statements: Vec<LedgerRow>,
}

impl<'a> Run<'a> {
    fn of(facts: &'a RunFacts) -> Self {
        Self {
            scenario: &facts.scenario,
            file: facts.file.as_str(),
            about: &facts.about,
            provider: &facts.provider,
            why: &facts.why,
            rerun: &facts.rerun,
            seed: facts.seed,
            started: &facts.started,
            version: &facts.version,
            flaky: facts.flaky,
        }
    }
}

impl<'a> End<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let (is, attempts, reason) = match outcome {
            Outcome::Passed => ("passed", None, None),
            Outcome::Flaky { attempts } => ("flaky", Some(*attempts), None),
            Outcome::Failed(_) => ("failed", None, None),
            Outcome::TimedOut(_) => ("timedOut", None, None),
            Outcome::Skipped(reason) => match reason {
                SkipReason::NotPossibleHere(_) => ("notTried", None, Some(reason)),
                SkipReason::EarlierFailure
                | SkipReason::Condition(_)
                | SkipReason::LeftOutByControl
                | SkipReason::Interrupted => ("skipped", None, Some(reason)),
            },
            Outcome::Interrupted => ("interrupted", None, None),
        };
        Self {
            is,
            attempts,
            reason: reason.map(words::skipped),
            failure: outcome.failure(),
        }
    }

    /// The same, for who finds the failure elsewhere.
    pub(crate) fn without_failure(outcome: &'a Outcome) -> Self {
        Self {
            failure: None,
            ..Self::of(outcome)
        }
    }
}

impl<'a> Step<'a> {
    fn of(step: &'a StepSummary) -> Self {
        let withheld = step.withheld.iter();
        Self {
            id: step.facts.id,
            name: &step.facts.name,
            place: &step.facts.place,
            shows: &step.facts.shows,
            begun: step.begun,
            ended: step.ended,
            outcome: step.outcome.as_ref().map(End::of),
            findings: &step.findings,
            withheld: withheld
                .map(|(part, reason)| Withheld { part, reason })
                .collect(),
            costs: step.time(),
        }
    }
}

impl<'a> Control<'a> {
    fn of(control: &'a ControlSummary) -> Self {
        let result = control.result.as_ref();
        Self {
            name: &control.name,
            fails_at: &control.fails_at,
            begun: control.begun,
            ended: control.ended,
            result: result.map(result_word),
            note: result.map(|result| words::control_note(result, &control.fails_at)),
            outcome: result.and_then(result_outcome).map(End::of),
            steps: control.steps.iter().map(Step::of).collect(),
            costs: control.time(),
        }
    }
}

impl Claims {
    fn of(summary: &Summary) -> Self {
        let statements = summary.ledger();
        Self {
            tally: Tally::of(&statements),
            statements,
        }
    }
}

fn result_word(result: &ControlResult) -> &'static str {
    match result {
        ControlResult::Caught(_) => "caught",
        ControlResult::FailedElsewhere { .. } => "failedElsewhere",
        ControlResult::Missed => "missed",
        ControlResult::ChangedNothing { .. } => "changedNothing",
        ControlResult::Broken(_) => "broken",
        ControlResult::NotTried(_) => "notTried",
        ControlResult::Interrupted => "interrupted",
    }
}

fn result_outcome(result: &ControlResult) -> Option<&Outcome> {
    match result {
        ControlResult::Caught(outcome)
        | ControlResult::FailedElsewhere { outcome, .. }
        | ControlResult::Broken(outcome) => Some(outcome),
        ControlResult::Missed
        | ControlResult::ChangedNothing { .. }
        | ControlResult::NotTried(_)
        | ControlResult::Interrupted => None,
    }
}
