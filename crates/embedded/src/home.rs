//! A cluster's own directory: disks, kubeconfig, log, and the socket it is spoken to by.
//!
//! Invariants:
//! - Whoever uses the directory holds a shared lock on it. One that nobody holds belongs
//!   to nobody: it is removed.
//! - Whoever uses the cluster, a run or a command in front, has it to itself.
//! - A name never leaves the state directory: it is a DNS label.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use stayput_cluster::ClusterError;

use crate::kept::Recipe;

/// What the names of clusters that nobody named start with, as with kind's.
const PREFIX: &str = "stayput-";
/// How often a directory that still changes is tried to be removed.
const ATTEMPTS: usize = 200;

/// The directory of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) name: String,
    pub(crate) directory: Utf8PathBuf,
}

/// What a cluster's directory says of it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Description {
    pub(crate) nodes: usize,
    pub(crate) kubernetes: String,
    /// Of one that was kept to be used again: what it was made from.
    pub(crate) kept: Option<Recipe>,
}

impl Home {
    pub(crate) fn of(state: &Utf8Path, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            directory: all(state).join(name),
        }
    }

    /// Makes the directory of a new cluster, and holds it.
    pub(crate) fn make(state: &Utf8Path, name: Option<&str>) -> Result<(Self, File), ClusterError> {
        let above = all(state);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&above)
            .map_err(failed("create the directory", &above))?;
        loop {
            let random = || format!("{PREFIX}{:08x}", RandomState::new().hash_one(0_u8) >> 32);
            let home = Self::of(state, &name.map_or_else(random, str::to_owned));
            check(&home.name)?;
            match (home.claim()?, name) {
                (Some(held), _) => return Ok((home, held)),
                // Nobody asked for just this name.
                (None, None) => {}
                (None, Some(name)) => {
                    return Err(ClusterError::Machine {
                        what: format!("there is a cluster `{name}` already"),
                        cure: format!(
                            "delete it with `stayput cluster down {name}`, or take another name"
                        ),
                        source: None,
                    });
                }
            }
        }
    }

    /// Makes the directory, if it is not there, and holds it.
    fn claim(&self) -> Result<Option<File>, ClusterError> {
        let made = DirBuilder::new().mode(0o700).create(&self.directory);
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            made => made.map_err(failed("create the directory", &self.directory))?,
        }
        // Somebody who cleans up may have taken it for a leftover just now.
        Ok(self.hold().ok().filter(|_| self.directory.is_dir()))
    }

    /// Says that the directory is used, until the file is closed.
    pub(crate) fn hold(&self) -> io::Result<File> {
        let file = File::open(&self.directory)?;
        file.lock_shared()?;
        Ok(file)
    }

    /// Whether anybody uses it.
    pub(crate) fn is_used(&self) -> bool {
        let Ok(file) = File::open(&self.directory) else {
            return false;
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Takes it for one run, until the file is closed; none where another run has it.
    pub(crate) fn take(&self) -> io::Result<Option<File>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(self.directory.join("user"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(crate) fn kubeconfig(&self) -> Utf8PathBuf {
        self.directory.join("kubeconfig")
    }

    pub(crate) fn log(&self) -> Utf8PathBuf {
        self.directory.join("log")
    }

    /// Where standard error goes: panics, and what the log has no part in.
    pub(crate) fn errors(&self) -> Utf8PathBuf {
        self.directory.join("errors")
    }

    pub(crate) fn stage(&self) -> Utf8PathBuf {
        self.directory.join("stage")
    }

    pub(crate) fn disk(&self, node: &str) -> Utf8PathBuf {
        self.directory.join("disks").join(node)
    }

    /// Where is written what the cluster is.
    pub(crate) fn description(&self) -> Utf8PathBuf {
        self.directory.join("cluster.json")
    }

    /// What the cluster is, as far as it is known.
    pub(crate) fn described(&self) -> Description {
        let text = fs::read(self.description()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Removes the directory, which the cluster's janitor may be doing as well.
    pub(crate) fn remove(&self) -> Result<(), ClusterError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match fs::remove_dir_all(&self.directory) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => last = Some(error),
            }
            if !self.directory.exists() {
                return Ok(());
            }
            std::thread::yield_now();
        }
        match last {
            Some(error) => Err(failed("remove", &self.directory)(error)),
            None => Ok(()),
        }
    }
}

/// Every cluster that has a directory.
pub(crate) fn homes(state: &Utf8Path) -> Vec<Home> {
    let entries = all(state).read_dir_utf8().into_iter().flatten().flatten();
    let mut names = entries
        .map(|entry| entry.file_name().to_owned())
        .collect::<Vec<_>>();
    names.sort();
    names.iter().map(|name| Home::of(state, name)).collect()
}

/// Removes what belongs to no living cluster; says which.
pub(crate) fn sweep(state: &Utf8Path) -> Vec<String> {
    let left = homes(state).into_iter().filter(|home| !home.is_used());
    left.filter(|home| home.remove().is_ok())
        .map(|home| home.name)
        .collect()
}

/// An error about a file.
pub(crate) fn failed(
    what: &'static str,
    path: &Utf8Path,
) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::File { what, path, source }
}

fn all(state: &Utf8Path) -> Utf8PathBuf {
    state.join("embedded")
}

fn check(name: &str) -> Result<(), ClusterError> {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let whole = name.chars().all(|letter| letters(letter) || letter == '-');
    if whole
        && (1..=40).contains(&name.len())
        && name.starts_with(letters)
        && name.ends_with(letters)
    {
        return Ok(());
    }
    Err(ClusterError::Machine {
        what: format!("`{name}` cannot be the name of a cluster"),
        cure: "use up to 40 lower-case letters, digits and dashes".to_owned(),
        source: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(directory: &tempfile::TempDir) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(directory.path().to_path_buf()).unwrap()
    }

    #[test]
    fn what_nobody_holds_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let state = state(&directory);
        let (used, held) = Home::make(&state, Some("used")).unwrap();
        let (left, let_go) = Home::make(&state, Some("left")).unwrap();
        drop(let_go);
        assert_eq!(sweep(&state), ["left"]);
        assert!(used.is_used() && !left.directory.exists());
        drop(held);
    }

    #[test]
    fn a_name_is_taken_once_and_leaves_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let state = state(&directory);
        let _held = Home::make(&state, Some("a")).unwrap();
        let error = Home::make(&state, Some("a")).unwrap_err();
        assert_eq!(error.to_string(), "there is a cluster `a` already");
        let error = Home::make(&state, Some("../a")).unwrap_err();
        assert_eq!(error.to_string(), "`../a` cannot be the name of a cluster");
    }
}
