//! Snapshot files as `cargo insta review` reads and writes them.
//!
//! Invariants:
//! - What is written here, insta reads back unchanged, and the other way round;
//!   metadata that is of no use here (`info`, `input_file`) is not kept.
//! - Contents are compared as insta compares them: white space at the end and
//!   the kind of line ends do not count.

mod diff;

use std::fmt::Write;

/// A snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The file that asks for it, relative to the workspace, as
    /// `fixtures/local-pv-redis/scenario.yaml`.
    pub source: Option<String>,
    /// The line that asks for it; in pending files only.
    pub line: Option<usize>,
    /// A sentence for the reviewer.
    pub description: Option<String>,
    /// What made it, as `snapshot: running`.
    pub expression: Option<String>,
    /// The text.
    pub contents: String,
}

/// Why a text is no snapshot file.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It does not begin with `---`, or that never ends.
    #[error("no metadata between two lines of `---`")]
    NoMetadata,
    /// What stands between is no YAML of fields.
    #[error("cannot read the metadata of the snapshot")]
    Metadata(#[source] serde_yaml::Error),
}

impl Snapshot {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, SnapshotError> {
        let text = text.replace("\r\n", "\n");
        let rest = text
            .strip_prefix("---\n")
            .ok_or(SnapshotError::NoMetadata)?;
        let (metadata, contents) = split(rest).ok_or(SnapshotError::NoMetadata)?;
        let metadata: serde_yaml::Value =
            serde_yaml::from_str(metadata).map_err(SnapshotError::Metadata)?;
        let field = |name: &str| metadata.get(name)?.as_str().map(str::to_owned);
        let line = metadata.get("assertion_line");
        Ok(Self {
            source: field("source"),
            line: line
                .and_then(serde_yaml::Value::as_u64)
                .and_then(|line| usize::try_from(line).ok()),
            description: field("description"),
            expression: field("expression"),
            contents: normalized(contents),
        })
    }

    /// The text of a `.snap` file: without `line`.
    pub fn accepted_text(&self) -> String {
        self.text(None)
    }

    /// The text of a `.snap.new` file.
    pub fn pending_text(&self) -> String {
        self.text(self.line)
    }

    fn text(&self, line: Option<usize>) -> String {
        let line = line.map(|line| line.to_string());
        let quoted = |text: &Option<String>| text.as_deref().map(quote);
        let fields = [
            ("source", quoted(&self.source)),
            ("assertion_line", line),
            ("description", quoted(&self.description)),
            ("expression", quoted(&self.expression)),
        ];
        let mut text = "---\n".to_owned();
        for (name, value) in fields {
            if let Some(value) = value {
                let _ = writeln!(text, "{name}: {value}");
            }
        }
        let _ = writeln!(text, "---\n{}", normalized(&self.contents));
        text
    }
}

/// The name of the file, as `running.snap`.
pub fn file_name(name: &str) -> String {
    format!("{name}.snap")
}

/// The name of the file that waits for review, as `running.snap.new`.
pub fn pending_file_name(name: &str) -> String {
    format!("{name}.snap.new")
}

/// Whether two texts say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// They do.
    Same,
    /// They do not.
    Differs {
        /// From golden to new, each hunk under the keys that it is in.
        diff: String,
    },
}

/// Compares the contents of two snapshots.
pub fn compare(golden: &str, new: &str) -> Comparison {
    let (golden, new) = (normalized(golden), normalized(new));
    if golden == new {
        Comparison::Same
    } else {
        Comparison::Differs {
            diff: diff::unified(&golden, &new),
        }
    }
}

/// The metadata, and what follows the line that ends it.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if line.trim_end() == "---" {
            return Some((&text[..start], &text[end..]));
        }
        start = end;
    }
    None
}

/// A text as insta compares it.
fn normalized(text: &str) -> String {
    text.trim_end().replace("\r\n", "\n")
}

/// A string in double quotes, which in JSON and in YAML are the same.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
