//! Recorded runs: one for every way in which a run, a step and a control end.
//!
//! Included by the tests and by `examples/show.rs`.

#[path = "recorded/controls.rs"]
mod controls;
#[path = "recorded/failures.rs"]
mod failures;
#[path = "recorded/places.rs"]
mod places;

use std::time::Duration;

use stayput_events::{
    ClaimPart, ClaimVerdict, ClusterFacts, Cost, Elapsed, Event, FlakyCounts, NodeFacts, Outcome,
    Provider, Record, RunFacts, SkipReason, Statement, StatementPart, StepFacts, StepId,
};

/// The names of all recorded runs.
pub(crate) const NAMES: [&str; 6] = [
    "passed",
    "failed",
    "flaky",
    "interrupted",
    "controls",
    "no-cluster",
];

/// A recorded run by its name.
pub(crate) fn by_name(name: &str) -> Option<Vec<Record>> {
    match name {
        "passed" => Some(passed()),
        "failed" => Some(failures::failed()),
        "flaky" => Some(flaky()),
        "interrupted" => Some(interrupted()),
        "controls" => Some(controls::controls()),
        "no-cluster" => Some(failures::no_cluster()),
        _ => None,
    }
}

/// All steps pass.
pub(crate) fn passed() -> Vec<Record> {
    let mut run = Recorder::begun();
    run.all_steps();
    run.files(&["report.json", "junit.xml"]);
    run.ended(Outcome::Passed)
}

/// One step passes at its second attempt only.
pub(crate) fn flaky() -> Vec<Record> {
    let mut run = Recorder::begun();
    for step in 0..5 {
        run.passed(step, Cost::Kubernetes, 800);
    }
    run.started(5);
    run.later(20_000);
    run.started(5);
    run.spent(5, Cost::Kubernetes, 14_000);
    run.finished(5, Outcome::Flaky { attempts: 2 });
    for step in 6..STEPS.len() {
        run.passed(step, Cost::Kubernetes, 900);
    }
    run.ended(Outcome::Flaky { attempts: 2 })
}

/// A person presses Ctrl-C in the middle.
pub(crate) fn interrupted() -> Vec<Record> {
    let mut run = Recorder::begun();
    for step in 0..5 {
        run.passed(step, Cost::Kubernetes, 700);
    }
    run.started(5);
    run.awaiting(
        5,
        "6 Pods to be Ready",
        "2 of 6; redis-cluster-2 ContainerCreating",
    );
    run.later(3_400);
    run.finished(5, Outcome::Interrupted);
    for step in 6..STEPS.len() - 1 {
        run.finished(step, Outcome::Skipped(SkipReason::Interrupted));
    }
    run.passed(STEPS.len() - 1, Cost::Kubernetes, 2_100);
    run.ended(Outcome::Interrupted)
}

/// A step's name, and the parts that it shows.
const STEPS: [(&str, &[&str]); 15] = [
    ("directories are made by hand", &[]),
    ("a namespace and a class", &[]),
    ("six volumes and six claims", &[]),
    ("nothing binds before a consumer", &["5.delays"]),
    ("the set is applied", &[]),
    ("pods come up in order", &["7.order"]),
    (
        "each claim has the volume that its selector names",
        &["13.selector"],
    ),
    ("the cluster is formed", &[]),
    ("all six pods agree that it is healthy", &[]),
    ("keys are written to every shard", &[]),
    (
        "redis-cluster-0 comes back to its node",
        &["2.place", "8.place", "8.address"],
    ),
    ("nothing was lost", &["8.data"]),
    ("the data is on the disks", &["8.data"]),
    (
        "the volumes stay, and are Failed",
        &["10.volume-stays", "10.failed"],
    ),
    ("leak check", &[]),
];

const ABOUT: &str =
    "Six Redis pods on local volumes come back to their own nodes, volumes and data.";

const RERUN: &str = "cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42";

/// Writes records down, as a runner would send them.
pub(crate) struct Recorder {
    records: Vec<Record>,
    now: Elapsed,
}

impl Recorder {
    /// A run whose cluster is there.
    pub(crate) fn begun() -> Self {
        let mut run = Self::announced();
        for what in [
            "kind makes stayput-7f3a",
            "5 nodes become Ready",
            "redis:7 is loaded",
        ] {
            run.add(Event::ClusterProgress {
                what: what.to_owned(),
            });
            run.later(11_730);
        }
        run.add(Event::Told {
            what: "found `stayput-11aa`, left by a run that was killed: deleting it".to_owned(),
        });
        run.add(Event::Spent {
            step: None,
            on: Cost::Cluster,
            from: Elapsed::ZERO,
            until: run.now,
        });
        run.add(Event::ClusterReady(cluster()));
        run
    }

    /// A run of which nothing but its facts is known.
    pub(crate) fn announced() -> Self {
        let mut run = Self {
            records: Vec::new(),
            now: Elapsed::ZERO,
        };
        run.add(Event::RunStarted(facts()));
        run
    }

    pub(crate) fn add(&mut self, event: Event) {
        self.records.push(Record {
            at: self.now,
            event,
        });
    }

    pub(crate) fn now(&self) -> Elapsed {
        self.now
    }

    pub(crate) fn later(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
    }

    pub(crate) fn started(&mut self, step: usize) {
        self.add(Event::StepStarted { step: StepId(step) });
    }

    pub(crate) fn awaiting(&mut self, step: usize, what: &str, seen: &str) {
        self.add(Event::Awaiting {
            step: StepId(step),
            what: what.to_owned(),
            seen: seen.to_owned(),
        });
    }

    pub(crate) fn found(&mut self, step: usize, what: &str) {
        let what = what.to_owned();
        self.add(Event::Found {
            step: StepId(step),
            what,
            on: Vec::new(),
        });
    }

    /// Time passes, and is spent.
    pub(crate) fn spent(&mut self, step: usize, on: Cost, millis: u64) {
        let from = self.now;
        self.later(millis);
        self.add(Event::Spent {
            step: Some(StepId(step)),
            on,
            from,
            until: self.now,
        });
    }

    pub(crate) fn finished(&mut self, step: usize, outcome: Outcome) {
        self.later(4);
        self.add(Event::StepFinished {
            step: StepId(step),
            outcome,
        });
    }

    pub(crate) fn passed(&mut self, step: usize, on: Cost, millis: u64) {
        self.started(step);
        self.spent(step, on, millis);
        self.finished(step, Outcome::Passed);
    }

    pub(crate) fn files(&mut self, files: &[&str]) {
        let files = files.iter().map(Into::into).collect();
        self.add(Event::FilesWritten { files });
    }

    pub(crate) fn ended(mut self, outcome: Outcome) -> Vec<Record> {
        let from = self.now;
        self.later(3_200);
        self.add(Event::Spent {
            step: None,
            on: Cost::Cluster,
            from,
            until: self.now,
        });
        self.add(Event::RunFinished { outcome });
        self.records
    }

    /// Every step, passing, with all that a runner says meanwhile.
    pub(crate) fn all_steps(&mut self) {
        self.up_to_the_set();
        self.pods_in_order();
        self.passed(6, Cost::Kubernetes, 60);
        self.started(7);
        self.spent(7, Cost::Kubernetes, 300);
        self.awaiting(7, "all 16384 slots to be served", "10923 of 16384");
        self.spent(7, Cost::Redis, 5_200);
        self.finished(7, Outcome::Passed);
        self.healthy_and_written();
        self.restarted();
        self.passed(11, Cost::Redis, 240);
        self.started(12);
        self.awaiting(12, "a server over a copy of each disk", "3 of 6");
        self.spent(12, Cost::Proof, 6_100);
        self.found_of(
            12,
            "1200 keys of 1200, each from the disk of its own shard",
            "PersistentVolumeClaim redis/data-0",
        );
        self.finished(12, Outcome::Passed);
        self.started(13);
        self.spent(13, Cost::Kubernetes, 1_250);
        self.found(13, "6 volumes Failed: no volume plugin matched");
        self.finished(13, Outcome::Passed);
        self.passed(14, Cost::Kubernetes, 420);
    }

    pub(crate) fn up_to_the_set(&mut self) {
        self.passed(0, Cost::Kubernetes, 310);
        self.passed(1, Cost::Kubernetes, 40);
        self.passed(2, Cost::Kubernetes, 180);
        self.started(3);
        self.awaiting(
            3,
            "6 PersistentVolumeClaims to stay Pending for 2 s",
            "6 of 6 Pending",
        );
        self.spent(3, Cost::Window, 2_000);
        self.found(3, "6 claims Pending for 2.0 s, no pod uses them");
        self.finished(3, Outcome::Passed);
        self.passed(4, Cost::Kubernetes, 90);
    }

    pub(crate) fn pods_in_order(&mut self) {
        self.started(5);
        for ready in 0..6 {
            let seen = format!("{ready} of 6; redis-cluster-{ready} ContainerCreating");
            self.awaiting(5, "6 Pods in redis to be Ready, in order", &seen);
            self.spent(5, Cost::Kubernetes, 2_850);
        }
        self.six_pods();
        self.found(
            5,
            "redis-cluster-0 … redis-cluster-5, each Ready before the next was made",
        );
        self.finished(5, Outcome::Passed);
    }

    pub(crate) fn healthy_and_written(&mut self) {
        self.started(8);
        self.awaiting(8, "6 pods to agree for 5 s", "6 agree, 1.2 s so far");
        self.spent(8, Cost::Redis, 900);
        self.spent(8, Cost::Window, 5_000);
        self.finished(8, Outcome::Passed);
        self.passed(9, Cost::Redis, 700);
    }

    fn restarted(&mut self) {
        self.started(10);
        self.awaiting(
            10,
            "a new uid, Ready",
            "uid 6f1c is Terminating, node master-1",
        );
        self.comes_back("91d0", "worker");
        self.spent(10, Cost::Kubernetes, 2_400);
        self.found_of(
            10,
            "redis-cluster-0: master-1 as before, 10.244.1.5 is now 10.244.1.9",
            "Pod redis/redis-cluster-0",
        );
        self.finished(10, Outcome::Passed);
    }
}

pub(crate) fn steps() -> Vec<StepFacts> {
    let facts = |(index, (name, shows)): (usize, &(&str, &[&str]))| StepFacts {
        id: StepId(index),
        name: (*name).to_owned(),
        shows: shows
            .iter()
            .map(|part| ClaimPart((*part).to_owned()))
            .collect(),
        place: format!("scenario.yaml:{}", 40 + 7 * index),
    };
    STEPS.iter().enumerate().map(facts).collect()
}

fn facts() -> RunFacts {
    RunFacts {
        scenario: "local-pv-redis".to_owned(),
        file: "fixtures/local-pv-redis/scenario.yaml".into(),
        about: ABOUT.to_owned(),
        provider: Provider::Kind,
        why: "by --cluster kind".to_owned(),
        steps: steps(),
        statements: statements(),
        rerun: RERUN.to_owned(),
        seed: 42,
        started: "2026-11-24T13:18:28Z".to_owned(),
        version: "0.1.0".to_owned(),
        flaky: FlakyCounts::AsFailed,
    }
}

fn cluster() -> ClusterFacts {
    let node = |scenario: Option<&str>, real: &str| NodeFacts {
        scenario: scenario.map(str::to_owned),
        real: format!("stayput-7f3a-{real}"),
    };
    ClusterFacts {
        name: "stayput-7f3a".to_owned(),
        kubernetes: "v1.34.4".to_owned(),
        created: true,
        nodes: vec![
            node(None, "control-plane"),
            node(Some("master-1"), "worker"),
            node(Some("master-2"), "worker2"),
            node(Some("master-3"), "worker3"),
            node(Some("node-1"), "worker4"),
        ],
        versions: vec!["kind v0.33.0".to_owned(), "redis:7@sha256:9f2c".to_owned()],
    }
}

fn statements() -> Vec<Statement> {
    let mut all = first_statements();
    all.extend(last_statements());
    all
}

fn first_statements() -> Vec<Statement> {
    use ClaimVerdict::{Confirmed, MoreExactly, Refuted};
    vec![
        statement(
            2,
            "a local volume always brings the pod back to the same node",
            &[
                (
                    "2.place",
                    Confirmed,
                    "the pod came back to its volume's node",
                ),
                (
                    "2.lost-node",
                    MoreExactly,
                    "with the node lost the pod stays Pending, and never goes elsewhere",
                ),
            ],
        ),
        statement(
            3,
            "a StatefulSet cannot use hostPath",
            &[("3", Refuted, "a StatefulSet on hostPath ran")],
        ),
        statement(
            5,
            "the class does not provision; it only delays binding",
            &[
                (
                    "5.provisions-nothing",
                    Confirmed,
                    "no volume was made for a claim",
                ),
                (
                    "5.delays",
                    Confirmed,
                    "claims stayed Pending until a pod used them",
                ),
            ],
        ),
        statement(
            7,
            "pods start in order, each on its volume's node",
            &[(
                "7.order",
                Confirmed,
                "each pod appeared only after the one before it was Ready",
            )],
        ),
    ]
}

fn last_statements() -> Vec<Statement> {
    use ClaimVerdict::{Confirmed, MoreExactly};
    vec![
        statement(
            8,
            "deleting redis-cluster-0 brings it back on master-1 with another IP",
            &[
                ("8.place", Confirmed, "the same node"),
                ("8.address", Confirmed, "another address"),
                (
                    "8.data",
                    MoreExactly,
                    "its data is there too, and from its own disk: the text never looked",
                ),
            ],
        ),
        statement(
            10,
            "deleting a claim does not delete the volume, though its reclaim policy is Delete",
            &[
                ("10.volume-stays", Confirmed, "all volumes were still there"),
                (
                    "10.failed",
                    MoreExactly,
                    "but they are left Failed, not Available: nobody can bind them again",
                ),
            ],
        ),
        statement(
            13,
            "a claim is bound to a random volume the first time",
            &[
                (
                    "13.random",
                    Confirmed,
                    "without a selector any volume that fits was taken",
                ),
                (
                    "13.selector",
                    MoreExactly,
                    "with a selector the volume is the chosen one",
                ),
            ],
        ),
    ]
}

fn statement(id: u32, says: &str, parts: &[(&str, ClaimVerdict, &str)]) -> Statement {
    Statement {
        id,
        says: says.to_owned(),
        parts: parts
            .iter()
            .map(|(id, verdict, shown)| StatementPart {
                id: ClaimPart((*id).to_owned()),
                verdict: *verdict,
                shown: (*shown).to_owned(),
            })
            .collect(),
    }
}
