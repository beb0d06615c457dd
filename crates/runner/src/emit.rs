//! Tells the world outside what happens.

use stayput_events::{Cost, Elapsed, Event, Record, StepId};
use tokio::sync::mpsc;

use crate::clock::Clock;

/// Where records go. They are never waited for: a slow reader slows nobody.
#[derive(Debug, Clone)]
pub struct Emitter {
    clock: Clock,
    records: mpsc::UnboundedSender<Record>,
}

impl Emitter {
    /// Records go to this channel, dated by this clock.
    #[must_use]
    pub fn new(clock: Clock, records: mpsc::UnboundedSender<Record>) -> Self {
        Self { clock, records }
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Tells that something happened now.
    pub fn emit(&self, event: Event) {
        let at = self.clock.now();
        // Nobody reads any more once the program is on its way out.
        let _ = self.records.send(Record { at, event });
    }

    /// Tells that time from `from` until now went to something.
    pub(crate) fn spent(&self, step: StepId, on: Cost, from: Elapsed, until: Elapsed) {
        if until > from {
            self.emit(Event::Spent {
                step: Some(step),
                on,
                from,
                until,
            });
        }
    }
}
