//! What a real cluster did while scripts were played on it, and how like it another
//! cluster is.
//!
//! A *recording* is every change that a cluster's API tells of while a script is played.
//! It is boiled down to *facts*: which objects were made and how often, through which
//! phases they went, how they looked first and last, and which events they got. What
//! several recordings of a real cluster agree about is *expected* of any cluster.
//!
//! Invariants:
//! - No kind of cluster is named: whatever can be reached by its API and its nodes can be
//!   recorded and compared.
//! - What the real cluster did not repeat (a tie, a race) is never held against another.
//! - A difference is reported or declared with its reason, never dropped; a declaration
//!   that fits nothing is a mistake.

pub mod api;
mod compare;
mod declared;
mod error;
mod expected;
mod facts;
mod normal;
mod play;
mod recording;
mod scenarios;

pub use compare::{Comparison, Difference};
pub use declared::{Declaration, Declared, When};
pub use error::GoldenError;
pub use expected::Expected;
pub use facts::{Fact, Facts};
pub use play::{Stage, needs, play};
pub use recording::{Change, Recording, Seen};
pub use scenarios::{Scenario, scenarios};
