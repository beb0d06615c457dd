//! Real trouble, provoked: the right cause has to be named first.
//!
//! A case is a folder of `causes/`: a scenario that fails at its step `in
//! trouble`, with decoys around it, and whose first cause has to be the one that
//! the folder is called after, up to a dot. In `none` nothing is wrong.
//!
//! Invariants:
//! - A lane that cannot be played here is shown as ignored, with the reason.
//! - A case that fails anywhere else than where it should has shown nothing.

use std::{fs, path::PathBuf, process::ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use stayput_tests::{OnKind, stayput, trial, why_no_kind, why_not_embedded};

/// The step that has to fail.
const TROUBLE: &str = "in trouble";

fn main() -> ExitCode {
    if let Some(code) = stayput_tests::as_stayput() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // They mostly wait.
    arguments.test_threads.get_or_insert(4);
    let mut trials = vec![on_kind()];
    let forbidden = why_not_embedded(env!("CARGO_TARGET_TMPDIR"));
    for case in cases() {
        let title = format!("embedded::{case}");
        trials.push(trial(&title, forbidden.as_deref(), move || {
            on_embedded(&case)
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("causes")
}

/// The cases, those last that leave a node in trouble.
fn cases() -> Vec<String> {
    let entries = fs::read_dir(folder()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| folder().join(name).is_dir()).collect();
    names.sort_by_key(|name| (name == "node-down", name.clone()));
    names
}

/// Each case on a cluster of its own: it is there in less than a second.
fn on_embedded(case: &str) -> Result<(), Failed> {
    let report = report_folder("embedded").join(case);
    play(&["--cluster", "embedded"], &[case], &report)?;
    named_first(case, &report)
}

/// All cases one after the other on one cluster, which is deleted afterwards.
fn on_kind() -> Trial {
    let why_not = why_no_kind(OnKind::Everything);
    trial("kind", why_not.as_deref(), || {
        let (cases, folder) = (cases(), report_folder("kind"));
        let names: Vec<_> = cases.iter().map(String::as_str).collect();
        let played = play(&["--cluster", "kind", "--keep"], &names, &folder);
        let reports = names
            .iter()
            .map(|case| (*case, folder.join(case.replace('.', "-"))));
        let wrong: Vec<_> = reports
            .clone()
            .filter_map(|(case, report)| {
                Some(format!("{case}: {:?}", named_first(case, &report).err()?))
            })
            .collect();
        let mut kept = reports.filter_map(|(_, report)| cluster(&report));
        if let Some(cluster) = kept.next() {
            stayput(["cluster", "down", &cluster])?;
        }
        played?;
        match wrong.as_slice() {
            [] => Ok(()),
            wrong => Err(Failed::from(wrong.join("\n"))),
        }
    })
}

fn report_folder(lane: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("causes")
        .join(lane)
}

/// Plays cases, all of which have to fail.
fn play(flags: &[&str], cases: &[&str], report: &std::path::Path) -> Result<(), Failed> {
    let _ = fs::remove_dir_all(report);
    let paths = cases
        .iter()
        .map(|case| folder().join(case).display().to_string());
    let paths: Vec<_> = paths.collect();
    let report = report.display().to_string();
    let words = std::iter::once("e2e").chain(paths.iter().map(String::as_str));
    let words = words
        .chain(flags.iter().copied())
        .chain(["--report", &report]);
    let ended = stayput(words)?;
    match ended.code {
        Some(1) => Ok(()),
        code => Err(format!(
            "it should have failed, and exited with {code:?}\n{}",
            ended.said
        )
        .into()),
    }
}

fn read(report: &std::path::Path) -> Option<Value> {
    let text = fs::read_to_string(report.join("report.json")).ok()?;
    serde_json::from_str(&text).ok()
}

fn cluster(report: &std::path::Path) -> Option<String> {
    let report = read(report)?;
    report["cluster"]["facts"]["name"]
        .as_str()
        .map(str::to_owned)
}

/// Whether the first cause of the step in trouble is the one that it should be.
fn named_first(case: &str, report: &std::path::Path) -> Result<(), Failed> {
    let report = read(report).ok_or("it left no report")?;
    let mut steps = report["steps"].as_array().into_iter().flatten();
    let failed = steps.find(|step| step["outcome"]["failure"].is_object());
    let failed = failed.ok_or("no step of it failed")?;
    let failure = &failed["outcome"]["failure"];
    if failed["name"] != TROUBLE {
        return Err(format!("it failed at {}: {}", failed["name"], failure["summary"]).into());
    }
    let causes = failure["causes"]
        .as_array()
        .ok_or("a failure without causes")?;
    let names: Vec<_> = causes
        .iter()
        .filter_map(|cause| cause["name"].as_str())
        .collect();
    let wanted = case.split('.').next().filter(|name| *name != "none");
    if names.first().copied() != wanted {
        return Err(format!("named were {names:?}").into());
    }
    let unproven = causes.iter().find(|one| {
        let empty = |field: &str| one[field].as_str().is_none_or(str::is_empty);
        one["evidence"].as_array().is_none_or(Vec::is_empty) || empty("cure") || empty("object")
    });
    match unproven {
        None => Ok(()),
        Some(one) => Err(format!("without evidence, object or cure: {one}").into()),
    }
}
