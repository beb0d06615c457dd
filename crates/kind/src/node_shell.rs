//! Scripts on nodes: one task owns each node's shell.
//!
//! Invariants:
//! - One script at a time on a node, in the order they were asked for.
//! - A shell is opened when it is needed, kept, and never used after a failure.
//! - A script whose answer nobody waits for any more is killed on its node.

use std::process::Stdio;
use std::time::Duration;

use stayput_cluster::{ClusterError, CommandOutput, NodeName};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::engine::Engine;
use crate::shell::{Limits, Shell, ShellFailure};
use stayput_program::Programs;

/// What one script may take: enough to hash a disk, little enough to notice a hang.
const LIMITS: Limits = Limits {
    time: Duration::from_mins(2),
    output: 32 << 20,
};

type Answer = Result<CommandOutput, ClusterError>;

/// Takes scripts for one node.
#[derive(Clone, Debug)]
pub(crate) struct NodeShell {
    node: NodeName,
    requests: mpsc::Sender<Request>,
}

/// Where and how shells are opened.
#[derive(Clone, Debug)]
pub(crate) struct Opener {
    pub(crate) programs: Programs,
    pub(crate) engine: Engine,
    pub(crate) node: NodeName,
}

#[derive(Debug)]
enum Request {
    Run {
        script: String,
        answer: oneshot::Sender<Answer>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

impl NodeShell {
    /// Starts the task that owns the node's shell.
    pub(crate) fn start(owners: &mut JoinSet<()>, opener: Opener) -> Self {
        let (requests, queue) = mpsc::channel(16);
        let node = opener.node.clone();
        owners.spawn(own(opener, queue));
        Self { node, requests }
    }

    /// Runs a script, after those that were asked for before.
    pub(crate) async fn run(&self, script: &str) -> Answer {
        if script.contains('\0') {
            let node = self.node.clone();
            return Err(ClusterError::NotAScript { node });
        }
        let (answer, answered) = oneshot::channel();
        let script = script.to_owned();
        let request = Request::Run { script, answer };
        if self.requests.send(request).await.is_err() {
            return Err(self.gone());
        }
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Lets go of the shell: the next script gets a new one.
    pub(crate) async fn close(&self) {
        let (done, is_done) = oneshot::channel();
        if self.requests.send(Request::Close { done }).await.is_ok() {
            // An owner that is gone has no shell either.
            let _ = is_done.await;
        }
    }

    fn gone(&self) -> ClusterError {
        ClusterError::ShellLost {
            node: self.node.clone(),
            said: "the cluster was released".to_owned(),
        }
    }
}

/// The owner: answers requests until nobody can make any.
async fn own(opener: Opener, mut queue: mpsc::Receiver<Request>) {
    let mut shell = None;
    while let Some(request) = next(&mut queue, &mut shell).await {
        match request {
            Request::Run { script, mut answer } => {
                let running = opener.run(&mut shell, &script);
                let result = tokio::select! {
                    biased;
                    result = running => Some(result),
                    () = answer.closed() => None,
                };
                match result {
                    // The asker may have left just now: nobody is to be told then.
                    Some(result) => drop(answer.send(result)),
                    None => opener.kill(shell.take()).await,
                }
            }
            Request::Close { done } => {
                opener.kill(shell.take()).await;
                // The asker may have left meanwhile.
                let _ = done.send(());
            }
        }
    }
}

/// The next request; meanwhile a shell that ends is let go of.
async fn next(queue: &mut mpsc::Receiver<Request>, shell: &mut Option<Shell>) -> Option<Request> {
    if let Some(open) = shell {
        tokio::select! {
            biased;
            () = open.ended() => *shell = None,
            request = queue.recv() => return request,
        }
    }
    queue.recv().await
}

impl Opener {
    async fn run(&self, shell: &mut Option<Shell>, script: &str) -> Answer {
        let open = match shell {
            Some(open) => open,
            None => shell.insert(self.open().await?),
        };
        match open.run(script, LIMITS).await {
            Ok(output) => Ok(output),
            Err(failure) => {
                self.kill(shell.take()).await;
                Err(self.explain(failure).await)
            }
        }
    }

    async fn open(&self) -> Result<Shell, ClusterError> {
        let call = self.engine.call(["exec", "-i", self.node.as_str(), "sh"]);
        let child = self.programs.spawn(&call, Stdio::piped())?;
        let limits = Limits {
            time: Duration::from_secs(20),
            ..LIMITS
        };
        match Shell::open(child, limits).await {
            Ok(shell) => Ok(shell),
            Err(failure) => Err(self.explain(failure).await),
        }
    }

    /// Kills what runs in a shell, on the node and here.
    async fn kill(&self, shell: Option<Shell>) {
        let Some(mut shell) = shell else { return };
        let inner = shell.inner();
        if inner.parse::<u32>().is_ok() {
            let script = format!("kill -9 -{inner}");
            let call = self
                .engine
                .call(["exec", self.node.as_str(), "sh", "-c", &script]);
            // On a node that is down nothing runs: a failure means just that.
            let killed = self
                .programs
                .run(&call.within(Duration::from_secs(10)))
                .await;
            tracing::debug!(node = %self.node, ok = killed.is_ok(), "killed a shell on a node");
        }
        shell.kill_here();
    }

    async fn explain(&self, failure: ShellFailure) -> ClusterError {
        let node = self.node.clone();
        match failure {
            ShellFailure::Lost(said) => self.why_lost(said).await,
            ShellFailure::TimedOut(said) => ClusterError::ScriptTimedOut {
                node,
                after: LIMITS.time,
                said,
            },
            ShellFailure::TooLarge => ClusterError::OutputTooLarge {
                node,
                limit: LIMITS.output,
            },
        }
    }

    /// A shell ends with its node: asks the engine whether that runs.
    async fn why_lost(&self, said: String) -> ClusterError {
        let node = self.node.clone();
        let arguments = ["container", "inspect", "--format", "{{.State.Running}}"];
        let call = self
            .engine
            .call(arguments.into_iter().chain([node.as_str()]));
        let running = self.programs.output(call).await;
        match running.as_deref().map(str::trim) {
            Ok("false") => ClusterError::NodeStopped { node },
            _ => ClusterError::ShellLost { node, said },
        }
    }
}
