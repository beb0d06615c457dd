//! Match, diff, stability and snapshots over JSON as served.
//!
//! Observations in, verdicts out: what an object is asked to be against what
//! it is, how it got there, whether it is still the same one, what a snapshot
//! says of it, what was left behind, and what causes stand behind trouble.
//!
//! Invariants:
//! - Pure: no I/O, no clock, no async. Time is handed in as
//!   [`Elapsed`](stayput_events::Elapsed).
//! - Objects are JSON as served, never typed structs that drop fields.
//! - Every verdict says what was asked and what was seen: never a bare `false`.
//! - A pod is known by its uid, never by its name alone.
//! - No value of a Secret leaves this crate.

pub mod causes;
pub mod change;
pub mod count;
pub mod event;
#[cfg(test)]
mod golden;
pub mod hold;
pub mod identity;
pub mod inventory;
pub mod leak;
pub mod lines;
pub mod matching;
mod nearest;
pub mod objects;
pub mod order;
pub mod outcome;
pub mod replacement;
mod served;
pub mod snapshot;
pub mod taint;
