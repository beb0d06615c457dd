//! A bundle's run, played again.

use std::{
    collections::{BTreeMap, HashSet},
    fs::Permissions,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser as _;
use stayput_bundle::{
    About, Bundle, BundleError, CONFIG, Ending, IMAGES, SCENARIO, Selection, unpack,
};
use stayput_events::{ClusterFacts, Outcome, Provider};
use stayput_report::Summary;

use super::{Repro, Words, packed::Packed};
use crate::{
    choice::ClusterChoice,
    exit::{self, UsageError},
    run,
    scenarios::{self, ComesFrom, Scenario},
    screen, selection,
};

/// The largest file that is read; no bundle of ours comes near.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Plays it again; 0 where it ends the same, 1 where it does not.
pub(super) async fn again(flags: &Repro, file: &Utf8Path) -> Result<u8> {
    let bundle = read(file).map_err(|error| useless(file, &error))?;
    let folder = tempfile::tempdir().context("there is no temporary folder")?;
    let folder = Utf8PathBuf::try_from(folder.path().to_owned()).map(|path| (path, folder))?;
    write(&bundle, &folder.0)?;
    let about = &bundle.about;
    for name in &about.redacted {
        screen::complain(&format!(
            "secrets were taken out of `{name}`: without them it may end otherwise\n"
        ));
    }
    let words = Words::try_parse_from(words(flags, about, &folder.0)?)?.e2e;
    let packed = Packed::new(&bundle, file);
    let Ok(checked) = scenarios::read(&packed, &packed.path(&about.file), &mut HashSet::new())
    else {
        return Ok(exit::USAGE);
    };
    let beside = scenarios::folder(&folder.0.join(&about.file));
    let mut scenarios = vec![Scenario {
        argument: about.scenario.clone(),
        comes_from: ComesFrom::Bundle(file.to_owned()),
        plan: Arc::new(checked.plan),
        broken: None,
        snapshots: beside.join("snapshots"),
        folder: beside,
        source: about.file.to_string(),
        texts: BTreeMap::new(),
        rendered: Vec::new(),
    }];
    if words.controls {
        selection::with_controls(&mut scenarios, words.control.as_deref())?;
    }
    let scenario = scenarios.pop().context("the bundle has no scenario")?;
    let now = run::one(&words, &scenario).await?;
    judge(about, &now)
}

fn read(file: &Utf8Path) -> Result<Bundle> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(file)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        let what = format!("more than {} MiB", LARGEST / 1024 / 1024);
        return Err(BundleError::TooLarge { what }.into());
    }
    Ok(unpack(&bytes)?)
}

fn useless(file: &Utf8Path, error: &anyhow::Error) -> anyhow::Error {
    let causes = error.chain().map(ToString::to_string);
    let causes: Vec<_> = causes.collect();
    anyhow::Error::from(UsageError {
        message: format!("cannot use `{file}`: {}", causes.join(": ")),
        hint: Some("a bundle is what `e2e --bundle FILE` writes".to_owned()),
    })
}

/// Writes what is read from files: the scenario's folder and what flags name; every name is known to stay inside.
fn write(bundle: &Bundle, folder: &Utf8Path) -> Result<()> {
    let wanted = |name: &Utf8Path| name.starts_with(SCENARIO) || name == CONFIG || name == IMAGES;
    for (name, bytes) in bundle.files.iter().filter(|(name, _)| wanted(name)) {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, bytes).with_context(|| format!("cannot write `{path}`"))?;
        if bytes.starts_with(b"#!") {
            std::fs::set_permissions(&path, Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// What would be written behind `e2e` to play it.
fn words(flags: &Repro, about: &About, folder: &Utf8Path) -> Result<Vec<String>> {
    let cluster = match (&flags.cluster, &about.provider) {
        (Some(cluster), _) => cluster.clone(),
        (None, Provider::Embedded) => ClusterChoice::Embedded,
        (None, Provider::Kind) => ClusterChoice::Kind,
        (None, Provider::Context(name)) => {
            return Err(anyhow::Error::from(UsageError {
                message: format!("it was played on context `{name}`, somebody's own cluster"),
                hint: Some("say on which to play it: `--cluster embedded`, for one".to_owned()),
            }));
        }
    };
    let mut words = vec![
        "e2e".to_owned(),
        folder.join(&about.file).into_string(),
        format!("--cluster={cluster}"),
        format!("--seed={}", about.seed),
    ];
    let same = about.cluster.as_ref().map(minor);
    let kubernetes = flags.kubernetes.clone().or(same);
    if !matches!(cluster, ClusterChoice::Context(_)) {
        words.extend(kubernetes.map(|version| format!("--kubernetes={version}")));
    }
    let config = folder.join(CONFIG);
    if cluster == ClusterChoice::Kind && config.is_file() {
        words.push(format!("--kind-config={config}"));
    }
    let images = folder.join(IMAGES);
    let images = flags.images.clone().or(images.is_file().then_some(images));
    words.extend(images.map(|file| format!("--images={file}")));
    words.extend(flags.keep.then(|| "--keep".to_owned()));
    words.extend(flags.report.iter().map(|it| format!("--report={it}")));
    match &about.selection {
        Selection::Steps => {}
        Selection::Controls => words.push("--controls".to_owned()),
        Selection::Control(name) => {
            words.extend(["--controls".to_owned(), format!("--control={name}")]);
        }
    }
    Ok(words)
}

/// `v1.34.4` as the flag has it: `1.34`.
fn minor(facts: &ClusterFacts) -> String {
    let version = facts.kubernetes.trim_start_matches('v');
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// Says whether it ended the same, and what else is not.
fn judge(about: &About, now: &Summary) -> Result<u8> {
    let ending = Ending::of(now);
    let differences = about.ending.differences(&ending);
    let mut lines = vec![
        String::new(),
        format!("then  {}", about.ending.sentence()),
        format!("now   {}", ending.sentence()),
        if differences.is_empty() {
            "the same outcome".to_owned()
        } else {
            "another outcome".to_owned()
        },
    ];
    lines.extend(differences.iter().map(|line| format!("  {line}")));
    let versions = versions(about, now);
    if !versions.is_empty() {
        lines.push("what it was played with differs".to_owned());
        lines.extend(versions.iter().map(|line| format!("  {line}")));
    }
    screen::print(&lines.join("\n"))?;
    Ok(match (&now.outcome, differences.is_empty()) {
        (Some(Outcome::Interrupted), _) => exit::INTERRUPTED,
        (_, true) => exit::PASSED,
        (_, false) => exit::FAILED,
    })
}

/// Every version that is not what it was.
fn versions(about: &About, now: &Summary) -> Vec<String> {
    let then = about.cluster.as_ref();
    let cluster = now.cluster.as_ref().map(|(_, facts)| facts);
    let provider = now.run.as_ref().map(|run| &run.provider);
    let mut lines = Vec::new();
    let mut compare = |what: &str, then: Option<String>, now: Option<String>| {
        if then != now {
            let word = |it: Option<String>| it.unwrap_or_else(|| "none".to_owned());
            lines.push(format!("{what}: {} then, {} now", word(then), word(now)));
        }
    };
    let named = |it: &Provider| match it {
        Provider::Kind => "kind".to_owned(),
        Provider::Embedded => "embedded".to_owned(),
        Provider::Context(name) => format!("context {name}"),
    };
    compare("cluster", Some(named(&about.provider)), provider.map(named));
    let program = now.run.as_ref().map(|run| run.version.clone());
    compare("stayput", Some(about.version.clone()), program);
    let kubernetes = |facts: &ClusterFacts| facts.kubernetes.clone();
    compare("kubernetes", then.map(kubernetes), cluster.map(kubernetes));
    let parts = |facts: Option<&ClusterFacts>| facts.map_or(Vec::new(), parts);
    let (then, now) = (parts(then), parts(cluster));
    for (name, version) in &then {
        let other = now.iter().find(|(other, _)| other == name);
        compare(name, Some(version.clone()), other.map(|(_, it)| it.clone()));
    }
    for (name, version) in now
        .iter()
        .filter(|(name, _)| then.iter().all(|(it, _)| it != name))
    {
        compare(name, None, Some(version.clone()));
    }
    lines
}

/// `redis-server 7.0.15 (where it lies)` and `redis:7@sha256:…`, in two; where
/// a program lies is another place on every machine.
fn parts(facts: &ClusterFacts) -> Vec<(String, String)> {
    let parts = facts.versions.iter().map(|version| {
        let version = version.split(" (").next().unwrap_or(version);
        let pair = version.split_once('@').or_else(|| version.split_once(' '));
        let (name, version) = pair.unwrap_or((version, ""));
        (name.to_owned(), version.to_owned())
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kubernetes: &str, versions: &[&str]) -> ClusterFacts {
        ClusterFacts {
            name: "a".to_owned(),
            kubernetes: kubernetes.to_owned(),
            created: true,
            nodes: Vec::new(),
            versions: versions.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn a_version_is_asked_for_without_its_patch() {
        assert_eq!(minor(&facts("v1.34.4", &[])), "1.34");
        assert_eq!(minor(&facts("v1.34", &[])), "1.34");
    }

    #[test]
    fn where_a_program_lies_is_no_difference() {
        let one = facts(
            "",
            &["redis-server 7.0.15 (/a)", "redis:7@sha256:9f2c", "odd"],
        );
        let other = facts(
            "",
            &["redis-server 7.0.15 (/b/c)", "redis:7@sha256:9f2c", "odd"],
        );
        assert_eq!(parts(&one), parts(&other));
        assert_eq!(
            parts(&one)[1],
            ("redis:7".to_owned(), "sha256:9f2c".to_owned())
        );
    }
}
