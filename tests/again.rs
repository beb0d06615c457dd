//! What is played again, and what a late pass counts as.

use std::{fs, path::Path};

use libtest_mimic::Failed;
use serde_json::Value;
use stayput_tests::{Ended, stayput_in};

/// A test and its name.
pub(crate) type Test = (&'static str, fn() -> Result<(), Failed>);

pub(crate) fn all() -> Vec<Test> {
    vec![
        (
            "retries::a_late_pass_is_flaky_and_fails",
            a_late_pass_is_flaky_and_fails,
        ),
        (
            "retries::a_late_pass_may_be_allowed",
            a_late_pass_may_be_allowed,
        ),
        ("retries::none_unless_asked_for", none_unless_asked_for),
        ("rerun_failed::only_what_failed", only_what_failed),
    ]
}

/// Fails on a cluster until it was tried so often: what it depends on lies outside of every
/// cluster, as with whatever makes tests flaky.
fn passes_at(attempt: u32) -> String {
    format!(
        r#"
    - save: {{as: tries, script: {{run: "echo >> tries-$NAME; wc -l < tries-$NAME", env: {{NAME: passes-at-{attempt}}}}}, value: stdout.trim()}}
    - name: a note of it
      apply: note.yaml
    - name: often enough
      within: 1s
      expect: {{all: ConfigMap, in: default, name: note, match: {{data: {{tries: "{attempt}"}}}}}}
    - name: the note goes
      delete: {{file: note.yaml}}
"#
    )
}

const NOTE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: note, namespace: default}
data: {tries: '${{ saved.tries }}'}
";

/// Writes a scenario into a folder of its own.
pub(crate) fn scenario(folder: &Path, name: &str, steps: &str) -> Result<(), Failed> {
    let own = folder.join(name);
    fs::create_dir_all(&own)?;
    fs::write(own.join("note.yaml"), NOTE)?;
    let head = "apiVersion: stayput.dev/v1alpha1\nkind: Scenario";
    let spec = "spec:\n  about: Something that a test is about.\n  cluster: {nodes: [one]}";
    let text = format!("{head}\nmetadata: {{name: {name}}}\n{spec}\n  steps:{steps}");
    Ok(fs::write(own.join("scenario.yaml"), text)?)
}

/// Holds how a run ended against how it should have.
pub(crate) fn ends_with(ended: &Ended, code: i32, words: &[&str]) -> Result<(), Failed> {
    let missing = words.iter().find(|words| !ended.said.contains(**words));
    let wrong = match (ended.code, missing) {
        (found, _) if found != Some(code) => format!("it exited with {found:?} and not {code}"),
        (_, Some(words)) => format!("it did not say `{words}`"),
        (_, None) => return Ok(()),
    };
    Err(format!("{wrong}\n{}", ended.said).into())
}

fn a_late_pass_is_flaky_and_fails() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    scenario(folder.path(), "late", &passes_at(2))?;
    let words = ["e2e", "late", "--retries", "2", "--report", "report"];
    let ended = stayput_in(folder.path(), words)?;
    let said = [
        "often enough",
        "again: late, attempt 2 of 3",
        "flaky, which is not passed: only at attempt 2, all 5 steps",
    ];
    ends_with(&ended, 1, &said)?;
    let report = fs::read_to_string(folder.path().join("report/report.json"))?;
    let report: Value = serde_json::from_str(&report)?;
    let outcome = &report["outcome"];
    if outcome["is"] != "flaky" || outcome["attempts"] != 2 {
        return Err(format!("the report has another outcome: {outcome}").into());
    }
    Ok(())
}

fn a_late_pass_may_be_allowed() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    scenario(folder.path(), "late", &passes_at(2))?;
    let words = ["e2e", "late", "--retries", "1", "--allow-flaky"];
    let ended = stayput_in(folder.path(), words)?;
    let said = "flaky, which is allowed here: only at attempt 2";
    ends_with(&ended, 0, &[said])?;
    // What never passes is not flaky, however often it is tried.
    scenario(folder.path(), "never", &passes_at(9))?;
    let words = ["e2e", "never", "--retries", "1", "--allow-flaky"];
    let ended = stayput_in(folder.path(), words)?;
    ends_with(&ended, 1, &["again: never, attempt 2 of 2", "FAILED"])
}

fn none_unless_asked_for() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    scenario(folder.path(), "late", &passes_at(2))?;
    let ended = stayput_in(folder.path(), ["e2e", "late"])?;
    ends_with(&ended, 1, &["FAILED"])?;
    if ended.said.contains("again:") {
        return Err(format!("it was played again\n{}", ended.said).into());
    }
    Ok(())
}

fn only_what_failed() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let nothing = stayput_in(here, ["e2e", "--rerun-failed"])?;
    ends_with(&nothing, 2, &["there was no run from this folder yet"])?;
    for (name, attempt) in [("good", 1), ("late", 2), ("worse", 3)] {
        scenario(here, name, &passes_at(attempt))?;
    }
    let first = stayput_in(here, ["e2e", ".", "--jobs", "3"])?;
    ends_with(&first, 1, &["good", "late", "worse"])?;
    let second = stayput_in(here, ["e2e", "--rerun-failed", "--jobs", "2"])?;
    ends_with(&second, 1, &["late", "worse"])?;
    if second.said.contains("good") {
        return Err(format!("what passed was played again\n{}", second.said).into());
    }
    let third = stayput_in(here, ["e2e", "--rerun-failed"])?;
    ends_with(&third, 0, &["worse", "passed"])?;
    if third.said.contains("late") {
        return Err(format!("what passed was played again\n{}", third.said).into());
    }
    let last = stayput_in(here, ["e2e", "--rerun-failed"])?;
    ends_with(
        &last,
        2,
        &["nothing failed in the last run from this folder"],
    )
}
