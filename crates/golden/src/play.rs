//! Plays a script on a cluster and records what the cluster does.
//!
//! A script is bash with kubectl. What it asks of nodes it prints, a line each
//! (`run NODE COMMAND`, `stop NODE`, `start NODE`; the command in base64), and reads the
//! answer from its standard input (`CODE .OUT .ERR`, base64 too): so scripts are the same
//! on every kind of cluster.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use camino::Utf8PathBuf;
use rustix::process::{Pid, Signal, kill_process_group};
use stayput_cluster::{Cluster, CommandOutput, ExitCode, NodeName};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{GoldenError, Recording, Scenario, recording::Watching};

/// How long a script may take; the longest takes two minutes.
const LIMIT: Duration = Duration::from_mins(6);
/// How much of what a script said is shown when it fails.
const SAID: usize = 25;
/// The code of a command on a node that cannot be reached.
const UNREACHABLE: i32 = 125;
/// The programs that scripts are written in.
const PROGRAMS: [&str; 2] = ["bash", "kubectl"];

/// Where a script is played.
pub struct Stage {
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// How kubectl reaches it.
    pub kubeconfig: Utf8PathBuf,
}

/// What scripts need and is in none of these directories.
pub fn needs(path: &[PathBuf]) -> Vec<&'static str> {
    let there = |program: &&str| path.iter().any(|folder| folder.join(program).is_file());
    let programs = PROGRAMS.iter().copied();
    programs.filter(|program| !there(program)).collect()
}

/// Plays a scenario's script to its end and gives what was recorded meanwhile.
pub async fn play(scenario: &Scenario, stage: &Stage) -> Result<Recording, GoldenError> {
    let mut watching = Watching::start(&stage.cluster.client()).await?;
    let mut script =
        Script::start(scenario, stage).map_err(|error| script_error(scenario, error))?;
    tokio::select! {
        error = watching.run() => return Err(error),
        ended = script.run(scenario, stage) => ended?,
    }
    Ok(watching.finish().await)
}

/// A script that runs.
struct Script {
    child: Child,
    group: Group,
    requests: Lines<BufReader<ChildStdout>>,
    answers: ChildStdin,
    log: tempfile::NamedTempFile,
}

impl Script {
    fn start(scenario: &Scenario, stage: &Stage) -> std::io::Result<Self> {
        let log = tempfile::NamedTempFile::new()?;
        tracing::debug!(script = %scenario.script(), "script started");
        #[expect(clippy::disallowed_methods, reason = "bounded and killed below")]
        let mut child = Command::new("bash")
            .arg(scenario.script())
            .env("KUBECONFIG", &stage.kubeconfig)
            .env("CLUSTER", &stage.cluster.facts().name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.reopen()?)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = Group(child.id());
        let missing = || std::io::Error::other("a pipe is missing");
        let requests = child.stdout.take().ok_or_else(missing)?;
        let answers = child.stdin.take().ok_or_else(missing)?;
        Ok(Self {
            child,
            group,
            requests: BufReader::new(requests).lines(),
            answers,
            log,
        })
    }

    async fn run(&mut self, scenario: &Scenario, stage: &Stage) -> Result<(), GoldenError> {
        let how = match timeout(LIMIT, self.serve(scenario, stage)).await {
            Err(_) => format!("did not end within {} s", LIMIT.as_secs()),
            Ok(served) => {
                served?;
                let status = self.child.wait().await;
                let status = status.map_err(|error| script_error(scenario, error))?;
                self.group = Group(None);
                if status.success() {
                    return Ok(());
                }
                format!("failed ({status})")
            }
        };
        Err(GoldenError::Script {
            scenario: scenario.name.clone(),
            how,
            said: said(self.log.path()).await,
        })
    }

    /// Answers what the script asks of nodes until it asks no more.
    async fn serve(&mut self, scenario: &Scenario, stage: &Stage) -> Result<(), GoldenError> {
        let broken = |error| script_error(scenario, error);
        while let Some(request) = self.requests.next_line().await.map_err(broken)? {
            let answer = answer(&request, stage.cluster.as_ref()).await;
            let answer = answer
                .ok_or_else(|| broken(std::io::Error::other(format!("it asks for `{request}`"))))?;
            self.answers
                .write_all(answer.as_bytes())
                .await
                .map_err(broken)?;
        }
        Ok(())
    }
}

/// The answer to a request; none to what is none. A node that cannot be reached is the
/// script's to judge.
async fn answer(request: &str, cluster: &dyn Cluster) -> Option<String> {
    let words: Vec<&str> = request.split(' ').collect();
    let done = match words[..] {
        ["run", node, command] => {
            let command = String::from_utf8(BASE64.decode(command).ok()?).ok()?;
            cluster.run_on_node(&NodeName::new(node), &command).await
        }
        ["stop", node] => cluster
            .stop_node(&NodeName::new(node))
            .await
            .map(|()| silence()),
        ["start", node] => cluster
            .start_node(&NodeName::new(node))
            .await
            .map(|()| silence()),
        _ => return None,
    };
    let (code, out, err) = match done {
        Ok(output) => (output.exit.0, output.stdout, output.stderr),
        Err(error) => (UNREACHABLE, Vec::new(), format!("{error}\n").into_bytes()),
    };
    let (out, err) = (BASE64.encode(out), BASE64.encode(err));
    Some(format!("{code} .{out} .{err}\n"))
}

fn silence() -> CommandOutput {
    CommandOutput {
        stdout: Vec::new(),
        stderr: Vec::new(),
        exit: ExitCode(0),
    }
}

/// The end of a log.
async fn said(log: &Path) -> String {
    let mut text = Vec::new();
    if let Ok(mut file) = tokio::fs::File::open(log).await {
        // A log that cannot be read leaves the message without it.
        let _ = file.read_to_end(&mut text).await;
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SAID)..].join("\n")
}

fn script_error(scenario: &Scenario, source: std::io::Error) -> GoldenError {
    GoldenError::Run {
        scenario: scenario.name.clone(),
        source,
    }
}

/// A script's processes, killed when it is given up.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|id| i32::try_from(id).ok());
        if let Some(leader) = leader.and_then(Pid::from_raw) {
            // It may be gone already.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
