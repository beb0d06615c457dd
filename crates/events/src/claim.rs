//! The claims ledger: what a published text says, and what running it showed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::StepId;

/// A part of a statement, as `8.place`, or a statement that has one part, as `3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimPart(pub String);

impl fmt::Display for ClaimPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One sentence of the text, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// Its number, as the text counts.
    pub id: u32,
    /// What it says.
    pub says: String,
    /// What has to be shown, part by part.
    pub parts: Vec<StatementPart>,
}

/// A part of a statement that is shown by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatementPart {
    /// Its name, as steps give it in `shows`.
    pub id: ClaimPart,
    /// What a passing step proves about it.
    pub verdict: ClaimVerdict,
    /// What was shown, in words; for *more exactly*, what was never said.
    pub shown: String,
}

/// What running the text shows about one part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimVerdict {
    /// It is as the text says.
    Confirmed,
    /// It is not as the text says.
    Refuted,
    /// It is as the text says, and there is something that it never says.
    MoreExactly,
}

/// What a run says about one part, in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PartVerdict {
    /// Steps that show it passed.
    Shown {
        /// What they show.
        verdict: ClaimVerdict,
        /// The steps, in order.
        steps: Vec<StepId>,
        /// What was seen, a line a finding.
        evidence: Vec<String>,
    },
    /// A step that should show it failed.
    NotShown {
        /// The step that failed.
        step: StepId,
    },
    /// No step tried it, or none could.
    NotTried {
        /// Why, where there is more to say than that no step shows it.
        reason: Option<String>,
    },
}
