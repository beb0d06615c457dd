//! Watches: what the cluster looks like now, how it came to look so, and
//! waiting until it looks as it should.
//!
//! Invariants:
//! - One task owns the [`World`]; everybody else asks it by message.
//! - A condition is judged at every single change, in the order of the watch:
//!   nothing that held only for a moment is missed, and the answer leaves
//!   within the same turn of the loop.
//! - Nothing is judged before the watch has seen the run's own last write.

mod stream;
mod task;
mod world;

pub(crate) use task::{Beginning, Condition, Progress, Reply, Watched, Watcher, Watches};
pub(crate) use world::{Change, World};
