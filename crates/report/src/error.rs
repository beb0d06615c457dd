//! What can go wrong in writing a report.

use std::io;

/// A report that could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal, or the file in its place, does not take what is written.
    #[error("cannot write to the terminal")]
    Terminal {
        /// Why not.
        source: io::Error,
    },
    /// What has to be redacted does not go through JSON and back.
    #[error("cannot redact a record")]
    Redact {
        /// Why not.
        source: serde_json::Error,
    },
    /// The records do not become JSON, or JSON does not become records.
    #[error("cannot {doing} report.json")]
    Json {
        /// `read` or `write`.
        doing: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// The report was written by a program of another schema.
    #[error("report.json has schema version {found}, this program reads {known}")]
    SchemaVersion {
        /// The version that the file names.
        found: String,
        /// The version that this program knows.
        known: u32,
    },
    /// The suites do not become XML.
    #[error("cannot write junit.xml")]
    Junit {
        /// Why not.
        source: quick_junit::SerializeError,
    },
}
