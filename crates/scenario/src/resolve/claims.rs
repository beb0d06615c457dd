//! The file of claims, and the parts that steps show.

use stayput_events::{ClaimPart, ClaimVerdict, Statement, StatementPart};

use super::{Claims, Resolver};
use crate::{raw, scalar::Dialect, schema::CLAIMS, source::NodeId, spanned::Text};

impl Resolver<'_> {
    /// Reads the statements of a file of claims.
    pub(super) fn claims(&mut self, file: &Text) -> Option<Vec<Statement>> {
        let before = self.problems.len();
        let root = *self.documents(file, Dialect::Scenario)?.first()?;
        let raw: Vec<raw::Statement> = self.decode(root, &CLAIMS)?;
        let numbers: Vec<(NodeId, String)> = raw
            .iter()
            .map(|statement| (statement.id.node, statement.id.to_string()))
            .collect();
        self.unique("statements", &numbers, None);
        let parts: Vec<(NodeId, String)> = raw
            .iter()
            .flat_map(|statement| &statement.parts)
            .map(|part| (part.id.node, part.id.value.clone()))
            .collect();
        self.unique("parts", &parts, None);
        // Of a file with mistakes nobody knows which parts it was meant to have.
        (self.problems.len() == before).then(|| raw.into_iter().map(statement).collect())
    }

    /// The parts that a step shows; each has to be in the file of claims.
    pub(super) fn shows(&mut self, shows: &[Text]) -> Vec<ClaimPart> {
        let names: Vec<String> = match &self.claims {
            Claims::Known(statements) => statements
                .iter()
                .flat_map(|statement| &statement.parts)
                .map(|part| part.id.0.clone())
                .collect(),
            Claims::None | Claims::Unreadable => Vec::new(),
        };
        for part in shows {
            match self.claims {
                // A suite has none, and has been told so.
                Claims::None if self.half_known => {}
                Claims::None => {
                    let hint = "name the file of statements in `spec.claims`";
                    self.problem_with_hint(part.node, "there are no claims to show", hint);
                }
                Claims::Known(_) if !names.contains(&part.value) => {
                    let message = format!("no statement has a part `{}`", part.value);
                    self.unknown(part.node, message, part, names.iter().map(String::as_str));
                }
                Claims::Known(_) | Claims::Unreadable => {}
            }
        }
        shows
            .iter()
            .map(|part| ClaimPart(part.value.clone()))
            .collect()
    }
}

fn statement(raw: raw::Statement) -> Statement {
    Statement {
        id: raw.id.value,
        says: raw.says.value,
        parts: raw
            .parts
            .into_iter()
            .map(|part| StatementPart {
                id: ClaimPart(part.id.value),
                verdict: match part.verdict {
                    raw::ClaimVerdict::Confirmed => ClaimVerdict::Confirmed,
                    raw::ClaimVerdict::Refuted => ClaimVerdict::Refuted,
                    raw::ClaimVerdict::MoreExactly => ClaimVerdict::MoreExactly,
                },
                shown: part.shown.value,
            })
            .collect(),
    }
}
