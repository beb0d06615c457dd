//! The machine, played as a story: a line for each command and each change of status.

use std::fmt::Write as _;
use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;
use stayput_sandbox::Exit;

use super::command::{Command, Input, PodNews, ProbeOutcome, StartFault};
use super::machine::{Host, Machine};
use super::probing::ProbeKind;
use crate::images::{Images, Program, built_in};

struct Play {
    machine: Machine,
    now: Timestamp,
    story: String,
}

fn start() -> Timestamp {
    Timestamp::from_second(1_000_000_000).unwrap()
}

fn pod(spec: &str) -> Pod {
    let text =
        format!("{{metadata: {{name: p, namespace: n, uid: u, generation: 1}}, spec: {spec}}}");
    serde_saphyr::from_str(&text).unwrap()
}

fn host() -> Host {
    let programs = ["redis-server", "redis-cli", "sh", "bash"];
    let program = Program {
        version: Some("7.0.15".to_owned()),
        ..Program::default()
    };
    let programs = programs
        .map(|name| (name.to_owned(), program.clone()))
        .into();
    Host {
        address: "172.18.0.3".to_owned(),
        images: Arc::new(Images {
            entries: built_in(),
            programs,
        }),
    }
}

impl Play {
    fn new(spec: &str) -> Self {
        let pod = Arc::new(pod(spec));
        let machine = Machine::new(pod.clone(), host(), start());
        let mut play = Self {
            machine,
            now: start(),
            story: String::new(),
        };
        play.input(Input::Pod(PodNews::Is(pod)));
        play
    }

    fn input(&mut self, input: Input) {
        let commands = self.machine.on(self.now, input);
        let at = self.now.duration_since(start()).as_secs_f64();
        for command in commands {
            let line = line(&command);
            writeln!(self.story, "{at:5.1} {line}").unwrap();
        }
    }

    /// Up to a container that runs.
    fn ready(spec: &str) -> Self {
        let mut play = Self::new(spec);
        play.input(Input::Volumes(Ok(())));
        play.input(Input::Network(Ok("10.244.0.9".to_owned())));
        play
    }

    fn running(spec: &str) -> Self {
        let mut play = Self::ready(spec);
        play.started(0, 1);
        play
    }

    fn started(&mut self, container: usize, instance: u32) {
        self.input(Input::Started {
            container,
            instance,
            hook: Ok(()),
        });
    }

    fn exited(&mut self, container: usize, instance: u32, exit: Exit) {
        self.input(Input::Exited {
            container,
            instance,
            exit,
            message: None,
        });
    }

    fn probed(&mut self, kind: ProbeKind, instance: u32, outcome: ProbeOutcome) {
        self.input(Input::Probed {
            container: 0,
            instance,
            kind,
            outcome,
        });
    }

    /// Lets time pass, waking the machine when it asks for it.
    fn pass(&mut self, seconds: i64) {
        let end = self.now + SignedDuration::from_secs(seconds);
        for _ in 0..1000 {
            match self.machine.wake_at() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.input(Input::Tick);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn delete(&mut self, grace: i64) {
        let mut pod = Pod::clone(&self.machine.pod);
        pod.metadata.deletion_timestamp = Some(Time(self.now + SignedDuration::from_secs(grace)));
        pod.metadata.deletion_grace_period_seconds = Some(grace);
        pod.metadata.generation = Some(2);
        self.input(Input::Pod(PodNews::Is(Arc::new(pod))));
    }
}

fn line(command: &Command) -> String {
    match command {
        Command::MountVolumes => "mount".to_owned(),
        Command::MakeNetwork => "network".to_owned(),
        Command::Start {
            container,
            instance,
            ..
        } => format!("start {container}#{instance}"),
        Command::PreStop { container, limit } => {
            format!("preStop {container} within {}s", limit.as_secs())
        }
        Command::Probe {
            container, kind, ..
        } => format!("probe {container} {}", kind.name()),
        Command::TearDown => "tear down".to_owned(),
        Command::Signal { container, signal } => format!("signal {container} {signal}"),
        Command::Event(event) => format!(
            "event {} {}: {}",
            event.level.as_str(),
            event.reason,
            event.message
        ),
        Command::Delete => "delete".to_owned(),
        Command::Forget => "forget".to_owned(),
        Command::Status(status) => format!("status {}", summary(status)),
    }
}

fn summary(status: &Value) -> String {
    let conditions = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|condition| {
            let name = condition["type"]
                .as_str()
                .unwrap()
                .replace("PodReadyToStartContainers", "Network");
            let reason = condition["reason"]
                .as_str()
                .map(|reason| format!("({reason})"))
                .unwrap_or_default();
            format!(
                "{name}={}{reason}",
                &condition["status"].as_str().unwrap()[..1]
            )
        });
    let members = ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .filter_map(|list| status[list].as_array());
    let members = members.flatten().map(|member| {
        let flag = |name: &'static str| if member[name] == true { name } else { "" };
        let state = |key: &str| match member[key].as_object().unwrap().iter().next() {
            None => "-".to_owned(),
            Some((state, detail)) => {
                let text = |field: &str| detail[field].as_str().unwrap_or_default().to_owned();
                let code = detail["exitCode"]
                    .as_i64()
                    .map(|code| format!(" {code}"))
                    .unwrap_or_default();
                let words = [state.clone(), text("reason"), text("message")].join(" ");
                format!("{}{code}", words.trim())
            }
        };
        let name = member["name"].as_str().unwrap();
        let flags = [flag("started"), flag("ready")].join(" ");
        format!(
            "{name} x{} [{}] {} <- {}",
            member["restartCount"],
            flags.trim(),
            state("state"),
            state("lastState")
        )
    });
    let ip = status["podIP"].as_str().unwrap_or("no ip");
    let conditions = conditions.collect::<Vec<_>>().join(" ");
    format!(
        "{} {ip} {conditions} | {}",
        status["phase"].as_str().unwrap(),
        members.collect::<Vec<_>>().join("; ")
    )
}

const PLAIN: &str =
    "{terminationGracePeriodSeconds: 5, containers: [{name: main, image: 'redis:7'}]}";

#[test]
fn a_pod_starts_and_is_deleted() {
    let mut play = Play::running(PLAIN);
    play.pass(3);
    play.delete(5);
    play.pass(1);
    play.exited(0, 1, Exit::Code(0));
    play.input(Input::TornDown);
    play.input(Input::Pod(PodNews::Gone));
    assert_snapshot!(play.story);
}

#[test]
fn what_ignores_sigterm_is_killed_after_its_grace() {
    let mut play = Play::running(PLAIN);
    play.delete(2);
    play.pass(3);
    play.exited(0, 1, Exit::Signal(9));
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn a_pod_that_never_started_ends_unlocated() {
    let mut play = Play::new(PLAIN);
    let why = "MountVolume.NewMounter initialization failed for volume \"v\" : path \"/y\" does not exist";
    for _ in 0..4 {
        play.input(Input::Volumes(Err(vec![why.to_owned()])));
        play.pass(4);
    }
    play.input(Input::Volumes(Err(vec![why.to_owned()])));
    play.delete(5);
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn a_crash_is_followed_by_growing_pauses() {
    let mut play = Play::running(PLAIN);
    for instance in 1..4 {
        play.exited(0, instance, Exit::Code(1));
        play.pass(60);
        play.started(0, instance + 1);
    }
    play.exited(0, 4, Exit::Code(1));
    play.pass(13);
    play.delete(2);
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn never_means_never() {
    let mut play =
        Play::running("{restartPolicy: Never, containers: [{name: main, image: 'redis:7'}]}");
    play.exited(0, 1, Exit::Code(3));
    play.input(Input::TornDown);
    play.delete(0);
    assert_snapshot!(play.story);
}

#[test]
fn on_failure_ends_with_success() {
    let mut play =
        Play::running("{restartPolicy: OnFailure, containers: [{name: main, image: 'redis:7'}]}");
    play.exited(0, 1, Exit::Code(3));
    play.pass(1);
    play.started(0, 2);
    play.exited(0, 2, Exit::Code(0));
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn a_program_that_is_not_there_is_a_start_error() {
    let mut play =
        Play::ready("{restartPolicy: Never, containers: [{name: main, image: 'redis:7'}]}");
    let why = "exec: \"/no/such/file\": stat /no/such/file: no such file or directory".to_owned();
    play.input(Input::StartFailed {
        container: 0,
        fault: StartFault::Program(why),
    });
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn what_is_not_configured_is_tried_again() {
    let mut play = Play::ready(PLAIN);
    let fault = StartFault::Config("configmap \"later\" not found".to_owned());
    play.input(Input::StartFailed {
        container: 0,
        fault,
    });
    play.pass(11);
    play.started(0, 1);
    assert_snapshot!(play.story);
}

#[test]
fn an_unknown_image_is_pulled_ever_more_rarely() {
    let mut play = Play::ready("{containers: [{name: main, image: 'nope:1'}]}");
    play.pass(60);
    assert_snapshot!(play.story);
}

const PROBED: &str = "{terminationGracePeriodSeconds: 3, containers: [{name: main, image: 'redis:7', \
    startupProbe: {exec: {command: [a]}, periodSeconds: 1, failureThreshold: 60}, \
    readinessProbe: {exec: {command: [b]}, periodSeconds: 1, failureThreshold: 2, successThreshold: 2}, \
    livenessProbe: {exec: {command: [c]}, periodSeconds: 1, failureThreshold: 3}}]}";

#[test]
fn probes_wait_for_the_startup_probe() {
    let mut play = Play::running(PROBED);
    play.pass(1);
    play.probed(
        ProbeKind::Startup,
        1,
        ProbeOutcome::Failed("not yet\n".to_owned()),
    );
    play.pass(1);
    play.probed(ProbeKind::Startup, 1, ProbeOutcome::Passed);
    for _ in 0..2 {
        play.probed(ProbeKind::Readiness, 1, ProbeOutcome::Passed);
        play.probed(ProbeKind::Liveness, 1, ProbeOutcome::Passed);
        play.pass(1);
    }
    assert_snapshot!(play.story);
}

#[test]
fn a_failed_liveness_probe_restarts_the_container_at_once() {
    let mut play = Play::running(
        "{containers: [{name: main, image: 'redis:7', livenessProbe: {exec: {command: [c]}, periodSeconds: 1, failureThreshold: 2}}]}",
    );
    for _ in 0..2 {
        play.probed(ProbeKind::Liveness, 1, ProbeOutcome::Failed(String::new()));
        play.pass(1);
    }
    play.exited(0, 1, Exit::Code(0));
    play.started(0, 2);
    assert_snapshot!(play.story);
}

#[test]
fn init_containers_run_one_by_one_and_sidecars_stay() {
    let mut play = Play::ready(
        "{terminationGracePeriodSeconds: 3, initContainers: [{name: first, image: 'redis:7'}, \
         {name: sidecar, image: 'redis:7', restartPolicy: Always}, {name: second, image: 'redis:7'}], \
         containers: [{name: main, image: 'redis:7'}]}",
    );
    play.started(0, 1);
    play.exited(0, 1, Exit::Code(0));
    play.started(1, 1);
    play.started(2, 1);
    play.exited(2, 1, Exit::Code(0));
    play.started(3, 1);
    play.delete(3);
    play.exited(3, 1, Exit::Code(0));
    play.exited(1, 1, Exit::Signal(15));
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn an_init_container_that_fails_for_good_fails_the_pod() {
    let mut play = Play::running(
        "{restartPolicy: Never, initContainers: [{name: bad, image: 'redis:7'}], containers: [{name: main, image: 'redis:7'}]}",
    );
    play.exited(0, 1, Exit::Code(9));
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn a_hook_comes_before_the_signal() {
    let mut play = Play::running(
        "{terminationGracePeriodSeconds: 5, containers: [{name: main, image: 'redis:7', lifecycle: {preStop: {exec: {command: [x]}}}}]}",
    );
    play.delete(5);
    play.pass(4);
    play.input(Input::HookDone { container: 0 });
    play.pass(3);
    play.exited(0, 1, Exit::Signal(9));
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn a_forced_deletion_leaves_the_process_its_grace() {
    let mut play = Play::running(PLAIN);
    play.input(Input::Pod(PodNews::Gone));
    play.pass(6);
    play.exited(0, 1, Exit::Signal(9));
    play.input(Input::TornDown);
    assert_snapshot!(play.story);
}

#[test]
fn after_a_stopped_machine_containers_start_again() {
    let mut play = Play::running(PLAIN);
    play.pass(1);
    let mut pod = pod(PLAIN);
    pod.status = Some(serde_json::from_value(play.machine.sent.clone()).unwrap());
    let pod = Arc::new(pod);
    play.now += SignedDuration::from_secs(70);
    play.machine = Machine::resume(&pod, host(), play.now);
    play.story.clear();
    play.input(Input::Pod(PodNews::Is(pod)));
    play.input(Input::Volumes(Ok(())));
    play.input(Input::Network(Ok("10.244.0.10".to_owned())));
    play.started(0, 2);
    assert_snapshot!(play.story);
}

#[test]
fn the_first_two_kills_by_a_probe_are_free() {
    let mut play = Play::running(
        "{containers: [{name: main, image: 'redis:7', livenessProbe: {exec: {command: [c]}, periodSeconds: 1, failureThreshold: 1}}]}",
    );
    for instance in 1..4 {
        play.probed(
            ProbeKind::Liveness,
            instance,
            ProbeOutcome::Failed(String::new()),
        );
        play.exited(0, instance, Exit::Code(0));
        play.pass(5);
        play.started(0, instance + 1);
    }
    let told = |line: &&str| line.contains("start 0#") || line.contains("BackOff");
    assert_snapshot!(
        play.story
            .lines()
            .filter(told)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn a_pod_that_ran_stays_running_while_a_restart_cannot_be_made() {
    let mut play = Play::running(PLAIN);
    play.exited(0, 1, Exit::Code(1));
    play.pass(1);
    let fault = StartFault::Create("no room".to_owned());
    play.input(Input::StartFailed {
        container: 0,
        fault,
    });
    let last = play
        .story
        .lines()
        .rfind(|line| line.contains("status"))
        .unwrap();
    assert!(
        last.contains("status Running")
            && last.contains("waiting CreateContainerError no room <- terminated Error 1"),
        "{last}"
    );
}
