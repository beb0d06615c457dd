//! What cluster is wanted, and where it may keep its files.

use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::ClusterError;

use stayput_cluster::Progress;

use crate::Table;

/// How many workers a cluster has if nobody says: as many as the shipped kind configuration.
const WORKERS: usize = 4;
/// The versions whose texts are known: the minor number, and the release that is spoken for it.
const VERSIONS: [(u32, &str); 4] = [
    (32, "1.32.11"),
    (33, "1.33.7"),
    (34, "1.34.4"),
    (35, "1.35.0"),
];
const DEFAULT: (u32, &str) = VERSIONS[2];

/// The cluster that is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name; without one it takes a name that nobody has.
    pub name: Option<String>,
    /// How many workers there are besides the control plane's node; more where the
    /// scenario has more nodes.
    pub workers: usize,
    /// The scenario's names for its nodes, in order.
    pub scenario_nodes: Vec<String>,
    /// The version of Kubernetes that it speaks, `1.34` or `1.34.4`.
    pub kubernetes: Option<String>,
    /// Images that have to be there.
    pub images: Vec<String>,
    /// What images stand for, besides the built-in ones.
    pub table: Table,
    /// Where its files are.
    pub places: Places,
    /// What it ends with.
    pub lifetime: Lifetime,
    /// Told what goes on.
    pub progress: Progress,
}

/// Where files are kept and programs sought: a library reads no environment by itself.
#[derive(Clone, Debug)]
pub struct Places {
    /// Nodes' disks, kubeconfigs and logs, a folder for each cluster.
    pub state: Utf8PathBuf,
    /// Programs that were downloaded.
    pub cache: Utf8PathBuf,
    /// Directories of programs, as in `PATH`.
    pub path: Vec<PathBuf>,
}

/// What a cluster ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// With the program that started it, however that ends.
    Program,
    /// When it is told to.
    Own,
    /// When it is told to, and it is used again by the next start of the same: such a
    /// start takes a kept one first.
    Kept,
}

/// A version of Kubernetes that can be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) minor: u32,
    /// As `1.34.4`.
    pub(crate) release: String,
}

impl Options {
    /// A cluster like the shipped one of kind, for tests: it dies with the program.
    pub fn new(places: Places) -> Self {
        Self {
            name: None,
            workers: WORKERS,
            scenario_nodes: Vec::new(),
            kubernetes: None,
            images: Vec::new(),
            table: Table::default(),
            places,
            lifetime: Lifetime::Program,
            progress: Progress::silent(),
        }
    }

    pub(crate) fn spoken(&self) -> Result<Spoken, ClusterError> {
        spoken(self.kubernetes.as_deref()).ok_or_else(|| ClusterError::Machine {
            what: format!(
                "the embedded cluster does not speak Kubernetes `{}`",
                self.kubernetes.as_deref().unwrap_or_default()
            ),
            cure: format!(
                "ask for one of 1.{} to 1.{}, or play it with `--cluster kind`",
                VERSIONS[0].0,
                VERSIONS[VERSIONS.len() - 1].0
            ),
            source: None,
        })
    }
}

impl Places {
    /// Everything below one directory, programs of the usual places: for tests.
    pub fn below(directory: &Utf8Path) -> Self {
        let usual = [
            "/usr/local/sbin",
            "/usr/local/bin",
            "/usr/sbin",
            "/usr/bin",
            "/sbin",
            "/bin",
        ];
        Self {
            state: directory.join("state"),
            cache: directory.join("cache"),
            path: usual.map(PathBuf::from).to_vec(),
        }
    }
}

fn spoken(asked: Option<&str>) -> Option<Spoken> {
    let Some(asked) = asked else {
        let (minor, release) = DEFAULT;
        return Some(Spoken {
            minor,
            release: release.to_owned(),
        });
    };
    let asked = asked.trim_start_matches('v');
    let mut parts = asked.split('.').map(str::parse::<u32>);
    let (Some(Ok(1)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
        return None;
    };
    let (_, release) = VERSIONS.iter().find(|(known, _)| *known == minor)?;
    let release = match (parts.next(), parts.next()) {
        (None, _) => (*release).to_owned(),
        (Some(Ok(_)), None) => asked.to_owned(),
        _ => return None,
    };
    Some(Spoken { minor, release })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str) -> String {
        spoken(Some(asked)).map_or("unknown".to_owned(), |spoken| {
            format!("{} {}", spoken.minor, spoken.release)
        })
    }

    #[test]
    fn a_version_is_spoken_as_its_minor_number_says() {
        assert_eq!(check("1.34"), "34 1.34.4");
        assert_eq!(check("v1.33.2"), "33 1.33.2");
        assert_eq!(check("1.20"), "unknown");
        assert_eq!(check("1.34.x"), "unknown");
        assert_eq!(check("newest"), "unknown");
    }
}
