//! Who asks, and what they may do.
//!
//! Invariants:
//! - The roles are those that a fresh cluster binds to groups of people; there are no others, and none can be made.
//! - Whoever is in none of these groups may do nothing.

mod policy;
mod user;

pub(crate) use policy::{ADMINISTRATORS, Ask, Resource, decide, rules};
pub(crate) use user::User;
