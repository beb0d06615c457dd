//! Ways to the server: in process, and over HTTPS on loopback.
//!
//! Invariants:
//! - Bodies are bounded before they are read whole, and reading has a deadline.
//! - Each task belongs to the server's own set.

mod authority;
mod events;
mod https;
mod local;
mod node;
mod receive;
mod runner;
mod service;
mod warnings;

pub use authority::Credentials;
pub use https::{Https, HttpsError};
pub(crate) use receive::Room;
pub(crate) use runner::{Runner, run};
