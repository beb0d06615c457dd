//! A node's disk: a directory tree in which every absolute path of the node lies.
//!
//! Invariants:
//! - No path leaves the tree, whatever links are in it.
//! - Stopping or deleting the node touches nothing in it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// A node's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The disk whose `/` is `root`, which is made.
    pub fn open(root: PathBuf) -> io::Result<Self> {
        for directory in [
            "var/lib/kubelet/pods",
            "var/log/pods",
            "tmp",
            "etc",
            "root",
            "run",
        ] {
            fs::create_dir_all(root.join(directory))?;
        }
        fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
        Ok(Self { root })
    }

    /// Its `/`, as the host sees it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `path` of the node is on the host.
    pub fn at(&self, path: &Path) -> PathBuf {
        self.resolve(path, 0)
    }

    fn resolve(&self, path: &Path, depth: u8) -> PathBuf {
        let mut found = self.root.clone();
        for part in path.components() {
            match part {
                Component::Normal(name) => found.push(name),
                Component::ParentDir if found != self.root => {
                    found.pop();
                }
                Component::ParentDir
                | Component::RootDir
                | Component::CurDir
                | Component::Prefix(_) => continue,
            }
            if depth < 40
                && let Ok(target) = fs::read_link(&found)
            {
                let base = found
                    .parent()
                    .and_then(|parent| parent.strip_prefix(&self.root).ok())
                    .unwrap_or(Path::new(""));
                found = self.resolve(&base.join(target), depth + 1);
            }
        }
        found
    }

    /// The directory of a pod's volumes and files.
    pub fn pod(&self, uid: &str) -> PathBuf {
        self.root.join("var/lib/kubelet/pods").join(uid)
    }

    /// The directory of a pod's logs.
    pub fn logs(&self, namespace: &str, name: &str, uid: &str) -> PathBuf {
        self.root
            .join("var/log/pods")
            .join(format!("{namespace}_{name}_{uid}"))
    }

    /// What a hostPath volume mounts, made or checked as its type says.
    pub fn host_path(&self, path: &str, kind: &str) -> Result<PathBuf, String> {
        let at = self.at(Path::new(path));
        let found = fs::metadata(&at).map(|found| found.file_type()).ok();
        let fails = |what: &str| Err(format!("hostPath type check failed: {path} is not {what}"));
        let made = |made: io::Result<()>| {
            made.map_err(|error| format!("hostPath type check failed: {error}"))
        };
        match (kind, found) {
            ("" | "DirectoryOrCreate", None) => made(fs::create_dir_all(&at))?,
            ("FileOrCreate", None) => made(fs::write(&at, ""))?,
            ("Directory" | "DirectoryOrCreate", found)
                if !found.is_some_and(|kind| kind.is_dir()) =>
            {
                return fails("a directory");
            }
            ("File" | "FileOrCreate", found) if !found.is_some_and(|kind| kind.is_file()) => {
                return fails("a file");
            }
            ("Socket", found) if !found.is_some_and(|kind| kind.is_socket()) => {
                return fails("a socket file");
            }
            ("CharDevice", found) if !found.is_some_and(|kind| kind.is_char_device()) => {
                return fails("a character device");
            }
            ("BlockDevice", found) if !found.is_some_and(|kind| kind.is_block_device()) => {
                return fails("a block device");
            }
            _ => {}
        }
        Ok(at)
    }

    /// What a local volume mounts.
    pub fn local(&self, path: &str) -> Result<PathBuf, String> {
        let at = self.at(Path::new(path));
        match fs::metadata(&at) {
            Err(_) => Err(format!("path \"{path}\" does not exist")),
            Ok(found) if found.is_dir() || found.file_type().is_block_device() => Ok(at),
            Ok(_) => Err("only directory and block device are supported".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_checked_in_a_kubelets_words() {
        let root = tempfile::tempdir().unwrap();
        let disk = Disk::open(root.path().join("n")).unwrap();
        let check = |path: &str, kind: &str| disk.host_path(path, kind).err().unwrap_or_default();
        assert_eq!(
            check("/disk1/x", "Directory"),
            "hostPath type check failed: /disk1/x is not a directory"
        );
        assert_eq!(check("/disk1/x", "DirectoryOrCreate"), "");
        assert_eq!(check("/disk1/x", "Directory"), "");
        assert_eq!(
            check("/disk1/x", "File"),
            "hostPath type check failed: /disk1/x is not a file"
        );
        assert_eq!(check("/disk1/f", "FileOrCreate"), "");
        assert_eq!(
            check("/disk1/f", "Socket"),
            "hostPath type check failed: /disk1/f is not a socket file"
        );
        assert_eq!(
            disk.local("/disk1/f").unwrap_err(),
            "only directory and block device are supported"
        );
        assert_eq!(
            disk.local("/no").unwrap_err(),
            "path \"/no\" does not exist"
        );
    }

    #[test]
    fn no_path_leaves_the_tree() {
        let root = tempfile::tempdir().unwrap();
        let disk = Disk::open(root.path().join("n")).unwrap();
        std::os::unix::fs::symlink("/etc", disk.root().join("link")).unwrap();
        std::os::unix::fs::symlink("../../..", disk.root().join("up")).unwrap();
        assert_eq!(
            disk.at(Path::new("/link/passwd")),
            disk.root().join("etc/passwd")
        );
        assert_eq!(disk.at(Path::new("/up/../../x")), disk.root().join("x"));
    }
}
