//! When a probe is due and what its answers amount to.
//!
//! Invariant: pure; a verdict changes only after as many equal answers as its threshold.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Probe};

/// The three probes of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProbeKind {
    /// Until it passes, the others wait.
    Startup,
    /// Whether it is asked to serve.
    Readiness,
    /// Whether it is left alive.
    Liveness,
}

impl ProbeKind {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];

    /// As events name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }

    /// Its definition in a container.
    pub fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            Self::Startup => container.startup_probe.as_ref(),
            Self::Readiness => container.readiness_probe.as_ref(),
            Self::Liveness => container.liveness_probe.as_ref(),
        }
    }
}

/// A kubelet asks first at once; but with an engine between it and the program that
/// takes longer than this, which servers use to begin to listen.
const SOON: SignedDuration = SignedDuration::from_millis(50);

/// One probe of one running container.
#[derive(Debug, Clone)]
pub(crate) struct Prober {
    pub(crate) kind: ProbeKind,
    period: SignedDuration,
    success: u32,
    failure: u32,
    next: Option<Timestamp>,
    begun: Timestamp,
    last: Option<bool>,
    run: u32,
}

impl Prober {
    /// The probe of a container that started at `started`.
    pub(crate) fn new(kind: ProbeKind, probe: &Probe, started: Timestamp) -> Self {
        let number = |value: Option<i32>, default: u32| match value
            .and_then(|value| u32::try_from(value).ok())
        {
            None | Some(0) => default,
            Some(value) => value,
        };
        let delay = i64::from(probe.initial_delay_seconds.unwrap_or(0));
        Self {
            kind,
            period: SignedDuration::from_secs(i64::from(number(probe.period_seconds, 10))),
            success: number(probe.success_threshold, 1),
            failure: number(probe.failure_threshold, 3),
            next: Some(started + SignedDuration::from_secs(delay).max(SOON)),
            begun: started,
            last: None,
            run: 0,
        }
    }

    /// When it is to be asked; `None` while it is being asked.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.next
    }

    /// Notes that it is being asked.
    pub(crate) fn ask(&mut self, now: Timestamp) {
        self.begun = now;
        self.next = None;
    }

    /// Takes an answer, `None` for none: the verdict, if there is one.
    pub(crate) fn answer(&mut self, now: Timestamp, passed: Option<bool>) -> Option<bool> {
        self.next = Some((self.begun + self.period).max(now));
        let passed = passed?;
        self.run = if self.last == Some(passed) {
            self.run + 1
        } else {
            1
        };
        self.last = Some(passed);
        let enough = if passed { self.success } else { self.failure };
        (self.run >= enough).then_some(passed)
    }

    /// Starts counting anew.
    pub(crate) fn forget(&mut self) {
        self.run = 0;
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prober(failure: i32, success: i32) -> Prober {
        let probe = Probe {
            period_seconds: Some(1),
            failure_threshold: Some(failure),
            success_threshold: Some(success),
            ..Probe::default()
        };
        Prober::new(ProbeKind::Readiness, &probe, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_first_is_due_soon_and_the_next_a_period_after_its_begin() {
        let mut prober = prober(1, 1);
        assert_eq!(prober.due(), Some(Timestamp::UNIX_EPOCH + SOON));
        let start = Timestamp::UNIX_EPOCH + SOON;
        prober.ask(start);
        assert_eq!(prober.due(), None);
        prober.answer(start + SignedDuration::from_millis(300), Some(true));
        assert_eq!(prober.due(), Some(start + SignedDuration::from_secs(1)));
    }

    #[test]
    fn a_verdict_needs_its_threshold_and_an_error_is_no_answer() {
        let mut prober = prober(2, 2);
        let now = Timestamp::UNIX_EPOCH;
        let answers = [
            Some(false),
            None,
            Some(false),
            Some(true),
            Some(false),
            Some(true),
            Some(true),
        ];
        let verdicts = answers.map(|answer| prober.answer(now, answer));
        assert_eq!(
            verdicts,
            [None, None, Some(false), None, None, None, Some(true)]
        );
    }
}
