//! A bug report, shown: broken it has to fail as it says, fixed it has to pass.

use std::sync::Arc;

use anyhow::Result;
use clap::Parser as _;
use stayput_events::{Failure, Outcome};
use stayput_report::Summary;
use stayput_scenario::plan::{Bug, Plan, Variant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Repro, Words};
use crate::{
    choice::ClusterChoice,
    cli::E2e,
    exit::{self, UsageError},
    reports::Screen,
    run::{Attempt, Attempted},
    scenarios::{self, ComesFrom, Scenario},
    screen,
    shared::Shared,
    signals,
};

/// Plays both variants; 0 where both end as the report says.
pub(super) async fn show(flags: &Repro) -> Result<u8> {
    let mut loaded = match scenarios::load(std::slice::from_ref(&flags.what))? {
        Ok(scenarios) => scenarios,
        Err(code) => return Ok(code),
    };
    let (Some(scenario), None) = (loaded.pop(), loaded.pop()) else {
        return Ok(exit::USAGE);
    };
    let Some((bug, variants)) = variants(&scenario) else {
        return Err(anyhow::Error::from(UsageError {
            message: format!("`{}` is no bug report: it has no `bug`", flags.what),
            hint: Some(format!("`e2e {}` plays it", flags.what)),
        }));
    };
    let fixed = &variants[1].plan;
    screen::complain(&heading(fixed, &bug));
    let e2e = Words::try_parse_from(words(flags))?.e2e;
    let summaries = Box::pin(play(&e2e, &variants)).await?;
    let judged: Vec<_> = summaries
        .iter()
        .zip([Variant::Broken, Variant::Fixed])
        .map(|(summary, variant)| judge(&bug, fixed, variant, summary))
        .collect();
    let interrupted = summaries
        .iter()
        .any(|it| matches!(it.outcome, Some(Outcome::Interrupted)));
    let shown = judged.len() == 2 && judged.iter().all(Result::is_ok);
    let lines = judged.iter().map(|it| match it {
        Ok(line) | Err(line) => line.as_str(),
    });
    let verdict = if shown {
        "the bug is shown, and that it is fixed"
    } else {
        "not as reported"
    };
    screen::print(&lines.chain([verdict]).collect::<Vec<_>>().join("\n"))?;
    Ok(match (interrupted, shown) {
        (true, _) => exit::INTERRUPTED,
        (false, true) => exit::PASSED,
        (false, false) => exit::FAILED,
    })
}

/// The report, and its scenario twice: broken, then fixed.
fn variants(scenario: &Scenario) -> Option<(Bug, [Scenario; 2])> {
    let bug = scenario.plan.bug.clone()?;
    let variant = |plan: &Plan, variant: &str| Scenario {
        plan: Arc::new(Plan {
            name: format!("{}-{variant}", plan.name),
            ..plan.clone()
        }),
        comes_from: ComesFrom::Bug,
        broken: None,
        ..scenario.clone()
    };
    let broken = variant(scenario.broken.as_ref()?, "broken");
    let fixed = variant(&scenario.plan, "fixed");
    Some((bug, [broken, fixed]))
}

/// What would be written behind `e2e` to play one of them.
fn words(flags: &Repro) -> Vec<String> {
    let mut words = vec!["e2e".to_owned(), flags.what.clone()];
    words.extend(flags.cluster.iter().map(|it| format!("--cluster={it}")));
    let kubernetes = flags.kubernetes.iter();
    words.extend(kubernetes.map(|it| format!("--kubernetes={it}")));
    words.extend(flags.keep.then(|| "--keep".to_owned()));
    words.extend(flags.images.iter().map(|it| format!("--images={it}")));
    words
}

fn heading(plan: &Plan, bug: &Bug) -> String {
    let name = plan.name.trim_end_matches("-fixed");
    let mut lines = vec![format!("bug: {name}"), format!("     {}", plan.about)];
    lines.extend(bug.reports.iter().map(|it| format!("     {it}")));
    lines.push(format!("     broken: {}", bug.broken));
    lines.join("\n") + "\n\n"
}

/// Plays them one after the other, on one cluster where that is dear.
async fn play(flags: &E2e, variants: &[Scenario; 2]) -> Result<Vec<Summary>> {
    let mut tasks = JoinSet::new();
    let cancel = CancellationToken::new();
    signals::cancel_on_signal(&mut tasks, &cancel)?;
    let shared = match flags.cluster() {
        ClusterChoice::Embedded => None,
        ClusterChoice::Kind | ClusterChoice::Context(_) => Some(Shared::new(flags, variants)),
    };
    let played = in_turn(flags, variants, shared.as_ref(), &cancel).await;
    if let Some(shared) = shared
        && let Some(told) = shared.release().await?
    {
        screen::complain(&format!("{told}\n"));
    }
    played
}

async fn in_turn(
    flags: &E2e,
    variants: &[Scenario; 2],
    shared: Option<&Shared<'_>>,
    cancel: &CancellationToken,
) -> Result<Vec<Summary>> {
    let mut summaries = Vec::new();
    for (scenario, folder) in variants.iter().zip(["broken", "fixed"]) {
        let attempt = Attempt {
            flags,
            scenario,
            number: 1,
            shared,
            report: flags.report.as_ref().map(|report| report.join(folder)),
            screen: Screen::InTurn,
            cancel: cancel.clone(),
        };
        let Attempted { shown, error } = attempt.play().await?;
        screen::complain("\n\n");
        if let Some(error) = error {
            return Err(error);
        }
        summaries.push(shown.summary);
        if cancel.is_cancelled() {
            break;
        }
    }
    Ok(summaries)
}

/// What a variant came to; an error where that is not what the report says.
type Judged = Result<String, String>;

fn judge(bug: &Bug, plan: &Plan, variant: Variant, summary: &Summary) -> Judged {
    let failed = summary.steps.iter().find_map(|step| {
        let failure = step.outcome.as_ref()?.failure()?;
        Some((step.facts.name.as_str(), failure))
    });
    let passed = summary.outcome.as_ref().is_some_and(Outcome::is_pass);
    match (variant, failed) {
        (Variant::Fixed, None) if passed => Ok("fixed   passed".to_owned()),
        (Variant::Fixed, Some((step, failure))) => {
            Err(format!("fixed   failed at `{step}`: {}", failure.summary))
        }
        (Variant::Broken, Some((step, failure))) => as_reported(bug, plan, step, failure),
        (Variant::Broken, None) if passed => Err(format!(
            "broken  passed; it has to fail at `{}`",
            plan.name_of(bug.fails_at)
        )),
        (Variant::Broken, None) => Err("broken  was not played to its end".to_owned()),
        (Variant::Fixed, None) => Err("fixed   was not played to its end".to_owned()),
    }
}

/// Whether it failed where, why and in which words it should.
fn as_reported(bug: &Bug, plan: &Plan, step: &str, failure: &Failure) -> Judged {
    let wanted = plan.name_of(bug.fails_at);
    if step != wanted {
        return Err(format!(
            "broken  failed at `{step}` instead of `{wanted}`: {}",
            failure.summary
        ));
    }
    let first = failure.causes.first();
    if let Some(cause) = &bug.cause
        && first.is_none_or(|first| first.name != *cause)
    {
        let named = first.map_or("none", |first| &first.name);
        return Err(format!(
            "broken  failed at `{step}` as reported, but the cause is {named}, not {cause}: {}",
            failure.summary
        ));
    }
    if let Some(says) = bug
        .says
        .as_ref()
        .filter(|it| !in_words(failure).contains(*it))
    {
        return Err(format!(
            "broken  failed at `{step}` as reported, but says nothing of `{says}`: {}",
            failure.summary
        ));
    }
    let why = match (&bug.cause, first, &bug.says) {
        (Some(cause), Some(first), _) => format!("{cause}: {}", first.what),
        (_, _, Some(says)) => format!("it says `{says}`"),
        _ => failure.summary.clone(),
    };
    Ok(format!("broken  failed at `{step}`\n        {why}"))
}

/// All that a failure says.
fn in_words(failure: &Failure) -> String {
    let told = [&failure.summary, &failure.expected, &failure.seen];
    let told = told.into_iter().cloned();
    let differs = failure.mismatches.iter();
    let differs = differs.map(|it| format!("{} {} {}", it.object, it.path, it.seen));
    told.chain(differs).collect::<Vec<_>>().join("\n")
}
