//! The exit code of a run that took place; 2, 3 and 4 are decided elsewhere.

use stayput_events::{ControlResult, FlakyCounts, Outcome, SkipReason};

use crate::Summary;

const PASSED: u8 = 0;
const FAILED: u8 = 1;
const INTERRUPTED: u8 = 130;

/// Whether it would be worth another attempt.
pub(crate) fn failed(summary: &Summary) -> bool {
    let flaky = matches!(summary.outcome, Some(Outcome::Flaky { .. }));
    code(summary) == FAILED && !flaky
}

pub(crate) fn code(summary: &Summary) -> u8 {
    let steps = summary.steps.iter().map(|step| match &step.outcome {
        Some(Outcome::Failed(_) | Outcome::TimedOut(_)) => FAILED,
        Some(
            Outcome::Passed | Outcome::Flaky { .. } | Outcome::Skipped(_) | Outcome::Interrupted,
        )
        | None => PASSED,
    });
    let controls = summary
        .controls
        .iter()
        .map(|control| of_control(control.result.as_ref()));
    let flaky = summary.run.as_ref().map(|run| run.flaky);
    let run = of_run(summary.outcome.as_ref(), flaky.unwrap_or_default());
    // Whoever stopped the run knows that it was stopped; a failure on the way
    // is in the report.
    if run == INTERRUPTED {
        return INTERRUPTED;
    }
    steps.chain(controls).fold(run, u8::max)
}

/// A run whose record is cut short did not pass.
fn of_run(outcome: Option<&Outcome>, flaky: FlakyCounts) -> u8 {
    match outcome {
        // Its own condition says that it is not for this cluster: it is shown as skipped.
        Some(Outcome::Passed | Outcome::Skipped(SkipReason::Condition(_))) => PASSED,
        Some(Outcome::Flaky { .. }) => match flaky {
            FlakyCounts::AsPassed => PASSED,
            FlakyCounts::AsFailed => FAILED,
        },
        Some(Outcome::Interrupted) => INTERRUPTED,
        Some(Outcome::Failed(_) | Outcome::TimedOut(_) | Outcome::Skipped(_)) | None => FAILED,
    }
}

fn of_control(result: Option<&ControlResult>) -> u8 {
    match result {
        Some(ControlResult::Caught(_) | ControlResult::NotTried(_)) => PASSED,
        Some(ControlResult::Interrupted) => INTERRUPTED,
        Some(
            ControlResult::FailedElsewhere { .. }
            | ControlResult::Missed
            | ControlResult::ChangedNothing { .. }
            | ControlResult::Broken(_),
        )
        | None => FAILED,
    }
}
