//! Ways to the server: in process, and over HTTPS on loopback.
//!
//! Invariants:
//! - Bodies are bounded before they are read whole, and reading has a deadline.
//! - What is kept for a client that does not read is bounded, too.
//! - Each task belongs to the server's own set.

mod authority;
mod events;
mod https;
mod local;
mod node;
mod receive;
mod runner;
mod seats;
mod service;
mod unread;
mod warnings;

pub use authority::Credentials;
pub use https::{Https, HttpsError};
pub(crate) use receive::Room;
pub(crate) use runner::{Runner, run};
pub(crate) use unread::Unread;
