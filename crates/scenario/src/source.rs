//! The files of a scenario: their texts and the trees read from them.
//!
//! Invariants:
//! - A [`NodeId`] is good for as long as the [`Sources`] that gave it.
//! - An alias is the same node as its anchor: nothing is copied, so a small
//!   text is a small tree.

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Number, Value};

use crate::plan::Place;

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(pub(crate) u32);

/// A piece of one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) file: FileId,
    pub(crate) range: Range<usize>,
}

/// A node of one of the trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId {
    pub(crate) file: FileId,
    pub(crate) index: u32,
}

impl NodeId {
    /// The form in which it passes through serde.
    pub(crate) const fn pack(self) -> u64 {
        ((self.file.0 as u64) << 32) | self.index as u64
    }

    /// The reverse of [`NodeId::pack`].
    pub(crate) fn unpack(packed: u64) -> Self {
        let part = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        Self {
            file: FileId(part(packed >> 32)),
            index: part(packed),
        }
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Block,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// What could not be read; that is a problem already.
    Unreadable,
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<NodeId>),
    /// Keys are texts; each is there once.
    Map(Vec<(NodeId, NodeId)>),
}

/// A value of a YAML document, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
    pub(crate) style: Style,
}

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: Utf8PathBuf,
    pub(crate) text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) documents: Vec<NodeId>,
}

/// All files read so far, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    files: Vec<File>,
}

impl Sources {
    /// Adds a file; its tree comes later.
    pub(crate) fn add(&mut self, path: &Utf8Path, text: String) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let lines = [0]
            .into_iter()
            .chain(text.match_indices('\n').map(|(at, _)| at + 1));
        self.files.push(File {
            path: path.to_owned(),
            lines: lines.collect(),
            text,
            nodes: Vec::new(),
            documents: Vec::new(),
        });
        id
    }

    pub(crate) fn file(&self, id: FileId) -> &File {
        &self.files[id.0 as usize]
    }

    pub(crate) fn file_mut(&mut self, id: FileId) -> &mut File {
        &mut self.files[id.0 as usize]
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.file(id.file).nodes[id.index as usize]
    }

    pub(crate) fn kind(&self, id: NodeId) -> &Kind {
        &self.node(id).kind
    }

    pub(crate) fn span(&self, id: NodeId) -> Span {
        Span {
            file: id.file,
            range: self.node(id).range.clone(),
        }
    }

    /// The text of a node that is one.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match self.kind(id) {
            Kind::Text(text) => Some(text),
            Kind::Unreadable
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::List(_)
            | Kind::Map(_) => None,
        }
    }

    /// The entries of a map; none where it is not one.
    pub(crate) fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match self.kind(id) {
            Kind::Map(entries) => entries,
            Kind::Unreadable
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_) => &[],
        }
    }

    /// The items of a list; none where it is not one.
    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match self.kind(id) {
            Kind::List(items) => items,
            Kind::Unreadable
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::Map(_) => &[],
        }
    }

    /// The key and the value of an entry of a map.
    pub(crate) fn entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let entries = self.entries(id).iter();
        entries
            .copied()
            .find(|(name, _)| self.text(*name) == Some(key))
    }

    /// The value of an entry of a map.
    pub(crate) fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// The key under which a node stands, in the map around it.
    pub(crate) fn key_of(&self, id: NodeId) -> Option<NodeId> {
        let nodes = self.file(id.file).nodes.iter();
        let maps = nodes.filter_map(|node| match &node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Unreadable
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_) => None,
        });
        let mut keys = maps.flatten().filter(|(_, value)| *value == id);
        keys.next().map(|(key, _)| *key)
    }

    /// A node, and all in it, as JSON.
    pub(crate) fn json(&self, id: NodeId) -> Value {
        match self.kind(id) {
            Kind::Unreadable | Kind::Null => Value::Null,
            Kind::Bool(truth) => Value::Bool(*truth),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(|item| self.json(*item)).collect(),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let key = self.text(*key).unwrap_or_default();
                        (key.to_owned(), self.json(*value))
                    })
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Line and column of a place, for people.
    pub(crate) fn place(&self, file: FileId, at: usize) -> Place {
        let file = self.file(file);
        let at = file.text.floor_char_boundary(at);
        let line = file.lines.partition_point(|start| *start <= at);
        let start = file.lines[line - 1];
        Place {
            file: file.path.clone(),
            line,
            column: file.text[start..at].chars().count() + 1,
        }
    }

    /// Where a node begins.
    pub(crate) fn place_of(&self, id: NodeId) -> Place {
        self.place(id.file, self.node(id).range.start)
    }
}
