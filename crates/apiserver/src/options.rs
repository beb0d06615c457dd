//! How a server is started.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::nodes::{NoNodes, NodeDialer};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Looks at each object that is written and says which of its fields nothing honours.
pub type Unhonoured = Arc<dyn Fn(&str, &serde_json::Value) -> Vec<String> + Send + Sync>;

/// How a server is started; [`Options::default`] suits a test.
#[derive(Clone)]
pub struct Options {
    /// Tells the time; the system's clock unless a test fixes it.
    pub clock: Clock,
    /// What uids and generated names come from.
    pub seed: u64,
    /// The version it says it is: `1.34.4`.
    pub version: String,
    /// How many changes are remembered for watches that come back.
    pub history: usize,
    /// The way to node agents.
    pub nodes: Arc<dyn NodeDialer>,
    /// Kind and object to texts for `Warning` headers: fields that nothing in this cluster honours.
    pub unhonoured: Unhonoured,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clock: Arc::new(Timestamp::now),
            seed: 0,
            version: "1.34.4".to_owned(),
            history: 5_000,
            nodes: Arc::new(NoNodes),
            unhonoured: Arc::new(|_, _| Vec::new()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Options");
        shown
            .field("seed", &self.seed)
            .field("version", &self.version)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}
