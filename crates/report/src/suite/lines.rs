//! The summary of several scenarios, as a person sees it.

use stayput_events::{ClaimVerdict, Outcome};

use super::{Played, Suite, SuitePart, SuiteRow, SuiteVerdict};
use crate::{
    Style, closing,
    layout::{hang, pad, width},
    ledger::{self, Line, NOT_SHOWN, NOT_TRIED},
    style::Ink,
    words::{self, MARK},
};

/// Columns of a time, right-aligned.
const TIME: usize = 9;

pub(super) fn all(suite: &Suite, style: Style) -> Vec<String> {
    let column = suite.scenarios.iter().map(|played| width(&played.name));
    let column = column.max().unwrap_or(0);
    let heading = words::count(suite.scenarios.len(), "scenario");
    let mut lines = vec![style.paint(Ink::Strong, &heading)];
    lines.extend(
        suite
            .scenarios
            .iter()
            .flat_map(|one| scenario(one, column, style)),
    );
    let rows = suite.ledger();
    if !rows.is_empty() {
        lines.push(String::new());
        lines.extend(table(&rows, suite, style));
    }
    lines.push(String::new());
    lines.push(verdict(suite, style));
    lines
}

/// One scenario: how it ended, how long it took, and where it failed.
fn scenario(played: &Played, column: usize, style: Style) -> Vec<String> {
    let (mark, ink) = mark(played);
    let name = pad(&played.name, column);
    let Some(last) = played.last() else {
        let start = format!("{mark:<MARK$}{name}{:>TIME$}  ", "");
        return painted(
            hang(&start, "it was not played", style.columns()),
            mark,
            ink,
            style,
        );
    };
    let took = words::seconds(last.time().total);
    let failed = last.steps.iter().find(|step| {
        let outcome = step.outcome.as_ref();
        outcome.is_some_and(|outcome| outcome.failure().is_some())
    });
    let mut note = match failed {
        Some(step) => format!("at: {}", step.facts.name),
        None => closing::counts(last),
    };
    if played.attempts.len() > 1 {
        let attempts = words::count(played.attempts.len(), "attempt");
        note = format!("{note}, {attempts}");
    }
    let start = format!("{mark:<MARK$}{name}{took:>TIME$}  ");
    painted(hang(&start, &note, style.columns()), mark, ink, style)
}

/// Painted last: paint has no width.
fn painted(mut lines: Vec<String>, mark: &str, ink: Ink, style: Style) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(mark, &style.paint(ink, mark), 1);
    }
    lines
}

fn mark(played: &Played) -> (&'static str, Ink) {
    match played.last().map(|last| last.outcome.as_ref()) {
        None => ("not played", Ink::Bad),
        Some(None) => ("FAIL", Ink::Bad),
        Some(Some(outcome)) => match (outcome, played.exit_code()) {
            (Outcome::Passed, 0) => words::outcome(outcome),
            // Its outcome alone does not say that a step failed.
            (Outcome::Passed, _) => ("FAIL", Ink::Bad),
            _ => words::outcome(outcome),
        },
    }
}

fn table(rows: &[SuiteRow], suite: &Suite, style: Style) -> Vec<String> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.id, &*row.says, row.parts.iter().map(line).collect()))
        .collect();
    ledger::lines(&rows, suite.tally(), style)
}

fn line(part: &SuitePart) -> Line<'_> {
    let (verdict, steps, evidence) = match &part.verdict {
        SuiteVerdict::Shown { verdict, by } => {
            let steps = by
                .iter()
                .map(|one| format!("{}: {}", one.scenario, one.steps.join(", ")));
            let steps: Vec<_> = steps.collect();
            let seen = by.iter().flat_map(|one| &one.evidence).next();
            let verdict_word: (&str, Ink) = words::verdict(*verdict);
            let evidence = match (verdict, seen) {
                // The step's own name says as much.
                (ClaimVerdict::Confirmed, None) => String::new(),
                _ => ledger::shown(*verdict, &part.words, seen),
            };
            (verdict_word, steps.join("; "), evidence)
        }
        SuiteVerdict::NotShown { scenario, step } => (
            NOT_SHOWN,
            format!("failed: {scenario}: {step}"),
            String::new(),
        ),
        SuiteVerdict::NotTried { reason } => {
            (NOT_TRIED, reason.clone().unwrap_or_default(), String::new())
        }
    };
    Line {
        id: &part.id.0,
        verdict,
        steps,
        evidence,
    }
}

fn verdict(suite: &Suite, style: Style) -> String {
    let all = words::count(suite.scenarios.len(), "scenario");
    let passed = suite.scenarios.iter().filter(|one| passed(one)).count();
    let flaky = suite.scenarios.iter().filter(|one| one.is_flaky()).count();
    let (word, ink) = match suite.exit_code() {
        0 => ("passed", Ink::Good),
        130 => ("interrupted", Ink::Warn),
        _ if passed + flaky == suite.scenarios.len() && flaky > 0 => {
            ("flaky, which is not passed", Ink::Warn)
        }
        _ => ("FAILED", Ink::Bad),
    };
    let counted = if passed == suite.scenarios.len() {
        format!("all {all}")
    } else {
        format!("{passed} of {all} passed")
    };
    let flaky = match flaky {
        0 => String::new(),
        flaky => format!(", {flaky} flaky"),
    };
    let took = words::seconds(suite.took.since_start());
    format!("{}: {counted}{flaky}, in {took}", style.paint(ink, word))
}

fn passed(played: &Played) -> bool {
    played.exit_code() == 0 && !played.is_flaky()
}
