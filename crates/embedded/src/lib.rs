//! A small Kubernetes in one process: API server, control plane, and nodes whose pods are
//! real processes.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use stayput_cluster::Cluster as _;
//! use stayput_embedded::{Cluster, Options, Places};
//!
//! let cluster = Cluster::start(Options::new(Places::below("/tmp/example".as_ref()))).await?;
//! let client: kube::Client = cluster.client(); // over TLS on loopback, as kubectl does
//! # Ok(())
//! # }
//! ```
//!
//! Invariants:
//! - The cluster is a child process, begun before `main`: [`Cluster::start`] works in any
//!   test and any program that links this crate.
//! - It only puts the other crates together: nothing of Kubernetes is decided here.
//! - A cluster and everything in it ends with its first process; its files follow.
//! - What belongs to no living cluster is removed by the next one's start.

mod answer;
mod clusters;
mod door;
mod home;
mod inside;
mod kept;
mod message;
mod nodes;
mod options;
mod programs;
mod ready;
mod running;
mod start;
mod table;

pub use clusters::{Clusters, Listed, Usage};
pub use message::Streams;
pub use options::{Lifetime, Options, Places};
pub use running::Cluster;
pub use start::preflight;
pub use table::{Table, TableError};
