//! `bench peers`: what this harness costs on a real cluster, beside careful bash, chainsaw and
//! kuttl with the same work.
//!
//! All play on one cluster, in turns, each as a process of its own; the median wall time of each
//! is shown. The most of it is the cluster's own: what is beyond that is known of ours, whose
//! report says so. A play that fails is no measurement, and ends the benchmark.
//!
//! Invariants:
//! - Who is not installed is named, and has no figure.
//! - Whatever ends the benchmark, Ctrl-C included, the cluster is released.

mod figures;
mod render;
mod tools;

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use kube::config::Kubeconfig;
use serde_json::Value;
use stayput_cluster::{Cluster, ClusterError, Released};
use stayput_program::{Call, Printed, Programs};
use stayput_runner::{Clock, Emitter};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    figures::Times,
    tools::{Place, Tool, Workload},
};
use super::table::Figure;
use crate::{
    choice::ClusterChoice,
    cli::E2e,
    exit::{Failed, UsageError},
    run::{self, Needs},
    screen, signals,
};

/// The image of the flow's pods.
const IMAGE: &str = "redis:7";

/// What a report counts as the cluster's own time, of all that it tells apart.
const THE_CLUSTER_S: [&str; 3] = ["kubernetes", "redis", "window"];

/// How much of a failed play's output is shown, in lines of each stream.
const SHOWN: usize = 20;

/// Has all that are at hand play everything, so many rounds.
pub(crate) async fn measure(rounds: usize, mut flags: E2e) -> Result<Vec<Figure>> {
    ensure!(rounds > 0, "at least one round is needed");
    super::say_build("peers");
    with_containers(&mut flags)?;
    let tools = at_hand().await;
    let mut tasks = JoinSet::new();
    let cancel = CancellationToken::new();
    signals::cancel_on_signal(&mut tasks, &cancel)?;
    let (quiet, _unread) = mpsc::unbounded_channel();
    let told = Emitter::new(Clock::started_now(), quiet);
    let needs = Needs {
        nodes: render::NODES.map(str::to_owned).into(),
        images: vec![IMAGE.to_owned()],
    };
    screen::complain(&format!("cluster: {}\n", flags.cluster()));
    let cluster = run::open(&flags, &needs, None, &told, &cancel).await?;
    let measuring = in_turns(cluster.as_ref(), rounds, &tools);
    let measured = cancel.run_until_cancelled(measuring).await;
    let released = Arc::clone(&cluster)
        .release(run::release_as(&flags))
        .await?;
    let doing = "the tools were measured".to_owned();
    let times = measured.unwrap_or_else(|| Err(ClusterError::Interrupted { doing }.into()));
    say_what_stays(released, &times);
    Ok(times?.figures())
}

/// A play that did not end may have left anything on a cluster that outlives the benchmark.
fn say_what_stays(released: Released, times: &Result<Times>) {
    let kept = match released {
        Released::Deleted => return,
        Released::NotOurs => "the cluster stays".to_owned(),
        Released::Kept { kubeconfig } => {
            format!("the cluster is kept: kubectl --kubeconfig {kubeconfig}")
        }
    };
    let left = match times {
        Ok(_) => "",
        Err(_) => "; what the last play made may still be on it",
    };
    screen::complain(&format!("{kept}{left}\n"));
}

/// A cluster whose nodes are containers: all four reach the nodes' disks by the engine.
fn with_containers(flags: &mut E2e) -> Result<()> {
    let cluster = flags.cluster.get_or_insert(ClusterChoice::Kind);
    match cluster {
        ClusterChoice::Kind | ClusterChoice::Context(_) => Ok(()),
        ClusterChoice::Embedded => Err(UsageError {
            message: "the nodes of an embedded cluster are no containers".to_owned(),
            hint: Some("compare on `--cluster kind`, or on a `context` of such a one".to_owned()),
        }
        .into()),
    }
}

/// Who can be measured; of the others it is said why not.
async fn at_hand() -> Vec<Tool> {
    let versions = tools::versions().await;
    for (program, version) in &versions {
        if let Ok(version) = version {
            screen::complain(&format!("{program}: {version}\n"));
        }
    }
    let (tools, told) = tools::at_hand(&versions);
    for line in told {
        screen::complain(&format!("{line}\n"));
    }
    tools
}

/// Plays everything in turns. Each round begins with another, so that none always plays after
/// the same one.
async fn in_turns(cluster: &dyn Cluster, rounds: usize, tools: &[Tool]) -> Result<Times> {
    // Dropped at the end, with the kubeconfig that is in it.
    let (_folder, place) = prepare(cluster)?;
    let mut times = Times::default();
    for round in 0..rounds {
        let mut turns = tools.to_vec();
        turns.rotate_left(round % tools.len());
        for workload in Workload::ALL {
            for &tool in &turns {
                let seconds = play(tool, workload, &place).await?;
                times.wall(workload, tool, seconds);
                if (tool, workload) == (Tool::Ours, Workload::Flow) {
                    times.beyond(seconds - the_cluster_s(&tools::report(&place.folder))?);
                }
                let (tool, workload) = (tool.name(), workload.name());
                let round = round + 1;
                screen::complain(&format!(
                    "round {round} of {rounds}: {workload}: {tool}: {seconds:.2} s\n"
                ));
            }
        }
    }
    Ok(times)
}

/// Writes all files for this cluster.
fn prepare(cluster: &dyn Cluster) -> Result<(TempDir, Place)> {
    let temporary = tempfile::tempdir().context("cannot make a folder")?;
    let folder = Utf8PathBuf::try_from(temporary.path().to_owned())?;
    let engine = std::env::var("KIND_EXPERIMENTAL_PROVIDER").unwrap_or("docker".to_owned());
    let real = |name| {
        let node = cluster.nodes().real_name(name);
        let node = node.map(stayput_cluster::NodeName::as_str);
        node.with_context(|| format!("the cluster has no node `{name}`"))
    };
    let [one, two, three, four] = render::NODES;
    render::write(&render::Facts {
        folder: &folder,
        engine: &engine,
        nodes: [real(one)?, real(two)?, real(three)?, real(four)?],
    })?;
    let text = cluster.kubeconfig()?;
    let context = Kubeconfig::from_yaml(&text)?.current_context;
    // Not `kubeconfig`: kuttl writes one of its own under that name. Nobody else can look into
    // the folder.
    let kubeconfig = folder.join("cluster.yaml");
    std::fs::write(&kubeconfig, text).with_context(|| format!("cannot write `{kubeconfig}`"))?;
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let place = Place {
        folder,
        kubeconfig,
        context: context.context("the kubeconfig has no current context")?,
        program: Utf8PathBuf::try_from(program)?,
    };
    Ok((temporary, place))
}

/// Has one play one workload; gives the seconds from the start of its process to the end.
async fn play(tool: Tool, workload: Workload, place: &Place) -> Result<f64> {
    let call = tool.call(workload, place);
    let clock = Clock::started_now();
    let printed = Programs::default().run(&call).await?;
    let seconds = clock.now().since_start().as_secs_f64();
    if !printed.status.success() {
        return Err(no_measurement(&call, &printed).into());
    }
    Ok(seconds)
}

fn no_measurement(call: &Call, printed: &Printed) -> Failed {
    let streams = [&printed.stdout, &printed.stderr];
    let ends = streams.map(|stream| end(&String::from_utf8_lossy(stream)));
    let ends: Vec<_> = ends.into_iter().filter(|it| !it.is_empty()).collect();
    Failed {
        message: format!(
            "`{}` failed ({}), which is no measurement; the end of what it said:\n{}",
            call.line(),
            printed.status,
            ends.join("\n")
        ),
    }
}

/// The last lines of a text.
fn end(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

/// The seconds that a report counts as the cluster's own.
fn the_cluster_s(report: &Utf8Path) -> Result<f64> {
    let file = report.join("report.json");
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read `{file}`"))?;
    let report: Value =
        serde_json::from_str(&text).with_context(|| format!("cannot read `{file}`"))?;
    let parts = THE_CLUSTER_S.iter().map(|part| {
        let seconds = report["time"][part].as_f64();
        seconds.with_context(|| format!("`{file}` has no `time.{part}`"))
    });
    parts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_that_fails_is_shown_with_the_end_of_what_it_said() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let script = "seq 100; echo why >&2; exit 3";
        let call = Call::new("sh", ["-c", script]);
        let printed = runtime.block_on(Programs::default().run(&call)).unwrap();
        let said = no_measurement(&call, &printed).to_string();
        assert!(said.contains("(exit status: 3)"), "{said}");
        assert!(said.ends_with("\n99\n100\nwhy"), "{said}");
        assert!(
            said.contains("\n81\n") && !said.contains("\n80\n"),
            "{said}"
        );
    }

    #[test]
    fn what_is_the_cluster_s_is_read_from_the_report() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        let time = r#"{"time": {"cluster": 9, "kubernetes": 1.5, "redis": 2.25, "window": 0.25}}"#;
        std::fs::write(path.join("report.json"), time).unwrap();
        assert!((the_cluster_s(path).unwrap() - 4.0).abs() < f64::EPSILON);
        // A report without it is no report of nothing.
        std::fs::write(path.join("report.json"), r#"{"time": {"redis": 1}}"#).unwrap();
        assert!(the_cluster_s(path).is_err());
    }
}
