//! The keys that a controller has yet to look at.
//!
//! Invariants:
//! - A key is never worked on twice at once; a change meanwhile makes it due again afterwards.
//! - Failures delay a key: 5 ms, doubled each time, at most 30 s. A success forgets them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::object::Key;

const FIRST_DELAY: SignedDuration = SignedDuration::from_millis(5);
const LONGEST_DELAY: SignedDuration = SignedDuration::from_secs(30);

/// A work queue of one controller.
#[derive(Debug, Default)]
pub struct Queue {
    ready: VecDeque<Key>,
    queued: BTreeSet<Key>,
    running: BTreeSet<Key>,
    changed: BTreeSet<Key>,
    later: BTreeMap<Key, Timestamp>,
    /// The same, by time.
    order: BTreeSet<(Timestamp, Key)>,
    failures: BTreeMap<Key, u32>,
}

impl Queue {
    /// Makes `key` due now.
    pub fn add(&mut self, key: Key) {
        if self.running.contains(&key) {
            self.changed.insert(key);
        } else if self.queued.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// Makes `key` due at `when`, if it is not due earlier.
    pub fn add_at(&mut self, key: Key, when: Timestamp) {
        if let Some(known) = self.later.get(&key) {
            if *known <= when {
                return;
            }
            self.order.remove(&(*known, key.clone()));
        }
        self.order.insert((when, key.clone()));
        self.later.insert(key, when);
    }

    /// Takes the next due key, at most `limit` at once.
    pub fn take(&mut self, limit: usize) -> Option<Key> {
        if self.running.len() >= limit {
            return None;
        }
        let key = self.ready.pop_front()?;
        self.queued.remove(&key);
        self.running.insert(key.clone());
        Some(key)
    }

    /// The work on `key` succeeded.
    pub fn done(&mut self, key: &Key) {
        self.failures.remove(key);
        self.release(key);
    }

    /// The work on `key` failed: it is due again after a delay.
    pub fn failed(&mut self, key: &Key, now: Timestamp) {
        let failures = self.failures.entry(key.clone()).or_insert(0);
        let delay = FIRST_DELAY.saturating_mul(1 << (*failures).min(16));
        *failures += 1;
        self.changed.remove(key);
        self.running.remove(key);
        self.add_at(
            key.clone(),
            now.saturating_add(delay.min(LONGEST_DELAY)).unwrap_or(now),
        );
    }

    /// Moves what has become due by `now`.
    pub fn advance(&mut self, now: Timestamp) {
        while self.order.first().is_some_and(|(when, _)| *when <= now)
            && let Some((_, key)) = self.order.pop_first()
        {
            self.later.remove(&key);
            self.add(key);
        }
    }

    /// When the next delayed key becomes due.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.order.first().map(|(when, _)| *when)
    }

    fn release(&mut self, key: &Key) {
        self.running.remove(key);
        if self.changed.remove(key) {
            self.add(key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Kind;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn key(name: &str) -> Key {
        Key::new(Kind::Pod, "ns", name)
    }

    #[test]
    fn a_running_key_that_changes_is_due_again_when_done() {
        let mut queue = Queue::default();
        queue.add(key("a"));
        queue.add(key("a"));
        assert_eq!(queue.take(9), Some(key("a")));
        queue.add(key("a"));
        assert_eq!(queue.take(9), None);
        queue.done(&key("a"));
        assert_eq!(queue.take(9), Some(key("a")));
        queue.done(&key("a"));
        assert_eq!(queue.take(9), None);
    }

    #[test]
    fn failures_are_retried_later_and_later() {
        let mut queue = Queue::default();
        let mut delays = Vec::new();
        queue.add(key("a"));
        for _ in 0..14 {
            assert_eq!(queue.take(9), Some(key("a")));
            queue.failed(&key("a"), at(0));
            delays.push(queue.deadline().unwrap().as_millisecond());
            queue.advance(at(60_000));
        }
        assert_eq!(delays[..4], [5, 10, 20, 40]);
        assert_eq!(delays[13], 30_000);
    }

    #[test]
    fn no_more_than_the_limit_runs_at_once() {
        let mut queue = Queue::default();
        queue.add(key("a"));
        queue.add(key("b"));
        assert!(queue.take(1).is_some());
        assert_eq!(queue.take(1), None);
    }
}
