//! Who manages which field: `managedFields`, server-side apply, conflicts.
//!
//! Invariants:
//! - Pure: objects, a manager and a time in; an object or conflicts out.
//! - An update that changes nothing changes no entry either.

mod apply;
mod compare;
mod entries;
mod last_applied;
mod merge;
mod set;
mod shape;
mod typed;
mod update;

pub(crate) use apply::{Applied, Force, apply};
pub(crate) use entries::{Manager, StatusDoor};
pub(crate) use last_applied::follow;
pub(crate) use typed::check as check_typed;
pub(crate) use update::update;

#[cfg(test)]
mod tests;
