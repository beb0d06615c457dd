//! A scenario with everything resolved: the only thing that runs. What a [`Template`] needs (real
//! node names, saved values, the object looked at) is known only in the run.

mod action;
mod bug;
mod expect;
mod timeouts;

use camino::Utf8PathBuf;
use serde_json::Value;
use stayput_events::{ClaimPart, Statement};
use stayput_expr::Template;
use std::{collections::BTreeMap, time::Duration};

pub use action::{
    Action, CommandExpected, Deletion, Exec, Gone, HealthyFor, HostWork, Identity, Log, LogOf,
    NodeFault, Patch, Pods, RedisWork, Saved, Script, TaintEffect, Trait,
};
pub use bug::{Bug, CAUSES, Variant};
pub use expect::{Count, Expected, Mode, Presence};
pub use timeouts::Timeouts;

/// What a run does, in order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario's name, as `local-pv-redis`.
    pub name: String,
    /// Labels, by which it can be chosen.
    pub labels: BTreeMap<String, String>,
    /// What it is about, in a sentence.
    pub about: String,
    /// The file it was read from.
    pub file: Utf8PathBuf,
    /// The file of the suite whose set-up and tear-down are among the steps.
    pub suite: Option<Utf8PathBuf>,
    /// The nodes that it speaks of, by its own names.
    pub nodes: Vec<String>,
    /// Images that have to be on the nodes, as `redis:7`.
    pub images: Vec<String>,
    /// A condition without which it is skipped.
    pub when: Option<Template>,
    /// How long conditions may take, by verb.
    pub timeouts: Timeouts,
    /// Its constants, for expressions.
    pub values: Value,
    /// The Redis Cluster that `redis` steps speak of.
    pub redis: Option<RedisCluster>,
    /// The text whose statements the steps show; empty where there is none.
    pub statements: Vec<Statement>,
    /// How files on nodes are named in snapshots, and what is left out and why.
    pub files: Vec<FileRole>,
    /// The steps, the suite's set-up first, those of `finally` and its tear-down last, without
    /// the leak check that ends every run.
    pub steps: Vec<Step>,
    /// The sabotages that have to be noticed.
    pub controls: Vec<Control>,
    /// The bug report that it is, if it is one.
    pub bug: Option<Bug>,
}

/// The name of the step that ends every run, which no scenario writes.
pub const LEAK_CHECK: &str = "leak check";

impl Plan {
    /// The name of the step with this index, or of the leak check.
    pub fn name_of(&self, step: Option<usize>) -> &str {
        let step = step.and_then(|index| self.steps.get(index));
        step.map_or(LEAK_CHECK, |step| &step.name)
    }
}

/// The Redis Cluster under test.
#[derive(Debug, Clone)]
pub struct RedisCluster {
    /// Its `StatefulSet`, `namespace/name`.
    pub statefulset: ObjectName,
    /// The port that clients use.
    pub port: u16,
    /// `cluster-node-timeout`; stability windows follow from it.
    pub node_timeout: Duration,
    /// The image of the helper pods that prove the disks.
    pub image: String,
    /// The claim template whose volume holds `nodes.conf` and the append-only file.
    pub claim: String,
}

/// How a file on a node appears in snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRole {
    /// A glob over the path below the directory that a step made; `*` stops at `/`.
    pub glob: String,
    /// What becomes of it.
    pub shown: FileShown,
}

/// What a snapshot says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileShown {
    /// Its role, and whether it holds anything.
    Role(String),
    /// Its role only: whether it holds anything differs between runs.
    RoleAlone(String),
    /// Nothing, for this reason.
    Omitted(String),
}

/// One step: a name, and one action, or several under one name.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name; unique in the scenario.
    pub name: String,
    /// The parts of statements that it shows when it passes.
    pub shows: Vec<ClaimPart>,
    /// How long its condition may take; none where the time of its verb counts.
    pub within: Option<Duration>,
    /// A condition without which it is skipped.
    pub when: Option<Template>,
    /// A list, known when the run comes to it: the body is done for each item in turn.
    pub each: Option<Template>,
    /// What it does, in order.
    pub body: Vec<Action>,
    /// Where it stands.
    pub place: Place,
    /// Whether the run goes on, *not tried*, on a cluster that cannot do it.
    pub need: Need,
    /// Whether it is done whatever happened before.
    pub stage: Stage,
}

/// When a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In its turn, while nothing has failed.
    Course,
    /// At the end, whatever happened.
    Finally,
}

/// Whether a step has to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the scenario cannot be played here.
    Required,
    /// Where it is not possible it is *not tried*.
    Optional,
}

/// Where something stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file.
    pub file: Utf8PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// A sabotage, and the step that has to notice it.
#[derive(Debug, Clone)]
pub struct Control {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence; empty where the name says it.
    pub about: String,
    /// The sabotage, one act or several, in the order of their moments.
    pub acts: Vec<Act>,
    /// The index of the step that has to fail; `None` is the leak check.
    pub fails_at: Option<usize>,
    /// A time-out for that step, shorter than its own.
    pub within: Option<Duration>,
    /// Indices of steps that it does not need, ascending.
    pub skip: Vec<usize>,
    /// Where it stands.
    pub place: Place,
}

/// One act of a sabotage.
#[derive(Debug, Clone)]
pub struct Act {
    /// When it happens.
    pub at: Moment,
    /// What is done. Each action has to change something.
    pub body: Vec<Step>,
    /// What undoes it: done at the end, whatever happened, if the act was begun.
    pub undo: Vec<Step>,
}

/// When a sabotage happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Just before the step with this index; `None` is the leak check.
    Before(Option<usize>),
    /// In place of the step with this index.
    Instead(usize),
}

/// `namespace/name`, or `name` of an object without a namespace. Both may hold expressions.
#[derive(Debug, Clone)]
pub struct ObjectName {
    /// The namespace; none for objects without one.
    pub namespace: Option<Template>,
    /// The name.
    pub name: Template,
}

/// One object.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its kind, as `Pod` or `apps/v1/StatefulSet` where the kind alone is not enough.
    pub kind: String,
    /// Its name.
    pub name: ObjectName,
}

/// Some objects of one kind.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Their kind, as in [`Target`].
    pub kind: String,
    /// Their namespace; none for all, or for objects without one.
    pub namespace: Option<Template>,
    /// A label selector as `kubectl -l` takes it.
    pub labels: Option<Template>,
    /// One name only.
    pub name: Option<Template>,
}

/// One object of a manifest, as the file has it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The object, with its expressions.
    pub object: Template,
    /// Where it begins.
    pub place: Place,
    /// The namespace that it goes to where its kind has namespaces and it names
    /// none: the release's. None means `default`, as for kubectl.
    pub namespace: Option<String>,
}
