//! A node as its owner sees it: it boots, it can be stopped like a machine, and started.
//!
//! Invariants:
//! - A stopped node says nothing: its processes are killed, its status goes stale, its
//!   disk stays.
//! - Its pod addresses go on where they were: one given before the stop is not used soon.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use stayput_sandbox::{
    ContainerSpec, Identity, PodId, PodSpec, Privilege, ProcessSpec, RootKind, Running, Sandbox,
    Stdio,
};
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};

use crate::addresses::Addresses;
use crate::blueprint::{Dns, Powers};
use crate::boot::{Boot, Left};
use crate::disk::Disk;
use crate::images::Images;

/// What a node is.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Its name, and the label `kubernetes.io/hostname`.
    pub name: String,
    /// Its own address.
    pub address: Ipv4Addr,
    /// Its pods' network of 256 addresses.
    pub pods: Ipv4Addr,
    /// The directory that is its disk.
    pub disk: PathBuf,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// Taints, as the API writes them.
    pub taints: Vec<serde_json::Value>,
    /// The version it says it is, such as `v1.34.4`.
    pub version: String,
    /// What images are here.
    pub images: Arc<Images>,
    /// How names are resolved.
    pub dns: Dns,
    /// What may be done on this machine.
    pub powers: Powers,
    /// How often it says that it is alive; every 10 s in Kubernetes.
    pub heartbeat: Duration,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

/// A node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Node {
    control: mpsc::UnboundedSender<Control>,
}

#[derive(Debug)]
pub(crate) enum Control {
    Stop(oneshot::Sender<()>),
    Start(oneshot::Sender<()>),
    Open(DuplexStream),
    Run(
        Vec<String>,
        Stdio,
        oneshot::Sender<Result<Running, stayput_sandbox::Error>>,
    ),
}

/// What outlives a boot.
pub(crate) struct Machine {
    pub(crate) config: NodeConfig,
    pub(crate) client: Client,
    pub(crate) sandbox: Sandbox,
    pub(crate) disk: Disk,
    pub(crate) addresses: Addresses,
    pub(crate) boots: u64,
    shell: Option<(PodId, Ipv4Addr)>,
}

impl Node {
    /// A node, and the task that is its life: it boots at once.
    pub fn new(
        config: NodeConfig,
        client: Client,
        sandbox: Sandbox,
    ) -> io::Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let (control, orders) = mpsc::unbounded_channel();
        let disk = Disk::open(config.disk.clone())?;
        let addresses = Addresses::of(config.pods);
        let machine = Machine {
            config,
            client,
            sandbox,
            disk,
            addresses,
            boots: 0,
            shell: None,
        };
        Ok((Self { control }, machine.live(orders)))
    }

    /// Stops it as one pulls a plug: every process of it is gone when this returns.
    pub async fn stop(&self) {
        self.ask(Control::Stop).await;
    }

    /// Starts it again.
    pub async fn start(&self) {
        self.ask(Control::Start).await;
    }

    /// A stream to its HTTP endpoint; it closes at once where the node is stopped.
    pub fn open(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let _ = self.control.send(Control::Open(theirs));
        ours
    }

    /// Runs a command on the node itself, whose disk is its `/`.
    pub async fn run(
        &self,
        command: Vec<String>,
        stdio: Stdio,
    ) -> Result<Running, stayput_sandbox::Error> {
        let (answer, answered) = oneshot::channel();
        let gone = |_| stayput_sandbox::Error::Gone;
        self.control
            .send(Control::Run(command, stdio, answer))
            .map_err(|_| stayput_sandbox::Error::Gone)?;
        answered.await.map_err(gone)?
    }

    async fn ask(&self, order: impl FnOnce(oneshot::Sender<()>) -> Control) {
        let (done, wait) = oneshot::channel();
        let _ = self.control.send(order(done));
        let _ = wait.await;
    }
}

impl Machine {
    async fn live(mut self, mut orders: mpsc::UnboundedReceiver<Control>) {
        loop {
            self.boots += 1;
            let boot = Boot::new(&mut self);
            match boot.run(&mut orders).await {
                Left::Stopped(done) => drop(done.send(())),
                Left::Closed => return,
            }
            if !self.stand_still(&mut orders).await {
                return;
            }
        }
    }

    /// A stopped machine; true when it is started.
    async fn stand_still(&mut self, orders: &mut mpsc::UnboundedReceiver<Control>) -> bool {
        loop {
            match orders.recv().await {
                None => return false,
                Some(Control::Start(done)) => {
                    let _ = done.send(());
                    return true;
                }
                Some(Control::Stop(done)) => drop(done.send(())),
                Some(Control::Open(stream)) => drop(stream),
                // Its disk can be looked at while it is off, as with any container engine's.
                Some(Control::Run(command, stdio, answer)) => {
                    let _ = answer.send(self.run(command, stdio).await);
                }
            }
        }
    }

    /// Runs a command with the node's disk as `/`.
    pub(crate) async fn run(
        &mut self,
        command: Vec<String>,
        stdio: Stdio,
    ) -> Result<Running, stayput_sandbox::Error> {
        let pod = match self.shell {
            Some((pod, _)) => pod,
            None => self.make_shell().await?,
        };
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
        let own = [
            ("hostname", format!("{}\n", self.config.name)),
            ("hosts", "127.0.0.1\tlocalhost\n".to_owned()),
        ];
        let spec = ContainerSpec {
            root: RootKind::Directory(self.disk.root().to_path_buf()),
            mounts: Vec::new(),
            directories: Vec::new(),
            programs: Vec::new(),
            etc: own.map(|(name, text)| (name.to_owned(), text)).into(),
            termination_log: None,
            process: ProcessSpec {
                arguments: command,
                environment: vec![
                    ("PATH".to_owned(), path),
                    ("HOME".to_owned(), "/root".to_owned()),
                ],
                directory: "/".into(),
                identity: Identity::default(),
                privilege: Privilege::Default,
                terminal: false,
            },
        };
        self.sandbox.start(pod, spec, stdio).await
    }

    async fn make_shell(&mut self) -> Result<PodId, stayput_sandbox::Error> {
        let address = self.addresses.take().ok_or(stayput_sandbox::Error::Gone)?;
        let pod = self
            .sandbox
            .pod(PodSpec {
                hostname: self.config.name.clone(),
                address,
            })
            .await?;
        self.shell = Some((pod, address));
        Ok(pod)
    }
}
