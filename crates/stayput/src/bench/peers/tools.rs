//! The four that play the same: what each needs, and how it is called.

use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::ClusterError;
use stayput_program::{Call, Programs};

use super::render;

/// The longest that one play may take: several times what the slowest takes.
const LIMIT: Duration = Duration::from_mins(10);

/// The programs that others than ours are, or use, and how each is asked for its version.
const PROGRAMS: [(&str, &[&str]); 4] = [
    ("bash", &["--version"]),
    ("kubectl", &["version", "--client"]),
    ("chainsaw", &["version"]),
    ("kubectl-kuttl", &["--version"]),
];

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    /// This program.
    Ours,
    /// A careful script.
    Bash,
    /// <https://kyverno.github.io/chainsaw>
    Chainsaw,
    /// <https://kuttl.dev>
    Kuttl,
}

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Workload {
    /// Six Redis pods on local volumes form a cluster, and one of them is restarted.
    Flow,
    /// One `ConfigMap` is applied, asserted and deleted.
    One,
    /// Twenty of them, one after the other.
    InARow,
    /// Twenty of them, eight at a time.
    AtOnce,
}

/// Where everything is that is played.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder of all files.
    pub(super) folder: Utf8PathBuf,
    /// A kubeconfig of the cluster, in that folder.
    pub(super) kubeconfig: Utf8PathBuf,
    /// Its context.
    pub(super) context: String,
    /// This program.
    pub(super) program: Utf8PathBuf,
}

/// What a program says of its version, or why it does not.
pub(super) type Versions = BTreeMap<&'static str, Result<String, String>>;

impl Tool {
    pub(super) const PEERS: [Self; 3] = [Self::Bash, Self::Chainsaw, Self::Kuttl];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "stayput",
            Self::Bash => "bash",
            Self::Chainsaw => "chainsaw",
            Self::Kuttl => "kuttl",
        }
    }

    /// The programs without which there is no play; the scripts of all peers call kubectl.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Ours => &[],
            Self::Bash => &["bash", "kubectl"],
            Self::Chainsaw => &["chainsaw", "kubectl"],
            Self::Kuttl => &["kubectl-kuttl", "kubectl"],
        }
    }

    /// The call that plays a workload.
    pub(super) fn call(self, workload: Workload, place: &Place) -> Call {
        let (program, words) = match self {
            Self::Ours => (place.program.as_str(), ours(workload, &place.context)),
            Self::Bash => ("bash", bash(workload)),
            Self::Chainsaw => ("chainsaw", chainsaw(workload)),
            Self::Kuttl => ("kubectl-kuttl", kuttl(workload)),
        };
        Call::new(program, words)
            .variable("KUBECONFIG", place.kubeconfig.as_str())
            .in_folder(&place.folder)
            .within(LIMIT)
    }
}

impl Workload {
    pub(super) const ALL: [Self; 4] = [Self::Flow, Self::One, Self::InARow, Self::AtOnce];

    /// What its figures are called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow, wall",
            Self::One => "one ConfigMap",
            Self::InARow => "twenty in a row",
            Self::AtOnce => "twenty, eight at a time",
        }
    }

    /// How many plays there are at a time.
    fn at_a_time(self) -> &'static str {
        match self {
            Self::Flow | Self::One | Self::InARow => "1",
            Self::AtOnce => "8",
        }
    }
}

/// The folder that our own program writes its report of the flow into.
pub(super) fn report(folder: &Utf8Path) -> Utf8PathBuf {
    folder.join(REPORT)
}

const REPORT: &str = "report";

fn ours(workload: Workload, context: &str) -> Vec<String> {
    let what = match workload {
        Workload::Flow => "flow/stayput".to_owned(),
        Workload::One => format!("one/stayput/{}", render::tiny(0)),
        Workload::InARow | Workload::AtOnce => "twenty/stayput".to_owned(),
    };
    let cluster = format!("context:{context}");
    let mut words = words(&["e2e", &what, "--cluster", &cluster]);
    words.extend(["--jobs".to_owned(), workload.at_a_time().to_owned()]);
    if workload == Workload::Flow {
        // Where its time went is in there.
        words.extend(["--report".to_owned(), REPORT.to_owned()]);
    }
    words
}

fn bash(workload: Workload) -> Vec<String> {
    match workload {
        Workload::Flow => words(&["flow/bash/flow.sh"]),
        Workload::One => {
            let manifest = format!("one/manifests/{}.yaml", render::tiny(0));
            words(&["one/bash/one.sh", &manifest])
        }
        Workload::InARow | Workload::AtOnce => words(&["twenty/bash/all.sh", workload.at_a_time()]),
    }
}

/// A namespace for each test, which is its default, would add a deletion of some 5 s to each.
fn chainsaw(workload: Workload) -> Vec<String> {
    let namespaced = |folder: &str| {
        let jobs = workload.at_a_time();
        let (namespace, parallel) = (["--namespace", "default"], ["--parallel", jobs]);
        let test = ["test", "--no-color", "--test-dir", folder];
        words(&[&test[..], &namespace, &parallel].concat())
    };
    match workload {
        Workload::Flow => words(&["test", "--no-color", "--test-dir", "flow/chainsaw"]),
        Workload::One => namespaced("one/chainsaw"),
        Workload::InARow | Workload::AtOnce => namespaced("twenty/chainsaw"),
    }
}

/// As with chainsaw; the flow's files name the namespace of their own.
fn kuttl(workload: Workload) -> Vec<String> {
    let namespaced = |namespace: &str, folder: &str| {
        let parallel = ["--parallel", workload.at_a_time()];
        let test = ["test", "--namespace", namespace, "--timeout", "180"];
        words(&[&test[..], &parallel, &[folder]].concat())
    };
    match workload {
        Workload::Flow => namespaced("redis", "flow/kuttl"),
        Workload::One => namespaced("default", "one/kuttl"),
        Workload::InARow | Workload::AtOnce => namespaced("default", "twenty/kuttl"),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Asks every program for its version.
pub(super) async fn versions() -> Versions {
    let programs = Programs::default();
    let mut versions = Versions::new();
    for (program, words) in PROGRAMS {
        let said = match programs
            .output(Call::new(program, words.iter().copied()))
            .await
        {
            Ok(said) => Ok(said.lines().next().unwrap_or_default().trim().to_owned()),
            Err(ClusterError::MissingProgram { .. }) => Err("it is not in PATH".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        versions.insert(program, said);
    }
    versions
}

/// Who can be measured, and what a person has to know of the others.
pub(super) fn at_hand(versions: &Versions) -> (Vec<Tool>, Vec<String>) {
    let (mut tools, mut told) = (vec![Tool::Ours], Vec::new());
    for tool in Tool::PEERS {
        let lacks = tool.needs().iter().find_map(|program| {
            let why = match versions.get(program) {
                Some(Ok(_)) => return None,
                Some(Err(why)) => why,
                None => "nobody asked for it",
            };
            Some(format!("it needs `{program}`: {why}"))
        });
        match lacks {
            None => tools.push(tool),
            Some(why) => told.push(format!("{} is not measured: {why}", tool.name())),
        }
    }
    (tools, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(missing: &[&str]) -> Versions {
        let all = PROGRAMS.iter().map(|(program, _)| {
            let said = if missing.contains(program) {
                Err("it is not in PATH".to_owned())
            } else {
                Ok("1.0".to_owned())
            };
            (*program, said)
        });
        all.collect()
    }

    fn place() -> Place {
        Place {
            folder: "/there".into(),
            kubeconfig: "/there/cluster.yaml".into(),
            context: "kind-x".to_owned(),
            program: "/bin/stayput".into(),
        }
    }

    #[test]
    fn who_is_missing_is_told_with_what_it_lacks() {
        let (tools, told) = at_hand(&versions(&["kubectl-kuttl"]));
        assert_eq!(tools, [Tool::Ours, Tool::Bash, Tool::Chainsaw]);
        assert_eq!(
            told,
            ["kuttl is not measured: it needs `kubectl-kuttl`: it is not in PATH"]
        );
        assert_eq!(at_hand(&versions(&[])).1, Vec::<String>::new());
    }

    #[test]
    fn without_kubectl_we_are_alone_and_each_of_the_others_is_told() {
        let (tools, told) = at_hand(&versions(&["kubectl"]));
        assert_eq!((tools, told.len()), (vec![Tool::Ours], 3));
    }

    #[test]
    fn every_workload_s_files_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        let facts = render::Facts {
            folder: path,
            engine: "docker",
            nodes: ["a", "b", "c", "d"],
        };
        render::write(&facts).unwrap();
        for workload in Workload::ALL {
            for tool in [Tool::Ours, Tool::Bash, Tool::Chainsaw, Tool::Kuttl] {
                let line = tool.call(workload, &place()).line();
                let named = line.split(' ').filter(|word| {
                    let first = word.split('/').next();
                    word.contains('/')
                        && first.is_some_and(|it| ["flow", "one", "twenty"].contains(&it))
                });
                let named: Vec<_> = named.collect();
                assert!(!named.is_empty(), "{line}");
                for word in named {
                    assert!(path.join(word).exists(), "{line}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_meant_so_is_at_once() {
        let jobs = |workload| Tool::Ours.call(workload, &place()).line();
        assert_eq!(
            jobs(Workload::AtOnce),
            "/bin/stayput e2e twenty/stayput --cluster context:kind-x --jobs 8"
        );
        assert!(jobs(Workload::InARow).ends_with("--jobs 1"));
    }
}
