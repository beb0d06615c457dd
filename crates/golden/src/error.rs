//! What can go wrong besides a difference.

use camino::Utf8PathBuf;

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// A name that no scenario has.
    #[error("there is no golden scenario `{name}`; there are: {}", .known.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A file cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not written as it should be.
    #[error("`{path}`, line {line}: {what}")]
    Format {
        /// The file.
        path: Utf8PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The API does not answer.
    #[error("cannot {what}")]
    Api {
        /// What was tried.
        what: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// A watch ended before the script did.
    #[error("the watch of {kind} ended: {said}")]
    Watch {
        /// What was watched.
        kind: String,
        /// What the server said last.
        said: String,
    },
    /// The script cannot be run or talked to.
    #[error("cannot run the script of `{scenario}`")]
    Run {
        /// The scenario.
        scenario: String,
        /// Why.
        source: std::io::Error,
    },
    /// What the script claims did not come true.
    #[error("the script of `{scenario}` {how}:\n{said}")]
    Script {
        /// The scenario.
        scenario: String,
        /// How it ended.
        how: String,
        /// The end of what it said.
        said: String,
    },
    /// A group of requests cannot be played.
    #[error("cannot play `{group}`: {what}")]
    Play {
        /// The group.
        group: String,
        /// Why.
        what: String,
    },
}
