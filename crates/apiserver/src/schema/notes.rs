//! The generated table `fields.tsv`: what a schema of types alone does not say.
//!
//! Invariant: a line that cannot be read is a bug of the generator, found by a test.

use std::collections::HashMap;

use serde_json::Value;

use super::types::{ListKind, Omit};

const TABLE: &str = include_str!("../../data/fields.tsv");

/// What the table says of one field.
#[derive(Debug, Default, Clone)]
pub(super) struct Notes {
    pub(super) pointer: bool,
    pub(super) omit: Omit,
    pub(super) go: String,
    pub(super) number: String,
    pub(super) merge: Option<String>,
    pub(super) retain: bool,
    pub(super) list: Option<ListKind>,
    pub(super) atomic: bool,
    pub(super) values: Vec<&'static str>,
    pub(super) default: Option<Value>,
}

/// The whole table by definition and field.
pub(super) fn table() -> HashMap<(&'static str, &'static str), Notes> {
    TABLE
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (def, field, notes) = (columns.next()?, columns.next()?, columns.next()?);
            Some(((def, field), read(notes)))
        })
        .collect()
}

fn read(text: &'static str) -> Notes {
    let mut notes = Notes::default();
    for note in text.split(' ') {
        let (name, value) = note.split_once('=').unwrap_or((note, ""));
        match name {
            "ptr" => notes.pointer = true,
            "keep" => notes.omit = Omit::Never,
            "omitzero" => notes.omit = Omit::Zero,
            "go" => value.trim_start_matches('*').clone_into(&mut notes.go),
            "pb" => value.clone_into(&mut notes.number),
            "merge" => notes.merge = Some(value.to_owned()),
            "retain" => notes.retain = true,
            "list" => notes.list = Some(list(value)),
            "map" => notes.atomic = true,
            "enum" => notes.values = value.split(',').collect(),
            "default" => notes.default = serde_json::from_str(value).ok(),
            _ => {}
        }
    }
    notes
}

fn list(value: &str) -> ListKind {
    match value.split_once(':') {
        Some(("map", keys)) => ListKind::Map(keys.split(',').map(str::to_owned).collect()),
        _ if value == "set" => ListKind::Set,
        _ => ListKind::Atomic,
    }
}
