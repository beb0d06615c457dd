//! Whether health lasted: one green look after a restart is often a false one.
//!
//! A lone node of six says fail, then ok at 2.05 s, then fail for good at
//! 7.64 s. So the whole oracle has to hold for longer than the node time-out.
//!
//! Invariants:
//! - Any ailment ends a hold; the next one starts anew.
//! - Told the time, never asks for it; a time before the last one counts as
//!   the last one.

use std::time::Duration;

use serde::Serialize;

use crate::Ailment;

/// A window of time through which a cluster has to be healthy.
#[derive(Debug, Clone)]
pub struct Stability {
    window: Duration,
    longest_gap: Option<Duration>,
    since: Option<Duration>,
    last: Option<Duration>,
    broken: u32,
}

/// What a window says after a look. Times are the ones that were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Hold {
    /// Not healthy now.
    Settling,
    /// Healthy, but not for long enough.
    Holding {
        /// Since when.
        since: Duration,
    },
    /// Healthy for the whole window.
    Held {
        /// Since when.
        since: Duration,
    },
}

impl Stability {
    /// A window of this length; of no length, one healthy look is enough.
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            longest_gap: None,
            since: None,
            last: None,
            broken: 0,
        }
    }

    /// A hold ends as well when nobody looked for longer than this.
    #[must_use]
    pub fn looked_at_every(mut self, longest_gap: Duration) -> Self {
        self.longest_gap = Some(longest_gap);
        self
    }

    /// Takes in one look that was made at `now`.
    pub fn observe(&mut self, now: Duration, ailments: &[Ailment]) -> Hold {
        let last = self.last.unwrap_or(now);
        let now = now.max(last);
        let unseen = self.longest_gap.is_some_and(|gap| now - last > gap);
        if (unseen || !ailments.is_empty()) && self.since.take().is_some() {
            self.broken += 1;
        }
        self.last = Some(now);
        if !ailments.is_empty() {
            return Hold::Settling;
        }
        let since = *self.since.get_or_insert(now);
        if now - since >= self.window {
            Hold::Held { since }
        } else {
            Hold::Holding { since }
        }
    }

    /// How often a hold was ended, by an ailment or because nobody looked.
    pub fn broken(&self) -> u32 {
        self.broken
    }
}
