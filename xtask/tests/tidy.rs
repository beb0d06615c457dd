//! Holds the workspace to what ARCHITECTURE.md and the house's rules say.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests, which run cargo and the program"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Longer files have more than one subject; tests apart.
const LONGEST: usize = 500;

/// Names that say nothing of what is inside.
const REFUSED: [&str; 5] = ["utils", "util", "common", "helpers", "misc"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file of the workspace.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "fixtures", "tests", "xtask"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// The lines before a file's own tests.
fn without_tests(text: &str) -> usize {
    let tests = text.lines().position(|line| line == "#[cfg(test)]");
    tests.unwrap_or_else(|| text.lines().count())
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        matches!(name.as_ref(), "tests" | "examples") || name.ends_with("tests.rs")
    })
}

#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    // A module of tests says it in its parent.
    let spoken = sources().into_iter().filter(|path| !is_test(path));
    let silent = spoken.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        !text.starts_with("//!")
    });
    none(
        &silent
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_has_two_subjects() {
    let long = sources().into_iter().filter(|path| !is_test(path));
    let long = long.filter_map(|path| {
        let lines = without_tests(&fs::read_to_string(&path).unwrap());
        (lines > LONGEST).then(|| format!("{}: {lines} lines", path.display()))
    });
    none(&long.collect::<Vec<_>>());
}

#[test]
fn no_name_says_nothing() {
    let vague = sources().into_iter().filter(|path| {
        let stem = path.file_stem().unwrap().to_string_lossy();
        REFUSED.contains(&stem.as_ref())
    });
    none(
        &vague
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>(),
    );
}

#[test]
fn generated_files_are_up_to_date() {
    let check = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["codegen", "--check"])
        .output()
        .unwrap();
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
}

#[test]
fn arrows_are_those_of_the_architecture() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let told = table(&text);
    let real = dependencies();
    let names = |map: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        map.keys().cloned().collect()
    };
    assert_eq!(names(&told), names(&real), "the crates themselves");
    let mut problems = Vec::new();
    for (name, arrows) in &real {
        for arrow in arrows.difference(&told[name]) {
            problems.push(format!(
                "`{name}` uses `{arrow}`, which the table does not say"
            ));
        }
        for arrow in told[name].difference(arrows) {
            problems.push(format!(
                "`{name}` does not use `{arrow}`, as the table says"
            ));
        }
    }
    none(&problems);
}

#[test]
fn two_commands_build_the_same() {
    let program = features(&["-p", "xtask", "-e", "normal,build"]);
    let all = features(&["--workspace", "-e", "normal,build,dev"]);
    let problems = program.iter().filter_map(|(package, ours)| {
        let missing: Vec<_> = all.get(package)?.difference(ours).collect();
        let missing = (!missing.is_empty()).then_some(missing)?;
        Some(format!("crates/features lacks {missing:?} of {package}"))
    });
    none(&problems.collect::<Vec<_>>());
}

/// Every package of a command's tree, with the features that it is built with.
fn features(of: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "-f", "{p}|{f}"])
        .args(of)
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, features)) = line.split_once('|') else {
            continue;
        };
        let package = package.trim_end_matches(" (proc-macro)").to_owned();
        let features = features.trim_end_matches(" (*)").split(',');
        let features = features.filter(|it| !it.is_empty()).map(str::to_owned);
        all.entry(package).or_default().extend(features);
    }
    assert!(all.len() > 50, "no tree: {of:?}");
    all
}

/// The rows of the table: a crate and what it may use.
fn table(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let words = |cell: &str| -> BTreeSet<String> {
            let words = cell.trim_matches('`').split_whitespace();
            words.map(str::to_owned).collect()
        };
        (cells[1].trim_matches('`').to_owned(), words(cells[2]))
    })
    .collect()
}

/// What each member of the workspace depends on, tests' dependencies apart
/// where the member is more than tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let members: BTreeSet<_> = packages
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let of = |package: &Value| -> BTreeSet<String> {
        let only_tests = matches!(
            package["name"].as_str().unwrap(),
            "stayput-tests" | "stayput-redis-containers"
        );
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|it| only_tests || it["kind"].is_null())
            .map(|it| it["name"].as_str().unwrap())
            .filter(|name| members.contains(name))
            .map(short)
            .collect()
    };
    packages
        .iter()
        .map(|package| (short(package["name"].as_str().unwrap()), of(package)))
        .collect()
}

fn short(name: &str) -> String {
    name.strip_prefix("stayput-").unwrap_or(name).to_owned()
}
