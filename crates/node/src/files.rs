//! Volumes whose content comes from the API: written as a kubelet writes them, so that
//! a reader sees all of one version or all of the next.
//!
//! Invariant: everything is below the directory it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

/// One file of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mode: u32,
}

/// Whether what is published is not exactly `files`.
pub(crate) fn differs(directory: &Path, files: &BTreeMap<PathBuf, Content>) -> bool {
    let present = directory.join("..data");
    let count = |path: &Path| fs::read_dir(path).map_or(0, Iterator::count);
    let tops = files
        .keys()
        .filter_map(|path| path.components().next())
        .collect::<BTreeSet<_>>();
    let same = |(path, content): (&PathBuf, &Content)| {
        fs::read(present.join(path)).is_ok_and(|bytes| bytes == content.bytes)
    };
    !present.exists() || count(&present) != tops.len() || !files.iter().all(same)
}

/// Writes `files` (by relative path) into a new version directory and makes it the
/// present one. `stamp` names the version.
pub(crate) fn publish(
    directory: &Path,
    files: &BTreeMap<PathBuf, Content>,
    stamp: &str,
) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let version = format!("..{stamp}");
    let real = directory.join(&version);
    fs::create_dir(&real)?;
    for (path, content) in files {
        if path
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
        {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = real.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, &content.bytes)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(content.mode))?;
    }
    let before = fs::read_link(directory.join("..data")).ok();
    let next = directory.join("..data_tmp");
    symlink(&version, &next)?;
    fs::rename(&next, directory.join("..data"))?;
    for path in files.keys() {
        let Some(Component::Normal(first)) = path.components().next() else {
            continue;
        };
        let link = directory.join(first);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new("..data").join(first), link)?;
        }
    }
    // The links of what is no more lead nowhere.
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_symlink() && !path.exists() {
            fs::remove_file(path)?;
        }
    }
    match before {
        Some(before) => fs::remove_dir_all(directory.join(before)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_replaces_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let content = |text: &str| Content {
            bytes: text.as_bytes().to_vec(),
            mode: 0o400,
        };
        let files = |text: &str| {
            BTreeMap::from([
                (PathBuf::from("a/b"), content(text)),
                ("c".into(), content("2")),
            ])
        };
        publish(directory.path(), &files("1"), "one").unwrap();
        publish(directory.path(), &files("3"), "two").unwrap();
        assert_eq!(
            fs::read_to_string(directory.path().join("a/b")).unwrap(),
            "3"
        );
        assert!(!directory.path().join("..one").exists());
        assert!(!differs(directory.path(), &files("3")) && differs(directory.path(), &files("4")));
        let fewer = BTreeMap::from([(PathBuf::from("c"), content("2"))]);
        assert!(differs(directory.path(), &fewer));
        publish(directory.path(), &fewer, "fewer").unwrap();
        assert!(!directory.path().join("a").is_symlink());
        publish(directory.path(), &files("3"), "more").unwrap();
        assert_eq!(
            fs::read_link(directory.path().join("c")).unwrap(),
            Path::new("..data/c")
        );
        let escape = BTreeMap::from([(PathBuf::from("../x"), content("x"))]);
        assert!(publish(directory.path(), &escape, "three").is_err());
    }
}
