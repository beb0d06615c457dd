//! The outermost process of a cluster: makes the namespaces, forks PID 1 and the
//! janitor, and ends everything when its launcher does.
//!
//! Invariants:
//! - One thread. Its children die with it (`PR_SET_PDEATHSIG`).
//! - Nothing but the directories it was given is removed, and only once the zygote and
//!   the supervisor are gone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};

use crate::error::Stage;
use crate::launch::{Orders, Report};
use crate::network::{self, Home};
use crate::spec::{Exit, FabricSpec};
use crate::sys::{self, Fork};
use crate::wire;
use crate::zygote::Zygote;

/// What the cluster's process is given; the others never return.
pub(crate) struct Born {
    /// To the zygote.
    pub(crate) socket: OwnedFd,
}

/// Runs the supervisor in this process; returns only in the cluster's process.
pub(crate) fn run(orders: &Orders, lifeline: OwnedFd, report: OwnedFd) -> Born {
    sys::new_session();
    // Clear what the launching thread had blocked or ignored.
    sys::reset_signals();
    let held = janitor(&orders.remove);
    if let Err((stage, error)) = namespaces() {
        tell(report, stage, &error);
    }
    match sys::fork(0) {
        Err(error) => tell(report, Stage::Namespaces, &error),
        Ok(Fork::Parent(zygote)) => {
            drop(report);
            let lifeline = orders.watches_launcher().then_some(lifeline);
            watch(zygote, lifeline.as_ref(), held)
        }
        Ok(Fork::Child) => {
            sys::die_with_parent();
            drop(lifeline);
            first_process(orders, report, held)
        }
    }
}

fn tell(report: OwnedFd, stage: Stage, error: &io::Error) -> ! {
    let number = error.raw_os_error().unwrap_or(libc::EIO);
    let text = serde_json::to_vec(&Report { stage, number }).unwrap_or_default();
    let _ = File::from(report).write_all(&text);
    sys::exit(1)
}

/// Leaves the host's namespaces; the process namespace begins with the next fork.
fn namespaces() -> Result<(), (Stage, io::Error)> {
    let (user, group) = sys::whoami();
    if user != 0 {
        sys::unshare(libc::CLONE_NEWUSER).map_err(|error| (Stage::User, error))?;
        map_user(user, group).map_err(|error| (Stage::User, error))?;
    }
    let all = libc::CLONE_NEWNET
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC;
    sys::unshare(all).map_err(|error| (Stage::Namespaces, error))
}

fn map_user(user: u32, group: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// PID 1: mounts, network, the cluster's fork, then service until that ends.
fn first_process(orders: &Orders, report: OwnedFd, held: OwnedFd) -> Born {
    if let Err((stage, error)) = surroundings(&orders.stage, &orders.fabric) {
        tell(report, stage, &error);
    }
    let prepared =
        wire::pair().and_then(|sockets| Ok((sockets, sys::child_signals()?, Home::remember()?)));
    let ((ours, theirs), signals, home) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => tell(report, Stage::Namespaces, &error),
    };
    match sys::fork(0) {
        Err(error) => tell(report, Stage::Namespaces, &error),
        Ok(Fork::Child) => {
            drop((ours, report, held, signals, home));
            sys::reset_signals();
            Born { socket: theirs }
        }
        Ok(Fork::Parent(cluster)) => {
            drop((theirs, report));
            let fabric = orders.fabric.clone();
            let zygote = Zygote {
                socket: ours,
                cluster,
                stage: orders.stage.clone(),
                fabric,
                home,
                signals,
            };
            let exit = zygote.serve();
            drop(held);
            sys::exit(exit.code())
        }
    }
}

/// Everything that only a real try shows to be allowed.
fn surroundings(stage: &Path, fabric: &FabricSpec) -> Result<(), (Stage, io::Error)> {
    let mounted = |error| (Stage::Mount, error);
    let none = Path::new("none");
    sys::mount(
        none,
        Path::new("/"),
        "",
        libc::MS_REC | libc::MS_PRIVATE,
        "",
    )
    .map_err(mounted)?;
    fs::create_dir_all(stage).map_err(mounted)?;
    sys::mount(
        Path::new("stage"),
        stage,
        "tmpfs",
        libc::MS_NOSUID | libc::MS_NODEV,
        "",
    )
    .map_err(mounted)?;
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    sys::mount(Path::new("proc"), Path::new("/proc"), "proc", flags, "")
        .map_err(|error| (Stage::Proc, error))?;
    network::make_fabric(fabric).map_err(|error| (Stage::Network, error))
}

/// Waits for the end of the zygote or of the launcher.
fn watch(zygote: i32, lifeline: Option<&OwnedFd>, held: OwnedFd) -> ! {
    if let (Some(lifeline), Ok(handle)) = (lifeline, sys::pidfd(zygote)) {
        let mut fds = [
            PollFd::new(&handle, PollFlags::IN),
            PollFd::new(lifeline, PollFlags::IN),
        ];
        while poll(&mut fds, None).is_err() {}
        if !fds[1].revents().is_empty() {
            let _ = sys::kill(zygote, libc::SIGKILL);
        }
    }
    let exit = sys::wait_for(zygote).unwrap_or(Exit::Code(255));
    drop(held);
    sys::exit(exit.code())
}

/// Forks the process that removes `directories` when every holder of the returned end
/// is gone.
fn janitor(directories: &[PathBuf]) -> OwnedFd {
    let Ok((reader, writer)) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) else {
        sys::exit(1);
    };
    if let Ok(Fork::Child) = sys::fork(0) {
        drop(writer);
        sys::new_session();
        close_others(&reader);
        let _ = File::from(reader).read_to_end(&mut Vec::new());
        for directory in directories {
            remove(directory);
        }
        sys::exit(0)
    }
    writer
}

/// The janitor outlives the rest and must hold nothing of theirs open: a pipe that a
/// test runner reads would never end.
fn close_others(keep: &OwnedFd) {
    use std::os::fd::AsRawFd;
    let keep = u32::try_from(keep.as_raw_fd()).unwrap_or(0);
    // SAFETY: this process uses no other descriptor from here on.
    unsafe {
        libc::close_range(0, keep.saturating_sub(1), 0);
        libc::close_range(keep + 1, u32::MAX, 0);
    }
}

/// Removes a tree, also one whose directories forbid it.
fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_ok() {
        return;
    }
    open_all(path);
    let _ = fs::remove_dir_all(path);
}

fn open_all(path: &Path) {
    let Ok(found) = fs::symlink_metadata(path) else {
        return;
    };
    if !found.is_dir() {
        return;
    }
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        open_all(&entry.path());
    }
}
