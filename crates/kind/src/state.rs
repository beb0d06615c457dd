//! The state directory: one lock file for each cluster of ours.
//!
//! Invariants:
//! - A lock file is locked from the moment it can be seen until its run ends,
//!   however it ends: the kernel lets go of the lock of a killed process.
//! - Not locked and not kept: a leftover.
//! - Whoever holds a lock has checked that the file it locked is still the one
//!   with that name.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use stayput_cluster::ClusterError;

/// Where lock files, kubeconfigs and configurations are.
#[derive(Clone, Debug)]
pub(crate) struct StateDirectory {
    path: Utf8PathBuf,
}

/// What a lock file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub(crate) cluster: String,
    /// The identity of the engine that has the cluster.
    pub(crate) engine: String,
    pub(crate) kept: Kept,
    /// The name of the node image that was asked for.
    pub(crate) node_image: Option<String>,
    /// What exactly that name meant.
    pub(crate) node_image_id: Option<String>,
    /// The process group of the kind that is creating the cluster.
    pub(crate) creator: Option<i32>,
}

/// Whether a cluster outlives its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kept {
    /// Not locked, it is a leftover.
    #[default]
    No,
    /// To be used again.
    ForReuse,
    /// To be looked at; never used again.
    ForInspection,
}

/// A held lock on one cluster of ours.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) record: Record,
    lock: File,
    files: Files,
}

/// What trying to lock an existing lock file gave.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// A living run has it; this is what its file says.
    InUse(Record),
    /// It vanished meanwhile.
    Gone,
    /// It is ours now.
    Held(Box<Claim>),
}

/// The files of one cluster.
#[derive(Clone, Debug)]
struct Files {
    directory: Utf8PathBuf,
    cluster: String,
}

impl StateDirectory {
    pub(crate) fn new(path: Utf8PathBuf) -> Self {
        Self { path }
    }

    /// The names of all clusters that have a lock file, sorted.
    pub(crate) fn names(&self) -> Result<Vec<String>, ClusterError> {
        let entries = match self.path.read_dir_utf8() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("read the directory", &self.path))?,
        };
        let mut names: Vec<_> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().strip_suffix(".lock").map(str::to_owned))
            .filter(|name| name.starts_with(PREFIX))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Makes and locks the lock file of a new cluster; `None` when the name has one.
    pub(crate) fn claim_new(&self, record: Record) -> Result<Option<Claim>, ClusterError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(failed("create the directory", &self.path))?;
        let files = self.files(&record.cluster);
        let draft = files.path(&format!("draft-{}", random_word()));
        let lock = open(&draft)?;
        // Locked and written before it has its name: nobody sees it unlocked.
        lock.lock().map_err(failed("lock", &draft))?;
        let mut claim = Claim {
            record,
            lock,
            files,
        };
        claim.write()?;
        let path = claim.files.path("lock");
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft).map_err(failed("remove", &draft))?;
        match linked {
            Ok(()) => Ok(Some(claim)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(failed("create", &path)(error)),
        }
    }

    /// Tries to lock the lock file of an existing cluster.
    pub(crate) fn claim(&self, cluster: &str) -> Result<Attempt, ClusterError> {
        let files = self.files(cluster);
        let path = files.path("lock");
        let lock = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempt::Gone),
            opened => opened.map_err(failed("open", &path))?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Ok(Attempt::InUse(read(&lock, cluster)));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        if !is_at(&lock, &path) {
            return Ok(Attempt::Gone);
        }
        let record = read(&lock, cluster);
        Ok(Attempt::Held(Box::new(Claim {
            record,
            lock,
            files,
        })))
    }

    /// Tells this state directory from others, wherever we are called from.
    pub(crate) fn identity(&self) -> String {
        let absolute = std::path::absolute(&self.path);
        absolute.map_or_else(
            |_| self.path.to_string(),
            |path| path.to_string_lossy().into_owned(),
        )
    }

    /// Where the kubeconfig file of a cluster is.
    pub(crate) fn kubeconfig(&self, cluster: &str) -> Utf8PathBuf {
        self.files(cluster).path("kubeconfig")
    }

    fn files(&self, cluster: &str) -> Files {
        Files {
            directory: self.path.clone(),
            cluster: cluster.to_owned(),
        }
    }
}

/// Eight letters and digits that nobody else has.
pub(crate) fn random_word() -> String {
    format!("{:08x}", RandomState::new().hash_one(0_u8) >> 32)
}

/// What the names of all our clusters start with.
pub(crate) const PREFIX: &str = "stayput-";

impl Claim {
    pub(crate) fn cluster(&self) -> &str {
        &self.record.cluster
    }

    pub(crate) fn kubeconfig(&self) -> Utf8PathBuf {
        self.files.path("kubeconfig")
    }

    /// Where the configuration is that kind was given.
    pub(crate) fn config(&self) -> Utf8PathBuf {
        self.files.path("yaml")
    }

    /// Writes what the record says now.
    pub(crate) fn write(&mut self) -> Result<(), ClusterError> {
        self.save(&self.record)
    }

    /// Marks the cluster as kept and lets go of it.
    pub(crate) fn keep(&self, kept: Kept) -> Result<(), ClusterError> {
        let record = Record {
            kept,
            creator: None,
            ..self.record.clone()
        };
        self.save(&record)?;
        let path = self.files.path("lock");
        self.lock.unlock().map_err(failed("unlock", &path))
    }

    /// A second lock, to be held by the kind that creates the cluster: as long
    /// as it is held, that process lives.
    pub(crate) fn creation_lock(&self) -> Result<File, ClusterError> {
        let path = self.files.path("creating");
        let file = open(&path)?;
        file.lock().map_err(failed("lock", &path))?;
        Ok(file)
    }

    /// The creation lock, if a living process holds it.
    pub(crate) fn held_creation_lock(&self) -> Option<File> {
        let file = File::open(self.files.path("creating")).ok()?;
        matches!(file.try_lock(), Err(TryLockError::WouldBlock)).then_some(file)
    }

    /// Removes all files of a cluster that is no more, the lock last.
    pub(crate) fn forget(&self) -> Result<(), ClusterError> {
        for extension in ["kubeconfig", "yaml", "creating", "lock"] {
            let path = self.files.path(extension);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("remove", &path)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn save(&self, record: &Record) -> Result<(), ClusterError> {
        let path = self.files.path("lock");
        let write = || {
            // In place: a new file under the name would not be the locked one.
            self.lock.set_len(0)?;
            (&self.lock).rewind()?;
            serde_json::to_writer(&self.lock, record)?;
            (&self.lock).flush()
        };
        write().map_err(failed("write", &path))
    }
}

impl Files {
    fn path(&self, extension: &str) -> Utf8PathBuf {
        self.directory.join(format!("{}.{extension}", self.cluster))
    }
}

/// Reads a record; one cut short by a crash says only its cluster's name.
fn read(mut lock: &File, cluster: &str) -> Record {
    let mut text = String::new();
    let record = lock
        .read_to_string(&mut text)
        .ok()
        .and_then(|_| serde_json::from_str::<Record>(&text).ok());
    Record {
        cluster: cluster.to_owned(),
        ..record.unwrap_or_default()
    }
}

fn open(path: &Utf8Path) -> Result<File, ClusterError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed("open", path))
}

fn is_at(file: &File, path: &Utf8Path) -> bool {
    let same = || {
        let (here, there) = (file.metadata()?, fs::metadata(path)?);
        io::Result::Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
    };
    same().unwrap_or(false)
}

/// Wraps an error of the file system with what was tried, on which file.
pub(crate) fn failed(
    what: &'static str,
    path: &Utf8Path,
) -> impl FnOnce(io::Error) -> ClusterError + use<> {
    let path = path.to_owned();
    move |source| ClusterError::File { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, StateDirectory) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("state")).unwrap();
        (directory, StateDirectory::new(path))
    }

    fn record(cluster: &str) -> Record {
        Record {
            cluster: cluster.to_owned(),
            ..Record::default()
        }
    }

    #[test]
    fn a_claim_is_exclusive_until_it_is_dropped() {
        let (_directory, state) = state();
        let claim = state.claim_new(record("stayput-a")).unwrap().unwrap();
        assert!(state.claim_new(record("stayput-a")).unwrap().is_none());
        assert!(matches!(state.claim("stayput-a"), Ok(Attempt::InUse(_))));
        drop(claim);
        let Ok(Attempt::Held(claim)) = state.claim("stayput-a") else {
            panic!("it should be free");
        };
        assert_eq!(claim.record, record("stayput-a"));
    }

    #[test]
    fn a_kept_cluster_is_free_and_says_so() {
        let (_directory, state) = state();
        let claim = state.claim_new(record("stayput-a")).unwrap().unwrap();
        claim.keep(Kept::ForReuse).unwrap();
        let Ok(Attempt::Held(again)) = state.claim("stayput-a") else {
            panic!("it should be free");
        };
        assert_eq!(again.record.kept, Kept::ForReuse);
    }

    #[test]
    fn a_forgotten_cluster_leaves_no_file() {
        let (directory, state) = state();
        let claim = state.claim_new(record("stayput-a")).unwrap().unwrap();
        drop(claim.creation_lock().unwrap());
        claim.forget().unwrap();
        assert!(matches!(state.claim("stayput-a"), Ok(Attempt::Gone)));
        let left = directory.path().join("state").read_dir().unwrap().count();
        assert_eq!(left, 0);
    }

    #[test]
    fn a_record_cut_short_is_a_leftover_with_its_name() {
        let (_directory, state) = state();
        let claim = state.claim_new(record("stayput-a")).unwrap().unwrap();
        claim.lock.set_len(7).unwrap();
        drop(claim);
        assert_eq!(state.names().unwrap(), ["stayput-a"]);
        let Ok(Attempt::Held(claim)) = state.claim("stayput-a") else {
            panic!("it should be free");
        };
        assert_eq!(claim.record, record("stayput-a"));
    }

    #[test]
    fn the_creation_lock_tells_whether_its_holder_lives() {
        let (_directory, state) = state();
        let claim = state.claim_new(record("stayput-a")).unwrap().unwrap();
        let lock = claim.creation_lock().unwrap();
        assert!(claim.held_creation_lock().is_some());
        drop(lock);
        assert!(claim.held_creation_lock().is_none());
    }
}
