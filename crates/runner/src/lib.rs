//! Plays a plan on a cluster.
//!
//! A play is a list of beats (`course`), each done by a verb (`step`) that
//! waits for the cluster by `watch`. What happens goes out as events; nothing
//! is printed.
//!
//! Invariants:
//! - No provider of clusters is named here.
//! - A condition is judged at every change that a watch sees; only Redis and
//!   commands, which send no events, are polled.
//! - Pods are told apart by uid, never by name alone.
//! - Nothing is retried, and a step that was stopped is not a step that passed.

mod api;
mod branches;
mod capability;
mod cleanup;
mod clock;
mod course;
mod diagnose;
mod disk;
mod emit;
mod error;
mod faults;
mod halt;
mod labels;
mod leak;
mod lookout;
mod object;
mod play;
mod pod_exec;
mod redis;
mod served;
mod session;
mod shell;
mod start;
mod step;
mod watch;

pub use capability::missing;
pub use clock::Clock;
pub use emit::Emitter;
pub use error::RunError;
pub use lookout::Lookout;
pub use play::{AfterFailure, Run, play_controls, play_scenario};
pub use session::{Settings, Update};

use stayput_events::StepFacts;
use stayput_scenario::plan::Plan;

/// The steps of a plan as they are announced; the leak check is the last.
pub fn steps(plan: &Plan) -> Vec<StepFacts> {
    let beats = course::scenario(plan).into_iter();
    beats.map(|beat| beat.facts).collect()
}
