//! Where a copy of the program becomes a cluster instead: before its `main`.
//!
//! Invariants:
//! - Runs while the process has one thread, whatever `main` would have been (libtest's
//!   tests run on a second thread, where a user namespace cannot be made).
//! - Does nothing in a process that is not marked as such a copy, and the mark is taken
//!   out of the environment at once: no program started later inherits it.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use crate::client::Connection;
use crate::launch::{self, Orders};
use crate::supervisor;
use crate::sys;

/// Marks a copy, and names the entry that it must take.
pub(crate) const MARK: &str = "STAYPUT_SANDBOX_ENTRY";

/// What the cluster's process finds itself with.
#[derive(Debug)]
pub struct Inside {
    /// What the launcher gave as its arguments.
    pub arguments: Vec<u8>,
    /// The listeners it was given, in order, still bound in the host's network.
    pub listeners: Vec<TcpListener>,
    /// To the launcher.
    pub control: UnixStream,
    /// To make pods and containers.
    pub sandbox: Connection,
}

/// Declares an entry: a function that becomes the whole program in a copy started by
/// [`Launch`](crate::Launch) with the same name.
///
/// ```
/// fn cluster(inside: stayput_sandbox::Inside) -> i32 {
///     inside.arguments.len() as i32
/// }
/// stayput_sandbox::before_main!("demo", cluster);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! before_main {
    ($name:literal, $function:path) => {
        const _: () = {
            extern "C" fn hook() {
                $crate::take_over($name, $function);
            }
            #[used]
            #[unsafe(link_section = ".init_array")]
            static HOOK: extern "C" fn() = hook;
        };
    };
}

/// Becomes the entry `name` if this process is a copy that was started for it. Called
/// by [`before_main!`].
pub fn take_over(name: &str, function: fn(Inside) -> i32) {
    if std::env::var_os(MARK).is_none_or(|mark| mark != name) {
        return;
    }
    // SAFETY: the process has one thread: `main` has not begun.
    unsafe { std::env::remove_var(MARK) };
    // SAFETY: a writer whose reader is gone must see an error, as under `main`.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let Some((orders, passed)) = launch::adopt() else {
        sys::exit(2)
    };
    sys::exit(become_cluster(&orders, passed, function))
}

fn become_cluster(orders: &Orders, passed: launch::Passed, function: fn(Inside) -> i32) -> i32 {
    let born = supervisor::run(orders, passed.lifeline, passed.report);
    // SAFETY: as above; `reset_signals` has undone it.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let mut arguments = Vec::new();
    let mut file = std::fs::File::from(passed.arguments);
    if std::io::Seek::rewind(&mut file)
        .and_then(|()| file.read_to_end(&mut arguments))
        .is_err()
    {
        return 2;
    }
    let listeners = passed
        .listeners
        .into_iter()
        .map(TcpListener::from)
        .collect();
    let control = UnixStream::from(passed.control);
    if !launch::say_ready(&control) {
        return 2;
    }
    let run = || {
        function(Inside {
            arguments,
            listeners,
            control,
            sandbox: Connection::over(born.socket),
        })
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or(101)
}
