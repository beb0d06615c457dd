//! A bug report: what is other where the bug is, and how that has to fail.

use serde_json::Value;

/// Every cause that a failure can name, and a bug report ask for.
pub const CAUSES: [&str; 29] = [
    "no-volume-on-node",
    "affinity-to-missing-node",
    "node-cordoned",
    "node-tainted",
    "node-down",
    "no-node-matches",
    "node-full",
    "kept-apart",
    "volumes-apart",
    "bound-elsewhere",
    "path-missing",
    "path-wrong-type",
    "volume-held",
    "nothing-provisions",
    "no-volume-fits",
    "no-class",
    "volume-gone",
    "claim-misnamed",
    "claim-missing",
    "no-consumer",
    "pinned-past-scheduler",
    "held-by-pod",
    "config-missing",
    "image-not-pulled",
    "container-not-started",
    "container-crashes",
    "probe-fails",
    "budget-stops-eviction",
    "not-scheduled",
];

/// A bug report that a scenario is.
#[derive(Debug, Clone)]
pub struct Bug {
    /// Where it was reported: addresses.
    pub reports: Vec<String>,
    /// The values that are other in the broken variant, a map.
    pub broken: Value,
    /// The index of the step that has to fail with them; `None` is the leak check.
    pub fails_at: Option<usize>,
    /// The cause that has to be named first, one of [`CAUSES`].
    pub cause: Option<String>,
    /// Words that the failure has to say.
    pub says: Option<String>,
}

/// Which of a bug report's two variants is meant; of any other scenario there is only the fixed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// With `values` as they are written: it has to pass.
    Fixed,
    /// With the values of `bug.broken`: it has to fail.
    Broken,
}
