//! The control plane of the embedded cluster: scheduler and controllers.
//!
//! Each part is a pure state machine over a [`world::World`] of typed objects;
//! [`run`] feeds them with watches and makes the requests they intend.
//!
//! Invariants:
//! - No write goes round the API: with another client the same control plane runs a real cluster.
//! - No part asks a clock or does I/O, but for [`run`].

pub mod controller;
pub mod object;
pub mod plan;
pub mod recorder;
pub mod run;
pub mod scheduler;
pub mod statefulset;
pub mod version;
pub mod volumes;
pub mod world;

mod labels;
mod owners;
mod pods;
mod quantity;
mod times;

use jiff::SignedDuration;

use crate::controller::Controller;
use crate::version::Version;

/// How the control plane behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose texts it speaks.
    pub version: Version,
    /// How often the volume binder looks at everything again.
    pub volume_resync: SignedDuration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::default(),
            volume_resync: SignedDuration::from_secs(15),
        }
    }
}

/// All parts of the control plane.
pub fn controllers(options: Options) -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(volumes::Binder::new(options.volume_resync)),
        Box::new(volumes::protection::Protection),
        Box::new(scheduler::Scheduler::new(options.version)),
        Box::new(statefulset::StatefulSets::new(options.version)),
    ]
}
