//! What a run ends with: failures, claims, time and the verdict.

use stayput_events::{ControlResult, Outcome};

use crate::{
    ControlSummary, StepSummary, Style, Summary, failure,
    layout::{hang, pad, width},
    ledger,
    style::Ink,
    words,
};

/// Columns of what time goes to, in the table of a run's time.
const LABEL: usize = 31;

/// So many files are named, and the others counted.
const NAMED_FILES: usize = 4;

/// Whether a run is all that there is to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It is.
    Whole,
    /// Others follow, and one ledger over all of them.
    OfSuite,
}

/// All that follows the last step and control.
pub(crate) fn all(summary: &Summary, style: Style, part: Part) -> Vec<String> {
    let mut lines = Vec::new();
    let (ledger, time) = match part {
        Part::Whole => (ledger::table(summary, style), time(summary, style)),
        Part::OfSuite => (Vec::new(), Vec::new()),
    };
    for section in [
        failures(summary, style),
        ledger,
        time,
        files(summary, style),
        verdict(summary, style),
    ] {
        if !section.is_empty() {
            lines.push(String::new());
            lines.extend(section);
        }
    }
    lines
}

/// The block of a step that failed; nothing of one that did not.
pub(crate) fn of_step(step: &StepSummary, style: Style) -> Vec<String> {
    let failed = step.outcome.as_ref().and_then(Outcome::failure);
    failed.map_or_else(Vec::new, |failure| {
        failure::block(&title(step), failure, style)
    })
}

/// The block of a control that failed where or how it should not have.
pub(crate) fn of_control(control: &ControlSummary, style: Style) -> Vec<String> {
    let outcome = match &control.result {
        Some(ControlResult::FailedElsewhere { outcome, .. } | ControlResult::Broken(outcome)) => {
            outcome
        }
        Some(
            ControlResult::Caught(_)
            | ControlResult::Missed
            | ControlResult::ChangedNothing { .. }
            | ControlResult::NotTried(_)
            | ControlResult::Interrupted,
        )
        | None => return Vec::new(),
    };
    let result = control.result.as_ref();
    let mark = result.map_or("", |result| words::control(result).0);
    let note = result.map(|result| words::control_note(result, &control.fails_at));
    let note = note.unwrap_or_default();
    let title = format!("{mark} control `{}`: {note}", control.name);
    let failure = outcome.failure();
    failure.map_or_else(Vec::new, |failure| failure::block(&title, failure, style))
}

fn title(step: &StepSummary) -> String {
    let mark = step
        .outcome
        .as_ref()
        .map_or("", |outcome| words::outcome(outcome).0);
    let took = step
        .took()
        .map(|took| format!(", after {}", words::seconds(took)));
    let (name, place) = (&step.facts.name, &step.facts.place);
    format!("{mark} {name} ({place}{})", took.unwrap_or_default())
}

fn failures(summary: &Summary, style: Style) -> Vec<String> {
    let steps = summary.steps.iter().map(|step| of_step(step, style));
    let controls = summary
        .controls
        .iter()
        .map(|control| of_control(control, style));
    let blocks: Vec<Vec<String>> = steps
        .chain(controls)
        .chain([of_run(summary, style)])
        .filter(|block| !block.is_empty())
        .collect();
    if blocks.is_empty() {
        return Vec::new();
    }
    let mut lines = blocks.join(&String::new());
    lines.extend(failure::again(summary));
    lines
}

/// The block of a run that failed before or beside its steps.
fn of_run(summary: &Summary, style: Style) -> Vec<String> {
    let in_a_step = summary.steps.iter().any(|step| {
        step.outcome
            .as_ref()
            .is_some_and(|outcome| outcome.failure().is_some())
    });
    let failure = summary.outcome.as_ref().and_then(Outcome::failure);
    match failure {
        Some(failure) if !in_a_step && summary.controls.is_empty() => {
            failure::block("FAIL the run itself", failure, style)
        }
        Some(_) | None => Vec::new(),
    }
}

fn time(summary: &Summary, style: Style) -> Vec<String> {
    let time = summary.time();
    let mut lines = vec![style.paint(Ink::Strong, "where the time went")];
    let row = |label: &str, spent| format!("  {}{:>8}", pad(label, LABEL), words::seconds(spent));
    for cost in words::COSTS {
        if !time.of(cost).is_zero() {
            lines.push(row(words::cost_of_run(cost), time.of(cost)));
        }
    }
    lines.push(row("harness", time.harness));
    if !summary.controls.is_empty() {
        lines.push(row("controls", time.controls));
    }
    lines.push(row("total", time.total));
    lines
}

/// The first files with more to read, and how many others there are.
fn files(summary: &Summary, style: Style) -> Vec<String> {
    if summary.files.is_empty() {
        return Vec::new();
    }
    let named = summary.files.iter().take(NAMED_FILES);
    let named: Vec<&str> = named.map(|file| file.as_str()).collect();
    let more = summary.files.len() - named.len();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    hang(
        "written: ",
        &format!("{}{more}", named.join(", ")),
        style.columns(),
    )
}

fn verdict(summary: &Summary, style: Style) -> Vec<String> {
    let (word, ink) = match summary.exit_code() {
        0 => match summary.outcome {
            Some(Outcome::Flaky { .. }) => ("flaky, which is allowed here", Ink::Warn),
            Some(Outcome::Skipped(_)) => ("skipped", Ink::Warn),
            Some(
                Outcome::Passed | Outcome::Failed(_) | Outcome::TimedOut(_) | Outcome::Interrupted,
            )
            | None => ("passed", Ink::Good),
        },
        130 => ("interrupted", Ink::Warn),
        _ => match summary.outcome {
            Some(Outcome::Flaky { .. }) => ("flaky, which is not passed", Ink::Warn),
            Some(
                Outcome::Passed
                | Outcome::Failed(_)
                | Outcome::TimedOut(_)
                | Outcome::Skipped(_)
                | Outcome::Interrupted,
            ) => ("FAILED", Ink::Bad),
            None => ("FAILED: the record ends before the run did", Ink::Bad),
        },
    };
    let took = words::seconds(summary.time().total);
    let attempts = summary.outcome.as_ref().and_then(Outcome::attempts);
    let attempts = attempts.map_or_else(String::new, |it| format!("only at attempt {it}, "));
    let text = format!("{attempts}{}, in {took}", counts(summary));
    let rerun = summary
        .run
        .as_ref()
        .map(|run| format!("rerun: {}", run.rerun));
    let rerun = rerun.unwrap_or_default();
    let columns = width(word) + 2 + width(&text) + 2 + width(&rerun);
    if columns <= style.columns() {
        return vec![format!("{}: {text}; {rerun}", style.paint(ink, word))];
    }
    let mut lines = hang(&format!("{word}: "), &text, style.columns());
    // Painted last: paint has no width.
    lines[0] = lines[0].replacen(word, &style.paint(ink, word), 1);
    lines.push(rerun);
    lines
}

/// How many steps and controls ended how, in words.
pub(crate) fn counts(summary: &Summary) -> String {
    let steps = words::count(summary.steps.len(), "step");
    let passed = summary
        .steps
        .iter()
        .filter(|step| step.outcome.as_ref().is_some_and(Outcome::is_pass));
    let passed = passed.count();
    let mut parts = vec![if passed == summary.steps.len() {
        format!("all {steps}")
    } else {
        format!("{passed} of {steps} passed")
    }];
    let others = ["flaky", "FAIL", "TIMED OUT", "stopped", "not tried", "skip"];
    let mark = |step: &StepSummary| {
        step.outcome
            .as_ref()
            .map(|outcome| words::outcome(outcome).0)
    };
    for other in others {
        let number = summary
            .steps
            .iter()
            .filter(|step| mark(step) == Some(other))
            .count();
        if number > 0 {
            parts.push(format!("{number} {}", counted(other)));
        }
    }
    if !summary.controls.is_empty() {
        let caught = summary
            .controls
            .iter()
            .filter(|control| control.caught())
            .count();
        let all = words::count(summary.controls.len(), "control");
        parts.push(format!("{caught} of {all} caught"));
    }
    if summary.steps.is_empty() && parts.len() > 1 {
        // A run of controls alone has no steps of its own to speak of.
        parts.remove(0);
    }
    parts.join(", ")
}

fn counted(mark: &'static str) -> &'static str {
    match mark {
        "FAIL" => "failed",
        "TIMED OUT" => "timed out",
        "skip" => "skipped",
        other => other,
    }
}
