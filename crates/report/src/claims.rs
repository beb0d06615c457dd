//! The claims ledger: every statement of the text, and what the run showed.

use serde::Serialize;
use stayput_events::{ClaimPart, PartVerdict};

use crate::Summary;

/// One statement, with all of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRow {
    /// Its number, as the text counts.
    pub id: u32,
    /// What it says.
    pub says: String,
    /// Its parts, in the order of the text.
    pub parts: Vec<LedgerPart>,
}

/// One part of a statement, and what the run says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerPart {
    /// Its name, as `8.place`.
    pub id: ClaimPart,
    /// What a passing step would show, in words.
    pub words: String,
    /// What the run says about it.
    pub verdict: PartVerdict,
}

/// How many parts came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// As the text says.
    pub confirmed: usize,
    /// Not as the text says.
    pub refuted: usize,
    /// As the text says, with something that it never says.
    pub more_exactly: usize,
    /// A step that should show it failed.
    pub not_shown: usize,
    /// No step tried it, or none could.
    pub not_tried: usize,
}

impl Tally {
    /// Counts the parts of all rows.
    pub fn of(_ledger: &[LedgerRow]) -> Self {
        todo!()
    }
}

pub(crate) fn ledger(_summary: &Summary) -> Vec<LedgerRow> {
    todo!()
}
