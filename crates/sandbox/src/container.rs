//! The child's side of starting a container and of running a program in one.
//!
//! Invariants:
//! - Runs in a process that the zygote has just forked and that never returns.
//! - What goes wrong is written to the report pipe, which closes by itself when the
//!   program is executed: silence is success.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::capabilities;
use crate::error::{Failure, Fault};
use crate::network::PodNamespaces;
use crate::rootfs;
use crate::spec::{ContainerSpec, Exit, ProcessSpec};
use crate::sys::{self, Fork};

/// Standard input, output and error of a new process.
pub(crate) struct Streams(pub(crate) [OwnedFd; 3]);

/// Becomes the first process of a container.
pub(crate) fn become_init(
    pod: &PodNamespaces,
    spec: &ContainerSpec,
    stage: &Path,
    io: &Streams,
    report: OwnedFd,
) -> ! {
    let made = pod
        .enter()
        .map_err(|error| Failure::setup("enter the pod's namespaces", &error))
        .and_then(|()| rootfs::enter(stage, spec))
        .and_then(|()| become_program(&spec.process, io));
    give_up(made, report)
}

/// Joins a container and becomes a program in it.
pub(crate) fn join(container: &OwnedFd, process: &ProcessSpec, io: &Streams, report: OwnedFd) -> ! {
    let all = libc::CLONE_NEWNET
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNS;
    if let Err(error) = sys::setns(container, all) {
        give_up(Err(Failure::setup("enter the container", &error)), report);
    }
    // Only a child of this process is in the container's process namespace.
    match sys::fork(0) {
        Ok(Fork::Child) => {
            sys::die_with_parent();
            give_up(become_program(process, io), report)
        }
        Ok(Fork::Parent(child)) => {
            drop(report);
            sys::exit(sys::wait_for(child).map_or(255, Exit::code))
        }
        Err(error) => give_up(Err(Failure::setup("fork", &error)), report),
    }
}

fn give_up(made: Result<std::convert::Infallible, Failure>, report: OwnedFd) -> ! {
    let Err(failure) = made;
    let text = serde_json::to_vec(&failure).unwrap_or_default();
    let _ = File::from(report).write_all(&text);
    sys::exit(128)
}

fn become_program(
    process: &ProcessSpec,
    io: &Streams,
) -> Result<std::convert::Infallible, Failure> {
    let step = |what: &'static str| move |error: io::Error| Failure::setup(what, &error);
    sys::new_session();
    for (number, fd) in (0..).zip(&io.0) {
        sys::place(fd.as_fd(), number).map_err(step("pass standard input and output"))?;
    }
    if process.terminal {
        sys::control_terminal();
    }
    std::fs::create_dir_all(&process.directory).map_err(step("make the working directory"))?;
    std::env::set_current_dir(&process.directory).map_err(step("enter the working directory"))?;
    capabilities::bound(process.privilege);
    become_user(process)?;
    capabilities::drop_own(process.privilege, process.identity.user)
        .map_err(step("give up capabilities"))?;
    let program = find(process)?;
    sys::reset_signals();
    let error = sys::execute(&program, &process.arguments, &process.environment);
    Err(Failure::program(format!(
        "exec: \"{}\": {}",
        process.arguments[0],
        words(&error)
    )))
}

fn become_user(process: &ProcessSpec) -> Result<(), Failure> {
    let identity = &process.identity;
    sys::become_user(identity.user, identity.group, &identity.groups).map_err(|error| Failure {
        fault: if error.raw_os_error() == Some(libc::EINVAL) {
            Fault::NeedsRoot
        } else {
            Fault::Setup
        },
        what: format!(
            "cannot become user {} and group {}: {error}",
            identity.user, identity.group
        ),
    })
}

/// The program's file, sought in the container's own `PATH`; the texts are runc's.
fn find(process: &ProcessSpec) -> Result<PathBuf, Failure> {
    let Some(name) = process.arguments.first() else {
        return Err(Failure::program("no command specified".to_owned()));
    };
    let failed = |why: String| Failure::program(format!("exec: \"{name}\": {why}"));
    if name.contains('/') {
        return match std::fs::metadata(name) {
            Err(error) => Err(failed(format!("stat {name}: {}", words(&error)))),
            Ok(found) if found.is_dir() => Err(failed("is a directory".to_owned())),
            Ok(found) if found.permissions().mode() & 0o111 == 0 => {
                Err(failed("permission denied".to_owned()))
            }
            Ok(_) => Ok(PathBuf::from(name)),
        };
    }
    let path = process
        .environment
        .iter()
        .rev()
        .find(|(variable, _)| variable == "PATH");
    let directories = path.map_or("/usr/bin:/bin", |(_, value)| value.as_str());
    directories
        .split(':')
        .map(|directory| Path::new(directory).join(name))
        .find(|file| {
            std::fs::metadata(file)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
        .ok_or_else(|| failed("executable file not found in $PATH".to_owned()))
}

/// The error as Go prints it: lower case and without a number.
fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT) => "no such file or directory".to_owned(),
        Some(libc::EACCES) => "permission denied".to_owned(),
        Some(libc::ENOEXEC) => "exec format error".to_owned(),
        Some(libc::E2BIG) => "argument list too long".to_owned(),
        _ => error.to_string(),
    }
}
