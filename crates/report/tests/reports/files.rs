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
                on: Vec::new(),
            },
        },
    );
    let summary = fold(&all);
    let report = json::write(&all, &summary).unwrap().to_string();
    let xml = junit::write(&summary).unwrap();
    let lines = crate::show(&all, stayput_report::Style::plain(80));
    let page = stayput_report::page::write(&all).unwrap();
    for written in [report, xml, lines, page] {
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
    assert_snapshot!(tags.collect::<Vec<_>>().join("\n"), @r#"
    <testsuites name="local-pv-redis" tests="23" failures="3" errors="2" time="117.218">
    <testsuite name="local-pv-redis" tests="16" skipped="0" errors="0" failures="0" time="82.240" timestamp="2026-11-24T13:18:28Z">
    <testcase name="the cluster is ready" classname="local-pv-redis" time="35.190"/>
    <testcase name="directories are made by hand" classname="local-pv-redis" time="0.314"/>
    <testcase name="a namespace and a class" classname="local-pv-redis" time="0.044"/>
    <testcase name="six volumes and six claims" classname="local-pv-redis" time="0.184"/>
    <testcase name="nothing binds before a consumer" classname="local-pv-redis" time="2.004">
    <testcase name="the set is applied" classname="local-pv-redis" time="0.094"/>
    <testcase name="pods come up in order" classname="local-pv-redis" time="17.104">
    <testcase name="each claim has the volume that its selector names" classname="local-pv-redis" time="0.064"/>
    <testcase name="the cluster is formed" classname="local-pv-redis" time="5.504"/>
    <testcase name="all six pods agree that it is healthy" classname="local-pv-redis" time="5.904"/>
    <testcase name="keys are written to every shard" classname="local-pv-redis" time="0.704"/>
    <testcase name="redis-cluster-0 comes back to its node" classname="local-pv-redis" time="3.904">
    <testcase name="nothing was lost" classname="local-pv-redis" time="0.244"/>
    <testcase name="the data is on the disks" classname="local-pv-redis" time="6.104">
    <testcase name="the volumes stay, and are Failed" classname="local-pv-redis" time="1.254">
    <testcase name="leak check" classname="local-pv-redis" time="0.424"/>
    <testsuite name="local-pv-redis: controls" tests="7" skipped="1" errors="2" failures="3" time="34.978">
    <testcase name="refused writes are noticed" classname="local-pv-redis: controls" time="4.390"/>
    <testcase name="the old pod does not pass for the new one" classname="local-pv-redis: controls" time="4.744">
    <testcase name="a wiped shard is noticed" classname="local-pv-redis: controls" time="5.098">
    <testcase name="a pod on another node is noticed" classname="local-pv-redis: controls" time="4.744">
    <testcase name="the lost keys of one shard are noticed" classname="local-pv-redis: controls" time="5.098">
    <testcase name="a replica&apos;s replaced data is noticed" classname="local-pv-redis: controls" time="5.452">
    <testcase name="a claim made anew under its name is noticed" classname="local-pv-redis: controls" time="5.452">
    "#);
}

#[test]
fn a_case_says_why_it_is_not_a_success() {
    let xml = junit::write(&fold(&records("failed"))).unwrap();
    let from = xml.find("<properties>").unwrap();
    let to = xml.find("<testcase").unwrap();
    assert_snapshot!(&xml[from..to], @r#"
    <properties>
                <property name="file" value="fixtures/local-pv-redis/scenario.yaml"/>
                <property name="provider" value="kind"/>
                <property name="provider.why" value="by --cluster kind"/>
                <property name="rerun" value="cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42"/>
                <property name="seed" value="42"/>
                <property name="version" value="0.1.0"/>
                <property name="kubernetes" value="v1.34.4"/>
                <property name="nodes" value="5"/>
                <property name="claims.confirmed" value="2"/>
                <property name="claims.refuted" value="0"/>
                <property name="claims.moreExactly" value="0"/>
                <property name="claims.notShown" value="3"/>
                <property name="claims.notTried" value="8"/>
            </properties>
    "#);
    let tags = xml.lines().map(str::trim_start);
    let tags = tags.filter(|line| line.starts_with("<failure") || line.starts_with("<skipped"));
    assert_snapshot!(tags.collect::<Vec<_>>().join("\n"), @r#"
    <failure message="redis-cluster-0 came back, but not to the node that its volume is on" type="failed">FAIL redis-cluster-0 comes back to its node (scenario.yaml:110, after 61.0s)
    <skipped message="an earlier step failed"/>
    <skipped message="not `!failed`"/>
    <skipped message="not possible here: this cluster gives no way to its nodes&apos; disks"/>
    <failure message="2 things are left that were not there before" type="timed out">TIMED OUT leak check (scenario.yaml:138, after 30.0s)
    "#);
    for name in ["flaky", "interrupted", "no-cluster"] {
        let xml = junit::write(&fold(&records(name))).unwrap();
        assert!(
            xml.contains("<failure") || xml.contains("<error"),
            "{name}: {xml}"
        );
    }
}
