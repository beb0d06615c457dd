//! Finds scenario files, and reads them with all their mistakes.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use stayput_scenario::{
    Checked, Colour, Files, Problems, Rendering,
    plan::{Place, Plan},
};

use crate::{
    exit::{self, UsageError},
    place, screen,
    sources::Disk,
};

/// A scenario that can be played.
#[derive(Clone)]
pub(crate) struct Scenario {
    /// What the user calls it on the command line.
    pub(crate) argument: String,
    pub(crate) comes_from: ComesFrom,
    pub(crate) plan: Arc<Plan>,
    /// The same with what is broken, of a bug report.
    pub(crate) broken: Option<Arc<Plan>>,
    /// The folder of its golden snapshots.
    pub(crate) snapshots: Utf8PathBuf,
    /// The folder that its scripts run in.
    pub(crate) folder: Utf8PathBuf,
    /// Its file as a snapshot's header names it.
    pub(crate) source: String,
    /// Its files, as they were read.
    pub(crate) texts: BTreeMap<Utf8PathBuf, String>,
    /// What programs rendered, in the order in which it was asked for.
    pub(crate) rendered: Vec<(Rendering, String)>,
}

/// Where a scenario comes from, as far as the command that plays it again has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComesFrom {
    /// From files, or it is shipped: `e2e` plays it.
    Files,
    /// Out of this bundle; its own files are gone after the run.
    Bundle(Utf8PathBuf),
    /// A variant of a bug report.
    Bug,
}

/// Loads scenarios; the mistakes of all of them are shown in one go.
pub(crate) fn load(arguments: &[String]) -> Result<Result<Vec<Scenario>, u8>> {
    let mut scenarios = Vec::new();
    let disk = Disk::default();
    let mut mistakes = 0;
    let mut shown = HashSet::new();
    let mut found = Vec::new();
    for argument in arguments {
        found.extend(find(argument)?);
    }
    for Found { argument, file } in found {
        let checked = read(&disk, &file, &mut shown);
        let (texts, rendered) = (disk.texts.take(), disk.rendered.take());
        match checked {
            Ok(checked) => scenarios.push(Scenario {
                argument,
                comes_from: ComesFrom::Files,
                plan: Arc::new(checked.plan),
                broken: checked.broken.map(Arc::new),
                snapshots: folder(&file).join("snapshots"),
                folder: folder(&file),
                source: source(&file),
                texts,
                rendered,
            }),
            Err(more) => mistakes += more,
        }
    }
    Ok(if mistakes == 0 {
        Ok(scenarios)
    } else if disk.lacks_program.get() {
        // The scenario may be right: this machine lacks what it takes.
        Err(exit::CLUSTER)
    } else {
        Err(exit::USAGE)
    })
}

/// Reads a scenario and shows what is wrong with it; the error is the number of mistakes.
///
/// What is wrong with a suite is wrong with each of its scenarios: `shown` is not shown again.
pub(crate) fn read(
    files: &dyn Files,
    file: &Utf8Path,
    shown: &mut HashSet<(Option<Place>, String)>,
) -> Result<Checked, usize> {
    match stayput_scenario::check(files, file) {
        Ok(mut checked) => {
            let warnings = checked.warnings.take();
            let warnings = warnings.and_then(|it| it.not_yet_in(shown));
            warnings.iter().for_each(show);
            Ok(checked)
        }
        Err(problems) => {
            let mistakes = problems.len();
            problems.not_yet_in(shown).iter().for_each(show);
            Err(mistakes)
        }
    }
}

/// `stayput lint`.
pub(crate) fn lint(arguments: &[String]) -> Result<u8> {
    let shipped = stayput_fixtures::names().into_iter();
    let shipped = shipped.chain(stayput_fixtures::bugs());
    let shipped: Vec<_> = shipped.map(str::to_owned).collect();
    let arguments = if arguments.is_empty() {
        &shipped
    } else {
        arguments
    };
    let scenarios = match load(arguments)? {
        Ok(scenarios) => scenarios,
        Err(code) => return Ok(code),
    };
    for scenario in scenarios {
        let plan = &scenario.plan;
        let bug = plan.bug.as_ref().map_or("", |_| ", a bug report");
        screen::print(&format!(
            "{}: no mistakes (steps: {}, controls: {}{bug})",
            plan.file,
            plan.steps.len(),
            plan.controls.len()
        ))?;
    }
    Ok(exit::PASSED)
}

fn show(problems: &Problems) {
    let colour = match screen::style().colour {
        stayput_report::Colour::Always => Colour::Always,
        stayput_report::Colour::Never => Colour::Never,
    };
    screen::complain(&format!("{}\n", problems.render(colour)));
}

/// A scenario's file, and what the user would call it alone.
struct Found {
    argument: String,
    file: Utf8PathBuf,
}

/// The files that an argument means: a file, a folder of one scenario or of several, or a
/// shipped name.
fn find(argument: &str) -> Result<Vec<Found>> {
    let only = |file| {
        let argument = argument.to_owned();
        Ok(vec![Found { argument, file }])
    };
    let path = Utf8PathBuf::from(argument);
    if path.is_file() {
        return only(path);
    }
    if path.join("scenario.yaml").is_file() {
        return only(path.join("scenario.yaml"));
    }
    let below = below(&path);
    if !below.is_empty() {
        return Ok(below);
    }
    let known = stayput_fixtures::names();
    if known.contains(&argument) {
        return only(shipped(argument)?);
    }
    if stayput_fixtures::bugs().contains(&argument) {
        return only(shipped(&format!("{}/{argument}", stayput_fixtures::BUGS))?);
    }
    Err(anyhow::Error::from(UsageError {
        message: format!("there is no scenario `{argument}`"),
        hint: Some(format!(
            "name a file, a folder with a scenario.yaml or with folders that have one, or one of \
             those shipped: {}",
            known.join(", ")
        )),
    }))
}

/// The scenarios of the folders in a folder, by name.
fn below(folder: &Utf8Path) -> Vec<Found> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let folders = entries.map(camino::Utf8DirEntry::into_path);
    let found = folders.map(|folder| Found {
        file: folder.join("scenario.yaml"),
        argument: folder.into_string(),
    });
    let mut found: Vec<_> = found.filter(|it| it.file.is_file()).collect();
    found.sort_by(|one, other| one.file.cmp(&other.file));
    found
}

/// A shipped scenario: the workspace's own file, where this runs in one, so
/// that snapshots can be reviewed; else a copy of what is embedded.
fn shipped(name: &str) -> Result<Utf8PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let here = Utf8PathBuf::try_from(here)?;
    for folder in here.ancestors() {
        let file = folder.join("fixtures").join(name).join("scenario.yaml");
        if file.is_file() && folder.join("kind-config.yaml").is_file() {
            return Ok(file
                .strip_prefix(&here)
                .map_or(file.clone(), Utf8Path::to_owned));
        }
    }
    let copy = place::cache()?.join(format!("fixtures-{}", env!("CARGO_PKG_VERSION")));
    stayput_fixtures::extract(name, copy.as_std_path())
        .with_context(|| format!("cannot write the shipped scenario to `{copy}`"))?;
    Ok(copy.join(name).join("scenario.yaml"))
}

pub(crate) fn folder(file: &Utf8Path) -> Utf8PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent.to_owned(),
        _ => Utf8PathBuf::from("."),
    }
}

/// The last three parts of the path: `fixtures/local-pv-redis/scenario.yaml`
/// wherever the workspace is.
pub(crate) fn source(file: &Utf8Path) -> String {
    let parts: Vec<_> = file.components().map(|part| part.as_str()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}
