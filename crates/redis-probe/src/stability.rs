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
        let unseen = self
            .longest_gap
            .is_some_and(|gap| now.saturating_sub(last) > gap);
        if (unseen || !ailments.is_empty()) && self.since.take().is_some() {
            self.broken += 1;
        }
        self.last = Some(now);
        if !ailments.is_empty() {
            return Hold::Settling;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) >= self.window {
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    /// Plays looks written as `2050 ok` or `7640 ill`, in milliseconds.
    fn check(mut stability: Stability, looks: &str) -> String {
        let lines = looks.split(", ").map(|look| {
            let (millis, health) = look.split_once(' ').unwrap();
            let now = Duration::from_millis(millis.parse().unwrap());
            let hold = stability.observe(now, &ailments(health));
            let hold = match hold {
                Hold::Settling => "settling".to_owned(),
                Hold::Holding { since } => format!("holding since {since:?}"),
                Hold::Held { since } => format!("held since {since:?}"),
            };
            format!("{look}: {hold}, broken {}", stability.broken())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn ailments(health: &str) -> Vec<Ailment> {
        match health {
            "ok" => Vec::new(),
            _ => vec![Ailment::NoView {
                pod: "redis-0".to_owned(),
                why: "connection refused".to_owned(),
            }],
        }
    }

    #[test]
    fn the_false_green_of_a_lone_node_does_not_hold() {
        let window = Stability::new(Duration::from_secs(8));
        assert_snapshot!(check(window, "0 ill, 2050 ok, 5000 ok, 7640 ill, 9000 ill"), @"
        0 ill: settling, broken 0
        2050 ok: holding since 2.05s, broken 0
        5000 ok: holding since 2.05s, broken 0
        7640 ill: settling, broken 1
        9000 ill: settling, broken 1
        ");
    }

    #[test]
    fn health_that_lasts_is_held() {
        let window = Stability::new(Duration::from_secs(5));
        assert_snapshot!(check(window, "0 ill, 1000 ok, 5999 ok, 6000 ok"), @"
        0 ill: settling, broken 0
        1000 ok: holding since 1s, broken 0
        5999 ok: holding since 1s, broken 0
        6000 ok: held since 1s, broken 0
        ");
    }

    #[test]
    fn without_a_window_one_look_is_enough() {
        assert_snapshot!(check(Stability::new(Duration::ZERO), "10 ill, 20 ok"), @"
        10 ill: settling, broken 0
        20 ok: held since 20ms, broken 0
        ");
    }

    #[test]
    fn a_time_in_which_nobody_looked_does_not_count() {
        let window = Stability::new(Duration::from_secs(5)).looked_at_every(Duration::from_secs(1));
        assert_snapshot!(check(window, "0 ok, 900 ok, 6000 ok, 6500 ok"), @"
        0 ok: holding since 0ns, broken 0
        900 ok: holding since 0ns, broken 0
        6000 ok: holding since 6s, broken 1
        6500 ok: holding since 6s, broken 1
        ");
    }

    proptest! {
        /// What was held was healthy at every look of a whole window.
        #[test]
        fn held_means_healthy_throughout(looks in proptest::collection::vec((0_u64..3000, prop_oneof!["ok", "ill"]), 1..60)) {
            let window = Duration::from_secs(5);
            let mut stability = Stability::new(window);
            let mut now = Duration::ZERO;
            let mut history = Vec::new();
            for (step, health) in looks {
                now += Duration::from_millis(step);
                let healthy = health == "ok";
                history.push((now, healthy));
                let hold = stability.observe(now, &ailments(&health));
                match hold {
                    Hold::Settling => prop_assert!(!healthy),
                    Hold::Holding { since } => {
                        prop_assert!(healthy && now.saturating_sub(since) < window);
                    }
                    Hold::Held { since } => {
                        prop_assert!(now.saturating_sub(since) >= window);
                        prop_assert!(history.iter().all(|(at, healthy)| *at <= since || *healthy));
                    }
                }
            }
        }
    }
}
