//! Reading and writing documents the way Kubernetes' own clients and servers do.
//!
//! Invariants:
//! - Pure: bytes in, trees and texts out.
//! - Depth is bounded, so no input can exhaust the stack.
//! - Error texts are those of Go's JSON decoder, which clients see.

pub(crate) mod parse;
pub(crate) mod tree;
pub(crate) mod write_yaml;
pub(crate) mod yaml;

pub(crate) use tree::Tree;
