//! The launcher's side: starts a copy of this program that becomes a cluster.
//!
//! Invariants:
//! - [`Launch::start`] returns once the namespaces exist, or with the stage that failed.
//! - A [`Launched`] that is dropped takes the cluster with it, unless it is detached.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};

use serde::{Deserialize, Serialize};

use crate::entry::MARK;
use crate::error::{Error, Stage};
use crate::remedy::{self, Machine};
use crate::spec::FabricSpec;
use crate::sys;

const LIFELINE: RawFd = 3;
const REPORT: RawFd = 4;
const ORDERS: RawFd = 5;
const ARGUMENTS: RawFd = 6;
const CONTROL: RawFd = 7;
const LISTENERS: RawFd = 8;
const READY: u8 = b'R';
const PREFLIGHT: &str = "stayput-preflight";

crate::before_main!("stayput-preflight", nothing);

fn nothing(_: crate::Inside) -> i32 {
    0
}

/// What the supervisor is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) stage: PathBuf,
    pub(crate) fabric: FabricSpec,
    pub(crate) remove: Vec<PathBuf>,
    lifeline: Lifeline,
    listeners: u16,
}

impl Orders {
    pub(crate) fn watches_launcher(&self) -> bool {
        self.lifeline == Lifeline::Launcher
    }
}

/// What the supervisor says when a stage fails.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) stage: Stage,
    pub(crate) number: i32,
}

/// The descriptors that a copy is born with.
pub(crate) struct Passed {
    pub(crate) lifeline: OwnedFd,
    pub(crate) report: OwnedFd,
    pub(crate) arguments: OwnedFd,
    pub(crate) control: OwnedFd,
    pub(crate) listeners: Vec<OwnedFd>,
}

/// What a cluster ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifeline {
    /// With the program that launched it, however that ends.
    Launcher,
    /// With its own end only.
    Own,
}

/// A copy of this program to be started.
#[derive(Debug)]
pub struct Launch {
    /// Which [`before_main!`](crate::before_main) it enters.
    pub entry: &'static str,
    /// What it is given to read.
    pub arguments: Vec<u8>,
    /// Listeners bound in the host's network, to be served from inside.
    pub listeners: Vec<TcpListener>,
    /// The pods' network.
    pub fabric: FabricSpec,
    /// A directory of its own, for mounts only; made if it is not there.
    pub stage: PathBuf,
    /// Directories to remove when all of it is gone.
    pub remove: Vec<PathBuf>,
    /// What it ends with.
    pub lifeline: Lifeline,
    /// Where its standard error goes; to this program's if nowhere.
    pub errors: Option<File>,
}

/// A copy that runs.
#[derive(Debug)]
pub struct Launched {
    /// To its function: whatever the two agree on.
    pub control: UnixStream,
    lifeline: Option<OwnedFd>,
    child: Child,
}

impl Launch {
    /// Starts it.
    pub fn start(self) -> Result<Launched, Error> {
        let (mut command, ends) = self.prepare().map_err(Error::Start)?;
        let mut child = command.spawn().map_err(Error::Start)?;
        drop(command);
        let mut said = Vec::new();
        File::from(ends.report)
            .read_to_end(&mut said)
            .map_err(Error::Start)?;
        if let Ok(report) = serde_json::from_slice::<Report>(&said) {
            let _ = child.wait();
            return Err(Error::Forbidden {
                stage: report.stage,
                remedy: remedy::of(report.stage, report.number, &Machine::read()),
                source: io::Error::from_raw_os_error(report.number),
            });
        }
        let mut ready = [0];
        if (&ends.control).read_exact(&mut ready).is_err() || ready != [READY] {
            drop(ends.lifeline);
            let status = child.wait().map_err(Error::Start)?;
            return Err(Error::Ended {
                status: status.to_string(),
            });
        }
        Ok(Launched {
            control: ends.control,
            lifeline: Some(ends.lifeline),
            child,
        })
    }

    fn prepare(self) -> io::Result<(std::process::Command, Ends)> {
        let (lifeline, ours) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (report, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (control, other) = UnixStream::pair()?;
        let listeners = u16::try_from(self.listeners.len()).map_err(io::Error::other)?;
        let orders = Orders {
            stage: self.stage,
            fabric: self.fabric,
            remove: self.remove,
            lifeline: self.lifeline,
            listeners,
        };
        let mut fds = vec![
            lifeline,
            theirs,
            memory(&serde_json::to_vec(&orders)?)?,
            memory(&self.arguments)?,
            other.into(),
        ];
        fds.extend(self.listeners.into_iter().map(OwnedFd::from));
        let mut command = copy(self.entry, &fds)?;
        if let Some(errors) = self.errors {
            command.stderr(errors);
        }
        Ok((
            command,
            Ends {
                lifeline: ours,
                report,
                control,
            },
        ))
    }
}

struct Ends {
    lifeline: OwnedFd,
    report: OwnedFd,
    control: UnixStream,
}

fn memory(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create(
        "stayput",
        rustix::fs::MemfdFlags::CLOEXEC,
    )?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

/// The command that starts this program again with `fds` at 3, 4, ….
fn copy(entry: &str, fds: &[OwnedFd]) -> io::Result<std::process::Command> {
    // High numbers first: none of them may be one of the numbers they are put at.
    let high = fds
        .iter()
        .map(|fd| Ok(rustix::io::fcntl_dupfd_cloexec(fd.as_fd(), 200)?))
        .collect::<io::Result<Vec<OwnedFd>>>()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate is the wrapper: the copy is bounded by its lifeline"
    )]
    let mut command = std::process::Command::new("/proc/self/exe");
    command
        .arg0("stayput-cluster")
        .env(MARK, entry)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    // SAFETY: dup2 is async-signal-safe and nothing is allocated in the child.
    unsafe {
        command.pre_exec(move || {
            for (number, fd) in (LIFELINE..).zip(&high) {
                sys::place(fd.as_fd(), number)?;
            }
            Ok(())
        });
    }
    Ok(command)
}

/// Takes what the launcher has put at 3, 4, ….
pub(crate) fn adopt() -> Option<(Orders, Passed)> {
    let mut file = File::from(sys::inherited(ORDERS));
    let mut body = Vec::new();
    file.rewind().ok()?;
    file.read_to_end(&mut body).ok()?;
    let orders = serde_json::from_slice::<Orders>(&body).ok()?;
    let listeners = (LISTENERS..)
        .take(usize::from(orders.listeners))
        .map(sys::inherited)
        .collect();
    let passed = Passed {
        lifeline: sys::inherited(LIFELINE),
        report: sys::inherited(REPORT),
        arguments: sys::inherited(ARGUMENTS),
        control: sys::inherited(CONTROL),
        listeners,
    };
    Some((orders, passed))
}

/// Says that the namespaces are there.
pub(crate) fn say_ready(mut control: &UnixStream) -> bool {
    control.write_all(&[READY]).is_ok()
}

impl Launched {
    /// Waits for its own end.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// The number of its outermost process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, and returns when all of its processes are gone.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        drop(self.lifeline.take());
        self.child.wait()
    }

    /// Lets it live on after this program. Only for one launched with [`Lifeline::Own`].
    pub fn detach(mut self) {
        if let Some(lifeline) = self.lifeline.take() {
            // The supervisor does not watch it, so closing it means nothing.
            drop(lifeline);
        }
        std::mem::forget(self);
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        if self.lifeline.take().is_some() {
            let _ = self.child.wait();
        }
    }
}

/// Tries everything that a cluster needs, for real, and lets it go again.
pub fn preflight(stage: PathBuf) -> Result<(), Error> {
    let launch = Launch {
        entry: PREFLIGHT,
        arguments: Vec::new(),
        listeners: Vec::new(),
        fabric: FabricSpec::default(),
        stage,
        remove: Vec::new(),
        lifeline: Lifeline::Launcher,
        errors: None,
    };
    launch.start().map(drop)
}
