//! A scenario with everything resolved: the only thing that runs. What a [`Template`] needs (real
//! node names, saved values, the object looked at) is known only in the run.

use camino::Utf8PathBuf;
use serde_json::Value;
use stayput_events::{ClaimPart, Statement};
use stayput_expr::Template;
use std::time::Duration;

/// What a run does, in order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario's name, as `local-pv-redis`.
    pub name: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// The file it was read from.
    pub file: Utf8PathBuf,
    /// The nodes that it speaks of, by its own names.
    pub nodes: Vec<String>,
    /// Images that have to be on the nodes, as `redis:7`.
    pub images: Vec<String>,
    /// Its constants, for expressions.
    pub values: Value,
    /// The Redis Cluster that `redis` steps speak of.
    pub redis: Option<RedisCluster>,
    /// The text whose statements the steps show; empty where there is none.
    pub statements: Vec<Statement>,
    /// How files on nodes are named in snapshots, and what is left out and why.
    pub files: Vec<FileRole>,
    /// The steps, without the leak check that ends every run.
    pub steps: Vec<Step>,
    /// The sabotages that have to be noticed.
    pub controls: Vec<Control>,
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
    /// How long its condition may take.
    pub within: Duration,
    /// A list, known when the run comes to it: the body is done for each item in turn.
    pub each: Option<Template>,
    /// What it does, in order.
    pub body: Vec<Action>,
    /// Where it stands.
    pub place: Place,
    /// Whether the run goes on, *not tried*, on a cluster that cannot do it.
    pub need: Need,
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
}

/// A verb with its arguments. The list is closed.
#[derive(Debug, Clone)]
pub enum Action {
    /// Server-side apply.
    Apply(Vec<Manifest>),
    /// Create; fails where it exists.
    Create(Vec<Manifest>),
    /// Patch one object; has to change it.
    Patch {
        /// Which.
        target: Target,
        /// How.
        patch: Patch,
    },
    /// Delete, and see it gone by uid.
    Delete {
        /// What.
        what: Deletion,
        /// Whether to wait until it is gone.
        wait: Gone,
    },
    /// Set the replicas of a `StatefulSet` and see them come or go.
    Scale {
        /// Which.
        statefulset: ObjectName,
        /// How many.
        to: Template,
    },
    /// Delete pods at once and see each come back under a new uid, Ready.
    Restart {
        /// Which pods.
        pods: Pods,
        /// What has to be as before, and what has to be new.
        identity: Identity,
    },
    /// Run a command in a pod.
    Exec(Exec),
    /// Work on a node's disk, or run a command there.
    Host {
        /// The node: the scenario's name or the cluster's.
        node: Template,
        /// What.
        work: HostWork,
    },
    /// A fault, or its end.
    Node {
        /// The node: the scenario's name or the cluster's.
        node: Template,
        /// Which.
        fault: NodeFault,
    },
    /// Something about the Redis Cluster under test.
    Redis(RedisWork),
    /// See that something holds.
    Expect {
        /// What.
        what: Expected,
        /// When it has to.
        mode: Mode,
    },
    /// Compare the inventory of the scenario's objects and files with the golden one.
    Snapshot(String),
    /// Keep a value for later, as `saved.NAME`. Under `forEach` it becomes a list.
    Save {
        /// Its name.
        name: String,
        /// What.
        what: Saved,
    },
}

/// The pods of a restart or of a comparison.
#[derive(Debug, Clone)]
pub enum Pods {
    /// One pod.
    One(ObjectName),
    /// All pods that a selection finds.
    All(Selection),
}

/// What has to be the same and what has to be new.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// As before.
    pub same: Vec<Trait>,
    /// Not as before.
    pub new: Vec<Trait>,
}

/// What tells one pod, with its storage, from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trait {
    /// The pod's uid.
    Uid,
    /// The pod's address.
    Address,
    /// The pod's node.
    Node,
    /// The claims, by name and uid.
    Claim,
    /// The volumes, by name, uid and path.
    Volume,
}

/// A command in a pod.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The pod.
    pub pod: ObjectName,
    /// The container; the first where it is not said.
    pub container: Option<Template>,
    /// The command and its arguments.
    pub command: Vec<Template>,
    /// What its outcome has to be.
    pub expect: CommandExpected,
    /// In a control: a command whose output has to differ before and after.
    pub changes: Option<Vec<Template>>,
}

/// What a command's outcome has to be.
#[derive(Debug, Clone, Default)]
pub struct CommandExpected {
    /// The exit code; 0 where it is not said.
    pub exit_code: i32,
    /// Text that standard output contains.
    pub contains: Option<Template>,
    /// A CEL condition over `stdout`, `stderr` and `exitCode`.
    pub that: Option<Template>,
}

/// Work on a node.
#[derive(Debug, Clone)]
pub enum HostWork {
    /// Make a directory. It must not be there, so that it can be removed again.
    Make(Template),
    /// Remove a file or a directory with all that is in it, and parents that this run made, once empty.
    Remove(Template),
    /// Remove all that is in a directory; there has to be something.
    Empty(Template),
    /// Run a shell script.
    Run {
        /// The script.
        script: Template,
        /// In a control: a script whose output has to differ before and after.
        changes: Option<Template>,
    },
}

/// A fault of a node, or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeFault {
    /// No new pods.
    Cordon,
    /// New pods again.
    Uncordon,
    /// Switch the machine off.
    Stop,
    /// Switch it on.
    Start,
}

/// Work on the Redis Cluster under test.
#[derive(Debug, Clone)]
pub enum RedisWork {
    /// `redis-cli --cluster create` over all pods.
    Create {
        /// Replicas for each master.
        replicas: usize,
    },
    /// `redis-cli --cluster check`, parsed.
    Check,
    /// The healthy oracle from all pods.
    Healthy(HealthyFor),
    /// Write keys over every shard, acknowledged, into the ledger.
    Write {
        /// Keys for each shard.
        per_shard: usize,
    },
    /// Compare the ledger by exact value, and digests with the baseline.
    Verify,
    /// Prove from the disks, while no pod runs, that the data is there.
    ProveDisks,
}

/// How long the healthy oracle has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthyFor {
    /// Once from all pods.
    Once,
    /// For node-timeout + 3 s without a break.
    Window,
}

/// What has to hold.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Objects of a selection: how many, and what each looks like.
    Objects {
        /// Which.
        which: Selection,
        /// How many there have to be; at least one where it is not said.
        count: Option<Template>,
        /// A partial object that each has to match; `object` is the one looked at.
        matches: Option<Template>,
        /// A CEL condition over `object`, for each.
        that: Option<Template>,
        /// A number for each: an object may appear only after all of a lower number match.
        in_order: Option<Template>,
    },
    /// An event about an object.
    Event {
        /// About which objects.
        about: Selection,
        /// Its reason.
        reason: Option<Template>,
        /// Text that its message contains.
        message: Option<Template>,
    },
    /// A directory or file on a node.
    Files {
        /// The node.
        node: Template,
        /// The path.
        path: Template,
        /// Whether it has to be there.
        presence: Presence,
        /// The digest of all that is in it.
        digest: Option<Template>,
    },
    /// Pods, compared with what was saved of them.
    Pods {
        /// Which.
        pods: Pods,
        /// The name under which they were saved.
        compared_to: String,
        /// What has to be as before, and what has to be new.
        identity: Identity,
    },
    /// A CEL condition over the values of the run.
    That(Template),
}

/// Whether a file has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    There,
    /// It is not.
    Absent,
}

/// When something has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Within the step's time.
    Eventually,
    /// Within the step's time, and then for so long without a break.
    Holds(Duration),
    /// At no moment for so long.
    Never(Duration),
}

/// How to change an object.
#[derive(Debug, Clone)]
pub enum Patch {
    /// RFC 7386.
    Merge(Template),
    /// RFC 6902.
    Json(Template),
    /// Kubernetes' own.
    Strategic(Template),
}

/// What to delete.
#[derive(Debug, Clone)]
pub enum Deletion {
    /// The objects of manifests.
    Manifests(Vec<Manifest>),
    /// All that a selection finds; there has to be something.
    Selection(Selection),
}

/// Whether a deletion waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// Until each uid is gone.
    Wait,
    /// Until it is accepted.
    Accepted,
}

/// What to keep.
#[derive(Debug, Clone)]
pub enum Saved {
    /// The value of an expression; `object` is the target where one is named.
    Value {
        /// The object looked at.
        object: Option<Target>,
        /// The expression.
        value: Template,
    },
    /// The digest of all that is in a directory of a node.
    Digest {
        /// The node.
        node: Template,
        /// The path.
        path: Template,
    },
    /// What tells pods, with their storage, from others.
    Pods(Pods),
}
