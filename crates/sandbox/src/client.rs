//! The cluster's side of its zygote: pods and processes as async calls.
//!
//! Invariants:
//! - One task owns the socket ([`Connection::open`] returns it; the caller runs it).
//! - A process's end is delivered once, after the answer to its start.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Failure};
use crate::spec::{ContainerSpec, Exit, PodId, PodSpec, ProcessSpec};
use crate::wire::{self, Event, Request};

/// Names a process of the cluster; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(u64);

/// Standard input, output and error for a new process.
#[derive(Debug)]
pub struct Stdio {
    /// What it reads.
    pub input: OwnedFd,
    /// What it writes.
    pub output: OwnedFd,
    /// What it complains to.
    pub error: OwnedFd,
}

impl Stdio {
    /// Nothing to read, and nobody listens.
    pub fn null() -> io::Result<Self> {
        let open = || {
            std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open("/dev/null")
                .map(OwnedFd::from)
        };
        Ok(Self {
            input: open()?,
            output: open()?,
            error: open()?,
        })
    }
}

/// A process that has started.
#[derive(Debug)]
pub struct Running {
    /// Its name.
    pub id: ProcessId,
    /// Says how it ended.
    pub exit: oneshot::Receiver<Exit>,
}

/// The socket to the zygote, before there is a runtime.
#[derive(Debug)]
pub struct Connection(OwnedFd);

/// Makes pods and processes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sandbox {
    calls: mpsc::UnboundedSender<Call>,
}

#[derive(Debug)]
struct Call {
    request: Draft,
    fds: Vec<OwnedFd>,
    answer: oneshot::Sender<Result<Made, Error>>,
}

/// A request without the names that only the owner gives.
#[derive(Debug)]
enum Draft {
    Pod(PodSpec),
    DropPod(PodId),
    Start(PodId, Box<ContainerSpec>),
    Exec(ProcessId, ProcessSpec),
    Signal(ProcessId, i32),
    Socket(PodId),
}

#[derive(Debug)]
enum Made {
    Nothing,
    Pod(PodId),
    Process(Running),
    Socket(OwnedFd),
}

impl Connection {
    pub(crate) fn over(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Opens it in the present runtime: the handle, and the task that owns the socket.
    pub fn open(self) -> io::Result<(Sandbox, impl Future<Output = ()> + Send + 'static)> {
        rustix::io::ioctl_fionbio(&self.0, true)?;
        // SAFETY: an owned descriptor names the same open file until it is dropped.
        let socket = unsafe { AsyncFd::register(self.0) }?;
        let (calls, receiver) = mpsc::unbounded_channel();
        let owner = Owner {
            socket,
            next: 0,
            waiting: HashMap::new(),
            exits: HashMap::new(),
        };
        Ok((Sandbox { calls }, owner.run(receiver)))
    }
}

impl Sandbox {
    /// Makes a pod's namespaces.
    pub async fn pod(&self, spec: PodSpec) -> Result<PodId, Error> {
        match self.call(Draft::Pod(spec), Vec::new()).await? {
            Made::Pod(id) => Ok(id),
            Made::Nothing | Made::Process(_) | Made::Socket(_) => Err(Error::Gone),
        }
    }

    /// Lets a pod's namespaces go; they end with its last process.
    pub async fn drop_pod(&self, pod: PodId) -> Result<(), Error> {
        self.call(Draft::DropPod(pod), Vec::new()).await.map(drop)
    }

    /// Starts a container in a pod.
    pub async fn start(
        &self,
        pod: PodId,
        spec: ContainerSpec,
        stdio: Stdio,
    ) -> Result<Running, Error> {
        self.process(Draft::Start(pod, Box::new(spec)), stdio).await
    }

    /// Runs a program in a container, named by its first process.
    pub async fn exec(
        &self,
        container: ProcessId,
        process: ProcessSpec,
        stdio: Stdio,
    ) -> Result<Running, Error> {
        self.process(Draft::Exec(container, process), stdio).await
    }

    /// Signals a process; one that has ended is an error.
    pub async fn signal(&self, process: ProcessId, signal: i32) -> Result<(), Error> {
        self.call(Draft::Signal(process, signal), Vec::new())
            .await
            .map(drop)
    }

    /// Connects to a port from inside a pod's own network.
    pub async fn dial(&self, pod: PodId, port: u16) -> Result<io::Result<TcpStream>, Error> {
        let Made::Socket(socket) = self.call(Draft::Socket(pod), Vec::new()).await? else {
            return Err(Error::Gone);
        };
        let socket = TcpSocket::from_std_stream(socket.into());
        Ok(socket
            .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .await)
    }

    async fn process(&self, draft: Draft, stdio: Stdio) -> Result<Running, Error> {
        match self
            .call(draft, vec![stdio.input, stdio.output, stdio.error])
            .await?
        {
            Made::Process(running) => Ok(running),
            Made::Nothing | Made::Pod(_) | Made::Socket(_) => Err(Error::Gone),
        }
    }

    async fn call(&self, request: Draft, fds: Vec<OwnedFd>) -> Result<Made, Error> {
        let (answer, answered) = oneshot::channel();
        self.calls
            .send(Call {
                request,
                fds,
                answer,
            })
            .map_err(|_| Error::Gone)?;
        answered.await.map_err(|_| Error::Gone)?
    }
}

struct Waiting {
    made: Made,
    answer: oneshot::Sender<Result<Made, Error>>,
}

struct Owner {
    socket: AsyncFd<OwnedFd>,
    next: u64,
    waiting: HashMap<u64, Waiting>,
    exits: HashMap<u64, oneshot::Sender<Exit>>,
}

impl Owner {
    async fn run(mut self, mut calls: mpsc::UnboundedReceiver<Call>) {
        loop {
            tokio::select! {
                call = calls.recv() => match call {
                    Some(call) => self.send(call).await,
                    None => return,
                },
                packet = self.socket.async_io(Interest::READABLE, |socket| wire::receive(socket)) => {
                    match packet {
                        Ok((body, fds)) if !body.is_empty() => {
                            if let Some(unwanted) = self.take(&body, fds) {
                                self.undo(unwanted).await;
                            }
                        }
                        _ => return,
                    }
                }
            }
        }
    }

    async fn send(&mut self, call: Call) {
        self.next += 1;
        let number = self.next;
        let (request, made) = self.number(number, call.request);
        let sent = match wire::pack(number, &request) {
            Ok(body) => {
                let fds = std::iter::once(body.as_fd())
                    .chain(call.fds.iter().map(AsFd::as_fd))
                    .collect::<Vec<_>>();
                self.socket
                    .async_io(Interest::WRITABLE, |socket| wire::send(socket, &[1], &fds))
                    .await
            }
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => drop(self.waiting.insert(
                number,
                Waiting {
                    made,
                    answer: call.answer,
                },
            )),
            Err(error) => drop(call.answer.send(Err(Error::Wire(error)))),
        }
    }

    fn number(&mut self, number: u64, draft: Draft) -> (Request, Made) {
        match draft {
            Draft::Pod(spec) => (Request::Pod(PodId(number), spec), Made::Pod(PodId(number))),
            Draft::DropPod(pod) => (Request::DropPod(pod), Made::Nothing),
            Draft::Start(pod, spec) => (Request::Start(pod, number, spec), self.running(number)),
            Draft::Exec(container, process) => (
                Request::Exec {
                    container: container.0,
                    id: number,
                    process,
                },
                self.running(number),
            ),
            Draft::Signal(process, signal) => (Request::Signal(process.0, signal), Made::Nothing),
            Draft::Socket(pod) => (Request::Socket(pod), Made::Nothing),
        }
    }

    fn running(&mut self, number: u64) -> Made {
        let (sender, exit) = oneshot::channel();
        self.exits.insert(number, sender);
        Made::Process(Running {
            id: ProcessId(number),
            exit,
        })
    }

    /// Delivers an event. What was made for a caller who no longer waits is returned.
    fn take(&mut self, body: &[u8], mut fds: Vec<OwnedFd>) -> Option<Made> {
        match serde_json::from_slice(body) {
            Ok(Event::Exited(number, exit)) => {
                if let Some(sender) = self.exits.remove(&number) {
                    let _ = sender.send(exit);
                }
                None
            }
            Ok(Event::Answer(number, outcome)) => {
                let Waiting { made, answer } = self.waiting.remove(&number)?;
                let outcome = self.outcome(number, outcome, made, fds.pop());
                answer.send(outcome).err().and_then(Result::ok)
            }
            Err(_) => None,
        }
    }

    /// Ends what nobody wants any more: its caller was dropped while it was made.
    async fn undo(&mut self, made: Made) {
        let request = match made {
            Made::Process(running) => Draft::Signal(running.id, libc::SIGKILL),
            Made::Pod(pod) => Draft::DropPod(pod),
            Made::Nothing | Made::Socket(_) => return,
        };
        let (answer, _) = oneshot::channel();
        self.send(Call {
            request,
            fds: Vec::new(),
            answer,
        })
        .await;
    }

    fn outcome(
        &mut self,
        number: u64,
        outcome: Result<(), Failure>,
        made: Made,
        fd: Option<OwnedFd>,
    ) -> Result<Made, Error> {
        match (outcome, fd) {
            (Ok(()), Some(socket)) => Ok(Made::Socket(socket)),
            (Ok(()), None) => Ok(made),
            (Err(failure), _) => {
                self.exits.remove(&number);
                Err(Error::Failed(failure))
            }
        }
    }
}
