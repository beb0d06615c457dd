//! A node of the cluster: what a kubelet does, with real processes.
//!
//! Watches the pods that the API assigns to it, runs them in [`stayput_sandbox`], reports
//! their status and events word for word as a kubelet does, and serves logs, exec and
//! port-forward on streams it is handed.
//!
//! Invariants:
//! - An API client like any other: nothing goes round the API.
//! - One task owns a node's pods; everything else reports to it by message.
//! - A pod's life is a state machine without I/O ([`pod`]).

mod addresses;
mod affinity;
mod blueprint;
mod command;
mod contents;
mod disk;
mod downward;
mod environment;
mod files;
pub mod images;
mod logs;
pub mod pod;
mod probes;
pub mod programs;
mod volumes;
