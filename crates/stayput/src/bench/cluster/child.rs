//! The benchmark's own processes, from outside: started, asked, ended.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde::{Deserialize, Serialize};
use stayput_runner::Clock;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// An API server that has answered.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// From before its process began to its first answer.
    pub(super) millis: f64,
}

/// What the crowd's process says at its end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) ready_seconds: f64,
    pub(super) running_seconds: f64,
    pub(super) before_megabytes: f64,
    pub(super) after_megabytes: f64,
}

impl Counted {
    #[expect(clippy::cast_precision_loss, reason = "a count of pods")]
    pub(super) fn kilobytes_a_pod(&self, pods: usize) -> f64 {
        (self.after_megabytes - self.before_megabytes) * 1000.0 / pods as f64
    }
}

impl Server {
    /// Starts one and asks it for the namespace that every cluster has.
    pub(super) async fn start() -> Result<Self> {
        let clock = Clock::started_now();
        let mut child = part(&["server"])?;
        let kubeconfig = first_line(&mut child).await?;
        let client = client(&serde_json::from_str::<String>(&kubeconfig)?).await?;
        Api::<Namespace>::all(client).get("default").await?;
        let millis = super::as_millis(clock.now().since_start());
        Ok(Self { child, millis })
    }

    /// What it takes now, in megabytes.
    pub(super) fn memory(&self) -> Result<f64> {
        let id = self.child.id().context("the API server has ended")?;
        resident(&id.to_string())
    }

    /// Ends it.
    pub(super) async fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let ended = self.child.wait().await?;
        ensure!(ended.success(), "the API server failed: {ended}");
        Ok(())
    }
}

/// Has the crowd gather, and waits for its end.
pub(super) async fn crowd(nodes: usize, pods: usize) -> Result<Counted> {
    let mut child = part(&["crowd", &nodes.to_string(), &pods.to_string()])?;
    let line = first_line(&mut child).await?;
    let ended = child.wait().await?;
    ensure!(ended.success(), "the crowd failed: {ended}");
    Ok(serde_json::from_str(&line)?)
}

/// The memory of a process that it has for itself or shares, in megabytes.
pub(super) fn resident(process: &str) -> Result<f64> {
    let file = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read `{file}`"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes = kilobytes.with_context(|| format!("no memory in `{file}`"))?;
    Ok(kilobytes.parse::<f64>()? * 1.024 / 1000.0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark's own processes: this program again"
)]
fn part(words: &[&str]) -> Result<Child> {
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(program);
    command
        .args(["bench", "part"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().context("cannot start a part of itself")
}

async fn first_line(child: &mut Child) -> Result<String> {
    let out = child.stdout.take().context("no output")?;
    let line = BufReader::new(out).lines().next_line().await?;
    line.context("a part of the benchmark ended without a word")
}

async fn client(kubeconfig: &str) -> Result<Client> {
    let read = Kubeconfig::from_yaml(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
