//! What the watches have seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use serde_json::Value;
use stayput_events::{Elapsed, Moment};
use stayput_judge::leak::ObjectId;

use crate::object::{self, ObjectKey};

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) at: Elapsed,
    pub(crate) key: ObjectKey,
    pub(crate) uid: String,
    /// What it was before; `None` where it is new.
    pub(crate) before: Option<Arc<Value>>,
    /// What it is now; `None` where it is gone.
    pub(crate) now: Option<Arc<Value>>,
}

/// The present state of all watched kinds, and every change since the start.
#[derive(Debug, Default)]
pub(crate) struct World {
    objects: BTreeMap<ObjectKey, Arc<Value>>,
    history: Vec<Change>,
    transient: Vec<Moment>,
    fences: Vec<Fence>,
    /// Kinds with the namespaces in which they are watched; none is all.
    scopes: BTreeSet<(String, Option<String>)>,
    uids: BTreeSet<String>,
    /// What lists showed, with its version: what came before it is not known.
    listed: BTreeMap<ObjectId, u64>,
    /// The revisions that were seen of anything.
    revisions: BTreeSet<u64>,
}

/// A write of the run's own that the watch has not shown yet.
#[derive(Debug, Clone)]
struct Fence {
    key: ObjectKey,
    uid: String,
    until: Until,
}

/// What lifts a fence.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// The object was seen in this version or a later one, or is gone again.
    Seen(u64),
    /// The object is gone.
    Gone,
}

impl World {
    /// The object of this name, as last seen.
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// All objects of a kind, by name.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Arc<Value>> {
        self.objects
            .iter()
            .filter(move |(key, _)| key.kind == kind)
            .map(|(_, object)| object)
    }

    /// Every change since the start, oldest first.
    pub(crate) fn history(&self) -> &[Change] {
        &self.history
    }

    /// Errors of the API that passed by themselves.
    pub(crate) fn transient_errors(&self) -> &[Moment] {
        &self.transient
    }

    /// Whether every write of the run's own has been seen.
    pub(crate) fn caught_up(&self) -> bool {
        self.fences.is_empty()
    }

    /// Takes in an object that is there.
    pub(crate) fn applied(&mut self, at: Elapsed, json: Arc<Value>) -> Option<&Change> {
        let key = ObjectKey::of(&json);
        self.revisions.insert(object::version(&json));
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before
            && object::uid(before) == object::uid(&json)
            && object::version(before) >= object::version(&json)
        {
            return None;
        }
        self.objects.insert(key.clone(), Arc::clone(&json));
        self.uids.insert(object::uid(&json).to_owned());
        self.lift_fences();
        // Another uid under the same name is another object: it has no past.
        let before = before.filter(|before| object::uid(before) == object::uid(&json));
        self.record(at, key, before, Some(json))
    }

    /// Takes in that an object is gone.
    pub(crate) fn deleted(&mut self, at: Elapsed, last: &Arc<Value>) -> Option<&Change> {
        let key = ObjectKey::of(last);
        self.revisions.insert(object::version(last));
        let known = self.objects.get(&key)?;
        if object::uid(known) != object::uid(last) {
            return None;
        }
        self.objects.remove(&key);
        self.lift_fences();
        self.record(at, key, Some(Arc::clone(last)), None)
    }

    /// Takes in a fresh list of a kind in a namespace: what it lacks is gone.
    pub(crate) fn relisted(
        &mut self,
        at: Elapsed,
        kind: &str,
        namespace: Option<&str>,
        objects: Vec<Arc<Value>>,
    ) {
        let listed: BTreeSet<_> = objects.iter().map(|it| ObjectKey::of(it)).collect();
        let missing: Vec<_> = self
            .objects
            .iter()
            .filter(|(key, _)| key.kind == kind)
            .filter(|(key, _)| namespace.is_none() || key.namespace.as_deref() == namespace)
            .filter(|(key, _)| !listed.contains(*key))
            .map(|(_, object)| Arc::clone(object))
            .collect();
        for object in missing {
            self.deleted(at, &object);
        }
        for object in objects {
            if let Some(id) = ObjectId::of(kind, &object) {
                self.listed.entry(id).or_insert(object::version(&object));
            }
            self.applied(at, object);
        }
    }

    /// The objects at one revision and at a later one, as far as anything was
    /// written in between; `None` where something was that no watch has shown.
    pub(crate) fn between(
        &self,
        from: u64,
        until: u64,
    ) -> Option<(BTreeSet<ObjectId>, BTreeSet<ObjectId>)> {
        let written = until.checked_sub(from)?;
        let range = (Bound::Excluded(from), Bound::Included(until));
        let shown = self.revisions.range(range).count() as u64;
        let known = self.listed.values().all(|version| *version <= from);
        if shown != written || !known {
            return None;
        }
        let now = self.objects.iter();
        let now = now.filter_map(|(key, object)| ObjectId::of(&key.kind, object));
        Some((self.listed.keys().cloned().collect(), now.collect()))
    }

    /// Notes an error that the watch survives.
    pub(crate) fn stumbled(&mut self, at: Elapsed, what: String) {
        if self.transient.last().is_none_or(|last| last.what != what) {
            self.transient.push(Moment { at, what });
        }
    }

    /// Begins to take in a kind; its first list follows.
    pub(crate) fn watches(&mut self, kind: &str, namespace: Option<&str>) {
        self.scopes
            .insert((kind.to_owned(), namespace.map(str::to_owned)));
    }

    /// Judges nothing until the watch has seen this answer to a write.
    pub(crate) fn expect(&mut self, answer: &Value) {
        let version = object::version(answer);
        if version > 0 {
            self.fence(
                ObjectKey::of(answer),
                object::uid(answer),
                Until::Seen(version),
            );
        }
    }

    /// Judges nothing until the watch has seen that this object is gone.
    pub(crate) fn expect_gone(&mut self, key: ObjectKey, uid: &str) {
        self.fence(key, uid, Until::Gone);
    }

    fn fence(&mut self, key: ObjectKey, uid: &str, until: Until) {
        let everywhere = (key.kind.clone(), None);
        let here = (key.kind.clone(), key.namespace.clone());
        if self.scopes.contains(&everywhere) || self.scopes.contains(&here) {
            let uid = uid.to_owned();
            self.fences.push(Fence { key, uid, until });
            self.lift_fences();
        }
    }

    fn lift_fences(&mut self) {
        let Self {
            objects,
            uids,
            fences,
            ..
        } = self;
        fences.retain(|fence| {
            let present = objects
                .get(&fence.key)
                .filter(|seen| object::uid(seen) == fence.uid);
            match (present, fence.until) {
                (Some(seen), Until::Seen(version)) => object::version(seen) < version,
                (Some(_), Until::Gone) => true,
                (None, Until::Seen(_)) => !uids.contains(&fence.uid),
                (None, Until::Gone) => false,
            }
        });
    }

    fn record(
        &mut self,
        at: Elapsed,
        key: ObjectKey,
        before: Option<Arc<Value>>,
        now: Option<Arc<Value>>,
    ) -> Option<&Change> {
        let uid = now.as_ref().or(before.as_ref()).map(|it| object::uid(it));
        self.history.push(Change {
            at,
            key,
            uid: uid.unwrap_or_default().to_owned(),
            before,
            now,
        });
        self.history.last()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(uid: &str, version: &str) -> Arc<Value> {
        Arc::new(json!({"kind": "Pod", "metadata":
            {"namespace": "n", "name": "p", "uid": uid, "resourceVersion": version}}))
    }

    #[test]
    fn an_older_version_changes_nothing() {
        let mut world = World::default();
        world.applied(Elapsed::ZERO, pod("a", "7"));
        assert!(world.applied(Elapsed::ZERO, pod("a", "6")).is_none());
        assert_eq!(world.history().len(), 1);
    }

    #[test]
    fn a_new_uid_under_an_old_name_has_no_past() {
        let mut world = World::default();
        world.applied(Elapsed::ZERO, pod("a", "7"));
        let change = world.applied(Elapsed::ZERO, pod("b", "9")).unwrap();
        assert!(change.before.is_none());
    }

    #[test]
    fn a_late_deletion_of_the_old_uid_leaves_the_new_object() {
        let mut world = World::default();
        world.applied(Elapsed::ZERO, pod("b", "9"));
        assert!(world.deleted(Elapsed::ZERO, &pod("a", "8")).is_none());
        assert_eq!(world.of_kind("Pod").count(), 1);
    }

    #[test]
    fn a_write_is_a_fence_until_the_watch_has_shown_it() {
        let mut world = World::default();
        world.watches("Pod", Some("n"));
        world.applied(Elapsed::ZERO, pod("a", "7"));
        world.expect(&pod("a", "9"));
        assert!(!world.caught_up());
        world.applied(Elapsed::ZERO, pod("a", "8"));
        assert!(!world.caught_up());
        world.applied(Elapsed::ZERO, pod("a", "9"));
        assert!(world.caught_up());
    }

    #[test]
    fn a_fence_is_lifted_when_its_object_is_gone() {
        let mut world = World::default();
        world.watches("Pod", None);
        world.applied(Elapsed::ZERO, pod("a", "7"));
        world.expect_gone(ObjectKey::of(&pod("a", "7")), "a");
        assert!(!world.caught_up());
        world.deleted(Elapsed::ZERO, &pod("a", "8"));
        assert!(world.caught_up());
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut world = World::default();
        world.applied(Elapsed::ZERO, pod("a", "7"));
        world.relisted(Elapsed::ZERO, "Pod", Some("n"), Vec::new());
        assert_eq!(world.of_kind("Pod").count(), 0);
        assert!(world.history().last().unwrap().now.is_none());
    }

    #[test]
    fn what_was_created_has_to_be_seen_first() {
        let mut world = World::default();
        world.watches("Pod", None);
        world.expect(&pod("a", "7"));
        assert!(!world.caught_up());
        world.applied(Elapsed::ZERO, pod("a", "7"));
        assert!(world.caught_up());
    }

    #[test]
    fn a_kind_that_is_not_watched_holds_nothing_up() {
        let mut world = World::default();
        world.expect(&pod("a", "7"));
        assert!(world.caught_up());
    }

    /// A world in which a pod was listed at revision 7.
    fn listed() -> World {
        let mut world = World::default();
        world.relisted(Elapsed::ZERO, "Pod", Some("n"), vec![pod("a", "7")]);
        world
    }

    #[test]
    fn nothing_was_written_where_the_revision_is_the_same() {
        let (before, now) = listed().between(7, 7).unwrap();
        assert_eq!((before.len(), now), (1, before));
    }

    #[test]
    fn a_write_that_no_watch_has_shown_makes_the_world_unknown() {
        let mut world = listed();
        world.applied(Elapsed::ZERO, pod("a", "9"));
        assert!(world.between(7, 9).is_none(), "revision 8 was of something");
        assert!(world.between(8, 9).is_some());
    }

    #[test]
    fn what_was_written_and_seen_is_what_differs() {
        let mut world = listed();
        world.deleted(Elapsed::ZERO, &pod("a", "8"));
        world.applied(Elapsed::ZERO, pod("b", "9"));
        let (before, now) = world.between(7, 9).unwrap();
        assert_eq!(before.first().unwrap().uid, "a");
        assert_eq!(now.first().unwrap().uid, "b");
    }

    #[test]
    fn what_is_first_seen_in_a_later_list_has_an_unknown_past() {
        let mut world = listed();
        let mut other = (*pod("b", "8")).clone();
        other["metadata"]["namespace"] = "m".into();
        world.relisted(Elapsed::ZERO, "Pod", Some("m"), vec![Arc::new(other)]);
        assert!(world.between(7, 8).is_none());
    }
}
