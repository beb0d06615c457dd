//! What lies beside a scenario and is read by its scripts, not by us.
//!
//! A file belongs to the run if the scenario's text names it, or another file that
//! belongs to it does: nothing of the folder is packed that nobody speaks of.

use std::{collections::BTreeMap, io};

use camino::{Utf8Path, Utf8PathBuf};
use walkdir::WalkDir;

/// Larger files are data, and no part of a bug report.
const LARGEST: u64 = 1 << 20;

/// How deep below the scenario, and how many files of it, are looked at.
const DEEPEST: usize = 4;
const MOST: usize = 2000;

/// The files beside a scenario that belong to it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// The files and what is in them.
    pub(super) texts: BTreeMap<Utf8PathBuf, String>,
    /// What is named and cannot be packed, with the reason.
    pub(super) left_out: Vec<String>,
}

/// Finds the files below `folder` that these texts name, and those that they name in turn.
pub(super) fn find<'a>(
    folder: &Utf8Path,
    texts: impl Iterator<Item = (&'a Utf8PathBuf, &'a String)>,
) -> Beside {
    let mut to_read: Vec<String> = Vec::new();
    let mut files = files(folder);
    for (path, text) in texts {
        files.retain(|file| file != path);
        to_read.push(text.clone());
    }
    let mut beside = Beside::default();
    while let Some(text) = to_read.pop() {
        let named = |file: &Utf8PathBuf| file.file_name().is_some_and(|name| names(&text, name));
        let (found, others) = files.into_iter().partition(named);
        files = others;
        for file in found {
            match read(&file) {
                Ok(text) => {
                    to_read.push(text.clone());
                    beside.texts.insert(file, text);
                }
                Err(error) => beside.left_out.push(format!("`{file}`: {error}")),
            }
        }
    }
    beside
}

/// The files below a folder that are not hidden.
fn files(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let is_hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let all = WalkDir::new(folder).max_depth(DEEPEST).sort_by_file_name();
    let all = all.into_iter().filter_entry(|entry| !is_hidden(entry));
    let files = all.flatten().filter(|entry| entry.file_type().is_file());
    let paths = files.filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok());
    paths.take(MOST).collect()
}

fn read(file: &Utf8Path) -> io::Result<String> {
    if file.metadata()?.len() > LARGEST {
        let what = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(io::Error::other(what));
    }
    let text = String::from_utf8(std::fs::read(file)?);
    text.map_err(|_| io::Error::other("it is not text"))
}

/// Whether a text has a file's name as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + name.len()..].chars();
        // A full stop may end a sentence.
        let follows = match after.next() {
            Some('.') => after.next().is_some_and(is_part),
            other => other.is_some_and(is_part),
        };
        !before.is_some_and(is_part) && !follows
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn found(files: &[(&str, &[u8])], scenario: &str) -> (Vec<String>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for (name, bytes) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let own = root.join("scenario.yaml");
        let beside = find(root, [(&own, &scenario.to_owned())].into_iter());
        let names = beside.texts.keys();
        let names = names.map(|path| path.strip_prefix(root).unwrap().to_string());
        (names.collect(), beside.left_out.len())
    }

    #[test]
    fn what_a_script_names_belongs_to_it_and_what_that_names() {
        let files: &[(&str, &[u8])] = &[
            ("scenario.yaml", b"run: ./check.sh"),
            ("check.sh", b". lib/common.sh\ncat keys.txt"),
            ("lib/common.sh", b"true"),
            ("keys.txt", b"1\n"),
            ("notes.txt", b"nobody speaks of them"),
            (".hidden/keys.txt", b"2\n"),
        ];
        let (names, left_out) = found(files, "run: ./check.sh --all");
        assert_eq!(names, ["check.sh", "keys.txt", "lib/common.sh"]);
        assert_eq!(left_out, 0);
    }

    #[test]
    fn what_is_no_text_or_too_large_is_told() {
        let large = vec![b'x'; usize::try_from(LARGEST).unwrap() + 1];
        let files: &[(&str, &[u8])] = &[("dump.rdb", b"\xff\x00"), ("large.txt", &large)];
        let (names, left_out) = found(files, "redis-cli --pipe <dump.rdb; wc large.txt");
        assert_eq!((names.len(), left_out), (0, 2));
    }

    #[test]
    fn a_part_of_a_word_is_no_name() {
        assert!(names("sh ./check.sh.", "check.sh"));
        assert!(names("(check.sh)", "check.sh"));
        assert!(!names("recheck.sh", "check.sh"));
        assert!(!names("check.sh.old", "check.sh"));
    }
}
