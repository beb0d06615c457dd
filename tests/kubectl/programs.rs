//! Every kubectl of this machine, one of each minor version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// The variable with a list of paths, as in `PATH`, of programs that are not found otherwise.
const MORE: &str = "STAYPUT_KUBECTLS";

/// One kubectl.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// As 33.
    pub(crate) minor: u32,
    /// Why it is not tried, if it is not.
    pub(crate) why_not: Option<String>,
}

/// All of them, oldest first. Of those that nobody named, the oldest and the newest are tried:
/// what a server does wrong is seen with one of them, and each takes its seconds.
pub(crate) fn found() -> Vec<Program> {
    let more = env::var_os(MORE).unwrap_or_default();
    let named: Vec<PathBuf> = env::split_paths(&more).collect();
    let mut programs = BTreeMap::new();
    for path in named.iter().cloned().chain(in_path()) {
        if let Some(minor) = version(&path) {
            let why_not = None;
            programs.entry(minor).or_insert(Program {
                path,
                minor,
                why_not,
            });
        }
    }
    let mut programs: Vec<Program> = programs.into_values().collect();
    let newest = programs.len().saturating_sub(1);
    for program in programs.iter_mut().take(newest).skip(1) {
        if !named.contains(&program.path) {
            program.why_not = Some(format!("it is tried when {MORE} names it"));
        }
    }
    programs
}

fn in_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    // Where a link in PATH leads to, there may be others.
    let links = folders.iter();
    let links = links.filter_map(|folder| fs::canonicalize(folder.join("kubectl")).ok());
    let beside: Vec<PathBuf> = links.filter_map(|it| Some(it.parent()?.into())).collect();
    folders.extend(beside);
    folders.iter().flat_map(|folder| kubectls(folder)).collect()
}

/// `kubectl`, `kubectl.1.33` and the like; what else begins so is a plugin.
fn kubectls(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = files.filter(|file| {
        let name = file.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix("kubectl"));
        rest.is_some_and(|rest| {
            let version = rest.trim_start_matches(['.', '-', 'v']);
            rest.is_empty() || version.starts_with("1.")
        })
    });
    let mut found: Vec<PathBuf> = ours.map(|file| file.path()).collect();
    found.sort();
    found
}

/// The minor version.
fn version(path: &Path) -> Option<u32> {
    #[expect(clippy::disallowed_methods, reason = "it prints its version and ends")]
    let mut command = Command::new(path);
    let output = command
        .args(["version", "--client", "--output=json"])
        .output();
    let said: Value = serde_json::from_slice(&output.ok()?.stdout).ok()?;
    let version = said["clientVersion"]["gitVersion"].as_str()?;
    // One that asks the server and then becomes one of its neighbours.
    if version.ends_with("-dispatcher") {
        return None;
    }
    let minor = version.strip_prefix("v1.")?.split('.').next()?;
    minor.parse().ok()
}
