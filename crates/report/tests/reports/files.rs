//! report.json and junit.xml.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;
use stayput_events::{Event, StepId};
use stayput_report::{Error, json, junit};

use crate::{fold, recorded, records};

#[test]
fn records_read_back_fold_to_the_same_summary() {
    for name in recorded::NAMES {
        let records = records(name);
        let summary = fold(&records);
        let report = json::write(&records, &summary).unwrap();
        let text = serde_json::to_string(&report).unwrap();
        let again: Value = serde_json::from_str(&text).unwrap();
        let read = json::read(&again).unwrap();
        assert_eq!(fold(&read), summary, "{name}");
        assert_eq!(json::write(&read, &fold(&read)).unwrap(), report, "{name}");
    }
}

#[test]
fn another_schema_is_refused() {
    let report = serde_json::json!({"schemaVersion": 999, "records": []});
    let error = json::read(&report).unwrap_err();
    assert!(matches!(error, Error::SchemaVersion { .. }), "{error}");
    assert!(json::read(&Value::Null).is_err());
}

#[test]
fn no_secret_reaches_a_file() {
    let mut all = records("failed");
    let planted = "authorization: Bearer s3cr3ts3cr3ts3cr3t";
    let at = all[10].at;
    all.insert(
        11,
        stayput_events::Record {
            at,
            event: Event::Found {
                step: StepId(3),
                what: planted.to_owned(),
            },
        },
    );
    let summary = fold(&all);
    let report = json::write(&all, &summary).unwrap().to_string();
    let xml = junit::write(&summary).unwrap();
    let lines = crate::show(&all, stayput_report::Style::plain(80));
    for written in [report, xml, lines] {
        assert!(!written.contains("s3cr3t"), "{written}");
    }
}

/// Every field that is written is documented, and every documented one written.
#[test]
fn the_page_says_what_the_report_holds() {
    let mut written = BTreeSet::new();
    for name in recorded::NAMES {
        let records = records(name);
        let report = json::write(&records, &fold(&records)).unwrap();
        paths(&report, "", &mut written);
    }
    let page = include_str!("../../report.md");
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

/// What has a section of its own is listed there, and once.
fn section(path: &str, key: &str) -> Option<&'static str> {
    match key {
        "failure" | "failed" | "timedOut" => Some("failure"),
        "costs" | "time" => Some("time"),
        "outcome" if path.starts_with("records") || path.starts_with("event") => Some("outcome"),
        "caught" | "broken" => Some("outcome"),
        "event" => Some("event"),
        "steps" if path == "controls[]" => Some("steps"),
        _ => None,
    }
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
                paths(field, section(path, key).unwrap_or(&own), found);
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

#[test]
fn a_suite_for_the_run_and_one_for_its_controls() {
    let xml = junit::write(&fold(&records("controls"))).unwrap();
    let tags = xml
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("<test"));
    assert_snapshot!(tags.collect::<Vec<_>>().join("\n"), @"");
}

#[test]
fn a_case_says_why_it_is_not_a_success() {
    let xml = junit::write(&fold(&records("failed"))).unwrap();
    let from = xml.find("<properties>").unwrap();
    let to = xml.find("<testcase").unwrap();
    assert_snapshot!(&xml[from..to], @"");
    let tags = xml.lines().map(str::trim_start);
    let tags = tags.filter(|line| line.starts_with("<failure") || line.starts_with("<skipped"));
    assert_snapshot!(tags.collect::<Vec<_>>().join("\n"), @"");
    for name in ["flaky", "interrupted", "no-cluster"] {
        let xml = junit::write(&fold(&records(name))).unwrap();
        assert!(
            xml.contains("<failure") || xml.contains("<error"),
            "{name}: {xml}"
        );
    }
}
