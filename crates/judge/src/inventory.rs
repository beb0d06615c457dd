//! The snapshot of a scenario's objects and files: the same on every cluster.
//!
//! Invariants:
//! - Real node names, uids, addresses, times, resource versions and hashes
//!   never reach the text.
//! - Nothing is dropped silently: a kind without facts of its own still says
//!   its name, finalizers and owners; a file without a role is shown by path.
//! - The order of the input does not matter.
//! - No value of a `ConfigMap` or Secret: keys only.

mod facts;
mod files;
mod names;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, Serializer};
use serde_json::Value;
use stayput_scenario::plan::FileRole;

use crate::served;
use names::Names;

/// A directory on a node and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The node, by either name.
    pub node: String,
    /// The directory.
    pub directory: String,
    /// All that is below it; none where the directory is not there.
    pub files: Option<Vec<FoundFile>>,
}

/// Something below a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path below the directory, as `appendonlydir/appendonly.aof.1.incr.aof`.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u64,
}

/// What something below a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A link, a socket, a device…
    Other,
}

/// What a snapshot is made of.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The objects, each with `kind`.
    pub objects: &'a [Arc<Value>],
    /// The directories.
    pub listings: &'a [Listing],
    /// How files are named, and what is left out.
    pub roles: &'a [FileRole],
    /// The scenario's name of each real node.
    pub nodes: &'a BTreeMap<String, String>,
}

/// Why there can be no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// A file role's pattern is none.
    #[error("cannot read the pattern `{glob}`")]
    Glob {
        /// The pattern.
        glob: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// The text cannot be written.
    #[error("cannot write the snapshot as YAML")]
    Yaml(#[source] serde_yaml::Error),
}

/// The text of a snapshot: a short, sorted YAML document.
pub fn text(seen: &Seen<'_>) -> Result<String, InventoryError> {
    let names = Names::of(seen.objects, seen.nodes);
    let document = Entry::Map(vec![
        ("objects".to_owned(), objects(seen.objects, &names)),
        (
            "files".to_owned(),
            files::of(seen.listings, seen.roles, &names)?,
        ),
    ]);
    serde_yaml::to_string(&document).map_err(InventoryError::Yaml)
}

/// A part of the document. A map keeps its order: what matters most comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Text(String),
    Number(i64),
    Flag(bool),
    Map(Vec<(String, Entry)>),
}

impl Entry {
    /// With every text as it would be on any cluster.
    fn renamed(self, names: &Names) -> Self {
        match self {
            Self::Text(text) => Self::Text(names.apply(&text)),
            Self::Number(_) | Self::Flag(_) => self,
            Self::Map(map) => {
                let renamed = |(key, value): (String, Self)| (key, value.renamed(names));
                Self::Map(map.into_iter().map(renamed).collect())
            }
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Map(map) => serializer.collect_map(map.iter().map(|(key, value)| (key, value))),
        }
    }
}

/// Objects by kind and name.
fn objects(objects: &[Arc<Value>], names: &Names) -> Entry {
    let mut kinds: BTreeMap<&str, Vec<(String, Entry)>> = BTreeMap::new();
    for object in objects {
        let name = served::full_name(served::namespace(object), served::name(object));
        let name = names.apply(&name);
        let facts = Entry::Map(facts::of(object)).renamed(names);
        let kind = kinds.entry(served::kind(object)).or_default();
        kind.push((name, facts));
    }
    let numbered = |(kind, entries): (&str, Vec<(String, Entry)>)| {
        (kind.to_owned(), Entry::Map(numbered(entries)))
    };
    Entry::Map(kinds.into_iter().map(numbered).collect())
}

/// Sorted; names that are the same once their hashes are gone are numbered.
fn numbered(mut entries: Vec<(String, Entry)>) -> Vec<(String, Entry)> {
    entries.sort();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in &mut entries {
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            *name = format!("{name} #{times}");
        }
    }
    entries
}

#[cfg(test)]
mod tests;
