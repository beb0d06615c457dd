//! The control plane against an API in memory.
//!
//! Invariants:
//! - Only the public interface is used; time passes when a test says so.

mod api;
mod binding;
mod budgets;
mod collector;
mod endpoints;
mod lab;
mod namespaces;
mod nodes;
mod objects;
mod replay;
mod scheduling;
mod sets;
