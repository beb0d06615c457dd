//! The claims ledger as a table.

use stayput_events::{ClaimVerdict, PartVerdict, StepId};

use crate::{
    LedgerPart, Style, Summary, Tally,
    layout::{hang, pad, width, wrap},
    style::Ink,
    words,
};

/// From this width on, evidence stands beside the steps, else below them.
const WIDE: usize = 120;

/// Columns of a verdict in words, with the spaces after it.
const VERDICT: usize = 14;

/// Columns of the part's name before it, and of the spaces after.
const INDENT: usize = 6;
const GAP: usize = 2;

/// A step that should show it failed.
pub(crate) const NOT_SHOWN: (&str, Ink) = ("NOT SHOWN", Ink::Bad);
/// No step tried it.
pub(crate) const NOT_TRIED: (&str, Ink) = ("not tried", Ink::Dim);

/// A part of a statement as the table has it.
pub(crate) struct Line<'a> {
    pub(crate) id: &'a str,
    pub(crate) verdict: (&'static str, Ink),
    /// Where it was shown.
    pub(crate) steps: String,
    /// What was seen there.
    pub(crate) evidence: String,
}

/// Nothing for a scenario that is about no text, or of which no step began.
pub(crate) fn table(summary: &Summary, style: Style) -> Vec<String> {
    let ledger = summary.ledger();
    if ledger.is_empty() || summary.steps.iter().all(|step| step.begun.is_none()) {
        return Vec::new();
    }
    let (mut rows, mut elsewhere) = (Vec::new(), Vec::new());
    for row in &ledger {
        let (parts, others): (Vec<_>, Vec<_>) = row.parts.iter().partition(|part| is_tried(part));
        elsewhere.extend(others.into_iter().map(|part| &*part.id.0));
        if !parts.is_empty() {
            let parts: Vec<_> = parts.into_iter().map(|part| line(part, summary)).collect();
            rows.push((row.id, &*row.says, parts));
        }
    }
    let mut lines = lines(&rows, Tally::of(&ledger), style);
    if !elsewhere.is_empty() {
        let said = format!("no step here is about {}", elsewhere.join(", "));
        let said = hang("  ", &said, style.columns());
        lines.extend(said.iter().map(|line| style.paint(Ink::Dim, line)));
    }
    lines
}

/// Whether any step of the scenario is about a part.
fn is_tried(part: &LedgerPart) -> bool {
    !matches!(part.verdict, PartVerdict::NotTried { reason: None })
}

/// The table of statements with their parts.
pub(crate) fn lines(
    rows: &[(u32, &str, Vec<Line<'_>>)],
    counted: Tally,
    style: Style,
) -> Vec<String> {
    let parts = rows.iter().flat_map(|(_, _, parts)| parts);
    let column = parts.map(|part| width(part.id)).max().unwrap_or(0) + GAP;
    let mut lines = vec![style.paint(Ink::Strong, "what the text says, and what was shown")];
    for (id, says, parts) in rows {
        lines.extend(hang(&format!("  {id:>2}  "), says, style.columns()));
        lines.extend(parts.iter().flat_map(|one| part(one, column, style)));
    }
    lines.push(format!("  {}", tally(counted)));
    lines
}

/// The parts of all statements, counted.
pub(crate) fn tally(tally: Tally) -> String {
    let counts = [
        (tally.confirmed, "confirmed"),
        (tally.more_exactly, "more exactly"),
        (tally.refuted, "refuted"),
        (tally.not_shown, "NOT SHOWN"),
        (tally.not_tried, "not tried"),
    ];
    let counted = counts.iter().filter(|(number, _)| *number > 0);
    let words: Vec<String> = counted
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    format!(
        "{}: {}",
        words::count(tally.parts(), "part"),
        words.join(", ")
    )
}

fn part(part: &Line<'_>, column: usize, style: Style) -> Vec<String> {
    let (verdict, ink) = part.verdict;
    let start = format!("{}{}", " ".repeat(INDENT), pad(part.id, column));
    let start_dim = match ink {
        Ink::Dim => style.paint(Ink::Dim, &start),
        Ink::Good | Ink::Bad | Ink::Warn | Ink::Strong => start.clone(),
    };
    let taken = width(&start) + VERDICT;
    let room = style.columns().saturating_sub(taken).max(20);
    let text = beside_or_below(&part.steps, &part.evidence, room, style);
    let head = format!("{start_dim}{}", style.paint(ink, &pad(verdict, VERDICT)));
    let under = " ".repeat(taken);
    let first = text.first().map_or("", String::as_str);
    let mut lines = vec![format!("{head}{first}").trim_end().to_owned()];
    lines.extend(text.iter().skip(1).map(|line| format!("{under}{line}")));
    lines
}

fn line<'a>(part: &'a LedgerPart, summary: &Summary) -> Line<'a> {
    let (steps, evidence) = steps_and_evidence(part, summary);
    Line {
        id: &part.id.0,
        verdict: verdict(&part.verdict),
        steps,
        evidence,
    }
}

fn verdict(verdict: &PartVerdict) -> (&'static str, Ink) {
    match verdict {
        PartVerdict::Shown { verdict, .. } => words::verdict(*verdict),
        PartVerdict::NotShown { .. } => NOT_SHOWN,
        PartVerdict::NotTried { .. } => NOT_TRIED,
    }
}

/// Where it was shown, and what was seen there or why nothing was.
fn steps_and_evidence(part: &LedgerPart, summary: &Summary) -> (String, String) {
    match &part.verdict {
        PartVerdict::Shown {
            verdict,
            steps,
            evidence,
        } => {
            let names: Vec<&str> = steps.iter().map(|step| name(*step, summary)).collect();
            (
                names.join(", "),
                shown(*verdict, &part.words, evidence.first()),
            )
        }
        PartVerdict::NotShown { step } => {
            (format!("failed: {}", name(*step, summary)), String::new())
        }
        PartVerdict::NotTried { reason } => (reason.clone().unwrap_or_default(), String::new()),
    }
}

/// The first thing that was seen; before it, in words, what the text itself
/// never says or says wrongly.
pub(crate) fn shown(verdict: ClaimVerdict, words: &str, evidence: Option<&String>) -> String {
    match (verdict, evidence) {
        (ClaimVerdict::Confirmed, Some(seen)) => seen.clone(),
        (ClaimVerdict::MoreExactly | ClaimVerdict::Refuted, Some(seen)) => {
            format!("{words} ({seen})")
        }
        (ClaimVerdict::Confirmed | ClaimVerdict::MoreExactly | ClaimVerdict::Refuted, None) => {
            words.to_owned()
        }
    }
}

fn name(step: StepId, summary: &Summary) -> &str {
    let found = summary.steps.iter().find(|one| one.facts.id == step);
    found.map_or("?", |one| &one.facts.name)
}

fn beside_or_below(steps: &str, evidence: &str, room: usize, style: Style) -> Vec<String> {
    if evidence.is_empty() {
        let lines = wrap(steps, room);
        return lines
            .iter()
            .map(|line| style.paint(Ink::Dim, line))
            .collect();
    }
    if style.columns() < WIDE {
        let steps = wrap(steps, room);
        let evidence = wrap(evidence, room);
        let evidence = evidence.iter().map(|line| style.paint(Ink::Dim, line));
        return steps.into_iter().chain(evidence).collect();
    }
    let column = (room - GAP) * 2 / 5;
    let left = wrap(steps, column);
    let right = wrap(evidence, room - GAP - column);
    let rows = left.len().max(right.len());
    let cell = |lines: &[String], at: usize| lines.get(at).cloned().unwrap_or_default();
    let row = |at| {
        let evidence = style.paint(Ink::Dim, &cell(&right, at));
        format!("{}{evidence}", pad(&cell(&left, at), column + GAP))
    };
    (0..rows).map(|at| row(at).trim_end().to_owned()).collect()
}
