//! The three patches that change a document: JSON, merge and strategic.
//!
//! Invariants:
//! - Pure: a document and a patch in, a document or a refusal out.
//! - What may be patched and who owns it afterwards is not decided here.

pub(crate) mod json;
pub(crate) mod merge;
pub(crate) mod show;
pub(crate) mod strategic;
