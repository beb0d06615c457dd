//! PID 1 of a cluster's namespaces: forks its processes, reaps them, reports their ends.
//!
//! Invariants:
//! - One thread, for ever: that is why it may fork.
//! - When the cluster's process ends, so does this one, and the kernel ends the rest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};

use crate::container::{self, Streams};
use crate::error::Failure;
use crate::network::{Home, PodNamespaces};
use crate::spec::{ContainerSpec, Exit, FabricSpec, PodId, PodSpec, ProcessSpec};
use crate::sys::{self, Fork};
use crate::wire::{self, Event, Request};

/// What a zygote is made of.
pub(crate) struct Zygote {
    /// To the cluster's process.
    pub(crate) socket: OwnedFd,
    /// The cluster's process.
    pub(crate) cluster: i32,
    /// A directory for each container to mount its root on.
    pub(crate) stage: PathBuf,
    /// How pods are connected.
    pub(crate) fabric: FabricSpec,
    /// The namespaces it lives in.
    pub(crate) home: Home,
    /// Says when a child has ended.
    pub(crate) signals: OwnedFd,
}

#[derive(Default)]
struct Table {
    pods: BTreeMap<PodId, PodNamespaces>,
    /// Process number → the request's number.
    running: BTreeMap<i32, u64>,
    /// The request's number → process number and handle.
    processes: BTreeMap<u64, (i32, OwnedFd)>,
}

impl Zygote {
    /// Serves until the cluster's process ends; returns how.
    pub(crate) fn serve(&self) -> Exit {
        let mut table = Table::default();
        let mut listening = true;
        loop {
            if let Some(exit) = self.reap(&mut table) {
                return exit;
            }
            let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
            if listening {
                fds.push(PollFd::new(&self.socket, PollFlags::IN));
            }
            let _ = poll(&mut fds, None);
            let (signalled, asked) = (ready(fds.first()), ready(fds.get(1)));
            if signalled {
                sys::drain(&self.signals);
            }
            if asked {
                listening = self.answer_one(&mut table).is_ok();
            }
        }
    }

    fn reap(&self, table: &mut Table) -> Option<Exit> {
        while let Some((pid, exit)) = sys::reap() {
            if pid == self.cluster {
                return Some(exit);
            }
            if let Some(id) = table.running.remove(&pid) {
                table.processes.remove(&id);
                let _ = wire::send_event(&self.socket, &Event::Exited(id, exit), &[]);
            }
        }
        None
    }

    fn answer_one(&self, table: &mut Table) -> io::Result<()> {
        let (body, mut fds) = wire::receive(&self.socket)?;
        if body.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (number, request) = wire::unpack(&mut fds)?;
        let (answer, passed) = match self.perform(request, fds, table) {
            Ok(passed) => (Ok(()), passed),
            Err(failure) => (Err(failure), None),
        };
        let fds = passed.iter().map(AsFd::as_fd).collect::<Vec<_>>();
        wire::send_event(&self.socket, &Event::Answer(number, answer), &fds)
    }

    fn perform(
        &self,
        request: Request,
        fds: Vec<OwnedFd>,
        table: &mut Table,
    ) -> Result<Option<OwnedFd>, Failure> {
        match request {
            Request::Pod(id, spec) => self.make_pod(id, &spec, table).map(|()| None),
            Request::DropPod(id) => {
                table.pods.remove(&id);
                Ok(None)
            }
            Request::Start(pod, id, spec) => self.start(pod, id, &spec, fds, table).map(|()| None),
            Request::Exec {
                container,
                id,
                process,
            } => exec(container, id, &process, fds, table).map(|()| None),
            Request::Signal(id, signal) => {
                let (pid, _) = table
                    .processes
                    .get(&id)
                    .ok_or_else(|| Failure::unknown("no such process"))?;
                sys::kill(*pid, signal).map_err(|error| Failure::setup("signal", &error))?;
                Ok(None)
            }
            Request::Socket(pod) => {
                let pod = table
                    .pods
                    .get(&pod)
                    .ok_or_else(|| Failure::unknown("no such pod"))?;
                let socket = self.home.within(pod, sys::tcp_socket);
                socket
                    .map(Some)
                    .map_err(|error| Failure::setup("open a socket", &error))
            }
        }
    }

    fn make_pod(&self, id: PodId, spec: &PodSpec, table: &mut Table) -> Result<(), Failure> {
        let cable = format!("pod{}", id.0);
        let pod = self.home.make_pod(&cable, spec, &self.fabric);
        table.pods.insert(
            id,
            pod.map_err(|error| Failure::setup("make the pod's network", &error))?,
        );
        Ok(())
    }

    fn start(
        &self,
        pod: PodId,
        id: u64,
        spec: &ContainerSpec,
        fds: Vec<OwnedFd>,
        table: &mut Table,
    ) -> Result<(), Failure> {
        let streams = streams(fds)?;
        let pod = table
            .pods
            .get(&pod)
            .ok_or_else(|| Failure::unknown("no such pod"))?;
        let pid = forked(libc::CLONE_NEWPID | libc::CLONE_NEWNS, |report| {
            container::become_init(pod, spec, &self.stage, &streams, report)
        })?;
        register(pid, id, table)
    }
}

fn exec(
    container: u64,
    id: u64,
    process: &ProcessSpec,
    fds: Vec<OwnedFd>,
    table: &mut Table,
) -> Result<(), Failure> {
    let streams = streams(fds)?;
    let gone = || Failure::unknown("no running task found");
    let (_, container) = table.processes.get(&container).ok_or_else(gone)?;
    let pid = forked(0, |report| {
        container::join(container, process, &streams, report)
    })?;
    register(pid, id, table)
}

fn register(pid: i32, id: u64, table: &mut Table) -> Result<(), Failure> {
    let handle = sys::pidfd(pid).map_err(|error| Failure::setup("watch the process", &error))?;
    table.running.insert(pid, id);
    table.processes.insert(id, (pid, handle));
    Ok(())
}

fn streams(fds: Vec<OwnedFd>) -> Result<Streams, Failure> {
    fds.try_into()
        .map(Streams)
        .map_err(|_| Failure::unknown("three descriptors must come with a process"))
}

/// Forks, and waits until the child has become its program or said why not.
fn forked(flags: libc::c_int, child: impl FnOnce(OwnedFd)) -> Result<i32, Failure> {
    let setup = |error: io::Error| Failure::setup("fork", &error);
    let (reader, report) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| setup(error.into()))?;
    match sys::fork(flags).map_err(setup)? {
        Fork::Child => {
            drop(reader);
            child(report);
            sys::exit(128)
        }
        Fork::Parent(pid) => {
            drop(report);
            let mut said = Vec::new();
            File::from(reader).read_to_end(&mut said).map_err(setup)?;
            if said.is_empty() {
                return Ok(pid);
            }
            sys::wait_for(pid);
            Err(serde_json::from_slice(&said)
                .unwrap_or_else(|_| Failure::unknown("the child spoke nonsense")))
        }
    }
}

fn ready(fd: Option<&PollFd<'_>>) -> bool {
    fd.is_some_and(|fd| !fd.revents().is_empty())
}
