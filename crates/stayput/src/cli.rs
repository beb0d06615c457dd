//! Commands and flags.

use std::num::NonZeroUsize;

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::{choice::ClusterChoice, clusters, exit, scenarios, selection::Selection};

/// Proves that stateful workloads on local volumes stay put: same node, same volume, same data.
#[derive(Debug, Parser)]
#[command(name = "stayput", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say on standard error what programs are run and what is awaited.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scenarios on a cluster and say what was proven.
    E2e(Box<E2e>),
    /// Show a bug report: broken it must fail, fixed it must pass. Or play a bundle's run again,
    /// and say whether it ends the same.
    Repro(crate::repro::Repro),
    /// Check scenario files without a cluster.
    Lint {
        /// Scenarios: shipped names, files or folders. All shipped ones without any.
        scenarios: Vec<String>,
    },
    /// Print what a run would do, in order, with rendered manifests; no cluster is needed.
    Plan {
        /// Scenarios: shipped names, files or folders.
        #[arg(required = true)]
        scenarios: Vec<String>,
    },
    /// Print the JSON Schema of scenario files, or of suites, for editors.
    Schema {
        /// Of which files.
        #[arg(default_value = "scenario")]
        of: SchemaOf,
    },
    /// Measure what the harness itself costs.
    Bench(Box<crate::bench::Bench>),
    /// Clusters that this program made.
    #[command(subcommand)]
    Cluster(ClusterCommand),
}

/// Flags of `e2e`.
#[derive(Debug, Args)]
pub(crate) struct E2e {
    /// Scenarios: shipped names, files or folders.
    #[arg(default_value = "local-pv-redis")]
    pub(crate) scenarios: Vec<String>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Which cluster: `embedded`, `kind`, or `context:NAME` of your kubeconfig. On Linux
    /// `embedded` without it, elsewhere `kind`.
    #[arg(long, env = "STAYPUT_CLUSTER")]
    pub(crate) cluster: Option<ClusterChoice>,
    /// The version of Kubernetes, as 1.34: a node image that the engine has is taken first.
    #[arg(long, value_name = "X.Y")]
    pub(crate) kubernetes: Option<String>,
    /// Keep the cluster, and use a kept one of the same configuration and version.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Play the scenario's controls instead: sabotages that have to be noticed.
    #[arg(long)]
    pub(crate) controls: bool,
    /// Play only the controls whose names contain this.
    #[arg(long, value_name = "TEXT", requires = "controls")]
    pub(crate) control: Option<String>,
    /// Play so many scenarios at once, where each has a cluster of its own.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) jobs: NonZeroUsize,
    /// Play a scenario that failed again, so many times; if it passes then, it is flaky.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,
    /// Count flaky scenarios as passed.
    #[arg(long)]
    pub(crate) allow_flaky: bool,
    /// Write index.html, report.json, junit.xml and logs into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<Utf8PathBuf>,
    /// Pack the run into this file, to be played again elsewhere with `repro`.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<Utf8PathBuf>,
    /// The configuration of the kind cluster; the shipped one without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) kind_config: Option<Utf8PathBuf>,
    /// What images stand for on the embedded cluster, besides the built-in ones: a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<Utf8PathBuf>,
    /// The seed of everything random: the same seed writes the same keys.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

impl E2e {
    /// The cluster that was asked for, or the default one.
    pub(crate) fn cluster(&self) -> ClusterChoice {
        self.cluster.clone().unwrap_or(ClusterChoice::DEFAULT)
    }

    /// Why it is that one.
    pub(crate) fn why(&self) -> &'static str {
        match self.cluster {
            Some(_) => "by --cluster",
            None => "by default",
        }
    }
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaOf {
    /// Scenarios.
    Scenario,
    /// What scenarios share.
    Suite,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Start an embedded one: real processes, no container engine, no root.
    Up(Up),
    /// List them, with what uses them.
    List,
    /// Delete one; without a name, every one that was kept and that nobody uses.
    Down {
        /// Its name.
        name: Option<String>,
    },
    /// Print the path of its kubeconfig.
    Kubeconfig {
        /// Its name.
        name: String,
    },
    /// Run a command on a node of an embedded cluster, whose disk is its `/`.
    Exec {
        /// The node.
        node: String,
        /// The command.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Stop a node of an embedded cluster as a machine is stopped.
    Stop {
        /// The node.
        node: String,
    },
    /// Start a stopped node of an embedded cluster.
    Start {
        /// The node.
        node: String,
    },
}

/// Flags of `cluster up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Its name; one that nobody has without it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How many workers it has besides the control plane's node.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) nodes: usize,
    /// The version of Kubernetes that it speaks.
    #[arg(long, value_name = "X.Y")]
    pub(crate) kubernetes: Option<String>,
    /// What images stand for, besides the built-in ones: a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<Utf8PathBuf>,
    /// Leave it running in the background, until `cluster down`.
    #[arg(long)]
    pub(crate) detach: bool,
}

/// The command line as clap knows it, for the reference.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs a command; the exit code is its verdict.
pub(crate) async fn run(arguments: Arguments) -> Result<u8> {
    match arguments.command {
        Command::E2e(flags) => crate::suite::e2e(*flags).await,
        Command::Repro(flags) => crate::repro::repro(flags).await,
        Command::Lint { scenarios } => scenarios::lint(&scenarios),
        Command::Plan { scenarios } => crate::plan::plan(&scenarios),
        Command::Schema { of } => {
            let schema = match of {
                SchemaOf::Scenario => stayput_scenario::schema(),
                SchemaOf::Suite => stayput_scenario::suite_schema(),
            };
            let schema = serde_json::to_string_pretty(&schema)?;
            crate::screen::print(&schema)?;
            Ok(exit::PASSED)
        }
        Command::Bench(flags) => crate::bench::run(*flags).await,
        Command::Cluster(command) => clusters::run(command).await,
    }
}
