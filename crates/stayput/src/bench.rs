//! `bench`: what the harness itself costs, as ratios of one run.

mod cluster;
mod overhead;
mod peers;
mod table;
mod timed;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::cli::E2e;

/// Flags of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
    /// Print one line of JSON a figure: name, ours, theirs, ratio, unit.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// From the watch event that makes a condition true to the runner's next request.
    Overhead {
        /// Rounds of two waits each.
        #[arg(long, default_value_t = 400)]
        rounds: usize,
        /// Flags of `e2e`: which cluster, and whether it is kept.
        #[command(flatten)]
        cluster: Box<E2e>,
    },
    /// The embedded cluster: time to its first answer, memory, and a crowd of nodes and
    /// pods without processes, beside etcd and kube-apiserver where the container engine
    /// has a kind node image.
    Cluster(cluster::Flags),
    /// The harness on a cluster of kind, beside careful bash, chainsaw and kuttl with the same
    /// work, in turns: a flow of six Redis pods, one `ConfigMap`, and twenty of them.
    Peers {
        /// How often each plays everything; the median is shown.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Flags of `e2e`: which cluster, `kind` without one, and whether it is kept.
        #[command(flatten)]
        cluster: Box<E2e>,
    },
    /// A process of a benchmark's own.
    #[command(subcommand, hide = true)]
    Part(cluster::Part),
}

/// Runs one benchmark and prints its figures.
pub(crate) async fn run(bench: Bench) -> Result<u8> {
    let figures = match bench.what {
        What::Overhead { rounds, cluster } => Box::pin(overhead::measure(rounds, *cluster)).await?,
        What::Cluster(flags) => cluster::measure(&flags).await?,
        What::Peers { rounds, cluster } => Box::pin(peers::measure(rounds, *cluster)).await?,
        What::Part(part) => {
            cluster::play(part).await?;
            return Ok(crate::exit::PASSED);
        }
    };
    let form = if bench.json {
        table::Form::Json
    } else {
        table::Form::People
    };
    crate::screen::print(&table::text(&figures, form))?;
    Ok(crate::exit::PASSED)
}

/// Which build is measured: a debug build says little.
fn say_build(benchmark: &str) {
    crate::screen::complain(&if cfg!(debug_assertions) {
        format!(
            "this is a debug build: `cargo run --release --package xtask -- bench {benchmark}` \
             measures what counts\n"
        )
    } else {
        "this is a release build\n".to_owned()
    });
}
