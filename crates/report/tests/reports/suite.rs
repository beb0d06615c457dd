//! Several scenarios in one summary.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;
use stayput_events::{Elapsed, Event, FlakyCounts, Outcome, Record};
use stayput_report::{
    Style, Summary,
    suite::{Played, Suite, SuiteVerdict},
};

use crate::{fold, records};

/// A recorded run under another scenario's name.
fn attempt(recorded: &str, scenario: &str, change: impl Fn(&mut Event)) -> Summary {
    let rename = |mut record: Record| {
        if let Event::RunStarted(facts) = &mut record.event {
            scenario.clone_into(&mut facts.scenario);
        }
        change(&mut record.event);
        record
    };
    let renamed: Vec<_> = records(recorded).into_iter().map(rename).collect();
    fold(&renamed)
}

fn played(name: &str, attempts: Vec<Summary>) -> Played {
    Played {
        name: name.to_owned(),
        argument: name.to_owned(),
        folder: Some(name.into()),
        attempts,
    }
}

fn suite(scenarios: Vec<Played>) -> Suite {
    Suite {
        scenarios,
        took: Elapsed::from_millis(201_500),
    }
}

/// The second attempt of a run, which passed.
fn passed_late(scenario: &str, counts: FlakyCounts) -> Summary {
    attempt("passed", scenario, |event| match event {
        Event::RunStarted(facts) => facts.flaky = counts,
        Event::RunFinished { outcome } => *outcome = Outcome::Flaky { attempts: 2 },
        _ => {}
    })
}

fn all() -> Suite {
    suite(vec![
        played("stays", vec![attempt("passed", "stays", |_| {})]),
        played("moves", vec![attempt("failed", "moves", |_| {})]),
        played("never", Vec::new()),
    ])
}

fn text(suite: &Suite) -> String {
    suite.lines(Style::plain(100)).join("\n")
}

#[test]
fn a_line_a_scenario_and_one_ledger() {
    assert_snapshot!(text(&all()));
}

#[test]
fn what_one_scenario_does_not_try_another_shows() {
    let none = |event: &mut Event| {
        if let Event::RunStarted(facts) = event {
            facts.steps.iter_mut().for_each(|step| step.shows.clear());
        }
    };
    let shown = suite(vec![
        played("silent", vec![attempt("passed", "silent", none)]),
        played("stays", vec![attempt("passed", "stays", |_| {})]),
    ]);
    let alone = suite(vec![played(
        "stays",
        vec![attempt("passed", "stays", |_| {})],
    )]);
    assert_eq!(shown.tally(), alone.tally());
    assert!(shown.tally().confirmed > 0 && shown.exit_code() == 0);
    let parts = shown.ledger().into_iter().flat_map(|row| row.parts);
    let by: BTreeSet<_> = parts
        .filter_map(|part| match part.verdict {
            SuiteVerdict::Shown { by, .. } => Some(by),
            SuiteVerdict::NotShown { .. } | SuiteVerdict::NotTried { .. } => None,
        })
        .flatten()
        .map(|showing| showing.scenario)
        .collect();
    assert_eq!(by.into_iter().collect::<Vec<_>>(), ["stays"]);
}

#[test]
fn a_failure_anywhere_outweighs_what_was_shown() {
    let both = all();
    let failed = suite(vec![played(
        "moves",
        vec![attempt("failed", "moves", |_| {})],
    )]);
    assert_eq!(both.tally().not_shown, failed.tally().not_shown);
    assert!(both.tally().not_shown > 0);
    assert_eq!(both.exit_code(), 1);
}

#[test]
fn a_retried_pass_is_flaky_and_fails_unless_it_is_allowed() {
    for (counts, code) in [(FlakyCounts::AsFailed, 1), (FlakyCounts::AsPassed, 0)] {
        let first = attempt("failed", "stays", |_| {});
        let flaky = suite(vec![played(
            "stays",
            vec![first, passed_late("stays", counts)],
        )]);
        assert_eq!(flaky.exit_code(), code);
        // What failed at the first attempt is not shown by the second.
        assert!(flaky.tally().not_shown > 0);
        let xml = flaky.junit().unwrap();
        assert_eq!(xml.contains("<failure"), code == 1, "{xml}");
        assert!(xml.contains("passed only at attempt 2"), "{xml}");
        let text = text(&flaky);
        let lines = text.lines().filter(|line| line.contains("flaky"));
        let lines = lines.collect::<Vec<_>>().join("\n");
        match code {
            0 => assert_snapshot!(lines, @"
            flaky      stays    82.2s  all 15 steps, 2 attempts
            passed: 0 of 1 scenario passed, 1 flaky, in 201.5s
            "),
            _ => assert_snapshot!(lines, @"
            flaky      stays    82.2s  all 15 steps, 2 attempts
            flaky, which is not passed: 0 of 1 scenario passed, 1 flaky, in 201.5s
            "),
        }
        assert_eq!(
            flaky.json().unwrap()["scenarios"][0]["outcome"]["attempts"],
            2
        );
    }
}

#[test]
fn a_suite_of_nothing_is_not_passed() {
    assert_eq!(suite(Vec::new()).exit_code(), 1);
    assert_eq!(suite(vec![played("never", Vec::new())]).exit_code(), 1);
}

#[test]
fn a_suite_a_scenario_in_xml() {
    let xml = all().junit().unwrap();
    let tags = xml.lines().map(str::trim_start);
    let tags = tags.filter(|line| line.starts_with("<testsuite"));
    assert_snapshot!(tags.collect::<Vec<_>>().join("\n"), @r#"
    <testsuites name="stayput" tests="33" failures="2" errors="1" time="201.500">
    <testsuite name="stays" tests="16" skipped="0" errors="0" failures="0" time="82.240" timestamp="2026-11-24T13:18:28Z">
    <testsuite name="moves" tests="16" skipped="3" errors="0" failures="2" time="161.370" timestamp="2026-11-24T13:18:28Z">
    <testsuite name="never" tests="1" skipped="0" errors="1" failures="0">
    "#);
}

/// Every field that is written is documented, and every documented one written.
#[test]
fn the_page_says_what_the_report_holds() {
    let mut suite = all();
    let late = passed_late("late", FlakyCounts::AsFailed);
    suite.scenarios.push(played("late", vec![late]));
    let mut written = BTreeSet::new();
    paths(&suite.json().unwrap(), "", &mut written);
    let page = include_str!("../../suite.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<String> = rows
        .filter_map(|row| row.split_once('`'))
        .map(|(path, _)| path.to_owned())
        .collect();
    let missing: Vec<_> = written.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&written).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "missing: {missing:#?}\nstale: {stale:#?}"
    );
}

fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let own = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                found.insert(own.clone());
                paths(field, &own, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{path}[]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
