//! One attempt at a scenario: a cluster, a play, a report, and an end without leftovers.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::{Cluster, ClusterError, Origin, Progress, Release, Released};
use stayput_embedded::Lifetime;
use stayput_events::{
    ClusterFacts, Cost, Elapsed, Event, FlakyCounts, NodeFacts, Outcome, RunFacts,
};
use stayput_kind::{KeepCluster, Options};
use stayput_report::Summary;
use stayput_runner::{AfterFailure, Clock, Emitter, Run, Settings, Update};
use stayput_scenario::plan::Plan;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    bundles,
    choice::ClusterChoice,
    cli::E2e,
    clusters,
    exit::NotCapable,
    reports::{self, Screen, Shown},
    scenarios::{ComesFrom, Scenario},
    shared::Shared,
    signals,
};

/// Plays one scenario once, on a cluster of its own.
pub(crate) async fn one(flags: &E2e, scenario: &Scenario) -> Result<Summary> {
    let mut tasks = JoinSet::new();
    let cancel = CancellationToken::new();
    signals::cancel_on_signal(&mut tasks, &cancel)?;
    let attempt = Attempt {
        flags,
        scenario,
        number: 1,
        shared: None,
        report: flags.report.clone(),
        screen: Screen::Alone,
        cancel,
    };
    let Attempted { shown, error } = attempt.play().await?;
    error.map_or(Ok(shown.summary), Err)
}

pub(crate) fn kind_config(flags: &E2e) -> Result<String> {
    match &flags.kind_config {
        None => Ok(stayput_fixtures::KIND_CONFIG.to_owned()),
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))
        }
    }
}

/// One attempt at one scenario.
pub(crate) struct Attempt<'a> {
    pub(crate) flags: &'a E2e,
    pub(crate) scenario: &'a Scenario,
    /// Which attempt, from 1.
    pub(crate) number: u32,
    /// The cluster that it shares with others; its own without one.
    pub(crate) shared: Option<&'a Shared<'a>>,
    /// Where its reports go.
    pub(crate) report: Option<Utf8PathBuf>,
    pub(crate) screen: Screen,
    pub(crate) cancel: CancellationToken,
}

/// What an attempt came to, and what kept it from taking place.
pub(crate) struct Attempted {
    pub(crate) shown: Shown,
    pub(crate) error: Option<anyhow::Error>,
}

impl Attempt<'_> {
    pub(crate) async fn play(&self) -> Result<Attempted> {
        let plan = &self.scenario.plan;
        let clock = Clock::started_now();
        let (sender, records) = mpsc::unbounded_channel();
        let events = Emitter::new(clock, sender);
        let mut screen = JoinSet::new();
        screen.spawn(reports::show(records, clock, self.screen));
        let seed = self
            .flags
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one("seed"));
        events.emit(Event::RunStarted(self.facts(plan, seed)));
        let played = self.on_cluster(Arc::clone(plan), seed, &events).await;
        if let Ok(outcome) = &played {
            let outcome = match outcome {
                Outcome::Passed if self.number > 1 => Outcome::Flaky {
                    attempts: self.number,
                },
                outcome => outcome.clone(),
            };
            events.emit(Event::RunFinished { outcome });
        }
        drop(events);
        let shown = screen.join_next().await.context("the screen is gone")???;
        if let Some(folder) = &self.report {
            reports::write(folder, &shown)?;
        }
        if let Some(file) = &self.flags.bundle {
            bundles::write(file, self.flags, self.scenario, &shown.records)?;
        }
        Ok(Attempted {
            shown,
            error: played.err(),
        })
    }

    /// The command that plays just this again.
    fn rerun(&self, seed: u64) -> String {
        let (flags, scenario) = (self.flags, self.scenario);
        let what = match &scenario.comes_from {
            ComesFrom::Files => format!("e2e {}", scenario.argument),
            ComesFrom::Bundle(bundle) => format!("repro {bundle}"),
            ComesFrom::Bug => format!("repro {}", scenario.argument),
        };
        let cluster = format!("--cluster {}", flags.cluster());
        let mut words = vec![program().to_owned(), what, cluster];
        let kubernetes = flags.kubernetes.iter();
        words.extend(kubernetes.map(|it| format!("--kubernetes {it}")));
        words.extend(flags.keep.then(|| "--keep".to_owned()));
        if matches!(scenario.comes_from, ComesFrom::Bundle(_)) {
            // The bundle knows the rest.
            return words.join(" ");
        }
        words.extend(flags.images.iter().map(|it| format!("--images {it}")));
        if scenario.comes_from == ComesFrom::Bug {
            return words.join(" ");
        }
        words.extend(flags.controls.then(|| "--controls".to_owned()));
        words.extend(flags.control.iter().map(|it| format!("--control '{it}'")));
        words.push(format!("--seed {seed}"));
        words.join(" ")
    }

    fn facts(&self, plan: &Plan, seed: u64) -> RunFacts {
        let flags = self.flags;
        RunFacts {
            scenario: plan.name.clone(),
            file: plan.file.clone(),
            about: plan.about.clone(),
            provider: flags.cluster().provider(),
            why: flags.why().to_owned(),
            steps: if flags.controls {
                Vec::new()
            } else {
                stayput_runner::steps(plan)
            },
            statements: if flags.controls {
                Vec::new()
            } else {
                plan.statements.clone()
            },
            rerun: self.rerun(seed),
            seed,
            started: jiff::Timestamp::now().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            flaky: if flags.allow_flaky {
                FlakyCounts::AsPassed
            } else {
                FlakyCounts::AsFailed
            },
        }
    }

    async fn on_cluster(&self, plan: Arc<Plan>, seed: u64, events: &Emitter) -> Result<Outcome> {
        let from = events.clock().now();
        let logs = self.logs("cluster");
        let (cluster, here) = match self.shared {
            None => {
                let needs = Needs::of(&plan);
                let cluster = open(self.flags, &needs, logs, events, &self.cancel).await?;
                let facts = facts(cluster.as_ref());
                (cluster, facts)
            }
            Some(shared) => shared.get(&plan, logs, events, &self.cancel).await?,
        };
        spent_on_cluster(events, from);
        events.emit(Event::ClusterReady(here));
        let needs = stayput_runner::missing(&plan, cluster.capabilities());
        if !needs.is_empty() {
            self.release(cluster, events).await?;
            return Err(anyhow::Error::from(NotCapable { needs }));
        }
        let run = Run {
            plan,
            cluster: Arc::clone(&cluster),
            settings: Settings {
                snapshots: self.scenario.snapshots.clone(),
                folder: self.scenario.folder.clone(),
                source: self.scenario.source.clone(),
                update: update(&self.scenario.comes_from),
                seed,
            },
            events: events.clone(),
            cancel: self.cancel.clone(),
            after_failure: self.after_failure(),
            lookout: self.shared.map(Shared::lookout).unwrap_or_default(),
        };
        let outcome = if self.flags.controls {
            Box::pin(stayput_runner::play_controls(&run)).await
        } else {
            Box::pin(stayput_runner::play_scenario(&run)).await
        };
        drop(run);
        if outcome.failure().is_some() {
            self.export_logs(cluster.as_ref(), events).await;
        }
        self.release(cluster, events).await?;
        Ok(outcome)
    }

    /// A cluster that goes with the run takes everything with it.
    fn after_failure(&self) -> AfterFailure {
        match self.flags.cluster() {
            ClusterChoice::Embedded | ClusterChoice::Kind
                if !self.flags.keep && self.shared.is_none() =>
            {
                AfterFailure::Leave
            }
            ClusterChoice::Embedded | ClusterChoice::Kind | ClusterChoice::Context(_) => {
                AfterFailure::CleanUp
            }
        }
    }

    fn logs(&self, of: &str) -> Option<Utf8PathBuf> {
        let folder: Option<&Utf8Path> = self.report.as_deref();
        folder.map(|folder| folder.join("logs").join(of))
    }

    async fn export_logs(&self, cluster: &dyn Cluster, events: &Emitter) {
        let Some(folder) = self.logs("nodes") else {
            return;
        };
        match cluster.export_logs(&folder).await {
            Ok(()) => events.emit(Event::FilesWritten {
                files: vec![folder],
            }),
            Err(error) => events.emit(Event::Told {
                what: format!("no logs of the nodes: {error}"),
            }),
        }
    }

    /// Ends the use of the attempt's own cluster; a shared one has more to do.
    async fn release(&self, cluster: Arc<dyn Cluster>, events: &Emitter) -> Result<()> {
        if self.shared.is_some() {
            return Ok(());
        }
        let from = events.clock().now();
        let released = cluster.release(release_as(self.flags)).await?;
        spent_on_cluster(events, from);
        if let Released::Kept { kubeconfig } = released {
            events.emit(Event::Told {
                what: format!("the cluster is kept: kubectl --kubeconfig {kubeconfig}"),
            });
        }
        Ok(())
    }
}

/// What scenarios need of the cluster that they are played on.
#[derive(Debug, Clone)]
pub(crate) struct Needs {
    pub(crate) nodes: Vec<String>,
    pub(crate) images: Vec<String>,
}

impl Needs {
    /// What one scenario needs.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            nodes: plan.nodes.clone(),
            images: plan.images.clone(),
        }
    }
}

/// Makes, finds or reaches the cluster that the flags ask for.
pub(crate) async fn open(
    flags: &E2e,
    needs: &Needs,
    failure_logs: Option<Utf8PathBuf>,
    events: &Emitter,
    cancel: &CancellationToken,
) -> Result<Arc<dyn Cluster>> {
    match flags.cluster() {
        ClusterChoice::Embedded => {
            let starting = stayput_embedded::Cluster::start(embedded(flags, needs, events)?);
            let started = cancel.run_until_cancelled(starting).await;
            let cluster = started.unwrap_or_else(|| {
                let doing = "the cluster was started".to_owned();
                Err(ClusterError::Interrupted { doing })
            })?;
            Ok(Arc::new(cluster))
        }
        ClusterChoice::Kind => {
            let mut options = on_kind(flags, needs, events, cancel)?;
            options.failure_logs = failure_logs;
            Ok(clusters::kind()?.create(options).await?)
        }
        ClusterChoice::Context(context) => {
            let options = stayput_context::Options {
                context,
                kubeconfigs: Vec::new(),
                scenario_nodes: needs.nodes.clone(),
                progress: progress(events),
            };
            Ok(stayput_context::open(options).await?)
        }
    }
}

/// What clusters say of themselves, as events.
fn progress(events: &Emitter) -> Progress {
    let (passing, lasting) = (events.clone(), events.clone());
    Progress::new(move |line| {
        let what = line.to_owned();
        passing.emit(Event::ClusterProgress { what });
    })
    .lasting(move |line| {
        let what = line.to_owned();
        lasting.emit(Event::Told { what });
    })
}

/// The embedded cluster that the flags ask for.
fn embedded(flags: &E2e, needs: &Needs, events: &Emitter) -> Result<stayput_embedded::Options> {
    Ok(stayput_embedded::Options {
        kubernetes: flags.kubernetes.clone(),
        images: needs.images.clone(),
        table: clusters::table(flags.images.as_deref())?,
        scenario_nodes: needs.nodes.clone(),
        lifetime: if flags.keep {
            Lifetime::Kept
        } else {
            Lifetime::Program
        },
        progress: progress(events),
        ..stayput_embedded::Options::new(clusters::places()?)
    })
}

/// The kind cluster that the flags ask for.
fn on_kind(
    flags: &E2e,
    needs: &Needs,
    events: &Emitter,
    cancel: &CancellationToken,
) -> Result<Options> {
    Ok(Options {
        config: kind_config(flags)?,
        kubernetes: flags.kubernetes.clone(),
        images: needs.images.clone(),
        scenario_nodes: needs.nodes.clone(),
        keep: if flags.keep {
            KeepCluster::Always
        } else {
            KeepCluster::Never
        },
        failure_logs: None,
        progress: progress(events),
        cancel: cancel.clone(),
    })
}

/// What becomes of the cluster at the end.
pub(crate) fn release_as(flags: &E2e) -> Release {
    if flags.keep {
        Release::Keep
    } else {
        Release::Delete
    }
}

fn spent_on_cluster(events: &Emitter, from: Elapsed) {
    events.emit(Event::Spent {
        step: None,
        on: Cost::Cluster,
        from,
        until: events.clock().now(),
    });
}

pub(crate) fn facts(cluster: &dyn Cluster) -> ClusterFacts {
    let facts = cluster.facts();
    let mut versions = facts.versions.clone();
    let images = facts.images.iter();
    versions.extend(images.map(|it| format!("{}@{}", it.image, it.digest)));
    ClusterFacts {
        name: facts.name.clone(),
        kubernetes: facts.kubernetes.clone(),
        created: facts.origin == Origin::Created,
        nodes: cluster
            .nodes()
            .iter()
            .map(|node| NodeFacts {
                scenario: node.scenario_name.clone(),
                real: node.name.as_str().to_owned(),
            })
            .collect(),
        versions,
    }
}

/// insta's own switch, for those who know it.
fn update(comes_from: &ComesFrom) -> Update {
    match (comes_from, std::env::var("INSTA_UPDATE").as_deref()) {
        // Its folder goes with the run.
        (ComesFrom::Bundle(_), _) | (_, Ok("no")) => Update::Never,
        (_, Ok("always")) => Update::Always,
        _ => Update::Review,
    }
}

/// How the user called this program.
fn program() -> &'static str {
    let name = std::env::args_os().next().unwrap_or_default();
    let file = std::path::Path::new(&name).file_name();
    match file.and_then(|it| it.to_str()) {
        Some("xtask") => "cargo xtask",
        _ => "stayput",
    }
}
