//! The last changes, as many as the bound allows.
//!
//! Invariant: events are in order of their revisions, without a gap.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Event, Object};

/// The history does not reach back that far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub(crate) struct Expired {
    /// The revision that was asked for.
    pub(crate) asked: u64,
    /// The oldest one that can be told of.
    pub(crate) oldest: u64,
}

/// The last changes.
#[derive(Debug)]
pub(crate) struct History {
    events: VecDeque<Arc<Event>>,
    limit: usize,
    /// The revision before the first event: the oldest to continue from.
    oldest: u64,
}

impl History {
    /// A history of at most `limit` events that begins after `oldest`.
    pub(super) fn new(limit: usize, oldest: u64) -> History {
        History {
            events: VecDeque::new(),
            limit,
            oldest,
        }
    }

    pub(super) fn push(&mut self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        self.events.push_back(Arc::clone(&event));
        while self.events.len() > self.limit {
            if let Some(forgotten) = self.events.pop_front() {
                self.oldest = forgotten.revision;
            }
        }
        event
    }

    /// Has the objects of the event at that revision rest as text, if it is remembered
    /// still; gives the one that it was about.
    pub(super) fn rest(&mut self, revision: u64) -> Option<Arc<Object>> {
        let position = self
            .events
            .binary_search_by_key(&revision, |event| event.revision)
            .ok()?;
        let event = self.events.get_mut(position)?;
        let rest = |object: &Arc<Object>| {
            if object.rests() {
                Arc::clone(object)
            } else {
                Arc::new(object.at_rest())
            }
        };
        let object = rest(&event.object);
        *event = Arc::new(Event {
            object: Arc::clone(&object),
            previous: event.previous.as_ref().map(rest),
            ..Event::clone(event)
        });
        Some(object)
    }

    /// Forgets all, as a compaction does.
    pub(super) fn compact(&mut self) {
        if let Some(last) = self.events.back() {
            self.oldest = last.revision;
        }
        self.events.clear();
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
