//! Answers as they are kept: one a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to one request, without what differs in each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the case calls it.
    pub name: String,
    /// Method and path.
    pub request: String,
    /// Status, headers, and body or events.
    pub said: Value,
}

impl Answer {
    /// Reads kept answers; a mistake with its line, from 1.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, (usize, String)> {
        let lines = text.lines().enumerate();
        let read = lines.map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| (number + 1, error.to_string()))
        });
        read.collect()
    }

    /// Answers as they are kept.
    pub(super) fn text(answers: &[Self]) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        for answer in answers {
            text += &serde_json::to_string(answer)?;
            text.push('\n');
        }
        Ok(text)
    }
}
