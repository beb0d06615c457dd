//! `bench cluster`: how fast the embedded cluster is there and what it takes, beside etcd
//! and kube-apiserver of the same version.
//!
//! What is ours runs in processes of their own, so that their memory is theirs alone.

mod child;
mod crowd;
mod hollow;
mod server;
mod theirs;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use stayput_cluster::{Cluster as _, Release};
use stayput_embedded::{Cluster, Options};
use stayput_runner::Clock;

use super::table::{Figure, median};
use crate::{clusters, screen};

/// The bound that the project sets itself for a cluster whose nodes are all Ready.
const READY: Duration = Duration::from_millis(300);
/// The workers of that cluster.
const WORKERS: usize = 4;

/// Flags of `bench cluster`.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// How often each start is measured; the median is shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many nodes without processes there are in the crowd.
    #[arg(long, default_value_t = 1000)]
    nodes: usize,
    /// How many pods they get.
    #[arg(long, default_value_t = 10_000)]
    pods: usize,
}

/// What a process of the benchmark's own does.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// Serves an empty API until its standard input ends.
    Server,
    /// Fills a control plane with nodes and pods without processes.
    Crowd {
        /// How many nodes.
        nodes: usize,
        /// How many pods.
        pods: usize,
    },
}

/// Plays one part.
pub(crate) async fn play(part: Part) -> Result<()> {
    match part {
        Part::Server => server::serve().await,
        Part::Crowd { nodes, pods } => crowd::gather(nodes, pods).await,
    }
}

/// Takes all figures.
pub(crate) async fn measure(flags: &Flags) -> Result<Vec<Figure>> {
    ensure!(flags.rounds > 0, "at least one round is needed");
    super::say_build("cluster");
    let mut figures = servers(flags.rounds).await?;
    figures.push(nodes_ready(flags.rounds).await?);
    if flags.pods > 0 {
        figures.extend(crowd(flags).await?);
    }
    Ok(figures)
}

/// The API server alone: time to its first answer, memory when it gives it.
async fn servers(rounds: usize) -> Result<Vec<Figure>> {
    let (mut millis, mut megabytes) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = child::Server::start().await?;
        millis.push(started.millis);
        megabytes.push(started.memory()?);
        started.end().await?;
    }
    let theirs = match theirs::measure(rounds).await {
        Ok(theirs) => Some(theirs),
        Err(why) => {
            screen::complain(&format!("no figures of etcd and kube-apiserver: {why:#}\n"));
            None
        }
    };
    let figure = |what: &str, ours: Vec<f64>, theirs: Option<&Vec<f64>>, unit| Figure {
        name: format!("API server: {what}"),
        ours: median(ours),
        theirs: theirs.map(|theirs| median(theirs.clone())),
        unit,
    };
    let (their_millis, their_megabytes) = (
        theirs.as_ref().map(|theirs| &theirs.millis),
        theirs.as_ref().map(|theirs| &theirs.megabytes),
    );
    Ok(vec![
        figure("start to first answer", millis, their_millis, "ms"),
        figure("memory then", megabytes, their_megabytes, "MB"),
    ])
}

/// The whole cluster, nodes and all, as a run starts it; beside the bound.
async fn nodes_ready(rounds: usize) -> Result<Figure> {
    let mut millis = Vec::new();
    for _ in 0..rounds {
        let options = Options {
            workers: WORKERS,
            ..Options::new(clusters::places()?)
        };
        let clock = Clock::started_now();
        let cluster = Cluster::start(options).await?;
        millis.push(as_millis(clock.now().since_start()));
        Arc::new(cluster).release(Release::Delete).await?;
    }
    Ok(Figure {
        name: format!("cluster: start to {} nodes Ready", WORKERS + 1),
        ours: median(millis),
        theirs: Some(as_millis(READY)),
        unit: "ms",
    })
}

async fn crowd(flags: &Flags) -> Result<Vec<Figure>> {
    let (nodes, pods) = (flags.nodes, flags.pods);
    let counted = child::crowd(nodes, pods).await?;
    let figure = |what: String, ours: f64, unit| Figure {
        name: what,
        ours,
        theirs: None,
        unit,
    };
    Ok(vec![
        figure(
            format!("crowd: {nodes} nodes Ready"),
            counted.ready_seconds,
            "s",
        ),
        figure(
            format!("crowd: {pods} pods Running"),
            counted.running_seconds,
            "s",
        ),
        figure(
            "crowd: memory before the pods".to_owned(),
            counted.before_megabytes,
            "MB",
        ),
        figure(
            "crowd: memory with them".to_owned(),
            counted.after_megabytes,
            "MB",
        ),
        figure(
            "crowd: memory for each pod".to_owned(),
            counted.kilobytes_a_pod(pods),
            "KB",
        ),
    ])
}

fn as_millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
