//! All that a person sees of a run that failed, as accepted by somebody who read it.
//!
//! A case is a folder of `failures/` with a scenario that fails for a real reason. What differs
//! from run to run is replaced: times, addresses, uids, and how long the text took.

use std::{fs, path::Path};

use insta::{Settings, assert_snapshot};
use libtest_mimic::Failed;
use stayput_tests::stayput_in;

use crate::again::Test;

pub(crate) fn all() -> Vec<Test> {
    vec![
        ("failure::crashing", || reads_as_accepted("crashing")),
        ("failure::differs", || reads_as_accepted("differs")),
        ("failure::left_behind", || reads_as_accepted("left-behind")),
        ("failure::mismatches", || reads_as_accepted("mismatches")),
        ("failure::missing_directory", || {
            reads_as_accepted("missing-directory")
        }),
        ("failure::moved", || reads_as_accepted("moved")),
        ("failure::refused", || reads_as_accepted("refused")),
        ("failure::set_up", || reads_as_accepted("set-up")),
    ]
}

fn reads_as_accepted(case: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("failures");
    copy(&cases.join(case), &folder.path().join(case))?;
    let ended = stayput_in(folder.path(), ["e2e", case, "--seed", "1"])?;
    if ended.code != Some(1) {
        return Err(format!("it exited with {:?}\n{}", ended.code, ended.said).into());
    }
    let mut settings = Settings::new();
    settings.set_snapshot_path(cases.join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, instead) in FILTERS {
        settings.add_filter(pattern, *instead);
    }
    settings.bind(|| assert_snapshot!(case, in_no_order(&ended.said)));
    Ok(())
}

/// What differs from run to run, in the order in which it is replaced.
const FILTERS: &[(&str, &str)] = &[
    (r"stayput-[0-9a-f]{8}", "stayput-00000000"),
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "(uid)",
    ),
    (r"\([0-9a-f]{8}\)", "(uid)"),
    (r"10\.244\.\d+\.\d+", "10.244.0.0"),
    (r" \(×\d+\)", ""),
    (
        r"where the time went\n(  .*\n)+",
        "where the time went\n  …\n",
    ),
    // What of a step's time is whose is told where it is enough to be told.
    (r"(\d\.\d+s)(  \w+ \d+\.\d)+\n", "$1\n"),
    (r"[ \d]{3}\d\.\d+s", " 0.0s"),
    (r"\d+\.\ds", "0.0s"),
    (r"made in \d+\.\d s", "made in 0.0 s"),
];

/// Sections whose lines have a time each.
const MOMENTS: [&str; 2] = ["  how it came to this", "  events"];

/// The same with what happened in no order, each once: who comes first within milliseconds, and
/// how often something was said, differs.
fn in_no_order(text: &str) -> String {
    let mut told = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        told.push_str(line.trim_end());
        told.push('\n');
        if !MOMENTS.contains(&line) {
            continue;
        }
        let mut moments: Vec<String> = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.is_empty()) {
            match (line.split_once("s  "), moments.last_mut()) {
                (Some((time, what)), _) if time.trim().parse::<f64>().is_ok() => {
                    moments.push(without_uid(what));
                }
                (_, Some(last)) => *last = format!("{last} {}", line.trim()),
                (_, None) => {}
            }
        }
        for moment in &mut moments {
            let counted = moment.rfind(" (×");
            moment.truncate(counted.unwrap_or(moment.len()));
        }
        moments.sort();
        moments.dedup();
        let moments = moments.iter().map(|moment| format!("    {moment}\n"));
        told.extend(moments);
    }
    told
}

/// `Pod shop/web (1864192f): appeared` without the beginning of its uid, by which it would be
/// sorted.
fn without_uid(moment: &str) -> String {
    let parts = moment.split_once(" (").and_then(|(object, rest)| {
        let (uid, what) = rest.split_once("): ")?;
        let is_uid = uid.len() == 8 && uid.chars().all(|c| c.is_ascii_hexdigit());
        is_uid.then(|| format!("{object}: {what}"))
    });
    parts.unwrap_or_else(|| moment.to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
