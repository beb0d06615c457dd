//! One boot of a node: the task that owns its pods from start to stop.
//!
//! Invariants:
//! - Only this task touches the pods' machines; workers report by message.
//! - When it ends, every task of it ends, and every process of it has been killed.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client};
use stayput_sandbox::{PodId, ProcessId, ProcessSpec, Sandbox};
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::disk::Disk;
use crate::downward::Place;
use crate::logs::Log;
use crate::node::{Control, Machine, NodeConfig};
use crate::pod::{Command, Host, Input, PodNews};
use crate::recorder::Recorder;
use crate::registration;
use crate::schedulable;
use crate::server::{self, Ask};
use crate::views;
use crate::volumes::Mounted;
use crate::work::Work;
use crate::writer::{self, Write};

const REFRESH: Duration = Duration::from_mins(1);

/// How a boot ended.
pub(crate) enum Left {
    /// By order; whoever gave it waits.
    Stopped(oneshot::Sender<()>),
    /// Nobody holds the node any more.
    Closed,
}

/// What workers need, shared by all of them.
pub(crate) struct Shared {
    pub(crate) config: NodeConfig,
    pub(crate) client: Client,
    pub(crate) sandbox: Sandbox,
    pub(crate) disk: Disk,
    pub(crate) place: Place,
    pub(crate) labels: std::collections::BTreeMap<String, String>,
    pub(crate) boot: u64,
    pub(crate) reports: mpsc::UnboundedSender<Report>,
}

/// What a worker says to the owner.
pub(crate) enum Report {
    /// An input of a pod's machine.
    Input(String, Input),
    /// Volumes are mounted, or not.
    Mounted(String, Result<Mounted, Vec<String>>),
    /// Namespaces are there, or not.
    Network(String, Ipv4Addr, Result<PodId, String>),
    /// A container runs.
    Started(String, Box<Live>, Result<(), String>),
    /// Somebody wants to know about a container.
    Ask(Ask),
}

/// A container that runs.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) container: usize,
    pub(crate) name: String,
    pub(crate) instance: u32,
    pub(crate) process: ProcessId,
    /// How programs are run in it.
    pub(crate) template: ProcessSpec,
    pub(crate) log: Log,
}

/// One pod of this node.
pub(crate) struct Entry {
    pub(crate) pod: Arc<Pod>,
    pub(crate) machine: crate::pod::Machine,
    pub(crate) sandbox: Option<(PodId, Ipv4Addr)>,
    pub(crate) mounted: Arc<Mounted>,
    pub(crate) live: HashMap<usize, Live>,
    /// The logs of a container's instances, the latest last.
    pub(crate) logs: HashMap<String, Vec<Log>>,
}

pub(crate) struct Boot<'a> {
    machine: &'a mut Machine,
    shared: Arc<Shared>,
    reports: mpsc::UnboundedReceiver<Report>,
    pods: HashMap<String, Entry>,
    tasks: JoinSet<()>,
    writes: mpsc::UnboundedSender<Write>,
    recorder: Recorder,
    /// Seen while the list is read anew.
    listed: Vec<String>,
    first_list: bool,
}

impl<'a> Boot<'a> {
    pub(crate) fn new(machine: &'a mut Machine) -> Self {
        let (sender, reports) = mpsc::unbounded_channel();
        let mut labels = machine.config.labels.clone();
        labels.extend(registration::labels(&machine.config.name));
        let place = Place {
            host_ip: machine.config.address.to_string(),
            ..registration::capacity()
        };
        let shared = Arc::new(Shared {
            config: machine.config.clone(),
            client: machine.client.clone(),
            sandbox: machine.sandbox.clone(),
            disk: machine.disk.clone(),
            place,
            labels,
            boot: machine.boots,
            reports: sender,
        });
        let mut tasks = JoinSet::new();
        let (writes, queue) = mpsc::unbounded_channel();
        tasks.spawn(writer::run(machine.client.clone(), queue));
        let (recorder, record) = Recorder::new(
            machine.client.clone(),
            &machine.config.name,
            machine.config.clock,
        );
        tasks.spawn(record);
        tasks.spawn(registration::keep(shared.clone(), recorder.clone()));
        tasks.spawn(schedulable::watch(shared.clone(), recorder.clone()));
        Self {
            machine,
            shared,
            reports,
            pods: HashMap::new(),
            tasks,
            writes,
            recorder,
            listed: Vec::new(),
            first_list: true,
        }
    }

    pub(crate) async fn run(mut self, orders: &mut mpsc::UnboundedReceiver<Control>) -> Left {
        let api = Api::<Pod>::all(self.shared.client.clone());
        let fields = format!("spec.nodeName={}", self.shared.config.name);
        let config = watcher::Config::default().fields(&fields);
        let mut pods = watcher::watcher(api, config).default_backoff().boxed();
        let mut refresh = tokio::time::interval(REFRESH);
        let left = loop {
            let wake = self.wake();
            tokio::select! {
                order = orders.recv() => match order {
                    None => break Left::Closed,
                    Some(Control::Stop(done)) => break Left::Stopped(done),
                    Some(Control::Start(done)) => drop(done.send(())),
                    Some(Control::Open(stream)) => self.serve(stream),
                    Some(Control::Run(command, stdio, answer)) => {
                        drop(answer.send(self.machine.run(command, stdio).await));
                    }
                },
                Some(report) = self.reports.recv() => self.on_report(report),
                event = pods.next() => if let Some(Ok(event)) = event { self.on_event(event) },
                () = tokio::time::sleep_until(wake) => self.tick(),
                _ = refresh.tick() => self.refresh(),
                Some(_) = self.tasks.join_next() => {}
            }
        };
        self.pull_the_plug().await;
        left
    }

    /// When the next pod wants to be woken.
    fn wake(&self) -> tokio::time::Instant {
        let now = (self.shared.config.clock)();
        let next = self
            .pods
            .values()
            .filter_map(|entry| entry.machine.wake_at())
            .min();
        let pause = next.map_or(Duration::from_hours(1), |at| {
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        });
        tokio::time::Instant::now() + pause.min(Duration::from_hours(1))
    }

    fn now(&self) -> Timestamp {
        (self.shared.config.clock)()
    }

    fn tick(&mut self) {
        let now = self.now();
        let due = |entry: &Entry| entry.machine.wake_at().is_some_and(|at| at <= now);
        let due = self
            .pods
            .iter()
            .filter(|(_, entry)| due(entry))
            .map(|(uid, _)| uid.clone())
            .collect::<Vec<_>>();
        for uid in due {
            self.input(&uid, Input::Tick);
        }
    }

    /// Volumes that come from the API follow it, as slowly as a kubelet's do.
    fn refresh(&mut self) {
        let mounted = self.pods.iter().filter(|(_, entry)| !entry.live.is_empty());
        for uid in mounted.map(|(uid, _)| uid.clone()).collect::<Vec<_>>() {
            self.work(&uid, |work| Box::pin(work.refresh()));
        }
    }

    fn on_event(&mut self, event: Event<Pod>) {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(pod) => {
                self.listed.extend(pod.metadata.uid.clone());
                self.on_pod(pod);
            }
            Event::InitDone => {
                self.first_list = false;
                let listed = std::mem::take(&mut self.listed);
                let gone = self
                    .pods
                    .keys()
                    .filter(|uid| !listed.contains(uid))
                    .cloned()
                    .collect::<Vec<_>>();
                for uid in gone {
                    self.input(&uid, Input::Pod(PodNews::Gone));
                }
            }
            Event::Apply(pod) => self.on_pod(pod),
            Event::Delete(pod) => {
                if let Some(uid) = pod.metadata.uid {
                    self.input(&uid, Input::Pod(PodNews::Gone));
                }
            }
        }
    }

    fn on_pod(&mut self, pod: Pod) {
        let Some(uid) = pod.metadata.uid.clone() else {
            return;
        };
        let pod = Arc::new(pod);
        match self.pods.get_mut(&uid) {
            Some(entry) => entry.pod = pod.clone(),
            None => self.take_in(&uid, pod.clone()),
        }
        self.input(&uid, Input::Pod(PodNews::Is(pod)));
    }

    fn take_in(&mut self, uid: &str, pod: Arc<Pod>) {
        let host = Host {
            address: self.shared.config.address.to_string(),
            images: self.shared.config.images.clone(),
        };
        let now = self.now();
        let machine = if self.first_list {
            crate::pod::Machine::resume(&pod, host, now)
        } else {
            crate::pod::Machine::new(pod.clone(), host, now)
        };
        let entry = Entry {
            pod,
            machine,
            sandbox: None,
            mounted: Arc::default(),
            live: HashMap::new(),
            logs: HashMap::new(),
        };
        self.pods.insert(uid.to_owned(), entry);
    }

    fn on_report(&mut self, report: Report) {
        match report {
            Report::Input(uid, input) => {
                if let (
                    Input::Exited {
                        container,
                        instance,
                        ..
                    },
                    Some(entry),
                ) = (&input, self.pods.get_mut(&uid))
                    && entry
                        .live
                        .get(container)
                        .is_some_and(|live| live.instance == *instance)
                {
                    entry.live.remove(container);
                }
                self.input(&uid, input);
            }
            Report::Mounted(uid, mounted) => {
                let answer = mounted.map(|mounted| {
                    if let Some(entry) = self.pods.get_mut(&uid) {
                        entry.mounted = Arc::new(mounted);
                    }
                });
                self.input(&uid, Input::Volumes(answer));
            }
            Report::Network(uid, address, made) => {
                if made.is_err() {
                    self.machine.addresses.give_back(address);
                }
                let answer = made.map(|pod| {
                    if let Some(entry) = self.pods.get_mut(&uid) {
                        entry.sandbox = Some((pod, address));
                    }
                    address.to_string()
                });
                self.input(&uid, Input::Network(answer));
            }
            Report::Started(uid, live, hook) => {
                let (container, instance) = (live.container, live.instance);
                if let Some(entry) = self.pods.get_mut(&uid) {
                    let logs = entry.logs.entry(live.name.clone()).or_default();
                    logs.push(live.log.clone());
                    if logs.len() > 2 {
                        let _ = std::fs::remove_file(logs.remove(0).path());
                    }
                    entry.live.insert(container, *live);
                }
                self.input(
                    &uid,
                    Input::Started {
                        container,
                        instance,
                        hook,
                    },
                );
            }
            Report::Ask(ask) => views::answer(ask, self.pods.values()),
        }
    }

    fn serve(&mut self, stream: DuplexStream) {
        self.tasks.spawn(server::serve(stream, self.shared.clone()));
    }

    /// Gives a pod's machine an input and does what it asks for.
    fn input(&mut self, uid: &str, input: Input) {
        let now = self.now();
        let Some(entry) = self.pods.get_mut(uid) else {
            return;
        };
        for command in entry.machine.on(now, input) {
            self.perform(uid, command);
        }
    }

    fn perform(&mut self, uid: &str, command: Command) {
        let Some(entry) = self.pods.get_mut(uid) else {
            return;
        };
        let pod = entry.pod.clone();
        match command {
            Command::Status(status) => drop(self.writes.send(Write::status(&pod, status))),
            Command::Delete => drop(self.writes.send(Write::delete(&pod))),
            Command::Event(event) => self.recorder.about_pod(&pod, event),
            Command::Forget => {
                self.pods.remove(uid);
                let text = |part: &Option<String>| part.clone().unwrap_or_default();
                let (namespace, name) = (text(&pod.metadata.namespace), text(&pod.metadata.name));
                let _ = std::fs::remove_dir_all(self.shared.disk.logs(&namespace, &name, uid));
            }
            Command::MakeNetwork => {
                if let Some(address) = self.machine.addresses.take() {
                    self.work(uid, |work| Box::pin(work.make_network(address)));
                } else {
                    let why =
                        "failed to allocate for range 0: no IP addresses available in range set"
                            .to_owned();
                    let report = Report::Input(uid.to_owned(), Input::Network(Err(why)));
                    let _ = self.shared.reports.send(report);
                }
            }
            Command::TearDown => {
                let sandbox = entry.sandbox.take();
                if let Some((_, address)) = sandbox {
                    self.machine.addresses.give_back(address);
                }
                self.work(uid, |work| {
                    Box::pin(work.tear_down(sandbox.map(|(pod, _)| pod)))
                });
            }
            Command::MountVolumes => self.work(uid, |work| Box::pin(work.mount())),
            Command::Start {
                container,
                instance,
                image,
            } => {
                self.work(uid, |work| Box::pin(work.start(container, instance, image)));
            }
            Command::PreStop { container, limit } => {
                self.work(uid, |work| Box::pin(work.pre_stop(container, limit)));
            }
            Command::Probe {
                container,
                instance,
                kind,
            } => {
                self.work(uid, |work| Box::pin(work.probe(container, instance, kind)));
            }
            Command::Signal { container, signal } => {
                self.work(uid, |work| Box::pin(work.signal(container, signal)));
            }
        }
    }

    fn work(
        &mut self,
        uid: &str,
        job: impl FnOnce(Work) -> futures::future::BoxFuture<'static, ()>,
    ) {
        let Some(entry) = self.pods.get(uid) else {
            return;
        };
        let work = Work {
            shared: self.shared.clone(),
            uid: uid.to_owned(),
            pod: entry.pod.clone(),
            sandbox: entry.sandbox,
            mounted: entry.mounted.clone(),
            live: entry.live.clone(),
        };
        self.tasks.spawn(job(work));
    }

    /// Kills every process and lets every namespace go, without a word to the API.
    async fn pull_the_plug(mut self) {
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        // A container that was just being started has reported itself, or soon will.
        while let Ok(report) = self.reports.try_recv() {
            if let Report::Started(_, live, _) = report {
                let _ = self.shared.sandbox.signal(live.process, 9).await;
            }
        }
        for entry in self.pods.values() {
            for live in entry.live.values() {
                let _ = self.shared.sandbox.signal(live.process, 9).await;
            }
            if let Some((pod, address)) = entry.sandbox {
                let _ = self.shared.sandbox.drop_pod(pod).await;
                self.machine.addresses.give_back(address);
            }
        }
    }
}
