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
mod boot;
mod command;
mod contents;
mod disk;
mod downward;
mod environment;
pub mod fabric;
mod files;
pub mod images;
mod logs;
mod node;
pub mod pod;
mod probes;
pub mod programs;
mod recorder;
mod registration;
mod schedulable;
mod server;
mod services;
mod unhonoured;
mod views;
mod volumes;
mod work;
mod writer;

pub use blueprint::{Dns, Powers};
pub use disk::Disk;
pub use node::{Node, NodeConfig};
pub use unhonoured::unhonoured;

pub(crate) use pod::status_time;
