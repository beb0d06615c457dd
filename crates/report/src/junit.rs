//! junit.xml: the run for a CI server.
//!
//! Invariants:
//! - What did not pass is never a success there, except a flaky step of a run
//!   whose caller allows flaky steps.
//! - A case is there for every step and control that was announced.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use stayput_events::{ControlResult, Elapsed, Outcome};

use crate::{
    ControlSummary, Error, StepSummary, Style, Summary, Tally, closing, failure, redact, words,
};

/// Lines of a failure in it are this wide.
const WIDTH: u16 = 100;

/// The report of a run as XML, redacted.
///
/// One suite for the run, a case a step and one for the cluster; one suite
/// for its controls, a case each.
pub fn write(summary: &Summary) -> Result<String, Error> {
    // Before anything is laid out: a secret that wraps is not found any more.
    let summary = &redact::whole(summary)?;
    let name = summary.run.as_ref().map_or("stayput", |run| &run.scenario);
    let mut report = Report::new(name);
    report.set_time(summary.now.since_start());
    report.add_test_suites(suites(summary));
    text(&report)
}

/// The suites of one run, which is redacted.
pub(crate) fn suites(summary: &Summary) -> Vec<TestSuite> {
    let name = summary.run.as_ref().map_or("stayput", |run| &run.scenario);
    let mut suites = vec![run_suite(name, summary)];
    if !summary.controls.is_empty() {
        suites.push(control_suite(name, summary));
    }
    suites
}

/// A report as XML.
pub(crate) fn text(report: &Report) -> Result<String, Error> {
    let xml = report
        .to_string()
        .map_err(|source| Error::Junit { source })?;
    Ok(without_skipped(&xml))
}

/// The XML without a count of skipped cases on its root, which the schema
/// of Jenkins's xunit plugin refuses there; each suite has its own.
fn without_skipped(xml: &str) -> String {
    let Some(start) = xml.find("<testsuites ") else {
        return xml.to_owned();
    };
    let (before, root) = xml.split_at(start);
    let Some((tag, rest)) = root.split_once('>') else {
        return xml.to_owned();
    };
    let kept = match tag.split_once(" skipped=\"") {
        // A quote inside a value is escaped: the next one ends it.
        Some((left, right)) => match right.split_once('"') {
            Some((_, right)) => format!("{left}{right}"),
            None => tag.to_owned(),
        },
        None => tag.to_owned(),
    };
    format!("{before}{kept}>{rest}")
}

fn run_suite(name: &str, summary: &Summary) -> TestSuite {
    let mut suite = TestSuite::new(name);
    let time = summary.time();
    suite.set_time(time.total.saturating_sub(time.controls));
    if let Some(run) = &summary.run {
        suite
            .extra
            .insert("timestamp".into(), run.started.as_str().into());
    }
    suite.add_properties(properties(summary));
    suite.add_test_case(cluster_case(name, summary));
    suite.add_test_cases(attempts_case(name, summary));
    for step in &summary.steps {
        suite.add_test_case(step_case(name, step, summary));
    }
    suite
}

fn control_suite(name: &str, summary: &Summary) -> TestSuite {
    let name = format!("{name}: controls");
    let mut suite = TestSuite::new(&name);
    suite.set_time(summary.time().controls);
    for control in &summary.controls {
        suite.add_test_case(control_case(&name, control, summary));
    }
    suite
}

fn properties(summary: &Summary) -> Vec<Property> {
    let tally = Tally::of(&summary.ledger());
    let mut all = Vec::new();
    if let Some(run) = &summary.run {
        all.extend([
            ("file", run.file.to_string()),
            ("provider", words::provider(&run.provider)),
            ("provider.why", run.why.clone()),
            ("rerun", run.rerun.clone()),
            ("seed", run.seed.to_string()),
            ("version", run.version.clone()),
        ]);
    }
    if let Some((_, facts)) = &summary.cluster {
        all.extend([
            ("kubernetes", facts.kubernetes.clone()),
            ("nodes", facts.nodes.len().to_string()),
        ]);
    }
    all.extend([
        ("claims.confirmed", tally.confirmed.to_string()),
        ("claims.refuted", tally.refuted.to_string()),
        ("claims.moreExactly", tally.more_exactly.to_string()),
        ("claims.notShown", tally.not_shown.to_string()),
        ("claims.notTried", tally.not_tried.to_string()),
    ]);
    let property = |(name, value): (&str, String)| Property::new(name, &value);
    all.into_iter().map(property).collect()
}

/// A case of its own for a run that passed, but not at its first attempt.
fn attempts_case(name: &str, summary: &Summary) -> Option<TestCase> {
    let attempts = summary.outcome.as_ref()?.attempts()?;
    let message = format!("passed only at attempt {attempts}");
    let status = match summary.exit_code() {
        0 => TestCaseStatus::success(),
        _ => failed("flaky", &message, ""),
    };
    let mut case = TestCase::new("it passes at the first attempt", status);
    case.set_classname(name).set_system_out(message);
    Some(case)
}

/// The case of a scenario that was never begun.
pub(crate) fn not_played(name: &str) -> TestCase {
    let status = error("not played", "the scenario was not played", "");
    let mut case = TestCase::new("it is played", status);
    case.set_classname(name);
    case
}

fn cluster_case(name: &str, summary: &Summary) -> TestCase {
    let status = match (&summary.cluster, &summary.outcome) {
        (Some(_), _) => TestCaseStatus::success(),
        (None, None) => skipped("the record ends before the cluster was ready"),
        (None, Some(outcome)) => match outcome.failure() {
            Some(failure) => error(
                "cluster",
                &failure.summary,
                &outcome_block(outcome, summary),
            ),
            None => error("cluster", "the cluster was never ready", ""),
        },
    };
    let ready = summary.cluster.as_ref().map(|(ready, _)| *ready);
    let mut case = TestCase::new("the cluster is ready", status);
    case.set_classname(name);
    case.set_time(ready.unwrap_or(summary.now) - Elapsed::ZERO);
    case
}

fn step_case(name: &str, step: &StepSummary, summary: &Summary) -> TestCase {
    let block = || with_rerun(closing::of_step(step, Style::plain(WIDTH)), summary);
    let allowed = summary.exit_code() == 0;
    let status = match &step.outcome {
        Some(Outcome::Passed) => TestCaseStatus::success(),
        Some(Outcome::Flaky { .. }) if allowed => TestCaseStatus::success(),
        Some(Outcome::Flaky { attempts }) => {
            failed("flaky", &format!("passed only at attempt {attempts}"), "")
        }
        Some(Outcome::Failed(failure)) => failed("failed", &failure.summary, &block()),
        Some(Outcome::TimedOut(failure)) => failed("timed out", &failure.summary, &block()),
        Some(Outcome::Skipped(reason)) => skipped(&words::skipped(reason)),
        Some(Outcome::Interrupted) => error("interrupted", "a person or a signal stopped it", ""),
        None if step.begun.is_some() => error("unfinished", "the record ends within it", ""),
        None => skipped("the record ends before it"),
    };
    let mut case = TestCase::new(&step.facts.name, status);
    case.set_classname(name);
    case.set_time(step.took().unwrap_or_default());
    if let Some(found) = findings(step) {
        case.set_system_out(found);
    }
    case
}

fn findings(step: &StepSummary) -> Option<String> {
    let attempts = step.outcome.as_ref().and_then(Outcome::attempts);
    let attempts = attempts.map(|it| format!("passed only at attempt {it}"));
    let withheld = step.withheld.iter();
    let withheld = withheld.map(|(part, reason)| format!("{part} is not shown: {reason}"));
    let lines: Vec<String> = attempts
        .into_iter()
        .chain(step.findings.iter().cloned())
        .chain(withheld)
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn control_case(name: &str, control: &ControlSummary, summary: &Summary) -> TestCase {
    let block = || with_rerun(closing::of_control(control, Style::plain(WIDTH)), summary);
    let note = control
        .result
        .as_ref()
        .map(|result| words::control_note(result, &control.fails_at))
        .unwrap_or_default();
    let status = match &control.result {
        Some(ControlResult::Caught(_)) => TestCaseStatus::success(),
        Some(ControlResult::FailedElsewhere { .. }) => failed("elsewhere", &note, &block()),
        Some(ControlResult::Missed) => failed("missed", &note, ""),
        Some(ControlResult::ChangedNothing { .. }) => failed("changed nothing", &note, ""),
        Some(ControlResult::Broken(_)) => error("broken", &note, &block()),
        Some(ControlResult::NotTried(_)) => skipped(&note),
        Some(ControlResult::Interrupted) => error("interrupted", &note, ""),
        None => error("unfinished", "the record ends within it", ""),
    };
    let mut case = TestCase::new(&control.name, status);
    case.set_classname(name);
    case.set_time(control.time().map(|time| time.total).unwrap_or_default());
    case
}

fn outcome_block(outcome: &Outcome, summary: &Summary) -> String {
    let block = outcome
        .failure()
        .map(|failure| failure::block("the cluster was never ready", failure, Style::plain(WIDTH)));
    with_rerun(block.unwrap_or_default(), summary)
}

fn with_rerun(mut block: Vec<String>, summary: &Summary) -> String {
    block.extend(failure::again(summary));
    block.join("\n")
}

fn failed(kind: &str, message: &str, block: &str) -> TestCaseStatus {
    non_success(NonSuccessKind::Failure, kind, message, block)
}

fn error(kind: &str, message: &str, block: &str) -> TestCaseStatus {
    non_success(NonSuccessKind::Error, kind, message, block)
}

fn non_success(of: NonSuccessKind, kind: &str, message: &str, block: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(of);
    status.set_type(kind).set_message(message);
    if !block.is_empty() {
        status.set_description(block);
    }
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}
