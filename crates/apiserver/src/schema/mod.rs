//! What the API's types are: from k8s-openapi's run-time schema and a small table.
//!
//! Invariants:
//! - Built once at start, then only read.
//! - Knows types, not kinds: no default, no validation.

mod decode;
mod load;
mod notes;
mod openapi;
pub(crate) mod protobuf;
mod types;
mod zero;

pub(crate) use decode::{TypeError, Words, decode};
pub(crate) use load::definitions;
pub(crate) use openapi::{document_v2, document_v2_protobuf, document_v3};
pub(crate) use types::{DefId, Field, ListKind, Schema, Type};
pub(crate) use zero::normalize;
