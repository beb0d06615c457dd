//! Turns scenario files into a [`plan::Plan`].
//!
//! Text becomes a tree with spans (`yaml`), the tree is checked against the
//! schema that the raw types give (`validate`), what is left is decoded into
//! the raw types (`decode`), and these are resolved into the plan (`resolve`);
//! what stands there in vain is found on the way.
//!
//! Invariants:
//! - No I/O, clock or async: text in, a plan or problems out.
//! - Parsing never stops at the first problem; each has a span.

mod decode;
mod files;
mod offset;
pub mod plan;
mod problem;
mod raw;
mod resolve;
mod scalar;
mod schema;
mod source;
mod spanned;
mod validate;
mod yaml;

pub use files::{Files, RenderError, Rendering};
pub use problem::{Colour, Problems, nearest};
pub use resolve::{Checked, check, load};
pub use schema::{schema, suite_schema};

#[cfg(test)]
mod tests;
