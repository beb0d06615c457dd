//! Where the time of a run went.
//!
//! Invariants:
//! - No moment is counted twice, whatever overlaps.
//! - The parts of a [`TimeSplit`] add up to its total.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use stayput_events::{Cost, Elapsed};

/// Stretches of time and what each was spent on; they may overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spans(Vec<Span>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    class: Class,
    from: Elapsed,
    until: Elapsed,
}

/// What a moment can go to; of several, the first one here takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Class {
    Control,
    Proof,
    Window,
    Redis,
    Kubernetes,
    Cluster,
}

const CLASSES: usize = 6;

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
        let class = Class::of(on);
        self.0.push(Span { class, from, until });
    }

    /// Remembers that a control took this stretch.
    pub(crate) fn push_control(&mut self, from: Elapsed, until: Elapsed) {
        let class = Class::Control;
        self.0.push(Span { class, from, until });
    }

    /// Remembers every stretch of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The split of the time between `begin` and `end`.
    ///
    /// A moment that several stretches cover goes to the most particular of
    /// them: the proof before a window, a window before Redis, Redis before
    /// Kubernetes, Kubernetes before the cluster.
    pub fn split(&self, begin: Elapsed, end: Elapsed) -> TimeSplit {
        let spent = self.sweep(begin, end);
        let total = end - begin;
        let of = |class: Class| spent[class as usize];
        TimeSplit {
            cluster: of(Class::Cluster),
            kubernetes: of(Class::Kubernetes),
            redis: of(Class::Redis),
            window: of(Class::Window),
            proof: of(Class::Proof),
            harness: total.saturating_sub(spent.iter().sum()),
            controls: of(Class::Control),
            total,
        }
    }

    /// Goes over all beginnings and ends in order, and gives the time between
    /// two of them to the first class that is open there.
    fn sweep(&self, begin: Elapsed, end: Elapsed) -> [Duration; CLASSES] {
        let mut edges: Vec<(Elapsed, Class, isize)> = Vec::with_capacity(2 * self.0.len());
        for span in &self.0 {
            let (from, until) = (span.from.max(begin), span.until.min(end));
            if from < until {
                edges.push((from, span.class, 1));
                edges.push((until, span.class, -1));
            }
        }
        edges.sort_by_key(|(at, _, _)| *at);
        let mut open = [0_isize; CLASSES];
        let mut spent = [Duration::ZERO; CLASSES];
        let mut last = begin;
        for (at, class, change) in edges {
            if let Some(taker) = open.iter().position(|count| *count > 0) {
                spent[taker] += at - last;
            }
            open[class as usize] += change;
            last = at;
        }
        spent
    }
}

impl Class {
    const fn of(cost: Cost) -> Self {
        match cost {
            Cost::Cluster => Self::Cluster,
            Cost::Kubernetes => Self::Kubernetes,
            Cost::Redis => Self::Redis,
            Cost::Window => Self::Window,
            Cost::Proof => Self::Proof,
        }
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn check(spans: &[(Cost, u64, u64)], begin: u64, end: u64) -> String {
        let mut all = Spans::default();
        for (on, from, until) in spans {
            all.push(
                *on,
                Elapsed::from_millis(*from),
                Elapsed::from_millis(*until),
            );
        }
        let split = all.split(Elapsed::from_millis(begin), Elapsed::from_millis(end));
        format!(
            "cluster {} kubernetes {} redis {} window {} proof {} harness {} of {}",
            split.cluster.as_millis(),
            split.kubernetes.as_millis(),
            split.redis.as_millis(),
            split.window.as_millis(),
            split.proof.as_millis(),
            split.harness.as_millis(),
            split.total.as_millis(),
        )
    }

    #[test]
    fn an_overlap_of_one_class_counts_once() {
        let spans = [(Cost::Kubernetes, 0, 10), (Cost::Kubernetes, 5, 12)];
        assert_snapshot!(check(&spans, 0, 15), @"cluster 0 kubernetes 12 redis 0 window 0 proof 0 harness 3 of 15");
    }

    #[test]
    fn an_overlap_of_two_classes_goes_to_the_more_particular() {
        let spans = [(Cost::Kubernetes, 0, 10), (Cost::Redis, 5, 12)];
        assert_snapshot!(check(&spans, 0, 15), @"cluster 0 kubernetes 5 redis 7 window 0 proof 0 harness 3 of 15");
    }

    #[test]
    fn a_span_outside_is_cut_off() {
        assert_snapshot!(check(&[(Cost::Window, 0, 100)], 20, 50), @"cluster 0 kubernetes 0 redis 0 window 30 proof 0 harness 0 of 30");
    }

    #[test]
    fn a_span_that_ends_before_it_begins_is_nothing() {
        assert_snapshot!(check(&[(Cost::Proof, 9, 3)], 0, 10), @"cluster 0 kubernetes 0 redis 0 window 0 proof 0 harness 10 of 10");
    }
}
