//! Where the texts of files come from: the caller reads, this crate does not.

use std::{fmt, io};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// Hands in the texts of files.
pub trait Files {
    /// The text of a file.
    fn read(&self, path: &Utf8Path) -> io::Result<String>;

    /// The names of the files of a folder, in alphabetical order.
    fn list(&self, folder: &Utf8Path) -> io::Result<Vec<String>> {
        let _ = folder;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// What a program renders.
    fn render(&self, rendering: &Rendering) -> Result<String, RenderError> {
        let _ = rendering;
        Err(RenderError::Unsupported)
    }
}

/// Manifests that a program renders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendering {
    /// What kustomize makes of a folder.
    Kustomize {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// What helm makes of a chart.
    Helm {
        /// The chart.
        chart: Utf8PathBuf,
        /// The release's name.
        release: String,
        /// Its namespace.
        namespace: Option<String>,
        /// Files of values, the later ones stronger.
        values: Vec<Utf8PathBuf>,
        /// Single values.
        set: Vec<(String, String)>,
    },
}

/// How a rendered text is called in messages.
impl fmt::Display for Rendering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kustomize { folder } => write!(f, "{folder} (kustomize)"),
            Self::Helm {
                chart,
                release,
                namespace,
                values,
                set,
            } => {
                write!(f, "{chart} (helm, {release}")?;
                let in_namespace = namespace.iter().map(|it| format!(" in {it}"));
                let files = values.iter().map(|it| format!(", {it}"));
                let single = set.iter().map(|(key, value)| format!(", {key}={value}"));
                for part in in_namespace.chain(files).chain(single) {
                    f.write_str(&part)?;
                }
                f.write_str(")")
            }
        }
    }
}

/// Why a program rendered nothing.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Nobody here runs programs.
    #[error("nothing is rendered here")]
    Unsupported,
    /// Only what was rendered before is to be had, and this is not among it.
    #[error("it is not among what was rendered before")]
    NotKept,
    /// The program is not installed.
    #[error("there is no program `{program}` on this machine")]
    Missing {
        /// Its name.
        program: &'static str,
    },
    /// The program failed.
    #[error("`{command}` failed: {said}")]
    Failed {
        /// The command line.
        command: String,
        /// What it said.
        said: String,
    },
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
        io::ErrorKind::NotADirectory => "it is no folder".to_owned(),
        _ => error.to_string(),
    }
}
