//! A cluster in memory: the control plane, an API, and a kubelet that starts and ends pods at once.
//!
//! Invariants:
//! - Requests are made one after the other, and everybody hears of each before the next.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stayput_controllers::controller::Ending;
use stayput_controllers::object::{Key, Kind, Object};
use stayput_controllers::plan::{Always, Propagation, Step, Write};
use stayput_controllers::run::manager::{Finished, Input, Job, Manager, Work};
use stayput_controllers::version::Version;
use stayput_controllers::{Options, controllers};

use crate::api::{Api, Told};

/// Delays that a lab does not count as time.
const SOON: SignedDuration = SignedDuration::from_millis(200);

/// What the kubelets of a lab do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kubelets {
    /// They start and end pods at once.
    Run,
    /// They do nothing.
    Sleep,
}

pub(crate) struct Lab {
    manager: Manager,
    pub(crate) api: Api,
    pub(crate) now: Timestamp,
    pub(crate) kubelets: Kubelets,
    lines: Vec<String>,
    addresses: u32,
    weather: Weather,
}

/// How reliable the way to the API is.
enum Weather {
    /// Requests are made in order and watches tell at once.
    Fair,
    /// Requests are made in any order, some fail, and watches lag behind.
    Foul {
        random: Random,
        jobs: Vec<Job>,
        late: VecDeque<Told>,
    },
}

/// Xorshift: a seed gives a run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

impl Lab {
    /// A cluster of Kubernetes 1.34 with these worker nodes and a tainted control plane.
    pub(crate) fn new(workers: &[&str]) -> Self {
        Self::with(workers, Version::default())
    }

    pub(crate) fn with(workers: &[&str], version: Version) -> Self {
        let options = Options {
            version,
            ..Options::default()
        };
        Self::of(workers, options)
    }

    /// A cluster whose nodes need not tell that they are alive.
    pub(crate) fn patient(workers: &[&str]) -> Self {
        let options = Options {
            node_grace: SignedDuration::from_hours(1),
            ..Options::default()
        };
        Self::of(workers, options)
    }

    fn of(workers: &[&str], mut options: Options) -> Self {
        options.root_ca = "PEM".to_owned();
        let mut lab = Self {
            manager: Manager::new(controllers(options)),
            api: Api::default(),
            now: "2026-11-24T10:00:00Z".parse().unwrap(),
            kubelets: Kubelets::Run,
            lines: Vec::new(),
            addresses: 0,
            weather: Weather::Fair,
        };
        lab.create(crate::objects::namespace("ns"));
        for kind in Kind::WATCHED {
            lab.manager.on(Input::Listed(*kind, Vec::new()), lab.now);
        }
        let taint =
            json!([{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]);
        let mut control_plane = crate::objects::node("control-plane");
        control_plane["spec"]["taints"] = taint;
        lab.create(control_plane);
        for worker in workers {
            lab.create(crate::objects::node(worker));
        }
        lab.settle();
        lab.lines.clear();
        lab
    }

    /// Creates an object as a user does, and lets nobody react yet.
    pub(crate) fn create(&mut self, object: Value) -> Key {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = Kind::named(&text(&object["apiVersion"]), &text(&object["kind"])).unwrap();
        let made = self.api.create(kind, object, self.now).unwrap();
        let meta = &made["metadata"];
        self.deliver();
        Key::new(kind, &text(&meta["namespace"]), &text(&meta["name"]))
    }

    /// Creates objects and waits until nothing happens any more.
    pub(crate) fn apply(&mut self, objects: impl IntoIterator<Item = Value>) {
        for object in objects {
            self.create(object);
        }
        self.settle();
    }

    pub(crate) fn patch(&mut self, key: &Key, patch: &Value) {
        self.api.patch(key, None, patch, self.now).unwrap();
        self.deliver();
        self.settle();
    }

    pub(crate) fn patch_status(&mut self, key: &Key, status: &Value) {
        self.api
            .patch(key, Some("status"), &json!({"status": status}), self.now)
            .unwrap();
        self.deliver();
        self.settle();
    }

    pub(crate) fn delete(&mut self, key: &Key) {
        self.delete_with(key, Propagation::Background);
    }

    pub(crate) fn delete_with(&mut self, key: &Key, propagation: Propagation) {
        self.api.delete(key, None, propagation, self.now).unwrap();
        self.deliver();
        self.settle();
    }

    /// From now on requests come in any order, some fail, and watches lag.
    pub(crate) fn worsen(&mut self, seed: u64) {
        self.weather = Weather::Foul {
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            jobs: Vec::new(),
            late: VecDeque::new(),
        };
    }

    /// One thing happens of all that could happen next; false if nothing could.
    fn stumble(&mut self) -> bool {
        let now = self.now;
        let new = self.manager.jobs(now);
        if self.kubelets == Kubelets::Run {
            self.run_pods();
        }
        let Weather::Foul { random, jobs, late } = &mut self.weather else {
            return false;
        };
        late.extend(std::mem::take(&mut self.api.told));
        jobs.extend(new);
        if jobs.is_empty() && late.is_empty() {
            return false;
        }
        if jobs.is_empty() || (!late.is_empty() && random.below(2) == 0) {
            let told = late.pop_front();
            self.tell(told);
            return true;
        }
        let index = random.below(jobs.len());
        let job = jobs.swap_remove(index);
        let fails = random.below(8) == 0;
        if fails && matches!(job.work, Work::Steps(..)) {
            let failed = Finished {
                id: job.id,
                objects: Vec::new(),
                gone: Vec::new(),
                said: Vec::new(),
                ending: Ending::Failed,
            };
            self.manager.on(Input::Finished(failed), now);
        } else {
            self.execute(job);
        }
        true
    }

    /// Works until nothing is left to do now.
    pub(crate) fn settle(&mut self) {
        for _ in 0..20_000 {
            if matches!(self.weather, Weather::Foul { .. }) {
                if self.stumble() {
                    continue;
                }
                match self.manager.deadline() {
                    Some(deadline) if deadline <= self.now + SOON => {
                        self.now = deadline.max(self.now);
                        continue;
                    }
                    Some(_) | None => return,
                }
            }
            let jobs = self.manager.jobs(self.now);
            let idle = jobs.is_empty();
            for job in jobs {
                self.execute(job);
            }
            if self.kubelets == Kubelets::Run {
                self.run_pods();
            }
            let quiet = self.api.told.is_empty();
            self.deliver();
            if idle && quiet {
                // What is retried is retried soon.
                match self.manager.deadline() {
                    Some(deadline) if deadline <= self.now + SOON => {
                        self.now = deadline.max(self.now);
                    }
                    Some(_) | None => return,
                }
            }
        }
        panic!(
            "the control plane never comes to rest:\n{}",
            self.lines.join("\n")
        );
    }

    /// Lets time pass, step by step.
    pub(crate) fn pass(&mut self, seconds: i64) {
        let end = self.now + SignedDuration::from_secs(seconds);
        while let Some(deadline) = self.manager.deadline().filter(|deadline| *deadline <= end) {
            self.now = deadline.max(self.now);
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    /// What was written and said since the last look.
    pub(crate) fn look(&mut self) -> String {
        std::mem::take(&mut self.lines).join("\n")
    }

    /// The lines of the last look that contain one of `words`.
    pub(crate) fn look_for(&mut self, words: &[&str]) -> String {
        let lines = std::mem::take(&mut self.lines);
        let wanted = lines
            .into_iter()
            .filter(|line| words.iter().any(|word| line.contains(word)));
        wanted.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn get(&self, kind: Kind, name: &str) -> Value {
        let namespace = if kind.descriptor().namespaced {
            "ns"
        } else {
            ""
        };
        self.api
            .get(&Key::new(kind, namespace, name))
            .cloned()
            .unwrap_or_default()
    }

    /// One line an object of a kind: the fields at these pointers.
    pub(crate) fn table(&self, kind: Kind, pointers: &[&str]) -> String {
        let line = |key: Key| {
            let object = &self.api.get(&key).unwrap();
            let cells = pointers
                .iter()
                .map(|pointer| match object.pointer(pointer) {
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                    None => "-".to_owned(),
                });
            format!("{} {}", key.name, cells.collect::<Vec<_>>().join(" "))
        };
        self.api
            .keys(kind)
            .into_iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn deliver(&mut self) {
        if matches!(self.weather, Weather::Foul { .. }) {
            return;
        }
        for told in std::mem::take(&mut self.api.told) {
            self.tell(Some(told));
        }
    }

    fn tell(&mut self, told: Option<Told>) {
        let input = match told {
            Some(Told::Applied(kind, json)) => {
                Object::read(kind, json).unwrap().map(Input::Applied)
            }
            Some(Told::Deleted(kind, json)) => {
                Object::read(kind, json).unwrap().map(Input::Deleted)
            }
            None => None,
        };
        if let Some(input) = input {
            self.manager.on(input, self.now);
        }
    }

    fn execute(&mut self, job: Job) {
        let mut finished = Finished {
            id: job.id,
            objects: Vec::new(),
            gone: Vec::new(),
            said: Vec::new(),
            ending: Ending::Written,
        };
        match job.work {
            Work::Steps(_, steps) => {
                for step in steps {
                    if finished.ending == Ending::Written || step.always == Always::Yes {
                        self.step(step, &mut finished);
                    }
                }
            }
            Work::Events(events) => {
                for (_, event) in events {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    let body = &event.body;
                    self.lines.push(format!(
                        "event {} {}: {} {} x{}: {}",
                        text(&body["involvedObject"]["kind"]),
                        text(&body["involvedObject"]["name"]),
                        text(&body["type"]),
                        text(&body["reason"]),
                        body["count"],
                        text(&body["message"]),
                    ));
                }
            }
        }
        self.deliver();
        self.manager.on(Input::Finished(finished), self.now);
    }

    fn step(&mut self, step: Step, finished: &mut Finished) {
        let Some(write) = &step.write else {
            if step.refused.is_some() {
                finished.ending = Ending::Failed;
            }
            finished.said.extend(step.told.or(step.refused));
            return;
        };
        match self.api.request(write, self.now) {
            Ok(answer) => {
                self.lines.push(short(write));
                let object = answer.and_then(|json| Object::read(write.key.kind, json).unwrap());
                finished.objects.extend(object);
                finished.said.extend(step.told);
            }
            Err((404, _)) => {}
            Err((_, text)) => {
                finished.ending = Ending::Failed;
                finished.said.extend(step.refused.map(|mut told| {
                    told.message.push_str(&text);
                    told
                }));
            }
        }
    }

    fn run_pods(&mut self) {
        for key in self.api.keys(Kind::Pod) {
            let pod = self.api.get(&key).unwrap().clone();
            if !pod["spec"]["nodeName"].is_string() {
                continue;
            }
            if !pod["metadata"]["deletionTimestamp"].is_null() {
                self.api.remove(&key);
            } else if pod["status"]["phase"] == "Pending" {
                self.addresses += 1;
                let address = format!("10.0.0.{}", self.addresses);
                let status = json!({"phase": "Running", "podIP": address, "conditions": [
                    {"type": "PodScheduled", "status": "True"},
                    {"type": "Ready", "status": "True", "lastTransitionTime": self.now},
                ]});
                self.api
                    .patch(&key, Some("status"), &json!({"status": status}), self.now)
                    .unwrap();
            }
        }
    }
}

/// A write on one line, without what creation repeats.
fn short(write: &Write) -> String {
    let text = write.to_string();
    match text.strip_prefix("create ") {
        Some(_) => format!("create {}", write.key),
        None => text,
    }
}
