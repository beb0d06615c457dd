//! The run's clock: the one place that asks what time it is.

use stayput_events::Elapsed;
use tokio::time::Instant;

/// Counts from the start of the run. Tests pause tokio's clock and with it this one.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn started_now() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The time since the start.
    pub fn now(&self) -> Elapsed {
        Elapsed::new(self.start.elapsed())
    }

    /// The instant that a moment of the run is.
    pub(crate) fn instant(&self, at: Elapsed) -> Instant {
        self.start + at.since_start()
    }
}
