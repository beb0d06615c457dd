//! The last changes, as many as the bounds allow: of their number, and of their length.
//!
//! Invariant: events are in order of their revisions, without a gap.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Event;

/// The history does not reach back that far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub(crate) struct Expired {
    /// The revision that was asked for.
    pub(crate) asked: u64,
    /// The oldest one that can be told of.
    pub(crate) oldest: u64,
}

/// Most bytes of all objects of the history, each counted as it was and as it became. A real
/// server bounds the number alone, but has a machine to itself.
const BYTES: usize = 256 * 1024 * 1024;

/// The last changes.
#[derive(Debug)]
pub(crate) struct History {
    events: VecDeque<Arc<Event>>,
    limit: usize,
    /// The length of all of them.
    bytes: usize,
    /// The revision before the first event: the oldest to continue from.
    oldest: u64,
}

impl History {
    /// A history of at most `limit` events that begins after `oldest`.
    pub(super) fn new(limit: usize, oldest: u64) -> History {
        History {
            events: VecDeque::new(),
            limit,
            bytes: 0,
            oldest,
        }
    }

    pub(super) fn push(&mut self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        self.bytes += length(&event);
        self.events.push_back(Arc::clone(&event));
        while self.events.len() > self.limit || self.bytes > BYTES {
            let Some(forgotten) = self.events.pop_front() else {
                break;
            };
            self.bytes -= length(&forgotten);
            self.oldest = forgotten.revision;
        }
        event
    }

    /// Forgets all, as a compaction does.
    pub(super) fn compact(&mut self) {
        if let Some(last) = self.events.back() {
            self.oldest = last.revision;
        }
        self.events.clear();
        self.bytes = 0;
    }

    /// Every change after a revision, oldest first.
    pub(crate) fn after(
        &self,
        revision: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Arc<Event>>, Expired> {
        if revision < self.oldest {
            return Err(Expired {
                asked: revision,
                oldest: self.oldest,
            });
        }
        let start = self
            .events
            .partition_point(|event| event.revision <= revision);
        Ok(self.events.range(start..))
    }
}

fn length(event: &Event) -> usize {
    let objects = [Some(&event.object), event.previous.as_ref()];
    let lengths = objects.into_iter().flatten();
    lengths.map(|object| object.encoded().len()).sum()
}
