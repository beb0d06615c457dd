//! A cause as it is found, with how sure it is.

use serde_json::Value;
use stayput_events::Cause;

use crate::served;

/// Every cause that can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// No volume that fits is on a node that the pod may use.
    NoVolumeOnNode,
    /// A volume's affinity names a node that is not there.
    AffinityToMissingNode,
    /// The node takes no new pods.
    NodeCordoned,
    /// The node has a taint that the pod does not tolerate.
    NodeTainted,
    /// The node's kubelet says nothing, or that it is not ready.
    NodeDown,
    /// No node has the labels that the pod asks for.
    NoNodeMatches,
    /// The node has too little memory or processor left.
    NodeFull,
    /// Another pod, that this one must not stand beside, is on the node.
    KeptApart,
    /// The pod's volumes are on different nodes.
    VolumesApart,
    /// The claim's volume is on a node that the pod must not use.
    BoundElsewhere,
    /// The directory of a volume is not there.
    PathMissing,
    /// What is at a volume's path is of another type.
    PathWrongType,
    /// A volume that would fit is held by an earlier claim.
    VolumeHeld,
    /// The class makes no volumes, and there is none.
    NothingProvisions,
    /// There are volumes, but none that fits.
    NoVolumeFits,
    /// The class is not there, or none is named.
    NoClass,
    /// The claim names a volume that is not there, or its volume is gone.
    VolumeGone,
    /// The claim that was made has another name than the one that is looked for.
    ClaimMisnamed,
    /// The pod names a claim that is not there.
    ClaimMissing,
    /// The claim waits for a pod that uses it.
    NoConsumer,
    /// The pod was put on its node past the scheduler.
    PinnedPastScheduler,
    /// It is being deleted, and stays as long as a pod uses it.
    HeldByPod,
    /// A `ConfigMap`, a Secret or a key in it is not there.
    ConfigMissing,
    /// The image cannot be had.
    ImageNotPulled,
    /// The container cannot be started.
    ContainerNotStarted,
    /// The container ends again and again.
    ContainerCrashes,
    /// A probe fails.
    ProbeFails,
    /// A disruption budget stops the eviction.
    BudgetStopsEviction,
    /// The scheduler says no, for reasons of its own.
    NotScheduled,
}

impl Kind {
    /// All of them, in the order in which a bug report may name them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 29] = [
        Self::NoVolumeOnNode,
        Self::AffinityToMissingNode,
        Self::NodeCordoned,
        Self::NodeTainted,
        Self::NodeDown,
        Self::NoNodeMatches,
        Self::NodeFull,
        Self::KeptApart,
        Self::VolumesApart,
        Self::BoundElsewhere,
        Self::PathMissing,
        Self::PathWrongType,
        Self::VolumeHeld,
        Self::NothingProvisions,
        Self::NoVolumeFits,
        Self::NoClass,
        Self::VolumeGone,
        Self::ClaimMisnamed,
        Self::ClaimMissing,
        Self::NoConsumer,
        Self::PinnedPastScheduler,
        Self::HeldByPod,
        Self::ConfigMissing,
        Self::ImageNotPulled,
        Self::ContainerNotStarted,
        Self::ContainerCrashes,
        Self::ProbeFails,
        Self::BudgetStopsEviction,
        Self::NotScheduled,
    ];

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoVolumeOnNode => "no-volume-on-node",
            Self::AffinityToMissingNode => "affinity-to-missing-node",
            Self::NodeCordoned => "node-cordoned",
            Self::NodeTainted => "node-tainted",
            Self::NodeDown => "node-down",
            Self::NoNodeMatches => "no-node-matches",
            Self::NodeFull => "node-full",
            Self::KeptApart => "kept-apart",
            Self::VolumesApart => "volumes-apart",
            Self::BoundElsewhere => "bound-elsewhere",
            Self::PathMissing => "path-missing",
            Self::PathWrongType => "path-wrong-type",
            Self::VolumeHeld => "volume-held",
            Self::NothingProvisions => "nothing-provisions",
            Self::NoVolumeFits => "no-volume-fits",
            Self::NoClass => "no-class",
            Self::VolumeGone => "volume-gone",
            Self::ClaimMisnamed => "claim-misnamed",
            Self::ClaimMissing => "claim-missing",
            Self::NoConsumer => "no-consumer",
            Self::PinnedPastScheduler => "pinned-past-scheduler",
            Self::HeldByPod => "held-by-pod",
            Self::ConfigMissing => "config-missing",
            Self::ImageNotPulled => "image-not-pulled",
            Self::ContainerNotStarted => "container-not-started",
            Self::ContainerCrashes => "container-crashes",
            Self::ProbeFails => "probe-fails",
            Self::BudgetStopsEviction => "budget-stops-eviction",
            Self::NotScheduled => "not-scheduled",
        }
    }
}

/// How sure a finding is; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Surety {
    /// A fact explains it, and the cluster's own words say the same.
    Shown,
    /// The cluster says so, or a fact does: not both.
    Told,
    /// It would explain it.
    Guessed,
}

/// A cause as it is found.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    pub(super) surety: Surety,
    /// The object in trouble, and all that hang together with it, by title.
    pub(super) touched: Vec<String>,
    what: String,
    evidence: Vec<String>,
    cure: String,
}

impl Finding {
    /// A cause of the trouble of one object.
    pub(super) fn new(kind: Kind, surety: Surety, of: &Value, what: String) -> Self {
        Self {
            kind,
            surety,
            touched: vec![served::title(of)],
            what,
            evidence: Vec::new(),
            cure: String::new(),
        }
    }

    /// What shows it.
    pub(super) fn seen(mut self, line: impl Into<String>) -> Self {
        let line = line.into();
        if !self.evidence.contains(&line) {
            self.evidence.push(line);
        }
        self
    }

    /// What shows it, where there is something.
    pub(super) fn seen_all(self, lines: impl IntoIterator<Item = String>) -> Self {
        lines.into_iter().fold(self, Self::seen)
    }

    /// What to do about it.
    pub(super) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }

    /// Objects that hang together with the one in trouble.
    pub(super) fn touching(mut self, titles: impl IntoIterator<Item = String>) -> Self {
        self.touched.extend(titles);
        self
    }

    pub(super) fn into_cause(self) -> Cause {
        Cause {
            name: self.kind.name().to_owned(),
            object: self.touched.into_iter().next().unwrap_or_default(),
            what: self.what,
            evidence: self.evidence,
            cure: self.cure,
        }
    }
}
