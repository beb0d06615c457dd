//! Why a step did not pass.

use std::fmt;

use stayput_events::{Failure, Outcome};

use crate::error::RunError;

/// What ends a step early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Something asked for does not hold.
    Failed(Box<Failure>),
    /// It did not come to hold in time.
    TimedOut(Box<Failure>),
    /// The step could not be done.
    Broken(RunError),
    /// An action that has to change something and did not, and what was the same.
    ChangedNothing(String),
}

impl Halt {
    /// A failure in one sentence.
    pub(crate) fn failed(summary: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failure {
            summary: summary.into(),
            ..Failure::default()
        }))
    }

    /// What it means for the step.
    pub(crate) fn into_outcome(self) -> Outcome {
        match self {
            Self::Failed(failure) => Outcome::Failed(failure),
            Self::TimedOut(failure) => Outcome::TimedOut(failure),
            Self::Broken(error) => Outcome::Failed(Box::new(broken(&error))),
            Self::ChangedNothing(what) => Outcome::Failed(Box::new(Failure {
                summary: format!("nothing was changed: {what}"),
                ..Failure::default()
            })),
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) | Self::TimedOut(failure) => {
                write!(f, "{}; seen: {}", failure.summary, failure.seen)
            }
            Self::Broken(error) => error.fmt(f),
            Self::ChangedNothing(what) => write!(f, "nothing was changed: {what}"),
        }
    }
}

fn broken(error: &RunError) -> Failure {
    Failure {
        summary: error.to_string(),
        hint: match error {
            RunError::Cluster(error) => error.hint(),
            _ => None,
        },
        ..Failure::default()
    }
}

impl<E: Into<RunError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}
