//! Objects as rows, as `kubectl get` prints them.
//!
//! Invariants:
//! - Columns are data; a kind's cells are one function.
//! - Every cell has its column, wide ones too: the client chooses by priority.

mod cells;
pub(crate) mod columns;
mod docs;
mod pods;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::text;
use crate::time;

pub(crate) use columns::{Columns, NAME_AND_AGE, SCALE};
pub(crate) use docs::Docs;

/// What of the object goes along with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// Its metadata.
    Metadata,
    /// All of it.
    Object,
    /// Nothing.
    None,
}

/// The clock that ages are counted by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages(pub(crate) Timestamp);

impl Ages {
    /// How long ago the time at a pointer was.
    pub(crate) fn since(self, object: &Value, pointer: &str) -> String {
        self.since_text(text(object, pointer))
    }

    /// How long ago that was.
    pub(crate) fn since_text(self, written: &str) -> String {
        match time::read(written) {
            Some(then) => time::human(self.0.as_second() - then.as_second()),
            None => "<unknown>".to_owned(),
        }
    }

    /// The age of an object.
    pub(crate) fn age(self, object: &Value) -> Value {
        json!(self.since(object, "/metadata/creationTimestamp"))
    }
}

/// One row: its cells and, if wanted, its object.
pub(crate) fn row(
    columns: Columns,
    object: &Value,
    api_version: &str,
    kind: &str,
    include: Include,
    ages: Ages,
) -> Value {
    let mut row = json!({"cells": (columns.cells)(object, ages)});
    let attached = match include {
        Include::None => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => {
            let mut whole = object.clone();
            whole["apiVersion"] = json!(api_version);
            whole["kind"] = json!(kind);
            whole
        }
    };
    row["object"] = attached;
    if kind == "Pod"
        && let Some(conditions) = pods::conditions(object)
    {
        row["conditions"] = conditions;
    }
    row
}

/// An object's metadata as an object of its own.
pub(crate) fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

#[cfg(test)]
mod tests;
