//! report.json of several scenarios. Its fields are documented in `suite.md`;
//! a test holds that page to what is written.

use serde::Serialize;
use serde_json::Value;
use stayput_events::{Elapsed, SCHEMA_VERSION};

use super::{Played, Suite, SuiteRow};
use crate::{Error, Tally, json::End, redact};

pub(super) fn write(suite: &Suite) -> Result<Value, Error> {
    let report = Report {
        schema_version: SCHEMA_VERSION,
        exit_code: suite.exit_code(),
        scenarios: suite.scenarios.iter().map(Scenario::of).collect(),
        claims: Claims {
            tally: suite.tally(),
            statements: suite.ledger(),
        },
        took: suite.took,
    };
    let plain = serde_json::to_value(report).map_err(|source| Error::Json {
        doing: "write",
        source,
    })?;
    Ok(redact::value(plain))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    exit_code: u8,
    scenarios: Vec<Scenario<'a>>,
    claims: Claims,
    took: Elapsed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scenario<'a> {
    name: &'a str,
    argument: &'a str,
    folder: Option<&'a str>,
    attempts: usize,
    outcome: Option<End<'a>>,
    exit_code: u8,
    failed_at: Option<&'a str>,
    took: Option<Elapsed>,
    rerun: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    tally: Tally,
    statements: Vec<SuiteRow>,
}

impl<'a> Scenario<'a> {
    fn of(played: &'a Played) -> Self {
        let last = played.last();
        let steps = last.into_iter().flat_map(|last| &last.steps);
        let mut failed = steps.filter(|step| {
            let outcome = step.outcome.as_ref();
            outcome.is_some_and(|outcome| outcome.failure().is_some())
        });
        let outcome = last.and_then(|last| last.outcome.as_ref());
        Self {
            name: &played.name,
            argument: &played.argument,
            folder: played.folder.as_deref().map(camino::Utf8Path::as_str),
            attempts: played.attempts.len(),
            outcome: outcome.map(End::without_failure),
            exit_code: played.exit_code(),
            failed_at: failed.next().map(|step| &*step.facts.name),
            took: last.map(|last| last.now),
            rerun: last
                .and_then(|last| last.run.as_ref())
                .map(|run| &*run.rerun),
        }
    }
}
