//! What one play on a cluster leaves to the next: its watches, still open.
//!
//! Invariant: only a play that has seen every write up to its end leaves them,
//! so the next one begins with a world that is known to the last revision.

use tokio::{sync::watch, task::JoinSet};

use crate::{
    api::{Api, Revision},
    watch::Watches,
};

/// The watches on one cluster between one play and the next.
#[derive(Clone)]
pub struct Lookout(watch::Sender<Option<Open>>);

/// Watches that are open.
pub(crate) struct Open {
    pub(crate) api: Api,
    pub(crate) watches: Watches,
    /// The owner of the world.
    pub(crate) owner: JoinSet<()>,
    /// The revision up to which every write was seen.
    pub(crate) until: Revision,
}

impl Lookout {
    /// What the play before has left.
    pub(crate) fn take(&self) -> Option<Open> {
        self.0.send_replace(None)
    }

    /// Leaves it to the next play.
    pub(crate) fn leave(&self, open: Open) {
        self.0.send_replace(Some(open));
    }
}

impl Default for Lookout {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}
