//! One shell process that runs scripts one after the other.
//!
//! Invariants:
//! - After any failure the shell is not used again: its state is unknown.
//! - What a script prints is bounded, and so is its time.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use stayput_cluster::{CommandOutput, ExitCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use crate::frame::{Frame, Mark, Scanner};
use stayput_program::{pid_of, tail};

/// What one script may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) output: usize,
}

/// A running shell that waits for scripts.
#[derive(Debug)]
pub(crate) struct Shell {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
    /// The shell's own process id, where it runs.
    inner: String,
}

/// Why a script has no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ShellFailure {
    /// The shell ended; what it said last.
    Lost(String),
    /// The script took too long; what it had printed.
    TimedOut(String),
    /// The script printed too much.
    TooLarge,
}

impl Shell {
    /// Takes over a shell just started and asks for its process id.
    pub(crate) async fn open(mut child: Child, limits: Limits) -> Result<Self, ShellFailure> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(ShellFailure::Lost("its pipes are missing".to_owned()));
        };
        let mut shell = Self {
            child,
            stdin,
            stdout,
            stderr,
            inner: String::new(),
        };
        let answer = shell.run("echo $$", limits).await?;
        answer.stdout_text().trim().clone_into(&mut shell.inner);
        Ok(shell)
    }

    /// Runs a script to its end.
    pub(crate) async fn run(
        &mut self,
        script: &str,
        limits: Limits,
    ) -> Result<CommandOutput, ShellFailure> {
        let mark = Mark::random();
        let (mut out, mut err) = (mark.scanner(), mark.scanner());
        let wrapped = mark.wrap(script);
        let talk = async {
            tokio::try_join!(
                write(&mut self.stdin, &wrapped),
                receive(&mut self.stdout, &mut out, limits.output),
                receive(&mut self.stderr, &mut err, limits.output),
            )
        };
        match tokio::time::timeout(limits.time, talk).await {
            Ok(Ok(((), stdout, stderr))) => output(stdout, stderr),
            Ok(Err(ShellFailure::Lost(said))) if said.is_empty() => {
                Err(ShellFailure::Lost(self.last_words(err).await))
            }
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(ShellFailure::TimedOut(tail(
                &[out.so_far(), err.so_far()].concat(),
            ))),
        }
    }

    /// The shell's process id where it runs; its process group has the same.
    pub(crate) fn inner(&self) -> &str {
        &self.inner
    }

    /// Returns when the shell has ended.
    pub(crate) async fn ended(&mut self) {
        // An error means that there is nothing to wait for.
        let _ = self.child.wait().await;
    }

    /// Kills the process on this side of the shell, and what it started here.
    pub(crate) fn kill_here(&mut self) {
        if let Some(group) = pid_of(&self.child) {
            kill_group(group);
        }
    }

    /// What a shell that ended said on standard error, outside any frame too.
    async fn last_words(&mut self, seen: Scanner) -> String {
        let mut rest = Vec::new();
        let reading = self.stderr.read_to_end(&mut rest);
        // A process that it left running may hold the pipe open: not waited for.
        let _ = tokio::time::timeout(Duration::from_millis(200), reading).await;
        let said = tail(&seen.last_words(&rest));
        if said.is_empty() {
            return "it said nothing".to_owned();
        }
        said
    }
}

fn kill_group(group: Pid) {
    // It may have ended by itself meanwhile.
    let _ = kill_process_group(group, Signal::KILL);
}

async fn write(stdin: &mut ChildStdin, text: &str) -> Result<(), ShellFailure> {
    let writing = async {
        stdin.write_all(text.as_bytes()).await?;
        stdin.flush().await
    };
    writing.await.map_err(|_| ShellFailure::Lost(String::new()))
}

async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    scanner: &mut Scanner,
    limit: usize,
) -> Result<Frame, ShellFailure> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).await;
        let Ok(count @ 1..) = read else {
            return Err(ShellFailure::Lost(String::new()));
        };
        if let Some(frame) = scanner.push(&buffer[..count]) {
            return Ok(frame);
        }
        if scanner.len() > limit {
            return Err(ShellFailure::TooLarge);
        }
    }
}

fn output(stdout: Frame, stderr: Frame) -> Result<CommandOutput, ShellFailure> {
    let Ok(code) = stdout.trailer.parse() else {
        return Err(ShellFailure::Lost(format!(
            "no exit code in `{}`",
            stdout.trailer
        )));
    };
    Ok(CommandOutput {
        stdout: stdout.bytes,
        stderr: stderr.bytes,
        exit: ExitCode(code),
    })
}

#[cfg(test)]
mod tests;
