//! The one place where programs of this machine are started.
//!
//! Invariants:
//! - Every call is logged, has a limit of time and of output, and its own
//!   process group: Ctrl-C on the terminal reaches us alone.
//! - When a call is given up, its whole group is killed.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process_group};
use stayput_cluster::ClusterError;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// The most of a program's output that is kept, in bytes.
const OUTPUT_LIMIT: u64 = 16 << 20;

/// How programs are started: with which variables besides the inherited ones.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    variables: Vec<(OsString, OsString)>,
}

/// One program with its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    folder: Option<Utf8PathBuf>,
    limit: Duration,
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Printed {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
}

impl Call {
    /// A call that is killed after half a minute.
    pub fn new<I>(program: &str, arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            program: program.to_owned(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            variables: Vec::new(),
            folder: None,
            limit: Duration::from_secs(30),
        }
    }

    /// The same call with a variable in its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same call, begun in this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Utf8Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// The same call with another limit.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The command line, for people.
    pub fn line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.cloned().collect::<Vec<_>>().join(" ")
    }
}

impl Programs {
    /// Programs with these variables besides the inherited ones.
    pub fn new(variables: Vec<(OsString, OsString)>) -> Self {
        Self { variables }
    }

    /// Runs a program that must succeed; gives its standard output.
    pub async fn output(&self, call: Call) -> Result<String, ClusterError> {
        let printed = self.run(&call).await?;
        if printed.status.success() {
            return Ok(String::from_utf8_lossy(&printed.stdout).into_owned());
        }
        Err(ClusterError::Failed {
            command: call.line(),
            exit: printed.status.to_string(),
            said: printed.said(),
        })
    }

    /// Runs a program to its end, whatever that is.
    pub async fn run(&self, call: &Call) -> Result<Printed, ClusterError> {
        let mut child = self.spawn(call, Stdio::null())?;
        let mut group = Group::of(&child);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let ending = async {
            let ((), (), status) =
                tokio::join!(read(out, &mut stdout), read(err, &mut stderr), child.wait());
            status
        };
        let ended = tokio::time::timeout(call.limit, ending).await;
        let Ok(status) = ended else {
            stderr.append(&mut stdout);
            return Err(ClusterError::TimedOut {
                command: call.line(),
                after: call.limit,
                said: tail(&stderr),
            });
        };
        group.disarm();
        let status = status.map_err(|source| spawn_failed(call, source))?;
        tracing::debug!(command = call.line(), %status, "program ended");
        Ok(Printed {
            stdout,
            stderr,
            status,
        })
    }

    /// Starts a program in a process group of its own, its outputs piped.
    pub fn spawn(&self, call: &Call, stdin: Stdio) -> Result<Child, ClusterError> {
        tracing::debug!(command = call.line(), limit = ?call.limit, "program started");
        #[expect(clippy::disallowed_methods, reason = "this is the wrapper")]
        let mut command = Command::new(&call.program);
        command
            .args(&call.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(call.variables.iter().map(|(name, value)| (name, value)))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(folder) = &call.folder {
            command.current_dir(folder);
        }
        command.spawn().map_err(|source| spawn_failed(call, source))
    }
}

impl Printed {
    /// How the program ended, as a shell would say it: 128 and the number of
    /// the signal that killed it.
    pub fn exit_code(&self) -> i32 {
        let killed = self.status.signal().map(|signal| 128 + signal);
        self.status.code().or(killed).unwrap_or(-1)
    }

    /// The end of what was printed, errors before output.
    pub fn said(&self) -> String {
        let said = tail(&self.stderr);
        if said.is_empty() {
            tail(&self.stdout)
        } else {
            said
        }
    }
}

/// Kills a process group when it is dropped before its leader ended.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(pid_of(child))
    }

    fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself meanwhile: nothing to do then.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The process id of a child that has not been waited for.
pub fn pid_of(child: &Child) -> Option<Pid> {
    let id = child.id()?;
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// The end of some output as one line, short enough for a message.
pub fn tail(output: &[u8]) -> String {
    const LONGEST: usize = 600;
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join("; ");
    let surplus = text.chars().count().saturating_sub(LONGEST);
    if surplus == 0 {
        return text;
    }
    format!("…{}", text.chars().skip(surplus).collect::<String>())
}

async fn read(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    if let Some(from) = from {
        // A pipe that breaks has ended; how the program ended says the rest.
        let _ = from.take(OUTPUT_LIMIT).read_to_end(into).await;
    }
}

fn spawn_failed(call: &Call, source: std::io::Error) -> ClusterError {
    if source.kind() == std::io::ErrorKind::NotFound {
        return ClusterError::MissingProgram {
            program: call.program.clone(),
        };
    }
    ClusterError::Spawn {
        command: call.line(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_its_children() {
        let call = Call::new("sh", ["-c", "echo on it; sleep 1000 & wait"])
            .within(Duration::from_millis(300));
        let error = Programs::default().run(&call).await.unwrap_err();
        insta::assert_snapshot!(error, @"`sh -c echo on it; sleep 1000 & wait` was killed after 0s; it had said: on it");
    }

    #[tokio::test]
    async fn a_program_that_fails_is_quoted() {
        let call = Call::new("sh", ["-c", "echo first >&2; echo 'then this' >&2; exit 7"]);
        let error = Programs::default().output(call).await.unwrap_err();
        insta::assert_snapshot!(error, @"`sh -c echo first >&2; echo 'then this' >&2; exit 7` failed (exit status: 7): first; then this");
    }

    #[test]
    fn a_long_output_keeps_its_end() {
        let text = "x".repeat(1000) + "end";
        let tail = tail(text.as_bytes());
        assert!(tail.starts_with('…') && tail.ends_with("xend"));
        assert_eq!(tail.chars().count(), 601);
    }
}
