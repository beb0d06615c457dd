//! How outcomes, costs and times are called.

use std::time::Duration;

use stayput_events::{ClaimVerdict, ControlResult, Cost, Outcome, Provider, SkipReason};

use crate::style::Ink;

/// Columns of the word that a line begins with, with the spaces after it.
pub(crate) const MARK: usize = 11;

/// All costs, in the order in which they are listed.
pub(crate) const COSTS: [Cost; 5] = [
    Cost::Cluster,
    Cost::Kubernetes,
    Cost::Redis,
    Cost::Window,
    Cost::Proof,
];

/// A moment, to the second: `2026-11-24 20:02:28 UTC`.
pub(crate) fn moment(served: &str) -> String {
    let whole = served.split(['.', 'Z']).next().unwrap_or(served);
    match whole.split_once('T') {
        Some((day, time)) => format!("{day} {time} UTC"),
        None => served.to_owned(),
    }
}

/// The word for an outcome; in capitals where it fails the run.
pub(crate) fn outcome(outcome: &Outcome) -> (&'static str, Ink) {
    match outcome {
        Outcome::Passed => ("ok", Ink::Good),
        Outcome::Flaky { .. } => ("flaky", Ink::Warn),
        Outcome::Failed(_) => ("FAIL", Ink::Bad),
        Outcome::TimedOut(_) => ("TIMED OUT", Ink::Bad),
        Outcome::Skipped(reason) => match reason {
            SkipReason::NotPossibleHere(_) => ("not tried", Ink::Warn),
            SkipReason::EarlierFailure
            | SkipReason::Condition(_)
            | SkipReason::LeftOutByControl
            | SkipReason::Interrupted => ("skip", Ink::Dim),
        },
        Outcome::Interrupted => ("stopped", Ink::Warn),
    }
}

/// The word for a control's result; in capitals where it fails the run.
pub(crate) fn control(result: &ControlResult) -> (&'static str, Ink) {
    match result {
        ControlResult::Caught(_) => ("caught", Ink::Good),
        ControlResult::FailedElsewhere { .. } => ("ELSEWHERE", Ink::Bad),
        ControlResult::Missed => ("MISSED", Ink::Bad),
        ControlResult::ChangedNothing { .. } => ("NO CHANGE", Ink::Bad),
        ControlResult::Broken(_) => ("BROKEN", Ink::Bad),
        ControlResult::NotTried(_) => ("not tried", Ink::Warn),
        ControlResult::Interrupted => ("stopped", Ink::Warn),
    }
}

/// Why something was skipped.
pub(crate) fn skipped(reason: &SkipReason) -> String {
    match reason {
        SkipReason::EarlierFailure => "an earlier step failed".to_owned(),
        SkipReason::NotPossibleHere(what) => format!("not possible here: {what}"),
        SkipReason::Condition(condition) => format!("not `{condition}`"),
        SkipReason::LeftOutByControl => "the control leaves it out".to_owned(),
        SkipReason::Interrupted => "the run was stopped first".to_owned(),
    }
}

/// What a control's result means.
pub(crate) fn control_note(result: &ControlResult, fails_at: &str) -> String {
    match result {
        ControlResult::Caught(_) => format!("at: {fails_at}"),
        ControlResult::FailedElsewhere { at, .. } => {
            format!("failed at: {at}; should fail at: {fails_at}")
        }
        ControlResult::Missed => format!("passed in spite of it: {fails_at}"),
        ControlResult::ChangedNothing { what } => format!("the sabotage changed nothing: {what}"),
        ControlResult::Broken(_) => "it could not be played, or not be cleaned up".to_owned(),
        ControlResult::NotTried(why) => format!("not possible here: {why}"),
        ControlResult::Interrupted => "the run was stopped".to_owned(),
    }
}

/// The verdict on a part of a statement.
pub(crate) fn verdict(verdict: ClaimVerdict) -> (&'static str, Ink) {
    match verdict {
        ClaimVerdict::Confirmed => ("confirmed", Ink::Good),
        ClaimVerdict::Refuted => ("refuted", Ink::Warn),
        ClaimVerdict::MoreExactly => ("more exactly", Ink::Good),
    }
}

/// A cost beside a step.
pub(crate) fn cost(cost: Cost) -> &'static str {
    match cost {
        Cost::Cluster => "cluster",
        Cost::Kubernetes => "kubernetes",
        Cost::Redis => "redis",
        Cost::Window => "window",
        Cost::Proof => "proof",
    }
}

/// A cost in the table of a run's time.
pub(crate) fn cost_of_run(cost: Cost) -> &'static str {
    match cost {
        Cost::Cluster => "cluster creation and deletion",
        Cost::Kubernetes => "Kubernetes",
        Cost::Redis => "Redis's own timers",
        Cost::Window => "windows and holds",
        Cost::Proof => "proof from the disks",
    }
}

/// The kind of a cluster.
pub(crate) fn provider(provider: &Provider) -> String {
    match provider {
        Provider::Kind => "kind".to_owned(),
        Provider::Context(name) => format!("context {name}"),
        Provider::Embedded => "embedded".to_owned(),
    }
}

/// A span of time in a column, as `17.4s`.
pub(crate) fn seconds(span: Duration) -> String {
    format!("{:.1}s", span.as_secs_f64())
}

/// A count and its noun, as `1 step` and `2 steps`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
