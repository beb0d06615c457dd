//! Tests of the whole: see `catalogue.rs`.
