//! How a run ended, as far as two of them have to agree.

use serde::{Deserialize, Serialize};
use stayput_events::{ControlResult, Outcome, SkipReason};
use stayput_report::Summary;

/// How a run ended: not when, and not in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// The run as a whole.
    pub run: String,
    /// The steps that did not pass, skipped ones apart.
    pub steps: Vec<Ended>,
    /// Every control.
    pub controls: Vec<Ended>,
}

/// A step or a control, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// Its name.
    pub name: String,
    /// What it came to, in a word or two.
    pub is: String,
}

impl Ending {
    /// How the run of this summary ended.
    pub fn of(summary: &Summary) -> Self {
        let steps = summary.steps.iter().filter_map(|step| {
            let is = word(step.outcome.as_ref()?)?;
            Some(ended(&step.facts.name, is))
        });
        let controls = summary.controls.iter().map(|control| {
            let is = control.result.as_ref().map_or_else(cut_short, result);
            ended(&control.name, &is)
        });
        let outcome = summary.outcome.as_ref();
        Self {
            run: outcome.map_or_else(cut_short, |it| word(it).unwrap_or("passed").to_owned()),
            steps: steps.collect(),
            controls: controls.collect(),
        }
    }

    /// What is not the same, a line each: `before` and `now` in words.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.run != now.run {
            lines.push(format!("the run: {} then, {} now", self.run, now.run));
        }
        lines.extend(differences(
            "step",
            &self.steps,
            &now.steps,
            "passed or skipped",
        ));
        lines.extend(differences(
            "control",
            &self.controls,
            &now.controls,
            "not played",
        ));
        lines
    }

    /// The same in one line, for people.
    pub fn sentence(&self) -> String {
        let named = |ended: &Ended| format!("`{}` {}", ended.name, ended.is);
        let all: Vec<_> = self.steps.iter().chain(&self.controls).map(named).collect();
        if all.is_empty() {
            return self.run.clone();
        }
        format!("{}: {}", self.run, all.join(", "))
    }
}

fn ended(name: &str, is: &str) -> Ended {
    Ended {
        name: name.to_owned(),
        is: is.to_owned(),
    }
}

fn cut_short() -> String {
    "cut short".to_owned()
}

/// None for what passed or was not come to.
fn word(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Flaky { .. } => Some("flaky"),
        Outcome::Failed(_) => Some("failed"),
        Outcome::TimedOut(_) => Some("timed out"),
        Outcome::Interrupted => Some("interrupted"),
        Outcome::Skipped(SkipReason::NotPossibleHere(_)) => Some("not possible"),
        Outcome::Skipped(SkipReason::Condition(_)) => Some("left out by its condition"),
        Outcome::Passed
        | Outcome::Skipped(
            SkipReason::EarlierFailure | SkipReason::LeftOutByControl | SkipReason::Interrupted,
        ) => None,
    }
}

fn result(result: &ControlResult) -> String {
    match result {
        ControlResult::Caught(_) => "caught".to_owned(),
        ControlResult::FailedElsewhere { at, .. } => format!("failed at `{at}` instead"),
        ControlResult::Missed => "missed".to_owned(),
        ControlResult::ChangedNothing { .. } => "changed nothing".to_owned(),
        ControlResult::Broken(_) => "broken".to_owned(),
        ControlResult::NotTried(_) => "not possible".to_owned(),
        ControlResult::Interrupted => "interrupted".to_owned(),
    }
}

fn differences(what: &str, then: &[Ended], now: &[Ended], none: &str) -> Vec<String> {
    let is = |all: &[Ended], name: &str| {
        let found = all.iter().find(|one| one.name == name);
        found.map_or_else(|| none.to_owned(), |one| one.is.clone())
    };
    let new = now
        .iter()
        .filter(|one| then.iter().all(|old| old.name != one.name));
    let all = then.iter().chain(new);
    let lines = all.filter_map(|one| {
        let (before, after) = (is(then, &one.name), is(now, &one.name));
        (before != after).then(|| format!("{what} `{}`: {before} then, {after} now", one.name))
    });
    lines.collect()
}
