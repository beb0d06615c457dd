//! When a condition has to hold: eventually, for so long, or never.
//!
//! Between two observations nothing changed: a watch tells every change, so
//! what was seen last held until the next observation.
//!
//! Invariants:
//! - No clock: every moment is handed in.
//! - After `Met` or `Broken` the answer stays.
//! - Time spent waiting and time spent holding never overlap.

use std::time::Duration;

use stayput_events::Elapsed;
use stayput_scenario::plan::Mode;

/// Follows one condition through time.
#[derive(Debug, Clone)]
pub struct Hold {
    mode: Mode,
    started: Elapsed,
    deadline: Elapsed,
    stage: Stage,
}

/// Where a condition stands.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// It does not hold yet.
    Waiting,
    /// It has held, or not happened, since a moment, and has to until another.
    Holding { since: Elapsed, until: Elapsed },
    /// It is decided: the hold if there was one, the end, and how.
    Decided {
        since: Option<Elapsed>,
        at: Elapsed,
        how: Result<(), Why>,
    },
}

/// One observation of the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// It holds.
    Met,
    /// It does not.
    NotMet,
}

impl From<bool> for Observed {
    fn from(met: bool) -> Self {
        if met { Self::Met } else { Self::NotMet }
    }
}

/// What is known of a condition at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Look again at the next change, and at this moment if none comes.
    Wait {
        /// The deadline or the end of the hold.
        until: Elapsed,
    },
    /// All that was asked holds.
    Met,
    /// It cannot hold any more.
    Broken(Why),
}

/// Why a condition cannot hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Time ran out before it held; the last observation tells why.
    TimedOut,
    /// It held, and ceased to before the time was over.
    Ceased {
        /// How long it held.
        held: Duration,
    },
    /// What never should, happened.
    Happened {
        /// After how long.
        after: Duration,
    },
}

/// What the time went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// From the start until the condition held: the cluster's time.
    pub waiting: (Elapsed, Elapsed),
    /// From then on: the time that the scenario asks for.
    pub holding: Option<(Elapsed, Elapsed)>,
}

impl Hold {
    /// Begins at `started`; the condition has to hold `within` this time.
    pub fn new(mode: Mode, started: Elapsed, within: Duration) -> Self {
        let stage = match mode {
            Mode::Eventually | Mode::Holds(_) => Stage::Waiting,
            Mode::Never(span) => Stage::Holding {
                since: started,
                until: started.after(span),
            },
        };
        Self {
            mode,
            started,
            deadline: started.after(within),
            stage,
        }
    }

    /// Judges one observation made at `now`.
    pub fn observe(&mut self, now: Elapsed, observed: Observed) -> State {
        // What was seen before held until now: the time is judged first.
        let state = self.tick(now);
        let (Stage::Waiting | Stage::Holding { .. }) = self.stage else {
            return state;
        };
        match (self.mode, self.stage, observed) {
            (Mode::Eventually, Stage::Waiting, Observed::Met) => self.decide(now, Ok(())),
            (Mode::Holds(span), Stage::Waiting, Observed::Met) => {
                self.stage = Stage::Holding {
                    since: now,
                    until: now.after(span),
                };
                self.tick(now)
            }
            (Mode::Holds(_), Stage::Holding { since, .. }, Observed::NotMet) => {
                let held = now - since;
                self.decide(now, Err(Why::Ceased { held }))
            }
            (Mode::Never(_), Stage::Holding { since, .. }, Observed::Met) => {
                let after = now - since;
                self.decide(now, Err(Why::Happened { after }))
            }
            (Mode::Eventually | Mode::Holds(_) | Mode::Never(_), _, _) => state,
        }
    }

    /// Judges the time alone: nothing has changed since the last observation.
    pub fn tick(&mut self, now: Elapsed) -> State {
        match self.stage {
            // An observation made at the deadline itself is still in time.
            Stage::Waiting if now > self.deadline => self.decide(self.deadline, Err(Why::TimedOut)),
            Stage::Waiting => State::Wait {
                until: self.deadline,
            },
            Stage::Holding { until, .. } if now >= until => self.decide(until, Ok(())),
            Stage::Holding { until, .. } => State::Wait { until },
            Stage::Decided { how: Ok(()), .. } => State::Met,
            Stage::Decided { how: Err(why), .. } => State::Broken(why),
        }
    }

    /// What the time until `now`, or until it was decided, went to.
    pub fn spent(&self, now: Elapsed) -> Spent {
        let (since, end) = match self.stage {
            Stage::Waiting => (None, now),
            Stage::Holding { since, .. } => (Some(since), now),
            Stage::Decided { since, at, .. } => (since, at),
        };
        Spent {
            waiting: (self.started, since.unwrap_or(end)),
            holding: since.map(|since| (since, end)),
        }
    }

    fn decide(&mut self, at: Elapsed, how: Result<(), Why>) -> State {
        let since = match self.stage {
            Stage::Waiting => None,
            Stage::Holding { since, .. } => Some(since),
            Stage::Decided { since, .. } => since,
        };
        self.stage = Stage::Decided { since, at, how };
        self.tick(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use insta::assert_snapshot;

    const SECOND: Duration = Duration::from_secs(1);

    /// Observations as `(milliseconds, met)`, each answer, and where the time went.
    fn check(mode: Mode, observations: &[(u64, bool)]) -> String {
        let mut hold = Hold::new(mode, Elapsed::from_millis(1000), 4 * SECOND);
        let mut lines = Vec::new();
        let mut last = Elapsed::ZERO;
        for (millis, met) in observations {
            last = Elapsed::from_millis(*millis);
            let state = match hold.observe(last, (*met).into()) {
                State::Wait { until } => format!("wait until {until}"),
                other => format!("{other:?}"),
            };
            lines.push(format!("{last} {met}: {state}"));
        }
        let spent = hold.spent(last);
        let span = |(from, until): (Elapsed, Elapsed)| format!("{from} to {until}");
        let holding = spent.holding.map_or("not at all".to_owned(), span);
        lines.push(format!(
            "waiting {}, holding {holding}",
            span(spent.waiting)
        ));
        lines.join("\n")
    }

    #[test]
    fn eventually_is_met_at_once() {
        assert_snapshot!(check(Mode::Eventually, &[(1000, false), (3000, true), (9000, false)]), @r"
        1.00s false: wait until 5.00s
        3.00s true: Met
        9.00s false: Met
        waiting 1.00s to 3.00s, holding not at all
        ");
    }

    #[test]
    fn what_comes_after_the_deadline_is_too_late() {
        assert_snapshot!(check(Mode::Eventually, &[(1000, false), (5000, false), (5001, true)]), @r"
        1.00s false: wait until 5.00s
        5.00s false: wait until 5.00s
        5.00s true: Broken(TimedOut)
        waiting 1.00s to 5.00s, holding not at all
        ");
    }

    #[test]
    fn a_hold_begins_when_the_condition_does() {
        assert_snapshot!(check(Mode::Holds(2 * SECOND), &[(1000, false), (2500, true), (4000, true), (4500, true)]), @r"
        1.00s false: wait until 5.00s
        2.50s true: wait until 4.50s
        4.00s true: wait until 4.50s
        4.50s true: Met
        waiting 1.00s to 2.50s, holding 2.50s to 4.50s
        ");
    }

    #[test]
    fn a_hold_may_outlast_the_deadline() {
        assert_snapshot!(check(Mode::Holds(2 * SECOND), &[(4900, true), (6900, true)]), @r"
        4.90s true: wait until 6.90s
        6.90s true: Met
        waiting 1.00s to 4.90s, holding 4.90s to 6.90s
        ");
    }

    #[test]
    fn a_hold_that_ceases_is_broken() {
        assert_snapshot!(check(Mode::Holds(2 * SECOND), &[(1000, true), (2999, false), (3000, true)]), @r"
        1.00s true: wait until 3.00s
        3.00s false: Broken(Ceased { held: 1.999s })
        3.00s true: Broken(Ceased { held: 1.999s })
        waiting 1.00s to 1.00s, holding 1.00s to 3.00s
        ");
    }

    #[test]
    fn what_is_seen_after_the_hold_does_not_break_it() {
        assert_snapshot!(check(Mode::Holds(2 * SECOND), &[(1000, true), (3100, false)]), @r"
        1.00s true: wait until 3.00s
        3.10s false: Met
        waiting 1.00s to 1.00s, holding 1.00s to 3.00s
        ");
    }

    #[test]
    fn never_is_met_when_its_time_is_over() {
        assert_snapshot!(check(Mode::Never(2 * SECOND), &[(1000, false), (3000, false)]), @r"
        1.00s false: wait until 3.00s
        3.00s false: Met
        waiting 1.00s to 1.00s, holding 1.00s to 3.00s
        ");
    }

    #[test]
    fn what_never_should_happen_breaks_it_at_once() {
        assert_snapshot!(check(Mode::Never(2 * SECOND), &[(1000, false), (1700, true)]), @r"
        1.00s false: wait until 3.00s
        1.70s true: Broken(Happened { after: 700ms })
        waiting 1.00s to 1.00s, holding 1.00s to 1.70s
        ");
    }
}
