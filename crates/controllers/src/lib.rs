//! The control plane of the embedded cluster: scheduler and controllers.
//!
//! Each part is a pure state machine over a [`world::World`] of typed objects;
//! [`run`] feeds them with watches and makes the requests they intend.
//!
//! Invariants:
//! - No write goes round the API: with another client the same control plane runs a real cluster.
//! - No part asks a clock or does I/O, but for [`run`].

pub mod budgets;
pub mod collector;
pub mod controller;
pub mod endpoints;
pub mod namespaces;
pub mod nodes;
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
mod tolerations;

use jiff::SignedDuration;

use crate::controller::Controller;
use crate::version::Version;

/// How the control plane behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose texts it speaks.
    pub version: Version,
    /// The certificate, in PEM, that each namespace's `kube-root-ca.crt` holds.
    pub root_ca: String,
    /// How often the volume binder looks at everything again.
    pub volume_resync: SignedDuration,
    /// How long after its deletion a namespace is emptied.
    pub namespace_grace: SignedDuration,
    /// After how much silence a node is Unknown.
    pub node_grace: SignedDuration,
    /// How long a node must be missing before its pods are removed.
    pub node_quarantine: SignedDuration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::default(),
            root_ca: String::new(),
            volume_resync: SignedDuration::from_secs(15),
            namespace_grace: SignedDuration::from_secs(5),
            node_grace: SignedDuration::from_secs(50),
            node_quarantine: SignedDuration::from_secs(40),
        }
    }
}

/// All parts of the control plane.
pub fn controllers(options: Options) -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(namespaces::Furnisher::new(options.root_ca)),
        Box::new(volumes::Binder::new(options.volume_resync)),
        Box::new(volumes::protection::Protection),
        Box::new(scheduler::Scheduler::new(options.version)),
        Box::new(statefulset::StatefulSets::new(options.version)),
        Box::new(endpoints::EndpointsController::new(options.version)),
        Box::new(endpoints::EndpointSlices::default()),
        Box::new(collector::Collector),
        Box::new(namespaces::Terminator::new(options.namespace_grace)),
        Box::new(nodes::NodeHealth::new(options.node_grace)),
        Box::new(nodes::TaintEviction::default()),
        Box::new(nodes::PodCollector::new(options.node_quarantine)),
        Box::new(budgets::Budgets),
    ]
}
