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
        Self {
            mode,
            started,
            deadline: started.after(within),
        }
    }

    /// Judges one observation made at `now`.
    pub fn observe(&mut self, now: Elapsed, met: bool) -> State {
        let _ = (now, met, self.mode, self.started, self.deadline);
        todo!()
    }

    /// Judges the time alone: nothing has changed since the last observation.
    pub fn tick(&mut self, now: Elapsed) -> State {
        let _ = now;
        todo!()
    }

    /// What the time until `now`, or until it was decided, went to.
    pub fn spent(&self, now: Elapsed) -> Spent {
        let _ = now;
        todo!()
    }
}
