//! Which scenarios are played: named, shipped, by label, by name, by shard, or
//! those that failed last.

use std::{collections::HashSet, fmt, str::FromStr, sync::Arc};

use anyhow::Result;
use clap::Args;
use regex::Regex;

use crate::{
    cli::E2e,
    exit::UsageError,
    last_run,
    scenarios::{self, Scenario},
};

/// Flags that choose scenarios.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Every shipped scenario.
    #[arg(long, conflicts_with_all = ["scenarios", "rerun_failed"])]
    all: bool,
    /// Those that did not pass in the last run from this folder.
    #[arg(long, conflicts_with = "scenarios")]
    rerun_failed: bool,
    /// Of these, only those with this label; with each, where it is given more than once.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// Of these, only those whose name matches this.
    #[arg(long, value_name = "REGEX")]
    name: Option<Regex>,
    /// Of these, the I-th of N parts: for machines that share the work.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
}

/// A label that a scenario has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    key: String,
    value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("it has to be `KEY=VALUE`")?;
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// One of several parts, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shard {
    number: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it has to be `I/N`, as `1/3`, with I from 1 to N".to_owned();
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let number: usize = number.parse().map_err(|_| wrong())?;
        let of: usize = of.parse().map_err(|_| wrong())?;
        if number == 0 || number > of {
            return Err(wrong());
        }
        Ok(Self { number, of })
    }
}

impl Shard {
    /// Every N-th, so that long and short ones mix.
    fn has(self, index: usize) -> bool {
        index % self.of == self.number - 1
    }
}

/// The scenarios that the flags ask for; or, with all mistakes shown, an exit code.
///
/// Nothing at all is left only of a shard.
pub(crate) fn choose(flags: &E2e) -> Result<Result<Vec<Scenario>, u8>> {
    let arguments = arguments(flags)?;
    let mut chosen = match scenarios::load(&arguments)? {
        Ok(scenarios) => scenarios,
        Err(code) => return Ok(Err(code)),
    };
    two_alike(&chosen)?;
    let selection = &flags.selection;
    for label in &selection.labels {
        let before = names(&chosen);
        chosen.retain(|it| it.plan.labels.get(&label.key) == Some(&label.value));
        something_left(&chosen, &format!("has the label `{label}`"), &before)?;
    }
    if let Some(name) = &selection.name {
        let before = names(&chosen);
        chosen.retain(|it| name.is_match(&it.plan.name));
        something_left(&chosen, &format!("has a name like `{name}`"), &before)?;
    }
    if flags.controls {
        with_controls(&mut chosen, flags.control.as_deref())?;
    }
    if let Some(shard) = selection.shard {
        let mut index = 0..;
        chosen.retain(|_| index.next().is_some_and(|index| shard.has(index)));
    }
    Ok(Ok(chosen))
}

/// What the user calls the scenarios.
fn arguments(flags: &E2e) -> Result<Vec<String>> {
    if flags.selection.all {
        let shipped = stayput_fixtures::names();
        return Ok(shipped.iter().map(ToString::to_string).collect());
    }
    if !flags.selection.rerun_failed {
        return Ok(flags.scenarios.clone());
    }
    let (message, hint) = match last_run::failed()? {
        Some(failed) if !failed.is_empty() => return Ok(failed),
        Some(_) => ("nothing failed in the last run from this folder", None),
        None => (
            "there was no run from this folder yet",
            Some("without `--rerun-failed` there is one"),
        ),
    };
    Err(anyhow::Error::from(UsageError {
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
    }))
}

/// Leaves the scenarios that have such controls, with these controls only.
pub(crate) fn with_controls(scenarios: &mut Vec<Scenario>, wanted: Option<&str>) -> Result<()> {
    let all: Vec<String> = scenarios
        .iter()
        .flat_map(|it| it.plan.controls.iter().map(|control| control.name.clone()))
        .collect();
    if let Some(wanted) = wanted {
        for scenario in scenarios.iter_mut() {
            let controls = &mut Arc::make_mut(&mut scenario.plan).controls;
            controls.retain(|control| control.name.contains(wanted));
        }
    }
    scenarios.retain(|it| !it.plan.controls.is_empty());
    if !scenarios.is_empty() {
        return Ok(());
    }
    let (message, hint) = match wanted {
        Some(wanted) if !all.is_empty() => (
            format!("no control's name contains `{wanted}`"),
            Some(format!("there are: {}", all.join("; "))),
        ),
        _ => ("there are no controls to play".to_owned(), None),
    };
    Err(anyhow::Error::from(UsageError { message, hint }))
}

/// Reports go by name: two of one name would overwrite each other's.
fn two_alike(scenarios: &[Scenario]) -> Result<()> {
    let mut seen = HashSet::new();
    let twice = scenarios.iter().find(|it| !seen.insert(&it.plan.name));
    match twice {
        None => Ok(()),
        Some(scenario) => Err(anyhow::Error::from(UsageError {
            message: format!("two scenarios are named `{}`", scenario.plan.name),
            hint: Some("name each once, or rename one in its `metadata`".to_owned()),
        })),
    }
}

fn something_left(chosen: &[Scenario], wanted: &str, before: &[String]) -> Result<()> {
    if !chosen.is_empty() {
        return Ok(());
    }
    Err(anyhow::Error::from(UsageError {
        message: format!("no scenario {wanted}"),
        hint: Some(format!("it was asked of: {}", before.join(", "))),
    }))
}

fn names(scenarios: &[Scenario]) -> Vec<String> {
    scenarios.iter().map(|it| it.plan.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_in_exactly_one_shard() {
        for of in 1..5 {
            for index in 0..20 {
                let shards = (1..=of).map(|number| Shard { number, of });
                assert_eq!(shards.filter(|shard| shard.has(index)).count(), 1);
            }
        }
    }

    #[test]
    fn a_shard_is_counted_from_one() {
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "1", "a/b", "1/", "/1", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_has_two_sides() {
        assert!("text".parse::<Label>().is_err());
        let label: Label = "text=how-to=2021".parse().unwrap();
        assert_eq!((&*label.key, &*label.value), ("text", "how-to=2021"));
    }
}
