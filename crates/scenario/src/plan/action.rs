//! What a step does: the verbs with their arguments.

use stayput_expr::Template;

use super::{Expected, Manifest, Mode, ObjectName, Selection, Step, Target};

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
    /// Run a shell script on this machine.
    Script(Script),
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
    /// Write a text into the report.
    Log(Template),
    /// Several steps at once.
    Parallel(Vec<Step>),
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
    /// A regular expression that standard output matches.
    pub regex: Option<Template>,
    /// A part of the JSON that standard output is.
    pub json: Option<Template>,
    /// A CEL condition over `stdout`, `stderr` and `exitCode`.
    pub that: Option<Template>,
}

/// A shell script on this machine.
#[derive(Debug, Clone)]
pub struct Script {
    /// The script.
    pub run: Template,
    /// A map of variables.
    pub env: Option<Template>,
    /// What its outcome has to be.
    pub expect: CommandExpected,
    /// In a control: a script whose output has to differ before and after.
    pub changes: Option<Template>,
}

/// The log of a container.
#[derive(Debug, Clone)]
pub struct Log {
    /// The pod.
    pub pod: ObjectName,
    /// The container; the first where it is not said.
    pub container: Option<Template>,
    /// Whose log.
    pub of: LogOf,
}

/// Whose log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOf {
    /// The present container's.
    Present,
    /// The one's before it.
    Previous,
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
#[derive(Debug, Clone)]
pub enum NodeFault {
    /// No new pods.
    Cordon,
    /// New pods again.
    Uncordon,
    /// Cordon it and evict all its pods, as far as budgets allow.
    Drain,
    /// Keep pods away that do not tolerate this.
    Taint {
        /// Its key.
        key: Template,
        /// Its value.
        value: Option<Template>,
        /// What it does.
        effect: TaintEffect,
    },
    /// Take a taint away.
    Untaint {
        /// Its key.
        key: Template,
        /// One effect only; all of the key where it is not said.
        effect: Option<TaintEffect>,
    },
    /// Switch the machine off.
    Stop,
    /// Switch it on.
    Start,
    /// Delete its Node object.
    Delete,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaintEffect {
    /// They are not scheduled there.
    NoSchedule,
    /// They are scheduled there only where nothing else is left.
    PreferNoSchedule,
    /// They are not scheduled there, and those that are there have to go.
    NoExecute,
}

impl TaintEffect {
    /// The effect as Kubernetes writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
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
    /// The value of an expression.
    Value(Template),
    /// An object as it is served, or what an expression over `object` makes of it.
    Object {
        /// The object.
        object: Target,
        /// The expression.
        value: Option<Template>,
    },
    /// A list of objects, or what an expression over `objects` makes of it.
    Objects {
        /// The objects.
        objects: Selection,
        /// The expression.
        value: Option<Template>,
    },
    /// The outcome of a command in a pod, or what an expression over it makes of it.
    Exec {
        /// The command.
        exec: Exec,
        /// The expression.
        value: Option<Template>,
    },
    /// The outcome of a script on this machine, or what an expression over it makes of it.
    Script {
        /// The script.
        script: Script,
        /// The expression.
        value: Option<Template>,
    },
    /// The log of a container, or what an expression over `log` makes of it.
    Log {
        /// The log.
        log: Log,
        /// The expression.
        value: Option<Template>,
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
