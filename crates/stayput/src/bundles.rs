//! `--bundle`: a run in one file.

mod beside;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use stayput_bundle::{Bundle, Played, Scrub, Selection, pack};
use stayput_events::Record;
use stayput_scenario::Rendering;

use crate::{choice::ClusterChoice, cli::E2e, place, run, scenarios::Scenario, screen};

/// Packs a run that was played.
pub(crate) fn write(
    file: &Utf8Path,
    flags: &E2e,
    scenario: &Scenario,
    records: &[Record],
) -> Result<()> {
    let packed = packed(flags, scenario, records);
    let packed = packed.with_context(|| format!("cannot pack `{file}`"))?;
    std::fs::write(file, packed).with_context(|| format!("cannot write `{file}`"))?;
    screen::complain(&format!("bundle: {file}\n"));
    Ok(())
}

fn packed(flags: &E2e, scenario: &Scenario, records: &[Record]) -> Result<Vec<u8>> {
    let mut texts = BTreeMap::new();
    for (path, text) in &scenario.texts {
        texts.insert(absolute(path)?, text.clone());
    }
    let beside = beside::find(&scenario.folder, scenario.texts.iter());
    for line in &beside.left_out {
        screen::complain(&format!("not in the bundle: {line}\n"));
    }
    for (path, text) in beside.texts {
        texts.insert(absolute(&path)?, text);
    }
    for path in snapshots(&scenario.snapshots) {
        let text = std::fs::read_to_string(&path);
        texts.insert(
            absolute(&path)?,
            text.with_context(|| format!("cannot read `{path}`"))?,
        );
    }
    let images = flags.images.as_ref().map(|file| {
        let text = std::fs::read_to_string(file);
        text.with_context(|| format!("cannot read `{file}`"))
    });
    let rendered = scenario.rendered.iter();
    let rendered = rendered.map(|(rendering, text)| (of(rendering), text.clone()));
    let file = absolute(&scenario.plan.file)?;
    let root = shared(texts.keys());
    let below = |path: &Utf8Path| path.strip_prefix(&root).map(Utf8Path::to_owned);
    let mut files = BTreeMap::new();
    for (path, text) in texts {
        files.insert(below(&path)?, text);
    }
    let selection = match &flags.control {
        Some(control) => Selection::Control(control.clone()),
        None if flags.controls => Selection::Controls,
        None => Selection::Steps,
    };
    let config = match flags.cluster() {
        ClusterChoice::Kind => Some(run::kind_config(flags)?),
        ClusterChoice::Embedded | ClusterChoice::Context(_) => None,
    };
    let bundle = Bundle::of(Played {
        records,
        scenario: files,
        file: &below(&file)?,
        selection,
        rendered: rendered.collect(),
        images: images.transpose()?,
        config,
        scrub: scrub(flags, root)?,
    })?;
    Ok(pack(bundle)?)
}

/// What a bundle says of a rendering: which folder or chart, and which program. Where it was,
/// and single values, are nobody's business.
pub(crate) fn of(rendering: &Rendering) -> String {
    let (path, program) = match rendering {
        Rendering::Kustomize { folder } => (folder, "kustomize"),
        Rendering::Helm { chart, .. } => (chart, "helm"),
    };
    let name = path.file_name().unwrap_or(path.as_str());
    format!("{name} ({program})")
}

/// The golden files that there are.
fn snapshots(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let files = entries.map(camino::Utf8DirEntry::into_path);
    files
        .filter(|path| path.extension() == Some("snap"))
        .collect()
}

/// The path from the root, without `.` and `..`.
fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf> {
    let absolute = Utf8PathBuf::try_from(std::path::absolute(path)?)?;
    let mut plain = Utf8PathBuf::new();
    for part in absolute.components() {
        match part {
            Utf8Component::ParentDir => {
                plain.pop();
            }
            Utf8Component::CurDir => {}
            Utf8Component::Prefix(_) | Utf8Component::RootDir | Utf8Component::Normal(_) => {
                plain.push(part);
            }
        }
    }
    Ok(plain)
}

/// The deepest folder that holds all of them.
fn shared<'a>(paths: impl Iterator<Item = &'a Utf8PathBuf>) -> Utf8PathBuf {
    let folders = paths.filter_map(|path| path.parent());
    let shared = folders.reduce(|one, other| {
        let mut above = one.ancestors();
        above
            .find(|folder| other.starts_with(folder))
            .unwrap_or(one)
    });
    shared.map(Utf8Path::to_owned).unwrap_or_default()
}

/// The folders of this machine that a record may name.
fn scrub(flags: &E2e, scenario: Utf8PathBuf) -> Result<Scrub> {
    let temporary = std::env::temp_dir().to_string_lossy().into_owned();
    let mut folders = vec![
        (scenario.into_string(), "(scenario)"),
        (absolute(Utf8Path::new("."))?.into_string(), "."),
        (place::state()?.into_string(), "(state)"),
        (place::cache()?.into_string(), "(cache)"),
        (temporary, "(temporary)"),
    ];
    if let Ok(home) = std::env::var("HOME") {
        folders.push((home, "~"));
    }
    if let Some(report) = &flags.report {
        folders.push((absolute(report)?.into_string(), "(report)"));
    }
    Ok(Scrub::new(folders))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_the_scenario_are_below_one_folder_with_it() {
        let paths = ["/a/b/one/scenario.yaml", "/a/b/common/set.yaml"];
        let paths = paths.map(Utf8PathBuf::from);
        assert_eq!(shared(paths.iter()), "/a/b");
        assert_eq!(
            absolute(Utf8Path::new("/a/b/one/../common/./x")).unwrap(),
            "/a/b/common/x"
        );
    }
}
