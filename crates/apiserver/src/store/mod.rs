//! The store: every object at its newest revision, and a bounded history of changes.
//!
//! Invariants:
//! - No I/O, clock, lock or task: `&mut self` and nothing else.
//! - One revision counter for everything; it only grows, and each change takes exactly one.
//! - Objects are immutable and shared; a change makes a new one.
//! - Only the newest objects are kept as trees; the others rest as text.
//! - A version of an object is there while it is the newest one, or the history tells of it;
//!   who only may want to see it later holds it weakly.
//! - What happened after a revision can be told as long as the history reaches back to it.

mod history;
mod object;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use history::{Expired, History};
pub(crate) use object::{Change, Event, Key, Object};

/// Where counting begins: clients take revision 0 for "any" and the first few for "long ago".
const FIRST_REVISION: u64 = 100;

/// How many of the newest objects are kept as trees: more than are written between one
/// writer's look at an object and its answer.
const TREES: usize = 256;
/// Most bytes of their texts; one tree is kept, however large.
const TREE_BYTES: usize = 16 * 1024 * 1024;

/// Index of a table, one for each stored kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TableId(pub(crate) usize);

/// All objects and what happened lately.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    tables: Vec<BTreeMap<Key, Arc<Object>>>,
    history: History,
    trees: Trees,
    /// What was there before the last change, which every watcher with a selector looks at.
    before: Option<Arc<Value>>,
}

impl Store {
    /// An empty store with that many tables, which remembers `history` changes.
    pub(crate) fn new(tables: usize, history: usize) -> Store {
        let history = History::new(history, FIRST_REVISION);
        Store {
            revision: FIRST_REVISION,
            tables: vec![BTreeMap::new(); tables],
            history,
            trees: Trees::default(),
            before: None,
        }
    }

    /// The newest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// What happened lately.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// Forgets what happened, as a compaction does.
    pub(crate) fn compact(&mut self) {
        self.history.compact();
    }

    /// The object of that key.
    pub(crate) fn get(&self, table: TableId, key: &Key) -> Option<&Arc<Object>> {
        self.tables[table.0].get(key)
    }

    /// The objects of a namespace, or all, in order of their keys, from after `start` on.
    pub(crate) fn range(
        &self,
        table: TableId,
        namespace: Option<&str>,
        start: Option<&Key>,
    ) -> impl Iterator<Item = (&Key, &Arc<Object>)> {
        let first = namespace.map(|namespace| Key::new(namespace, ""));
        let from = match (start, &first) {
            (Some(start), _) => Bound::Excluded(start),
            (None, Some(first)) => Bound::Included(first),
            (None, None) => Bound::Unbounded,
        };
        let namespace = namespace.map(str::to_owned);
        self.tables[table.0]
            .range::<Key, _>((from, Bound::Unbounded))
            .take_while(move |(key, _)| {
                namespace
                    .as_ref()
                    .is_none_or(|namespace| key.namespace == *namespace)
            })
    }

    /// The table as it was at a revision.
    pub(crate) fn at(
        &self,
        table: TableId,
        revision: u64,
    ) -> Result<BTreeMap<Key, Arc<Object>>, Expired> {
        let mut objects = self.tables[table.0].clone();
        for event in self
            .history
            .after(revision)?
            .rev()
            .filter(|event| event.table == table)
        {
            match &event.previous {
                Some(previous) => objects.insert(event.key.clone(), Arc::clone(previous)),
                None => objects.remove(&event.key),
            };
        }
        Ok(objects)
    }

    /// Writes a new or changed object and gives it its revision.
    pub(crate) fn put(&mut self, table: TableId, key: Key, value: Value) -> Arc<Event> {
        let object = self.written(value);
        let previous = self.tables[table.0].insert(key.clone(), Arc::clone(&object));
        let change = if previous.is_some() {
            Change::Modified
        } else {
            Change::Added
        };
        self.keep(Event {
            table,
            key,
            change,
            revision: self.revision,
            object,
            previous,
        })
    }

    /// Removes an object; the event carries its last state at the new revision.
    pub(crate) fn remove(&mut self, table: TableId, key: &Key) -> Option<Arc<Event>> {
        let previous = self.tables[table.0].remove(key)?;
        let object = self.written(previous.value().into_owned());
        let key = key.clone();
        Some(self.keep(Event {
            table,
            key,
            change: Change::Deleted,
            revision: self.revision,
            object,
            previous: Some(previous),
        }))
    }

    /// The object at the next revision; what is no longer new enough comes to rest.
    fn written(&mut self, value: Value) -> Arc<Object> {
        self.revision += 1;
        let (object, tree) = Object::stored(value, self.revision);
        self.trees.keep(tree, object.encoded().len());
        Arc::new(object)
    }

    /// Remembers a change.
    fn keep(&mut self, event: Event) -> Arc<Event> {
        let resting = event.previous.as_ref().filter(|it| it.rests());
        self.before = resting.and_then(|previous| previous.wake());
        self.history.push(event)
    }
}

/// The trees of what was written last, oldest first, and the lengths of their texts.
#[derive(Debug, Default)]
struct Trees {
    newest: VecDeque<(Arc<Value>, usize)>,
    bytes: usize,
}

impl Trees {
    /// Keeps one more, and no longer what is beyond the bounds.
    fn keep(&mut self, tree: Arc<Value>, length: usize) {
        self.newest.push_back((tree, length));
        self.bytes += length;
        while self.newest.len() > TREES || (self.bytes > TREE_BYTES && self.newest.len() > 1) {
            if let Some((_, length)) = self.newest.pop_front() {
                self.bytes -= length;
            }
        }
    }
}

#[cfg(test)]
mod tests;
