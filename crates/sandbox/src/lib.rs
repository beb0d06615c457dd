//! Processes in namespaces of their own: what a container is, without an engine.
//!
//! A cluster is one tree of processes, begun before `main` in a copy of the program:
//!
//! ```text
//! the program (a test, `stayput`)
//! ├─ janitor               removes the directories once everything else is gone
//! └─ supervisor            outside, single-threaded; dies when the program does
//!    └─ zygote             PID 1 of the outer namespaces, single-threaded; forks everything
//!       ├─ the cluster     the caller's function, with threads and tokio
//!       └─ containers      each PID 1 of its own
//! ```
//!
//! Invariants:
//! - This is the only crate with unsafe code.
//! - A process with more than one thread never forks: only the zygote does.
//! - Whatever dies, by whatever signal, the zygote dies with it, and with the zygote
//!   every process, mount, network namespace and address.
//! - Only the processes of one cluster are ever signalled.
#![expect(
    unsafe_code,
    reason = "the one crate that talks to the kernel without a wrapper"
)]

mod capabilities;
mod client;
mod container;
mod entry;
mod error;
mod etc;
mod launch;
mod netlink;
mod network;
mod remedy;
mod rootfs;
mod spec;
mod supervisor;
mod sys;
mod wire;
mod zygote;

pub use client::{Connection, ProcessId, Running, Sandbox, Stdio};
pub use entry::{Inside, take_over};
pub use error::{Error, Failure, Fault, Stage};
pub use launch::{Launch, Launched, Lifeline, preflight};
pub use spec::{
    ContainerSpec, Exit, FabricSpec, Identity, Mount, MountAccess, PodId, PodSpec, Privilege,
    ProcessSpec, RootKind,
};
pub use sys::{Terminal, pipe, whoami};
