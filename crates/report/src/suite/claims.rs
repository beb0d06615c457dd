//! One ledger over several scenarios.
//!
//! Invariants:
//! - A failure anywhere, at any attempt, outweighs what was shown elsewhere.
//! - Statements are the same where their number and their words are.

use serde::Serialize;
use stayput_events::{ClaimPart, ClaimVerdict, PartVerdict, Statement, StepId};

use super::Played;
use crate::{Summary, Tally};

/// One statement, with all of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuiteRow {
    /// Its number, as the text counts.
    pub id: u32,
    /// What it says.
    pub says: String,
    /// Its parts, in the order of the text.
    pub parts: Vec<SuitePart>,
}

/// One part of a statement, and what the scenarios together say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuitePart {
    /// Its name, as `8.place`.
    pub id: ClaimPart,
    /// What a passing step would show, in words.
    pub words: String,
    /// What the scenarios say about it.
    pub verdict: SuiteVerdict,
}

/// What several scenarios say about one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SuiteVerdict {
    /// At least one scenario shows it, and none failed to.
    Shown {
        /// What is shown.
        verdict: ClaimVerdict,
        /// By which scenarios.
        by: Vec<Showing>,
    },
    /// A step that should show it failed.
    NotShown {
        /// The scenario.
        scenario: String,
        /// Its step.
        step: String,
    },
    /// No scenario tried it, or none could.
    NotTried {
        /// Why, where there is more to say than that no step shows it.
        reason: Option<String>,
    },
}

/// Where a part was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Showing {
    /// The scenario.
    pub scenario: String,
    /// Its steps, by name.
    pub steps: Vec<String>,
    /// What they found, a line each.
    pub evidence: Vec<String>,
}

pub(super) fn ledger(scenarios: &[Played]) -> Vec<SuiteRow> {
    let runs = scenarios.iter().flat_map(|played| &played.attempts);
    let mut statements: Vec<&Statement> = Vec::new();
    for statement in runs
        .filter_map(|run| run.run.as_ref())
        .flat_map(|run| &run.statements)
    {
        let known = statements
            .iter()
            .any(|known| known.id == statement.id && known.says == statement.says);
        if !known {
            statements.push(statement);
        }
    }
    statements.sort_by_key(|statement| statement.id);
    let part = |statement: &Statement, part: &ClaimPart| verdict(statement, part, scenarios);
    statements
        .into_iter()
        .map(|statement| SuiteRow {
            id: statement.id,
            says: statement.says.clone(),
            parts: statement
                .parts
                .iter()
                .map(|one| SuitePart {
                    id: one.id.clone(),
                    words: one.shown.clone(),
                    verdict: part(statement, &one.id),
                })
                .collect(),
        })
        .collect()
}

pub(super) fn tally(ledger: &[SuiteRow]) -> Tally {
    let mut tally = Tally::default();
    for part in ledger.iter().flat_map(|row| &row.parts) {
        match &part.verdict {
            SuiteVerdict::Shown { verdict, .. } => tally.count_shown(*verdict),
            SuiteVerdict::NotShown { .. } => tally.not_shown += 1,
            SuiteVerdict::NotTried { .. } => tally.not_tried += 1,
        }
    }
    tally
}

fn verdict(statement: &Statement, part: &ClaimPart, scenarios: &[Played]) -> SuiteVerdict {
    let mut shown: Option<(ClaimVerdict, Vec<Showing>)> = None;
    let mut reason = None;
    for played in scenarios {
        for (attempt, run) in played.attempts.iter().enumerate() {
            let is_last = attempt + 1 == played.attempts.len();
            match of_run(run, statement, part) {
                Some(PartVerdict::NotShown { step }) => {
                    return SuiteVerdict::NotShown {
                        scenario: played.name.clone(),
                        step: name(run, step),
                    };
                }
                Some(PartVerdict::Shown {
                    verdict,
                    steps,
                    evidence,
                }) if is_last => {
                    let (_, by) = shown.get_or_insert((verdict, Vec::new()));
                    by.push(Showing {
                        scenario: played.name.clone(),
                        steps: steps.into_iter().map(|step| name(run, step)).collect(),
                        evidence,
                    });
                }
                Some(PartVerdict::NotTried { reason: why }) => reason = reason.or(why),
                Some(PartVerdict::Shown { .. }) | None => {}
            }
        }
    }
    match shown {
        Some((verdict, by)) => SuiteVerdict::Shown { verdict, by },
        None => SuiteVerdict::NotTried { reason },
    }
}

/// What one run says about the part; nothing where its text is another.
fn of_run(run: &Summary, statement: &Statement, part: &ClaimPart) -> Option<PartVerdict> {
    let mut rows = run.ledger().into_iter();
    let row = rows.find(|row| row.id == statement.id && row.says == statement.says)?;
    let found = row.parts.into_iter().find(|one| one.id == *part);
    found.map(|part| part.verdict)
}

fn name(run: &Summary, step: StepId) -> String {
    let found = run.steps.iter().find(|one| one.facts.id == step);
    found.map_or_else(|| "?".to_owned(), |one| one.facts.name.clone())
}
