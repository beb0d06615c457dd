//! Several scenarios in one: a line a scenario, and one ledger over all of them.
//!
//! Invariants:
//! - A fold over the summaries of runs, as each of those is one over records.
//! - A scenario that was not played is not passed over.

mod claims;
mod json;
mod junit;
mod lines;

use camino::Utf8PathBuf;
use stayput_events::{Elapsed, Outcome};

use crate::{Error, Style, Summary, Tally};

pub use claims::{Showing, SuitePart, SuiteRow, SuiteVerdict};

/// What several scenarios have come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Suite {
    /// The scenarios, in order.
    pub scenarios: Vec<Played>,
    /// How long all of them took together.
    pub took: Elapsed,
}

/// One scenario, with all its attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// What the user calls it on the command line.
    pub argument: String,
    /// The folder of its reports, relative to the suite's.
    pub folder: Option<Utf8PathBuf>,
    /// What each attempt came to; none where it was not played.
    pub attempts: Vec<Summary>,
}

impl Played {
    /// The attempt that counts: the last.
    pub fn last(&self) -> Option<&Summary> {
        self.attempts.last()
    }

    /// 0 passed, 1 failed or not played, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        self.last().map_or(1, Summary::exit_code)
    }

    /// Whether it passed, but not at the first attempt.
    pub fn is_flaky(&self) -> bool {
        let outcome = self.last().and_then(|last| last.outcome.as_ref());
        matches!(outcome, Some(Outcome::Flaky { .. }))
    }
}

impl Suite {
    /// The worst of all scenarios; a suite of nothing is not passed.
    pub fn exit_code(&self) -> u8 {
        let codes = self.scenarios.iter().map(Played::exit_code);
        codes.max().unwrap_or(1)
    }

    /// Each statement of the texts, and what the scenarios together showed of it.
    pub fn ledger(&self) -> Vec<SuiteRow> {
        claims::ledger(&self.scenarios)
    }

    /// How many parts of the ledger came out how.
    pub fn tally(&self) -> Tally {
        claims::tally(&self.ledger())
    }

    /// What a person sees at the end.
    pub fn lines(&self, style: Style) -> Vec<String> {
        lines::all(self, style)
    }

    /// The report for programs, redacted.
    pub fn json(&self) -> Result<serde_json::Value, Error> {
        json::write(self)
    }

    /// The report for a CI server, redacted: a suite a scenario.
    pub fn junit(&self) -> Result<String, Error> {
        junit::write(self)
    }
}
