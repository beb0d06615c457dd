//! What is told to the caller while a cluster is made.

use std::fmt;
use std::sync::Arc;

/// A listener for lines that a person may want to see.
#[derive(Clone)]
pub struct Progress {
    passing: Listener,
    lasting: Listener,
}

type Listener = Arc<dyn Fn(&str) + Send + Sync>;

impl Progress {
    /// Calls `listener` with each line; it must not block.
    pub fn new(listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let listener: Listener = Arc::new(listener);
        Self {
            passing: Arc::clone(&listener),
            lasting: listener,
        }
    }

    /// Calls `listener` instead with lines that a person has to know even after
    /// they have passed: what was deleted, and what could not be used.
    #[must_use]
    pub fn lasting(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.lasting = Arc::new(listener);
        self
    }

    /// Tells nobody.
    pub fn silent() -> Self {
        Self::new(|_| ())
    }

    /// Tells of something that passes.
    pub fn say(&self, line: &str) {
        tracing::debug!(line, "progress");
        (self.passing)(line);
    }

    /// Tells of something that a person has to know even later.
    pub fn tell(&self, line: &str) {
        tracing::info!(line, "told");
        (self.lasting)(line);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
