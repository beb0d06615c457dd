//! Turns scenario files into a [`plan::Plan`].
//!
//! Invariants:
//! - No I/O, clock or async: text in, a plan or problems out.
//! - Parsing never stops at the first problem; each has a span.

pub mod plan;
