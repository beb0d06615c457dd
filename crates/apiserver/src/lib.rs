//! A Kubernetes API server in one process, for tests and for small clusters.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use stayput_apiserver::{ApiServer, Options};
//!
//! let server = ApiServer::start(Options::default());
//! let client: kube::Client = server.client(); // in process, no network
//! # Ok(())
//! # }
//! ```
//!
//! Invariants:
//! - One task owns all state; there is no lock, and no task outlives its [`ApiServer`].
//! - No controller lives here: it stores, checks, defaults and tells. Who acts on it is a client.
//! - What clients read, errors too, is word for word what Kubernetes says.
//! - It listens on loopback only, and answers nobody it does not know.
//! - Nothing here names a node, a process or an image: the way to node agents is handed in ([`NodeDialer`]).

mod access;
mod api;
mod issues;
mod json;
mod kinds;
mod managed;
mod nodes;
mod options;
mod patch;
mod quantity;
mod random;
mod rights;
mod rules;
mod schema;
mod server;
mod status;
mod store;
mod table;
mod time;
mod transport;
mod watch;

pub use nodes::{Dialing, NoNodes, NodeDialer, NodeStream};
pub use options::{Clock, Options, Unhonoured};
pub use server::ApiServer;
pub use transport::{Credentials, Https, HttpsError};
