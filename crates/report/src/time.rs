//! Where the time of a run went.

use std::time::Duration;

use serde::{Serialize, Serializer};
use stayput_events::{Cost, Elapsed};

/// Stretches of time and what each was spent on; they may overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans(Vec<Span>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    on: Cost,
    from: Elapsed,
    until: Elapsed,
}

/// The time of a step, a control or a run, each moment counted once.
///
/// All of its parts add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeSplit {
    /// Making, finding and deleting the cluster.
    #[serde(serialize_with = "seconds")]
    pub cluster: Duration,
    /// From an accepted action to its condition.
    #[serde(serialize_with = "seconds")]
    pub kubernetes: Duration,
    /// Redis's own timers.
    #[serde(serialize_with = "seconds")]
    pub redis: Duration,
    /// Windows and holds that the scenario asks for.
    #[serde(serialize_with = "seconds")]
    pub window: Duration,
    /// The proof from the disks.
    #[serde(serialize_with = "seconds")]
    pub proof: Duration,
    /// What is none of these: the harness's own.
    #[serde(serialize_with = "seconds")]
    pub harness: Duration,
    /// The controls, whatever they spent it on; zero but for a run.
    #[serde(serialize_with = "seconds")]
    pub controls: Duration,
    /// From begin to end.
    #[serde(serialize_with = "seconds")]
    pub total: Duration,
}

impl Spans {
    /// Remembers one more stretch.
    pub fn push(&mut self, on: Cost, from: Elapsed, until: Elapsed) {
        self.0.push(Span { on, from, until });
    }

    /// The split of the time between `begin` and `end`.
    ///
    /// A moment that several stretches cover goes to the most particular of
    /// them: the proof before a window, a window before Redis, Redis before
    /// Kubernetes, Kubernetes before the cluster.
    pub fn split(&self, _begin: Elapsed, _end: Elapsed) -> TimeSplit {
        todo!()
    }
}

impl TimeSplit {
    /// What was spent on `cost`.
    pub fn of(&self, cost: Cost) -> Duration {
        match cost {
            Cost::Cluster => self.cluster,
            Cost::Kubernetes => self.kubernetes,
            Cost::Redis => self.redis,
            Cost::Window => self.window,
            Cost::Proof => self.proof,
        }
    }
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Elapsed::new(*span).serialize(serializer)
}
