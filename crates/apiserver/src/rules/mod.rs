//! What is filled in, taken away and refused, kind by kind.
//!
//! Invariants:
//! - Functions from an object to an object or to issues: no store, clock or randomness.
//! - Each text is word for word Kubernetes' own.

pub(crate) mod affinity;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod containers;
pub(crate) mod events;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod pod_defaults;
pub(crate) mod pods;
pub(crate) mod resources;
pub(crate) mod selectors;
pub(crate) mod storage;
pub(crate) mod volumes;
pub(crate) mod workloads;

#[cfg(test)]
mod tests;
