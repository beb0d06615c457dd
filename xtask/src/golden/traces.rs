//! `golden [NAME…]`: plays the scripts on embedded clusters and compares.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use stayput_golden::{
    Comparison, Declaration, Declared, Facts, Scenario, When, needs, play, scenarios,
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    say,
    stages::{self, Nodes},
};

/// The least share of facts that has to agree, in percent.
const LEAST: usize = 98;

/// Flags of `golden`.
#[derive(Debug, Args)]
pub(crate) struct Traces {
    /// Scripts to play; all of them without any.
    names: Vec<String>,
    /// How many clusters there are at once.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
}

/// Everything that was compared.
#[derive(Default)]
struct Sum {
    agree: usize,
    total: usize,
    undeclared: usize,
    /// Scripts whose claims did not come true.
    failed: usize,
}

/// Plays the scripts; the exit code says whether the embedded cluster is like a real one.
pub(crate) async fn check(flags: Traces) -> Result<u8> {
    let chosen = scenarios(&flags.names)?;
    if let Some(code) = unplayable() {
        return Ok(code);
    }
    let mut declared = Declared::load()?;
    let mut expected = Vec::new();
    for scenario in scenarios(&[])? {
        expected.push((scenario.name.clone(), scenario.load()?));
    }
    let names: Vec<String> = chosen.iter().map(|it| it.name.clone()).collect();
    let turns = Arc::new(Semaphore::new(flags.jobs.max(1)));
    let mut playing = JoinSet::new();
    for scenario in chosen {
        playing.spawn(in_turn(scenario, Arc::clone(&turns)));
    }
    let mut sum = Sum::default();
    while let Some(played) = playing.join_next().await {
        let (name, facts) = played?;
        let expected = expected.iter().find(|(known, _)| *known == name);
        let (_, expected) = expected.context("a scenario that nobody asked for")?;
        match facts {
            Ok(facts) => sum.add(&name, &expected.compare(&facts), &mut declared),
            Err(error) => {
                sum.failed += 1;
                stayput::show(&error.context(format!("`{name}` was not played")));
            }
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(sum.conclude(&declared.stale(&names, &expected)))
}

/// The code to end with where the scripts cannot be played, having said why.
fn unplayable() -> Option<u8> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<_> = std::env::split_paths(&path).collect();
    let missing = needs(&path);
    if missing.is_empty() {
        return None;
    }
    let missing = missing.join("` and `");
    say(&format!(
        "error: there is no `{missing}` in PATH\n\nhint: install it: the scripts are written with it"
    ));
    Some(3)
}

async fn in_turn(scenario: Scenario, turns: Arc<Semaphore>) -> (String, Result<Facts>) {
    let facts = async {
        let _turn = turns.acquire().await?;
        let stage = stages::embedded(Nodes::Several).await?;
        let recording = play(&scenario, &stage).await?;
        Ok(Facts::of(&recording, &stage.cluster.facts().name))
    };
    let facts = facts.await;
    (scenario.name, facts)
}

impl Sum {
    /// Adds a scenario's comparison, having shown it.
    fn add(&mut self, name: &str, comparison: &Comparison, declared: &mut Declared) {
        self.agree += comparison.agree;
        self.total += comparison.total;
        let (agree, total) = (comparison.agree, comparison.total);
        say(&format!("{name:<28} {agree}/{total}"));
        for difference in &comparison.differences {
            if declared.fits(name, difference).is_none() {
                self.undeclared += 1;
                say(&format!("    {difference}"));
            }
        }
    }

    /// Says how it ended.
    fn conclude(&self, stale: &[&Declaration]) -> u8 {
        for declaration in stale {
            let how = match declaration.when {
                When::Always => "no longer differs",
                When::Sometimes => "is nothing that a real cluster knows",
            };
            say(&format!(
                "stale declaration: `{}` of `{}` {how}",
                declaration.fact, declaration.scenario
            ));
        }
        let (agree, total) = (self.agree, self.total);
        let tenths = (agree * 1000).checked_div(total).unwrap_or_default();
        say(&format!(
            "{agree} of {total} facts agree: {}.{} %",
            tenths / 10,
            tenths % 10
        ));
        let problems = [
            (self.failed, "scripts failed"),
            (self.undeclared, "undeclared differences"),
            (stale.len(), "stale declarations"),
        ];
        for (count, what) in problems.iter().filter(|(count, _)| *count > 0) {
            say(&format!("{count} {what}"));
        }
        let enough = agree * 100 >= total * LEAST;
        if !enough {
            say(&format!("too few: {LEAST} % have to agree"));
        }
        u8::from(!enough || problems.iter().any(|(count, _)| *count > 0))
    }
}
