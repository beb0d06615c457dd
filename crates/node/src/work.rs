//! What a pod's machine asks for, done: each job is a task that reports once.
//!
//! Invariants:
//! - A job never touches another pod's things.
//! - A job that is aborted (the machine stopped) leaves nothing that runs: what it has
//!   started it kills, or the owner does.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{Container, LifecycleHandler, Pod};
use stayput_sandbox::{ContainerSpec, Fault, PodId, PodSpec, ProcessSpec, Running, Stdio};

use crate::blueprint::{self, Blueprint};
use crate::boot::{Live, Report, Shared};
use crate::command::run_in;
use crate::downward::Place;
use crate::environment::{self, Sources};
use crate::images::Image;
use crate::logs;
use crate::pod::{Input, ProbeKind, ProbeOutcome, StartFault};
use crate::probes::Target;
use crate::services;
use crate::volumes::{Mounted, Volumes};

/// A job about one pod.
pub(crate) struct Work {
    pub(crate) shared: Arc<Shared>,
    pub(crate) uid: String,
    pub(crate) pod: Arc<Pod>,
    pub(crate) sandbox: Option<(PodId, Ipv4Addr)>,
    pub(crate) mounted: Arc<Mounted>,
    pub(crate) live: HashMap<usize, Live>,
}

impl Work {
    fn report(&self, input: Input) {
        let _ = self
            .shared
            .reports
            .send(Report::Input(self.uid.clone(), input));
    }

    fn place(&self) -> Place {
        let pod_ip = self
            .sandbox
            .map(|(_, address)| address.to_string())
            .unwrap_or_default();
        Place {
            pod_ip,
            ..self.shared.place.clone()
        }
    }

    fn definition(&self, index: usize) -> Option<&Container> {
        let spec = self.pod.spec.as_ref()?;
        spec.init_containers
            .iter()
            .flatten()
            .chain(&spec.containers)
            .nth(index)
    }

    fn volumes(&self) -> Volumes {
        let now = (self.shared.config.clock)();
        let stamp = now.strftime("%Y_%m_%d_%H_%M_%S.%9f").to_string();
        Volumes {
            client: self.shared.client.clone(),
            disk: self.shared.disk.clone(),
            labels: self.shared.labels.clone(),
            place: self.place(),
            powers: self.shared.config.powers,
            stamp,
        }
    }

    pub(crate) async fn refresh(self) {
        self.volumes().refresh(&self.pod).await;
    }

    pub(crate) async fn mount(self) {
        let mounted = self.volumes().mount(&self.pod).await;
        let _ = self
            .shared
            .reports
            .send(Report::Mounted(self.uid.clone(), mounted));
    }

    pub(crate) async fn make_network(self, address: Ipv4Addr) {
        let hostname = blueprint::hostname(&self.pod);
        let made = self.shared.sandbox.pod(PodSpec { hostname, address }).await;
        let made = made.map_err(|error| error.to_string());
        let _ = self
            .shared
            .reports
            .send(Report::Network(self.uid.clone(), address, made));
    }

    pub(crate) async fn tear_down(self, sandbox: Option<PodId>) {
        if let Some(pod) = sandbox {
            let _ = self.shared.sandbox.drop_pod(pod).await;
        }
        let _ = tokio::fs::remove_dir_all(self.shared.disk.pod(&self.uid)).await;
        self.report(Input::TornDown);
    }

    pub(crate) async fn start(self, container: usize, instance: u32, image: Arc<Image>) {
        match self.try_start(container, instance, &image).await {
            Err(fault) => self.report(Input::StartFailed { container, fault }),
            Ok(Started {
                running,
                live,
                write_log,
                log,
            }) => {
                let hook = self.post_start(container, &live).await;
                let _ = self.shared.reports.send(Report::Started(
                    self.uid.clone(),
                    Box::new(live),
                    hook,
                ));
                let (exit, ()) = tokio::join!(running.exit, write_log);
                // No answer: the whole sandbox is going.
                let Ok(exit) = exit else { return };
                let message = last_words(&log);
                self.report(Input::Exited {
                    container,
                    instance,
                    exit,
                    message,
                });
            }
        }
    }

    async fn try_start(
        &self,
        index: usize,
        instance: u32,
        image: &Image,
    ) -> Result<Started<impl Future<Output = ()> + use<>>, StartFault> {
        let create = |what: &str| StartFault::Create(what.to_owned());
        let container = self
            .definition(index)
            .ok_or_else(|| create("no such container"))?;
        let (pod, _) = self
            .sandbox
            .ok_or_else(|| create("the pod has no sandbox"))?;
        let spec = self.spec(container, instance, image).await?;
        let template = ProcessSpec {
            terminal: false,
            ..spec.process.clone()
        };
        let last = spec
            .termination_log
            .clone()
            .map(|(file, _)| file)
            .unwrap_or_default();
        let io = |error: std::io::Error| StartFault::Create(error.to_string());
        let (output, said) = stayput_sandbox::pipe().map_err(io)?;
        let (error, complained) = stayput_sandbox::pipe().map_err(io)?;
        let input = Stdio::null().map_err(io)?.input;
        let path = self
            .log_directory()
            .join(&container.name)
            .join(format!("{}.log", instance - 1));
        let (log, write_log) =
            logs::open(path, output, error, self.shared.config.clock).map_err(io)?;
        let stdio = Stdio {
            input,
            output: said,
            error: complained,
        };
        let running = self
            .shared
            .sandbox
            .start(pod, spec, stdio)
            .await
            .map_err(fault)?;
        let live = Live {
            container: index,
            name: container.name.clone(),
            instance,
            process: running.id,
            template,
            log,
        };
        Ok(Started {
            running,
            live,
            write_log,
            log: last,
        })
    }

    fn log_directory(&self) -> std::path::PathBuf {
        let meta = &self.pod.metadata;
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        self.shared
            .disk
            .logs(&text(&meta.namespace), &text(&meta.name), &self.uid)
    }

    async fn spec(
        &self,
        container: &Container,
        instance: u32,
        image: &Image,
    ) -> Result<ContainerSpec, StartFault> {
        let sources = self.sources(container).await.map_err(StartFault::Config)?;
        let namespace = self.pod.metadata.namespace.as_deref().unwrap_or_default();
        let links = self
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.enable_service_links)
            != Some(false);
        let services = if links {
            services::variables(&self.shared.client, namespace).await
        } else {
            Vec::new()
        };
        let place = self.place();
        let variables = environment::build(&self.pod, container, &place, &sources, services);
        let variables = variables.map_err(StartFault::Config)?;
        let directory = self
            .shared
            .disk
            .pod(&self.uid)
            .join("containers")
            .join(&container.name);
        let termination_log = directory.join(instance.to_string());
        let made =
            std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&termination_log, ""));
        made.map_err(|error| StartFault::Create(error.to_string()))?;
        let blueprint = Blueprint {
            pod: &self.pod,
            container,
            image,
            mounted: &self.mounted,
            variables: &variables,
            hostname: &blueprint::hostname(&self.pod),
            address: &place.pod_ip,
            dns: &self.shared.config.dns,
            termination_log,
            powers: self.shared.config.powers,
        };
        blueprint.draw()
    }

    async fn sources(&self, container: &Container) -> Result<Sources, String> {
        let (maps, secrets) = environment::needs(container);
        let namespace = self.pod.metadata.namespace.as_deref().unwrap_or_default();
        let volumes = self.volumes();
        let mut sources = Sources::default();
        for name in maps {
            let found = volumes.config_map(namespace, &name).await?;
            sources.config_maps.insert(name, found);
        }
        for name in secrets {
            let found = volumes.secret(namespace, &name).await?;
            sources.secrets.insert(name, found);
        }
        Ok(sources)
    }

    async fn post_start(&self, index: usize, live: &Live) -> Result<(), String> {
        let hook = self
            .definition(index)
            .and_then(|container| container.lifecycle.clone()?.post_start);
        match hook {
            Some(hook) => self.hook(index, live, &hook, Duration::from_mins(10)).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn pre_stop(self, container: usize, limit: SignedDuration) {
        let hook = self
            .definition(container)
            .and_then(|definition| definition.lifecycle.clone()?.pre_stop);
        if let (Some(hook), Some(live)) = (hook, self.live.get(&container)) {
            let limit = Duration::try_from(limit).unwrap_or_default();
            let _ = self.hook(container, live, &hook, limit).await;
        }
        self.report(Input::HookDone { container });
    }

    async fn hook(
        &self,
        index: usize,
        live: &Live,
        hook: &LifecycleHandler,
        limit: Duration,
    ) -> Result<(), String> {
        if let Some(exec) = &hook.exec {
            let process = ProcessSpec {
                arguments: exec.command.clone().unwrap_or_default(),
                ..live.template.clone()
            };
            let ended = run_in(&self.shared.sandbox, live.process, process, limit).await?;
            return if ended.exit.code() == 0 {
                Ok(())
            } else {
                Err(ended.output)
            };
        }
        if let (Some(get), Some(target)) = (&hook.http_get, self.target(index, live)) {
            return target.get(get, limit).await;
        }
        if let Some(pause) = &hook.sleep {
            let pause = Duration::from_secs(u64::try_from(pause.seconds).unwrap_or(0));
            tokio::time::sleep_until(tokio::time::Instant::now() + pause.min(limit)).await;
        }
        Ok(())
    }

    fn target<'a>(&'a self, index: usize, live: &'a Live) -> Option<Target<'a>> {
        Some(Target {
            sandbox: &self.shared.sandbox,
            container: self.definition(index)?,
            process: live.process,
            template: &live.template,
            address: self.sandbox?.1,
        })
    }

    pub(crate) async fn probe(self, container: usize, instance: u32, kind: ProbeKind) {
        let probe = self
            .definition(container)
            .and_then(|definition| kind.of(definition).cloned());
        let live = self
            .live
            .get(&container)
            .filter(|live| live.instance == instance);
        let target = live.and_then(|live| self.target(container, live));
        let outcome = match (target, probe) {
            (Some(target), Some(probe)) => target.ask(&probe).await,
            _ => ProbeOutcome::Errored("the container is not running".to_owned()),
        };
        self.report(Input::Probed {
            container,
            instance,
            kind,
            outcome,
        });
    }

    pub(crate) async fn signal(self, container: usize, signal: i32) {
        if let Some(live) = self.live.get(&container) {
            let _ = self.shared.sandbox.signal(live.process, signal).await;
        }
    }
}

struct Started<F> {
    running: Running,
    live: Live,
    write_log: F,
    log: std::path::PathBuf,
}

fn fault(error: stayput_sandbox::Error) -> StartFault {
    match error {
        stayput_sandbox::Error::Failed(failure) if failure.fault == Fault::Program => {
            StartFault::Program(failure.what)
        }
        error => StartFault::Create(error.to_string()),
    }
}

/// What the process left as its last words, at most 4 KiB.
fn last_words(file: &std::path::Path) -> Option<String> {
    let bytes = std::fs::read(file).ok().filter(|bytes| !bytes.is_empty())?;
    let from = bytes.len().saturating_sub(4096);
    Some(String::from_utf8_lossy(&bytes[from..]).into_owned())
}
