//! What every controller is: data plus pure functions.
//!
//! Invariants:
//! - A controller does no I/O and asks no clock; it is told what changed and what time it is.
//! - Everything it knows of the cluster is the [`World`]; what it keeps besides
//!   may be lost at any time without harm.

use jiff::{SignedDuration, Timestamp};

use crate::object::Key;
use crate::plan::Plan;
use crate::world::{Change, World};

/// How the writes of a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All were accepted.
    Written,
    /// One was refused, or the API could not be reached.
    Failed,
}

/// One part of the control plane.
pub trait Controller: Send {
    /// Its name, also the source of its events.
    fn name(&self) -> &'static str;

    /// As whom it writes.
    fn agent(&self) -> &'static str {
        "kube-controller-manager"
    }

    /// How often [`Controller::tick`] is called.
    fn period(&self) -> Option<SignedDuration> {
        None
    }

    /// The keys to look at again because time has passed.
    fn tick(&mut self, _world: &World, _now: Timestamp) -> Vec<Key> {
        Vec::new()
    }

    /// Adds the keys to look at again because of a change.
    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>);

    /// What to do about `key`.
    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan;

    /// Told when the writes for `key` are done.
    fn finished(&mut self, _key: &Key, _ending: Ending) {}
}
