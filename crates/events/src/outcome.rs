//! How a step, a control or a run ended. Every way has a name.

use serde::{Deserialize, Serialize};

use crate::Failure;

/// How something ended. A retried pass is not a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// All that was asked holds.
    Passed,
    /// It holds, but only after so many attempts in all.
    Flaky {
        /// Attempts made, the passing one included: at least 2.
        attempts: u32,
    },
    /// Something asked for does not hold.
    Failed(Box<Failure>),
    /// The time for it ran out; the failure carries what was last seen.
    TimedOut(Box<Failure>),
    /// It was not tried.
    Skipped(SkipReason),
    /// A person or a signal stopped it.
    Interrupted,
}

impl Outcome {
    /// Whether everything asked was seen to hold at the first attempt.
    pub fn is_pass(&self) -> bool {
        matches!(self, Self::Passed)
    }

    /// How often it was tried, where it did not pass at once.
    pub fn attempts(&self) -> Option<u32> {
        match self {
            Self::Flaky { attempts } => Some(*attempts),
            Self::Passed
            | Self::Failed(_)
            | Self::TimedOut(_)
            | Self::Skipped(_)
            | Self::Interrupted => None,
        }
    }

    /// What went wrong, where something did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) | Self::TimedOut(failure) => Some(failure),
            Self::Passed | Self::Flaky { .. } | Self::Skipped(_) | Self::Interrupted => None,
        }
    }
}

/// Why something was not tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// A step before it failed.
    EarlierFailure,
    /// This cluster cannot do what the step needs; what that is, in words.
    NotPossibleHere(String),
    /// Its own condition, `when`, does not hold; the condition.
    Condition(String),
    /// A control plays only the steps that it needs.
    LeftOutByControl,
    /// The run was stopped before its turn came.
    Interrupted,
}
