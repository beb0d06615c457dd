//! What a pod's machine is told and what it asks for.

use std::sync::Arc;

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use stayput_sandbox::Exit;

use crate::images::Image;

use super::probing::ProbeKind;

/// Something that happened. Containers are named by their place: init containers first.
#[derive(Debug, Clone)]
pub enum Input {
    /// The pod as the API has it now.
    Pod(PodNews),
    /// All volumes are mounted, or what the kubelet says of those that are not.
    Volumes(Result<(), Vec<String>>),
    /// The pod's namespaces are there, with this address; or why not.
    Network(Result<String, String>),
    /// A container's process runs.
    Started {
        /// Which.
        container: usize,
        /// Which attempt.
        instance: u32,
        /// The hook that had to follow its start failed.
        hook: Result<(), String>,
    },
    /// A container could not be started.
    StartFailed {
        /// Which.
        container: usize,
        /// Why.
        fault: StartFault,
    },
    /// A container's process has ended.
    Exited {
        /// Which.
        container: usize,
        /// Which attempt.
        instance: u32,
        /// How.
        exit: Exit,
        /// What it left in its termination log.
        message: Option<String>,
    },
    /// A probe has an answer.
    Probed {
        /// Of which container.
        container: usize,
        /// Of which attempt.
        instance: u32,
        /// Which probe.
        kind: ProbeKind,
        /// What it says.
        outcome: ProbeOutcome,
    },
    /// The hook before a container's end is done, or failed.
    HookDone {
        /// Of which container.
        container: usize,
    },
    /// Volumes and namespaces are gone.
    TornDown,
    /// Time has passed.
    Tick,
}

/// What the API says of a pod.
#[derive(Debug, Clone)]
pub enum PodNews {
    /// It is there.
    Is(Arc<Pod>),
    /// It is gone: somebody forced its deletion.
    Gone,
}

/// Why a container could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFault {
    /// What it refers to is not there: `CreateContainerConfigError`.
    Config(String),
    /// It asks for what cannot be had here: `CreateContainerError`.
    Create(String),
    /// Its program: `StartError`, exit code 128.
    Program(String),
}

/// What a probe says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// It passed.
    Passed,
    /// It did not, and why.
    Failed(String),
    /// It could not be made, and why.
    Errored(String),
}

/// Something to do. Each is answered by an [`Input`], but for the last four.
#[derive(Debug, Clone)]
pub enum Command {
    /// Mount all volumes.
    MountVolumes,
    /// Make namespaces and an address.
    MakeNetwork,
    /// Start a container.
    Start {
        /// Which.
        container: usize,
        /// Which attempt.
        instance: u32,
        /// What its image is here.
        image: Arc<Image>,
    },
    /// Run the hook before a container's end.
    PreStop {
        /// Of which container.
        container: usize,
        /// How long it may take.
        limit: SignedDuration,
    },
    /// Ask a probe.
    Probe {
        /// Of which container.
        container: usize,
        /// Of which attempt.
        instance: u32,
        /// Which.
        kind: ProbeKind,
    },
    /// Let volumes and namespaces go.
    TearDown,
    /// Signal a container's first process; its end is an input.
    Signal {
        /// Which.
        container: usize,
        /// With what.
        signal: i32,
    },
    /// Tell the API the whole status.
    Status(Value),
    /// Tell the API an event.
    Event(EventDraft),
    /// Take the pod out of the API: it has ended.
    Delete,
    /// Forget the pod.
    Forget,
}

/// An event about a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// Normal or warning.
    pub level: Level,
    /// Its reason.
    pub reason: &'static str,
    /// Its text.
    pub message: String,
    /// The part of the pod it is about, such as `spec.containers{main}`.
    pub field_path: Option<String>,
}

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Normal,
    /// Not as it should be.
    Warning,
}

impl Level {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}
