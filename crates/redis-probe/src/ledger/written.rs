//! How a ledger's writes went, all told.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{Record, WriteOutcome};

/// How many entries came to what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// Entries in the ledger.
    pub planned: usize,
    /// Entries that were never sent.
    pub unsent: usize,
    /// Entries that were acknowledged.
    pub acknowledged: usize,
    /// Entries that the master took and too few replicas confirmed.
    pub too_few_replicas: usize,
    /// Entries that a server refused.
    pub refused: usize,
    /// Entries without a reply.
    pub unknown: usize,
    /// What was said instead of an acknowledgement, and how often.
    pub errors: BTreeMap<String, usize>,
}

impl Written {
    /// Adds them up, given an outcome or none for each entry.
    pub(super) fn of<'a>(records: impl Iterator<Item = Option<&'a Record>>) -> Self {
        let mut written = Self::default();
        for record in records {
            written.add(record);
        }
        written
    }

    fn add(&mut self, record: Option<&Record>) {
        self.planned += 1;
        let Some(record) = record else {
            self.unsent += 1;
            return;
        };
        let (count, error) = match &record.outcome {
            WriteOutcome::Acknowledged { .. } => (&mut self.acknowledged, None),
            WriteOutcome::TooFewReplicas { replicas, wanted } => {
                let error = format!("WAIT counted {replicas} replicas, not {wanted}");
                (&mut self.too_few_replicas, Some(error))
            }
            WriteOutcome::Refused { error } => (&mut self.refused, Some(error.clone())),
            WriteOutcome::Unknown { error } => (&mut self.unknown, Some(error.clone())),
        };
        *count += 1;
        if let Some(error) = error {
            *self.errors.entry(error).or_default() += 1;
        }
    }

    /// Whether there were entries and every one was acknowledged.
    pub fn all_acknowledged(&self) -> bool {
        self.planned > 0 && self.acknowledged == self.planned
    }
}

/// As `297 of 300 keys acknowledged, 3 refused; CLUSTERDOWN … (3 times)`.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} keys acknowledged",
            self.acknowledged, self.planned
        )?;
        let others = [
            (self.refused, "refused"),
            (self.too_few_replicas, "on too few replicas"),
            (self.unknown, "without a reply"),
            (self.unsent, "never sent"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        for (error, count) in &self.errors {
            write!(f, "; {error} ({count} times)")?;
        }
        Ok(())
    }
}
