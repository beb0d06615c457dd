//! `e2e`: the scenarios that were asked for, their attempts, and one summary.
//!
//! Invariants:
//! - Where a cluster is dear, all scenarios share one; elsewhere each attempt
//!   has its own.
//! - A pass that took several attempts is flaky, whatever it counts as.

use anyhow::Result;
use camino::Utf8PathBuf;
use futures::{StreamExt as _, stream};
use stayput_report::{
    Summary,
    suite::{Played, Suite},
};
use stayput_runner::Clock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    choice::ClusterChoice,
    cli::E2e,
    exit::{self, UsageError},
    last_run,
    reports::{self, Screen},
    run::{Attempt, Attempted},
    scenarios::Scenario,
    screen, selection,
    shared::Shared,
    signals,
};

/// Plays the scenarios that the flags choose; the worst verdict is the exit code.
pub(crate) async fn e2e(flags: E2e) -> Result<u8> {
    let scenarios = match selection::choose(&flags)? {
        Ok(scenarios) => scenarios,
        Err(code) => return Ok(code),
    };
    if scenarios.is_empty() {
        screen::complain("no scenario is in this shard\n");
        return Ok(exit::PASSED);
    }
    if let (Some(file), [_, _, ..]) = (&flags.bundle, scenarios.as_slice()) {
        return Err(anyhow::Error::from(UsageError {
            message: format!("`{file}` holds one run, not those of several scenarios"),
            hint: Some("name one scenario with `--bundle`".to_owned()),
        }));
    }
    let mut tasks = JoinSet::new();
    let cancel = CancellationToken::new();
    signals::cancel_on_signal(&mut tasks, &cancel)?;
    let clock = Clock::started_now();
    let shared = is_shared(&flags, &scenarios).then(|| Shared::new(&flags, &scenarios));
    let playing = Playing {
        flags: &flags,
        screen: how_shown(&flags, &scenarios, shared.as_ref()),
        scenarios: &scenarios,
        shared: shared.as_ref(),
        cancel,
    };
    let (played, error) = playing.all().await;
    if let Some(shared) = shared
        && let Some(told) = shared.release().await?
    {
        screen::complain(&format!("{told}\n"));
    }
    let suite = Suite {
        scenarios: played,
        took: clock.now(),
    };
    finish(&flags, &suite)?;
    match error {
        Some(error) => Err(error),
        None => Ok(suite.exit_code()),
    }
}

/// Whether the scenarios share one cluster.
fn is_shared(flags: &E2e, scenarios: &[Scenario]) -> bool {
    match flags.cluster() {
        ClusterChoice::Embedded => false,
        ClusterChoice::Kind | ClusterChoice::Context(_) => scenarios.len() > 1 || flags.retries > 0,
    }
}

fn how_shown(flags: &E2e, scenarios: &[Scenario], shared: Option<&Shared<'_>>) -> Screen {
    let jobs = flags.jobs.get();
    if scenarios.len() == 1 {
        return Screen::Alone;
    }
    if shared.is_none() && jobs > 1 {
        return Screen::AtOnce;
    }
    if jobs > 1 {
        let cluster = flags.cluster();
        screen::complain(&format!(
            "on `{cluster}` the scenarios share one cluster: one after the other\n\n"
        ));
    }
    Screen::InTurn
}

/// The summary, its reports, and what the next run may want to know.
fn finish(flags: &E2e, suite: &Suite) -> Result<()> {
    let several = suite.scenarios.len() > 1;
    if several {
        let lines = suite.lines(screen::style());
        screen::complain(&format!("\n{}\n", lines.join("\n")));
    }
    if let Some(folder) = flags.report.as_ref().filter(|_| several) {
        reports::write_suite(folder, suite)?;
    }
    let failed = suite.scenarios.iter().filter(|it| it.exit_code() != 0);
    let failed: Vec<_> = failed.map(|it| it.argument.as_str()).collect();
    last_run::remember(&failed)
}

/// The scenarios while they are played.
struct Playing<'a> {
    flags: &'a E2e,
    scenarios: &'a [Scenario],
    shared: Option<&'a Shared<'a>>,
    screen: Screen,
    cancel: CancellationToken,
}

impl Playing<'_> {
    /// Plays all of them, in order or at once; after an error nothing more is begun.
    async fn all(&self) -> (Vec<Played>, Option<anyhow::Error>) {
        let jobs = match self.screen {
            Screen::AtOnce => self.flags.jobs.get(),
            Screen::Alone | Screen::InTurn => 1,
        };
        let stop = self.cancel.child_token();
        let each = self.scenarios.iter().map(|scenario| {
            let stop = stop.clone();
            async move {
                let mut played = self.not_yet(scenario);
                let error = if stop.is_cancelled() {
                    None
                } else {
                    self.attempts(scenario, &mut played.attempts).await.err()
                };
                if error.is_some() {
                    stop.cancel();
                }
                (played, error)
            }
        });
        let mut ended = stream::iter(each).buffered(jobs);
        let (mut all, mut first) = (Vec::new(), None);
        while let Some((played, error)) = ended.next().await {
            all.push(played);
            first = first.or(error);
        }
        (all, first)
    }

    fn not_yet(&self, scenario: &Scenario) -> Played {
        let name = &scenario.plan.name;
        let several = self.scenarios.len() > 1;
        Played {
            name: name.clone(),
            argument: scenario.argument.clone(),
            folder: several.then(|| Utf8PathBuf::from(name)),
            attempts: Vec::new(),
        }
    }

    /// What parts the scenario from the one before it on the screen.
    fn announce(&self, scenario: &Scenario) {
        match self.screen {
            Screen::Alone => {}
            Screen::InTurn => {
                let first = self.scenarios.first();
                if first.is_some_and(|first| first.plan.name != scenario.plan.name) {
                    screen::complain("\n\n");
                }
            }
            Screen::AtOnce => {
                screen::complain(&format!("begins: {}\n\n", scenario.plan.name));
            }
        }
    }

    /// Plays one scenario until it passes, or no attempt is left.
    async fn attempts(&self, scenario: &Scenario, attempts: &mut Vec<Summary>) -> Result<()> {
        self.announce(scenario);
        let folder = self.folder(scenario);
        for number in 1..=self.flags.retries.saturating_add(1) {
            let report = folder.as_ref().map(|folder| match self.flags.retries {
                0 => folder.clone(),
                _ => folder.join(format!("attempt-{number}")),
            });
            let attempt = Attempt {
                flags: self.flags,
                scenario,
                number,
                shared: self.shared,
                report: report.clone(),
                screen: self.screen,
                cancel: self.cancel.clone(),
            };
            let Attempted { shown, error } = attempt.play().await?;
            if let Some(folder) = folder
                .as_ref()
                .filter(|folder| report.as_ref() != Some(folder))
            {
                // The last attempt is the one that counts: it stands above all.
                reports::write(folder, &shown)?;
            }
            let failed = shown.summary.is_failed();
            attempts.push(shown.summary);
            if let Some(error) = error {
                return Err(error);
            }
            if !failed {
                break;
            }
            if number <= self.flags.retries {
                let (next, of) = (number + 1, self.flags.retries + 1);
                let name = &scenario.plan.name;
                screen::complain(&format!("\nagain: {name}, attempt {next} of {of}\n\n"));
            }
        }
        Ok(())
    }

    fn folder(&self, scenario: &Scenario) -> Option<Utf8PathBuf> {
        let folder = self.flags.report.as_ref()?;
        Some(match self.scenarios.len() {
            1 => folder.clone(),
            _ => folder.join(&scenario.plan.name),
        })
    }
}
