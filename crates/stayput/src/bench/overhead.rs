//! `bench overhead`: how long after a condition became true the runner asks for
//! the next thing.
//!
//! A second watch beside the run dates each change; the runner's own requests
//! are dated as they leave, by the same clock in the same process. The second
//! watch may see a change a moment later than the runner's: such a lag counts
//! as none.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use futures::StreamExt as _;
use kube::{
    Api,
    api::DynamicObject,
    core::ApiResource,
    runtime::watcher::{self, Event as Watched},
};
use stayput_cluster::Cluster;
use stayput_events::{Cost, Elapsed, Event, Record};
use stayput_runner::{AfterFailure, Clock, Emitter, Lookout, Run, Settings, Update};
use stayput_scenario::plan::Plan;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    table::Figure,
    timed::{Asked, Timed},
};
use crate::{cli::E2e, run, scenarios};

/// The bound that the project sets itself for the 99th percentile.
const BOUND: Duration = Duration::from_millis(20);

/// The kinds whose changes make the conditions of the scenarios true.
const WATCHED: [(&str, &str, &str); 9] = [
    ("", "v1", "ConfigMap"),
    ("", "v1", "Service"),
    ("storage.k8s.io", "v1", "StorageClass"),
    ("", "v1", "Pod"),
    ("", "v1", "PersistentVolumeClaim"),
    ("", "v1", "PersistentVolume"),
    ("", "v1", "Namespace"),
    ("apps", "v1", "StatefulSet"),
    ("discovery.k8s.io", "v1", "EndpointSlice"),
];

/// Plays the small steps and the flagship on one cluster and takes the lags.
pub(crate) async fn measure(rounds: usize, mut flags: E2e) -> Result<Vec<Figure>> {
    flags.controls = false;
    let small = small_steps(rounds)?;
    let flagship = scenarios::load(&flags.scenarios)?;
    let flagship = flagship.map_err(|_| anyhow::anyhow!("the scenario has mistakes"))?;
    let flagship = flagship.first().context("no scenario")?;
    let cancel = CancellationToken::new();
    let mut tasks = JoinSet::new();
    crate::signals::cancel_on_signal(&mut tasks, &cancel)?;
    let clock = Clock::started_now();
    let (quiet, _unread) = mpsc::unbounded_channel();
    let told = Emitter::new(clock, quiet);
    let cluster = run::open(
        &flags,
        &run::Needs::of(&flagship.plan),
        None,
        &told,
        &cancel,
    )
    .await?;
    let measured = async {
        let small = lags(&small, Utf8Path::new("."), &cluster, &cancel).await?;
        ensure!(
            small.len() >= rounds,
            "{} waits were seen of {}",
            small.len(),
            rounds
        );
        let flagship = lags(&flagship.plan, &flagship.snapshots, &cluster, &cancel).await?;
        Ok((small, flagship))
    }
    .await;
    let how = run::release_as(&flags);
    Arc::clone(&cluster).release(how).await?;
    let (small, flagship) = measured?;
    let mut figures = of("small steps", small, Some(BOUND));
    figures.extend(of("flagship", flagship, None));
    Ok(figures)
}

fn small_steps(rounds: usize) -> Result<Arc<Plan>> {
    let numbers: Vec<_> = (0..rounds).map(|number| number.to_string()).collect();
    let scenario = include_str!("small-steps/scenario.yaml").replace("ROUNDS", &numbers.join(", "));
    let read = move |path: &Utf8Path| match path.file_name() {
        Some("namespace.yaml") => Ok(include_str!("small-steps/namespace.yaml").to_owned()),
        Some("service.yaml") => Ok(include_str!("small-steps/service.yaml").to_owned()),
        _ => Ok(scenario.clone()),
    };
    stayput_scenario::load(&read, Utf8Path::new("small-steps.yaml"))
        .map(Arc::new)
        .map_err(|problems| anyhow::anyhow!("{problems}"))
}

/// Plays a plan and returns the lag after each wait, in order.
async fn lags(
    plan: &Arc<Plan>,
    snapshots: &Utf8Path,
    cluster: &Arc<dyn Cluster>,
    cancel: &CancellationToken,
) -> Result<Vec<Duration>> {
    let clock = Clock::started_now();
    let (asked_sender, asked) = mpsc::unbounded_channel();
    let (seen_sender, seen) = mpsc::unbounded_channel();
    let (records_sender, records) = mpsc::unbounded_channel();
    let timed = Timed::new(Arc::clone(cluster), clock, asked_sender);
    let mut watches = second_watch(cluster.as_ref(), clock, &seen_sender);
    let run = Run {
        plan: Arc::clone(plan),
        cluster: Arc::new(timed),
        settings: Settings {
            snapshots: snapshots.to_owned(),
            folder: crate::scenarios::folder(&plan.file),
            source: plan.file.to_string(),
            update: Update::Review,
            seed: 1,
        },
        events: Emitter::new(clock, records_sender),
        cancel: cancel.clone(),
        after_failure: AfterFailure::CleanUp,
        lookout: Lookout::default(),
    };
    let outcome = stayput_runner::play_scenario(&run).await;
    watches.abort_all();
    drop((run, watches, seen_sender));
    ensure!(
        outcome.is_pass(),
        "`{}` did not pass: {outcome:?}",
        plan.name
    );
    Ok(after_each_wait(&all(records), &all(asked), &all(seen)))
}

fn all<T>(mut channel: mpsc::UnboundedReceiver<T>) -> Vec<T> {
    let mut all = Vec::new();
    while let Ok(one) = channel.try_recv() {
        all.push(one);
    }
    all
}

/// Dates every change of the kinds that matter.
fn second_watch(
    cluster: &dyn Cluster,
    clock: Clock,
    seen: &mpsc::UnboundedSender<Elapsed>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for (group, version, kind) in WATCHED {
        let kind = ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = Api::all_with(cluster.client(), &kind);
        let seen = seen.clone();
        tasks.spawn(async move {
            let mut changes = watcher::watcher(api, watcher::Config::default()).boxed();
            while let Some(change) = changes.next().await {
                if let Ok(Watched::Apply(_) | Watched::Delete(_)) = change
                    && seen.send(clock.now()).is_err()
                {
                    return;
                }
            }
        });
    }
    tasks
}

/// For each wait that a watch ended and a request followed: from the last
/// change before that request to the request. A wait that is followed by
/// another wait is not counted: nothing was due in between.
fn after_each_wait(records: &[Record], asked: &[Asked], seen: &[Elapsed]) -> Vec<Duration> {
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    let spans: Vec<_> = records.iter().filter_map(span).collect();
    let waits = spans.iter().filter(|(on, ..)| *on == Cost::Kubernetes);
    waits
        .filter_map(|&(_, from, until)| {
            let next = asked
                .iter()
                .find(|it| it.at >= until && !is_watch(&it.what))?;
            let between = until..next.at;
            if spans.iter().any(|(_, begin, _)| between.contains(begin)) {
                return None;
            }
            let change = seen.partition_point(|at| *at <= next.at);
            let change = seen[..change].last().filter(|at| **at >= from)?;
            Some(next.at - *change)
        })
        .collect()
}

/// What a record says of time that was spent.
fn span(record: &Record) -> Option<(Cost, Elapsed, Elapsed)> {
    match record.event {
        Event::Spent {
            on, from, until, ..
        } => Some((on, from, until)),
        _ => None,
    }
}

/// The watches' own requests are nobody's next step.
fn is_watch(what: &str) -> bool {
    what.contains("watch=") || what.contains("resourceVersion=")
}

fn of(name: &str, mut lags: Vec<Duration>, bound: Option<Duration>) -> Vec<Figure> {
    lags.sort_unstable();
    let millis = |lag: Duration| lag.as_secs_f64() * 1000.0;
    let at = |part: usize| {
        let index = (lags.len() * part).div_ceil(100).saturating_sub(1);
        lags.get(index).copied().unwrap_or_default()
    };
    let figure = |what: &str, ours: f64, theirs: Option<f64>, unit| Figure {
        name: format!("overhead, {name}: {what}"),
        ours,
        theirs,
        unit,
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of waits")]
    let count = lags.len() as f64;
    vec![
        figure("waits", count, None, "waits"),
        figure("median", millis(at(50)), None, "ms"),
        figure("99th percentile", millis(at(99)), bound.map(millis), "ms"),
        figure("longest", millis(at(100)), None, "ms"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(from: u64, until: u64) -> Record {
        let (from, until) = (Elapsed::from_millis(from), Elapsed::from_millis(until));
        Record {
            at: until,
            event: Event::Spent {
                step: None,
                on: Cost::Kubernetes,
                from,
                until,
            },
        }
    }

    fn asked(at: u64, what: &str) -> Asked {
        Asked {
            at: Elapsed::from_millis(at),
            what: what.to_owned(),
        }
    }

    #[test]
    fn a_lag_is_from_the_last_change_to_the_next_request() {
        let lags = after_each_wait(
            &[spent(100, 203)],
            &[
                asked(90, "PATCH /api/v1/x"),
                asked(204, "GET /api/v1/y?watch=true"),
                asked(207, "GET /api/v1/y"),
            ],
            &[Elapsed::from_millis(150), Elapsed::from_millis(202)],
        );
        assert_eq!(lags, [Duration::from_millis(5)]);
    }

    #[test]
    fn a_wait_that_another_follows_is_no_lag() {
        let lags = after_each_wait(
            &[spent(100, 203), spent(204, 230)],
            &[asked(233, "PATCH /api/v1/x")],
            &[Elapsed::from_millis(202), Elapsed::from_millis(229)],
        );
        assert_eq!(lags, [Duration::from_millis(4)]);
    }
}
