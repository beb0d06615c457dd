//! Watches: who is told of what.
//!
//! Invariants:
//! - A watcher that does not read is let go, never waited for; it may come back with the revision it knows.
//! - What waits for a watcher is not kept for its sake: it is held weakly, and a watcher so slow
//!   that the history has forgotten it has to begin anew. A thousand of them cost no more than the history.
//! - An event is shared by all watchers, its JSON too.
//! - What a watcher is sent is in order, without a gap and without a repetition.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::mpsc;

use crate::api::render::View;
use crate::api::selector::{Selector, value_at};
use crate::kinds::Served;
use crate::options::Clock;
use crate::store::{Change, Event, Expired, Object, TableId};

/// How many events may wait for one watcher.
const QUEUE: usize = 1024;

/// What a watch looks at.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The kind, for its form.
    pub(crate) served: Served,
    /// The namespace, or all.
    pub(crate) namespace: Option<String>,
    /// The labels and fields.
    pub(crate) selector: Selector,
}

/// What a watcher sees.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// A change, as it looks through the selector.
    Changed {
        /// What happened, in the eyes of this watcher.
        change: Change,
        /// The object to show, as long as the store has it.
        object: Weak<Object>,
        /// The revision of the change.
        revision: u64,
    },
    /// All that was there has been told.
    InitialEnd(u64),
    /// All up to there has been told.
    Bookmark(u64),
}

/// An open watch.
pub(crate) struct Watch {
    /// What it looks at.
    pub(crate) scope: Scope,
    /// What is told first.
    pub(crate) first: Vec<Seen>,
    /// The revision that what is told first comes after; none where it is all that there is.
    pub(crate) after: Option<u64>,
    /// What comes then.
    pub(crate) events: mpsc::Receiver<Seen>,
    /// The revision up to which all is told with `first`.
    pub(crate) revision: u64,
    /// Whether bookmarks are wanted.
    pub(crate) bookmarks: bool,
    /// Seconds after which it ends.
    pub(crate) timeout: Option<u64>,
    /// How events are written.
    pub(crate) view: View,
    /// The time, for ages in tables.
    pub(crate) clock: Clock,
    /// It cannot begin: the revision is too old.
    pub(crate) expired: Option<Expired>,
}

impl Scope {
    /// The event as it looks through the selector, if it is seen at all.
    pub(crate) fn see(&self, event: &Event) -> Option<Seen> {
        if event.table != self.served.table
            || self
                .namespace
                .as_ref()
                .is_some_and(|namespace| *namespace != event.key.namespace)
        {
            return None;
        }
        let now = event.change != Change::Deleted && self.selector.sees(&event.object);
        let before = event
            .previous
            .as_ref()
            .is_some_and(|previous| self.selector.sees(previous));
        let (change, object) = match (before, now) {
            (false, false) => return None,
            (false, true) => (Change::Added, &event.object),
            (true, true) => (Change::Modified, &event.object),
            (true, false) if event.change == Change::Deleted => (Change::Deleted, &event.object),
            // It went out of sight: its last sight.
            (true, false) => (Change::Deleted, event.previous.as_ref()?),
        };
        Some(Seen::Changed {
            change,
            object: Arc::downgrade(object),
            revision: event.revision,
        })
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Watch")
            .field("scope", &self.scope)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// All open watches. Those that look at one value of a field, as every kubelet does at the
/// pods of its node, are found by it: a thousand of them cost an event no more than one.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    wide: Vec<Watcher>,
    narrow: HashMap<Field, HashMap<String, Vec<Watcher>>>,
}

/// A field of a kind's objects.
type Field = (TableId, &'static [&'static str]);

#[derive(Debug)]
struct Watcher {
    scope: Scope,
    sender: mpsc::Sender<Seen>,
}

impl Watchers {
    /// Opens a queue for what comes from now on.
    pub(crate) fn subscribe(&mut self, scope: Scope) -> mpsc::Receiver<Seen> {
        self.forget_closed();
        let (sender, receiver) = mpsc::channel(QUEUE);
        let group = match scope.selector.field() {
            None => &mut self.wide,
            Some((pointers, value)) => self
                .narrow
                .entry((scope.served.table, pointers))
                .or_default()
                .entry(value.to_owned())
                .or_default(),
        };
        group.push(Watcher { scope, sender });
        receiver
    }

    /// Tells all who see it; those whose queue is full are let go.
    pub(crate) fn tell(&mut self, event: &Event) {
        tell(&mut self.wide, event);
        for ((table, pointers), groups) in &mut self.narrow {
            if *table != event.table {
                continue;
            }
            let objects = [Some(&event.object), event.previous.as_ref()];
            let mut values = objects.map(|object| {
                object.map(|object| value_at(&object.value(), pointers).into_owned())
            });
            if values[0] == values[1] {
                values[1] = None;
            }
            for value in values.into_iter().flatten() {
                if let Some(group) = groups.get_mut(&value) {
                    tell(group, event);
                }
            }
        }
    }

    fn forget_closed(&mut self) {
        let open = |watcher: &Watcher| !watcher.sender.is_closed();
        self.wide.retain(open);
        self.narrow.retain(|_, groups| {
            groups.retain(|_, group| {
                group.retain(open);
                !group.is_empty()
            });
            !groups.is_empty()
        });
    }
}

fn tell(watchers: &mut Vec<Watcher>, event: &Event) {
    watchers.retain(|watcher| match watcher.scope.see(event) {
        Some(seen) => watcher.sender.try_send(seen).is_ok(),
        None => !watcher.sender.is_closed(),
    });
}
