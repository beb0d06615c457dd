//! Plays the life of real kind clusters and prints what it took.
//!
//! `kind_cycle cycle | keep | hold | list | down NAME [--kubernetes X.Y]`: `hold`
//! waits for Ctrl-C (or kill -9) with the cluster up. State goes to `KIND_CYCLE_STATE`
//! or `target/kind-cycle`; the configuration is `KIND_CYCLE_CONFIG` or kind-config.yaml.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use stayput_cluster::Progress;
use stayput_cluster::{Cluster, ClusterError, NodeName, Release};
use stayput_kind::{Environment, KeepCluster, Kind, Options};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_else(|| "cycle".to_owned());
    let state = std::env::var("KIND_CYCLE_STATE");
    let state = Utf8PathBuf::from(state.unwrap_or_else(|_| "target/kind-cycle".to_owned()));
    let environment = Environment {
        provider: std::env::var("KIND_EXPERIMENTAL_PROVIDER").ok(),
        variables: Vec::new(),
    };
    let kind = Kind::new(state, environment);
    match mode.as_str() {
        "cycle" => cycle(&kind, arguments.nth(1)).await,
        "keep" => {
            let cluster = interruptible(&kind, KeepCluster::Always, arguments.nth(1)).await?;
            println!("{:?}", cluster.release(Release::Keep).await?);
            Ok(())
        }
        "hold" => {
            let cluster = interruptible(&kind, KeepCluster::Never, arguments.nth(1)).await?;
            println!("up; Ctrl-C to delete");
            tokio::signal::ctrl_c().await?;
            println!("{:?}", cluster.release(Release::Delete).await?);
            Ok(())
        }
        "list" => {
            for listed in kind.list().await? {
                println!("{listed:?}");
            }
            Ok(())
        }
        "down" => Ok(kind.down(&arguments.next().context("which?")?).await?),
        other => bail!("unknown mode {other}"),
    }
}

/// Creates a cluster; Ctrl-C cancels.
async fn interruptible(
    kind: &Kind,
    keep: KeepCluster,
    kubernetes: Option<String>,
) -> Result<Arc<dyn Cluster>> {
    let config = std::env::var("KIND_CYCLE_CONFIG");
    let config = config.unwrap_or_else(|_| "kind-config.yaml".to_owned());
    let cancel = CancellationToken::new();
    let started = Instant::now();
    let tell = move |line: &str| println!("{:8.3} {line}", started.elapsed().as_secs_f64());
    let options = Options {
        config: std::fs::read_to_string(config)?,
        kubernetes,
        images: vec!["redis:7".to_owned()],
        scenario_nodes: ["master-1", "master-2", "master-3", "node-1"]
            .map(str::to_owned)
            .to_vec(),
        keep,
        failure_logs: None,
        progress: Progress::new(tell),
        cancel: cancel.clone(),
    };
    let mut creating = std::pin::pin!(kind.create(options));
    let created = tokio::select! {
        created = &mut creating => created,
        _ = tokio::signal::ctrl_c() => {
            tell("Ctrl-C");
            cancel.cancel();
            creating.await
        }
    };
    tell("done");
    match created {
        Ok(cluster) => {
            println!("{:#?}", cluster.facts());
            Ok(cluster)
        }
        Err(error) => {
            let (kind, hint) = (error.kind(), error.hint());
            println!("error: {error}\nkind: {kind:?}\nhint: {hint:?}");
            Err(error.into())
        }
    }
}

async fn cycle(kind: &Kind, kubernetes: Option<String>) -> Result<()> {
    let cluster = interruptible(kind, KeepCluster::Never, kubernetes).await?;
    let node = cluster
        .nodes()
        .real_name("node-1")
        .context("no node-1")?
        .clone();
    time_calls(&*cluster, &node).await?;
    time_parallel_calls(&*cluster).await?;
    give_up_a_script(&*cluster, &node).await?;
    stop_and_start(&*cluster, &node).await?;
    let started = Instant::now();
    println!("{:?}", cluster.release(Release::Delete).await?);
    println!("delete: {} ms", started.elapsed().as_millis());
    Ok(())
}

async fn time_calls(cluster: &dyn Cluster, node: &NodeName) -> Result<()> {
    let mut times = Vec::new();
    for number in 0..200 {
        let started = Instant::now();
        let script = format!("echo {number}; echo err >&2; exit 3");
        let output = cluster.run_on_node(node, &script).await?;
        times.push(started.elapsed().as_micros());
        anyhow::ensure!(output.stdout_text() == format!("{number}\n"));
        anyhow::ensure!(output.stderr_text() == "err\n" && output.exit.0 == 3);
    }
    times.sort_unstable();
    println!(
        "200 calls on one node: median {} us, p99 {} us, worst {} us",
        times[100], times[197], times[199]
    );
    let started = Instant::now();
    let zeros = cluster
        .run_on_node(node, "head -c 20000000 /dev/zero")
        .await?;
    println!(
        "20 MB: {} bytes in {} ms",
        zeros.stdout.len(),
        started.elapsed().as_millis()
    );
    Ok(())
}

async fn time_parallel_calls(cluster: &dyn Cluster) -> Result<()> {
    let started = Instant::now();
    let calls = cluster
        .nodes()
        .iter()
        .map(|node| cluster.run_on_node(&node.name, "sleep 0.2; hostname"));
    let outputs = futures::future::try_join_all(calls).await?;
    println!(
        "{} nodes side by side: {} ms",
        outputs.len(),
        started.elapsed().as_millis()
    );
    Ok(())
}

async fn give_up_a_script(cluster: &dyn Cluster, node: &NodeName) -> Result<()> {
    let hanging = cluster.run_on_node(node, "sleep 4711");
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(300), hanging).await;
    anyhow::ensure!(given_up.is_err());
    let started = Instant::now();
    let look = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 47[1]1'";
    let left = cluster.run_on_node(node, look).await?;
    println!(
        "after giving up: {} left, next call {} ms",
        left.stdout_text().trim(),
        started.elapsed().as_millis()
    );
    Ok(())
}

async fn stop_and_start(cluster: &dyn Cluster, node: &NodeName) -> Result<()> {
    let started = Instant::now();
    cluster.stop_node(node).await?;
    println!("stop: {} ms", started.elapsed().as_millis());
    let down = cluster.run_on_node(node, "true").await;
    anyhow::ensure!(matches!(down, Err(ClusterError::NodeStopped { .. })));
    let started = Instant::now();
    cluster.start_node(node).await?;
    println!("start: {} ms", started.elapsed().as_millis());
    let started = Instant::now();
    cluster.run_on_node(node, "hostname").await?;
    println!("first call after: {} ms", started.elapsed().as_millis());
    Ok(())
}
