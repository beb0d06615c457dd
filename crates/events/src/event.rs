//! The closed list of what can happen in a run.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{ClaimPart, Elapsed, Moment, Outcome, Sight, Statement, Subject};

/// A step of the run, counted from 0 in the order of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub usize);

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// The run began; nothing has been touched yet.
    RunStarted(RunFacts),
    /// The cluster is being made, found or waited for: one line, now.
    ClusterProgress {
        /// What is being done.
        what: String,
    },
    /// Something about clusters that a person has to know: what was found left
    /// over and deleted, what is kept, what could not be used.
    Told {
        /// What, in one line.
        what: String,
    },
    /// All nodes are Ready.
    ClusterReady(ClusterFacts),
    /// A step began.
    StepStarted {
        /// Which.
        step: StepId,
    },
    /// A step waits.
    Awaiting {
        /// Which step.
        step: StepId,
        /// What it waits for.
        what: String,
        /// What it sees now.
        seen: String,
    },
    /// A step spent time on something that is not the harness.
    Spent {
        /// Which step; none for what belongs to the run as a whole.
        step: Option<StepId>,
        /// On what.
        on: Cost,
        /// From when.
        from: Elapsed,
        /// Until when.
        until: Elapsed,
    },
    /// A step found something that belongs in the record.
    Found {
        /// Which step.
        step: StepId,
        /// What, in one line.
        what: String,
        /// What it was found of, where that can be named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        on: Vec<Subject>,
    },
    /// A step changed something that no watch tells the cause of: a fault, or
    /// work on a disk.
    Acted {
        /// Which step.
        step: StepId,
        /// What was done, as `stopped`, in one line.
        what: String,
        /// To what.
        on: Vec<Subject>,
    },
    /// A step writes something into the record for people to read.
    Logged {
        /// Which step.
        step: StepId,
        /// What, in one line or several.
        text: String,
    },
    /// A step cannot show a part after all, though it passed.
    Withheld {
        /// Which step.
        step: StepId,
        /// The part that it would have shown.
        part: ClaimPart,
        /// Why not.
        reason: String,
    },
    /// An object changed, as a watch saw it.
    Changed {
        /// The object, as `Kind namespace/name`.
        object: String,
        /// Its uid.
        uid: String,
        /// The change, in one line.
        change: Moment,
        /// What the object is now; of the first line of a change only, and
        /// only of kinds that have a place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sight: Option<Sight>,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        step: StepId,
        /// How.
        outcome: Outcome,
    },
    /// A control began on the run's cluster; steps that follow are its own.
    ControlStarted {
        /// Its name.
        control: String,
        /// The step that has to fail.
        fails_at: String,
        /// Its steps, in the order in which they are played.
        steps: Vec<StepFacts>,
    },
    /// A control ended.
    ControlFinished {
        /// Its name.
        control: String,
        /// Whether the sabotage was noticed where it should be.
        result: ControlResult,
    },
    /// Files with more to read were written beside the report.
    FilesWritten {
        /// The files, relative to the report's folder where they are inside it.
        files: Vec<Utf8PathBuf>,
    },
    /// The run ended; nothing follows.
    RunFinished {
        /// How.
        outcome: Outcome,
    },
}

/// What is known before anything is touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunFacts {
    /// The scenario's name.
    pub scenario: String,
    /// Its file.
    pub file: Utf8PathBuf,
    /// What it is about, in a sentence.
    pub about: String,
    /// Which kind of cluster, and why that one.
    pub provider: Provider,
    /// Why that one: by flag or by default.
    pub why: String,
    /// The steps, in order; the leak check is the last.
    pub steps: Vec<StepFacts>,
    /// The statements of the text that the scenario is about; empty if none.
    pub statements: Vec<Statement>,
    /// The command that runs just this again.
    pub rerun: String,
    /// The seed of everything random in the run.
    pub seed: u64,
    /// When the run began, in RFC 3339.
    pub started: String,
    /// The version of this program.
    pub version: String,
    /// What a pass that took several attempts counts as.
    #[serde(default)]
    pub flaky: FlakyCounts,
}

/// What a pass that took several attempts counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FlakyCounts {
    /// As a failure.
    #[default]
    AsFailed,
    /// As a pass, because the caller allows it; it is called flaky all the same.
    AsPassed,
}

/// One step, as it is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepFacts {
    /// Its number.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// The parts of statements that it shows.
    pub shows: Vec<ClaimPart>,
    /// Where it stands, as `scenario.yaml:12`.
    pub place: String,
}

/// The kind of a cluster. A report never lets one pass for the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Provider {
    /// Made by kind.
    Kind,
    /// A kubeconfig's context, by name.
    Context(String),
    /// The embedded cluster.
    Embedded,
}

/// What is known once the cluster is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFacts {
    /// Its name.
    pub name: String,
    /// The version of Kubernetes that the API server reports, as `v1.34.4`.
    pub kubernetes: String,
    /// Whether it was made for this run, and not found.
    pub created: bool,
    /// Its nodes.
    pub nodes: Vec<NodeFacts>,
    /// Programs and images with their versions or digests, as `kind v0.33.0`.
    pub versions: Vec<String>,
}

/// One node, by both its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFacts {
    /// The name that the scenario uses; none for a node that it does not use.
    pub scenario: Option<String>,
    /// The name that the cluster uses.
    pub real: String,
}

/// What a run's time goes to. What is none of these is the harness's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cost {
    /// Making, finding and deleting the cluster.
    Cluster,
    /// From an accepted action to its condition.
    Kubernetes,
    /// Redis's own timers: joining, resync.
    Redis,
    /// Windows and holds that the scenario asks for.
    Window,
    /// The proof from the disks.
    Proof,
}

/// Whether a sabotage was noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ControlResult {
    /// The run failed at the step where it should, with this failure.
    Caught(Outcome),
    /// The run failed, but elsewhere.
    FailedElsewhere {
        /// The step that failed.
        at: String,
        /// How.
        outcome: Outcome,
    },
    /// The step passed in spite of the sabotage.
    Missed,
    /// The sabotage changed nothing, so nothing was tested.
    ChangedNothing {
        /// Which action of it, and what was the same before and after.
        what: String,
    },
    /// The sabotage could not be done.
    Broken(Outcome),
    /// This cluster cannot do what it needs.
    NotTried(String),
    /// A person or a signal stopped it.
    Interrupted,
}
