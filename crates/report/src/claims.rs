//! The claims ledger: every statement of the text, and what the run showed.
//!
//! Invariants:
//! - A part is shown only if a step that shows it ran, and every one of those
//!   that ran passed at its first attempt, and none was withheld.
//! - Steps of controls show nothing: they are played to fail.

use serde::Serialize;
use stayput_events::{ClaimPart, ClaimVerdict, Outcome, PartVerdict, SkipReason, StatementPart};

use crate::{StepSummary, Summary};

/// One statement, with all of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRow {
    /// Its number, as the text counts.
    pub id: u32,
    /// What it says.
    pub says: String,
    /// Its parts, in the order of the text.
    pub parts: Vec<LedgerPart>,
}

/// One part of a statement, and what the run says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerPart {
    /// Its name, as `8.place`.
    pub id: ClaimPart,
    /// What a passing step would show, in words.
    pub words: String,
    /// What the run says about it.
    pub verdict: PartVerdict,
}

/// How many parts came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// As the text says.
    pub confirmed: usize,
    /// Not as the text says.
    pub refuted: usize,
    /// As the text says, with something that it never says.
    pub more_exactly: usize,
    /// A step that should show it failed.
    pub not_shown: usize,
    /// No step tried it, or none could.
    pub not_tried: usize,
}

impl Tally {
    /// Counts the parts of all rows.
    pub fn of(ledger: &[LedgerRow]) -> Self {
        let mut tally = Self::default();
        for part in ledger.iter().flat_map(|row| &row.parts) {
            match &part.verdict {
                PartVerdict::Shown { verdict, .. } => tally.count_shown(*verdict),
                PartVerdict::NotShown { .. } => tally.not_shown += 1,
                PartVerdict::NotTried { .. } => tally.not_tried += 1,
            }
        }
        tally
    }

    pub(crate) fn count_shown(&mut self, verdict: ClaimVerdict) {
        match verdict {
            ClaimVerdict::Confirmed => self.confirmed += 1,
            ClaimVerdict::Refuted => self.refuted += 1,
            ClaimVerdict::MoreExactly => self.more_exactly += 1,
        }
    }

    /// All parts.
    pub fn parts(&self) -> usize {
        self.confirmed + self.refuted + self.more_exactly + self.not_shown + self.not_tried
    }
}

pub(crate) fn ledger(summary: &Summary) -> Vec<LedgerRow> {
    let statements = summary.run.iter().flat_map(|run| &run.statements);
    statements
        .map(|statement| LedgerRow {
            id: statement.id,
            says: statement.says.clone(),
            parts: statement
                .parts
                .iter()
                .map(|part| LedgerPart {
                    id: part.id.clone(),
                    words: part.shown.clone(),
                    verdict: verdict(part, summary),
                })
                .collect(),
        })
        .collect()
}

fn verdict(part: &StatementPart, summary: &Summary) -> PartVerdict {
    let showing: Vec<&StepSummary> = summary
        .steps
        .iter()
        .filter(|step| step.facts.shows.contains(&part.id))
        .collect();
    if let Some(failed) = showing.iter().find(|step| went_wrong(step)) {
        return PartVerdict::NotShown {
            step: failed.facts.id,
        };
    }
    let stands_in_the_way = showing.iter().find_map(|step| withheld(step, &part.id));
    let passed: Vec<&StepSummary> = showing
        .iter()
        .copied()
        .filter(|step| passed(step))
        .collect();
    if stands_in_the_way.is_some() || passed.is_empty() {
        return PartVerdict::NotTried {
            reason: stands_in_the_way.or_else(|| showing.first().map(|step| why_not_tried(step))),
        };
    }
    PartVerdict::Shown {
        verdict: part.verdict,
        steps: passed.iter().map(|step| step.facts.id).collect(),
        evidence: passed
            .iter()
            .flat_map(|step| step.findings.iter().cloned())
            .collect(),
    }
}

/// Whether it ran to its end and did not pass at its first attempt.
fn went_wrong(step: &StepSummary) -> bool {
    match &step.outcome {
        Some(Outcome::Failed(_) | Outcome::TimedOut(_) | Outcome::Flaky { .. }) => true,
        Some(Outcome::Passed | Outcome::Skipped(_) | Outcome::Interrupted) | None => false,
    }
}

fn passed(step: &StepSummary) -> bool {
    step.outcome.as_ref().is_some_and(Outcome::is_pass)
}

/// Why a step that shows the part keeps it from being shown: the step says so
/// itself, or it was stopped in the middle.
fn withheld(step: &StepSummary, part: &ClaimPart) -> Option<String> {
    let said = step.withheld.iter().find(|(withheld, _)| withheld == part);
    if let Some((_, reason)) = said {
        return Some(reason.clone());
    }
    let stopped = matches!(step.outcome, Some(Outcome::Interrupted));
    stopped.then(|| format!("`{}` was interrupted", step.facts.name))
}

fn why_not_tried(step: &StepSummary) -> String {
    let name = &step.facts.name;
    match &step.outcome {
        Some(Outcome::Skipped(SkipReason::EarlierFailure)) => {
            format!("`{name}` was skipped: an earlier step failed")
        }
        Some(Outcome::Skipped(SkipReason::NotPossibleHere(what))) => {
            format!("not possible here: {what}")
        }
        Some(Outcome::Skipped(SkipReason::Condition(condition))) => {
            format!("`{name}` was skipped: not `{condition}`")
        }
        Some(Outcome::Skipped(SkipReason::LeftOutByControl)) => {
            format!("`{name}` was left out")
        }
        Some(Outcome::Skipped(SkipReason::Interrupted)) => {
            format!("the run was stopped before `{name}`")
        }
        Some(
            Outcome::Passed
            | Outcome::Flaky { .. }
            | Outcome::Failed(_)
            | Outcome::TimedOut(_)
            | Outcome::Interrupted,
        )
        | None => match step.begun {
            Some(_) => format!("`{name}` did not end"),
            None => format!("`{name}` did not begin"),
        },
    }
}
