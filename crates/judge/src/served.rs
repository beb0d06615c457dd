//! Reading single facts out of JSON as served.
//!
//! Invariants:
//! - A field that is not there, or is of another type, is `None`: never an error.
