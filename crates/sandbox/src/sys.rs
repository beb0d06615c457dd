//! The kernel calls that no safe wrapper offers, each as a small function.
//!
//! Invariants:
//! - Every `unsafe` block of a call is here, in `capabilities` or in `entry`.
//! - Functions that fork are called from single-threaded processes only.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::spec::Exit;

/// Which side of a fork this is.
pub(crate) enum Fork {
    /// The parent, and the child's number.
    Parent(i32),
    /// The child.
    Child,
}

/// A C string of a path or argument; one with a NUL in it is an error.
pub(crate) fn c_string(text: impl AsRef<OsStr>) -> io::Result<CString> {
    CString::new(text.as_ref().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Forks into the new namespaces of `flags`.
pub(crate) fn fork(flags: libc::c_int) -> io::Result<Fork> {
    // SAFETY: with a null stack and no CLONE_VM the child has its own copy of
    // everything, as after fork; the callers have one thread.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) };
    match result {
        0 => Ok(Fork::Child),
        child if child > 0 => i32::try_from(child)
            .map(Fork::Parent)
            .map_err(io::Error::other),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Ends this process at once, without the exit handlers of the program it is a copy of.
pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: does not return and touches no memory.
    unsafe { libc::_exit(code) }
}

pub(crate) fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: takes no pointers.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

pub(crate) fn setns(fd: &OwnedFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open; takes no pointers.
    check(unsafe { libc::setns(fd.as_raw_fd(), flags) }).map(drop)
}

/// Mounts; empty texts are passed as null.
pub(crate) fn mount(
    source: &Path,
    target: &Path,
    kind: &str,
    flags: libc::c_ulong,
    data: &str,
) -> io::Result<()> {
    let (source, target) = (c_string(source)?, c_string(target)?);
    let (kind, data) = (c_string(kind)?, c_string(data)?);
    // SAFETY: all four are NUL-terminated and live through the call.
    check(unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            data.as_ptr().cast(),
        )
    })
    .map(drop)
}

/// Binds `source` and everything mounted below it to `target`.
pub(crate) fn bind(source: &Path, target: &Path) -> io::Result<()> {
    mount(source, target, "", libc::MS_BIND | libc::MS_REC, "")
}

/// Adds mount attributes to a mount and all below it: never removes one, which an
/// ordinary user may not do.
pub(crate) fn set_attributes(target: &Path, attributes: u64) -> io::Result<()> {
    let target = c_string(target)?;
    let attr = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: path and structure live through the call, and its size is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            target.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Makes the current directory the root and detaches the old one.
pub(crate) fn pivot_here() -> io::Result<()> {
    let dot = c".";
    // SAFETY: both paths are a static text. The old root is stacked on the new one
    // and then detached: the documented way that needs no directory for it.
    unsafe {
        if libc::syscall(libc::SYS_pivot_root, dot.as_ptr(), dot.as_ptr()) < 0 {
            return Err(io::Error::last_os_error());
        }
        check(libc::umount2(dot.as_ptr(), libc::MNT_DETACH))?;
        check(libc::chdir(c"/".as_ptr())).map(drop)
    }
}

pub(crate) fn set_hostname(name: &str) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of one text.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// A session of its own, so that no terminal signals it.
pub(crate) fn new_session() {
    // SAFETY: takes no pointers; fails only where it already is the leader.
    unsafe { libc::setsid() };
}

/// The kernel kills this process when its (single-threaded) parent dies.
pub(crate) fn die_with_parent() {
    // SAFETY: takes no pointers.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Every signal at its default and none blocked, as a fresh program expects.
pub(crate) fn reset_signals() {
    // SAFETY: the set is initialised by sigemptyset before its use; SIG_DFL is a
    // valid handler for every signal that can have one.
    unsafe {
        for signal in 1..32 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// A descriptor that becomes readable when a child ends.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised before use; signalfd returns a descriptor that
    // nobody else owns.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        let fd = check(libc::signalfd(
            -1,
            &raw const set,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        ))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Takes what [`child_signals`] has to say, so that it sleeps again.
pub(crate) fn drain(fd: &OwnedFd) {
    let mut buffer = [0_u8; 1024];
    while rustix::io::read(fd, &mut buffer).is_ok_and(|read| read > 0) {}
}

/// The next child that has ended, if one has.
pub(crate) fn reap() -> Option<(i32, Exit)> {
    wait(-1, libc::WNOHANG)
}

/// Waits for one child.
pub(crate) fn wait_for(pid: i32) -> Option<Exit> {
    wait(pid, 0).map(|(_, exit)| exit)
}

fn wait(pid: i32, flags: libc::c_int) -> Option<(i32, Exit)> {
    let mut status = 0;
    loop {
        // SAFETY: the status is a local that lives through the call.
        let found = unsafe { libc::waitpid(pid, &raw mut status, flags) };
        if found > 0 {
            let exit = if libc::WIFSIGNALED(status) {
                Exit::Signal(libc::WTERMSIG(status))
            } else {
                Exit::Code(libc::WEXITSTATUS(status))
            };
            return Some((found, exit));
        }
        if found == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return None;
        }
    }
}

/// Sends a signal to one process that this one has forked and not yet reaped.
pub(crate) fn kill(pid: i32, signal: i32) -> io::Result<()> {
    if pid <= 1 {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    // SAFETY: takes no pointers.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// A handle of a process that stays its own when the number is used again.
pub(crate) fn pidfd(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointers; the descriptor is nobody else's.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
        Ok(OwnedFd::from_raw_fd(check(fd)?))
    }
}

/// Puts a descriptor at a fixed number, to be inherited.
pub(crate) fn place(fd: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    // SAFETY: takes no pointers; `number` is 0, 1 or 2 in a child about to exec.
    check(unsafe { libc::dup2(fd.as_raw_fd(), number) }).map(drop)
}

/// Makes standard input the controlling terminal of this session.
pub(crate) fn control_terminal() {
    // SAFETY: TIOCSCTTY takes an integer.
    unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) };
}

/// Becomes another program. Returns only if it cannot.
pub(crate) fn execute(
    program: &Path,
    arguments: &[String],
    environment: &[(String, String)],
) -> io::Error {
    let prepared = (|| {
        let program = c_string(program)?;
        let arguments = arguments
            .iter()
            .map(c_string)
            .collect::<io::Result<Vec<_>>>()?;
        let pair = |(name, value): &(String, String)| c_string(format!("{name}={value}"));
        let environment = environment
            .iter()
            .map(pair)
            .collect::<io::Result<Vec<_>>>()?;
        Ok::<_, io::Error>((program, arguments, environment))
    })();
    let (program, arguments, environment) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return error,
    };
    let pointers = |texts: &[CString]| {
        texts
            .iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect::<Vec<_>>()
    };
    let (argv, envp) = (pointers(&arguments), pointers(&environment));
    // SAFETY: both arrays end with null and, like the texts, live through the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// Sets user, group and groups, in the order that still may.
pub(crate) fn become_user(user: u32, group: u32, groups: &[u32]) -> io::Result<()> {
    // SAFETY: pointer and length are those of one slice; the others take no pointers.
    unsafe {
        // An ordinary user's namespace forbids setgroups even to set none.
        if (libc::setgroups(groups.len(), groups.as_ptr()) < 0) && !groups.is_empty() {
            return Err(io::Error::last_os_error());
        }
        check(libc::setresgid(group, group, group))?;
        check(libc::setresuid(user, user, user)).map(drop)
    }
}

/// The user and group of this process.
pub fn whoami() -> (u32, u32) {
    (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    )
}

/// A pair of terminal ends.
#[derive(Debug)]
pub struct Terminal {
    /// The side of the one who types.
    pub master: OwnedFd,
    /// The side of the program.
    pub program: OwnedFd,
}

impl Terminal {
    /// Opens a new one.
    pub fn open() -> io::Result<Self> {
        let (mut master, mut program) = (-1, -1);
        // SAFETY: both numbers are locals; on success they are descriptors of ours.
        unsafe {
            let none = std::ptr::null_mut();
            check(libc::openpty(
                &raw mut master,
                &raw mut program,
                none,
                std::ptr::null(),
                std::ptr::null(),
            ))?;
            let ends = (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(program));
            libc::fcntl(master, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(program, libc::F_SETFD, libc::FD_CLOEXEC);
            Ok(Self {
                master: ends.0,
                program: ends.1,
            })
        }
    }

    /// Tells a terminal its size.
    pub fn resize(master: BorrowedFd<'_>, columns: u16, rows: u16) -> io::Result<()> {
        let size = libc::winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // SAFETY: the structure lives through the call.
        check(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) })
            .map(drop)
    }
}

/// A TCP socket of the network namespace this process is in.
pub(crate) fn tcp_socket() -> io::Result<OwnedFd> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

/// The namespace of this process named so in `/proc/self/ns`.
pub(crate) fn own_namespace(name: &str) -> io::Result<OwnedFd> {
    File::open(Path::new("/proc/self/ns").join(name)).map(OwnedFd::from)
}

/// Descriptors handed over by number, from [`crate::launch`] to the copy.
pub(crate) fn inherited(number: RawFd) -> OwnedFd {
    // SAFETY: the launcher opened it for this process under this number, and it is
    // taken once, before anything else is opened.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    // SAFETY: takes no pointers; from here on no program may inherit it.
    unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    fd
}

/// A pipe whose ends no program inherits: the reading and the writing one.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}
