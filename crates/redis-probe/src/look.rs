//! Asking one pod everything that a judgement needs, in one round trip.
//!
//! Invariants:
//! - One pipeline, so that all parts of a view belong to one moment of the
//!   server, and a hung server costs one response time-out.

use crate::{Connection, ProbeError, View};

/// Looks at one server.
pub async fn look(connection: &mut Connection) -> Result<View, ProbeError> {
    let _ = connection;
    todo!()
}
