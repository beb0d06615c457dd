//! Where the texts of files come from: the caller reads, this crate does not.

use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// Hands in the texts of files.
pub trait Files {
    /// The text of a file.
    fn read(&self, path: &Utf8Path) -> io::Result<String>;
}

impl<F: Fn(&Utf8Path) -> io::Result<String>> Files for F {
    fn read(&self, path: &Utf8Path) -> io::Result<String> {
        self(path)
    }
}

/// `path` as the file `from` means it, without `.` and `..` where that is possible.
pub(crate) fn relative_to(from: &Utf8Path, path: &str) -> Utf8PathBuf {
    let joined = from.parent().unwrap_or(Utf8Path::new("")).join(path);
    let mut plain = Utf8PathBuf::new();
    for component in joined.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir
                if matches!(
                    plain.components().next_back(),
                    Some(Utf8Component::Normal(_))
                ) =>
            {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Why a file could not be read, in a few words.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}
