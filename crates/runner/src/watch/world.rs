//! What the watches have seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use serde_json::Value;
use stayput_events::{Elapsed, Moment};
use stayput_judge::leak::ObjectId;

use crate::{
    api::{Revision, WatchScope},
    object::{self, ObjectKey},
};

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
    scopes: BTreeSet<WatchScope>,
    uids: BTreeSet<String>,
    /// How everything that was ever seen came and went.
    lives: BTreeMap<ObjectId, Life>,
    /// The revisions that were seen of anything.
    revisions: BTreeSet<u64>,
}

/// From which revision to which an object is known to have been there.
#[derive(Debug, Clone, Copy)]
struct Life {
    first: First,
    gone: Option<Revision>,
}

/// How an object was first seen.
#[derive(Debug, Clone, Copy)]
enum First {
    /// In a list, in this version: it may have been there before.
    Listed(Revision),
    /// As it was made.
    Made(Revision),
}

impl Life {
    /// Whether the object was there at a revision; `None` where nobody knows.
    fn covers(self, revision: Revision) -> Option<bool> {
        let has_begun = match self.first {
            First::Listed(version) if version > revision => return None,
            First::Listed(_) => true,
            First::Made(version) => version <= revision,
        };
        Some(has_begun && self.gone.is_none_or(|gone| gone > revision))
    }
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
        let version = object::version(&json);
        self.revisions.insert(version);
        self.lives_from(&json, First::Made(version));
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
        if let Some(life) = ObjectId::of(&key.kind, last).and_then(|id| self.lives.get_mut(&id)) {
            life.gone = Some(object::version(last));
        }
        let known = self.objects.get(&key)?;
        if object::uid(known) != object::uid(last) {
            return None;
        }
        self.objects.remove(&key);
        self.lift_fences();
        self.record(at, key, Some(Arc::clone(last)), None)
    }

    /// Takes in a fresh list: what it lacks is gone.
    pub(crate) fn relisted(&mut self, at: Elapsed, scope: &WatchScope, objects: Vec<Arc<Value>>) {
        let (kind, namespace) = scope;
        let listed: BTreeSet<_> = objects.iter().map(|it| ObjectKey::of(it)).collect();
        let missing: Vec<_> = self
            .objects
            .iter()
            .filter(|(key, _)| key.kind == *kind)
            .filter(|(key, _)| namespace.is_none() || key.namespace == *namespace)
            .filter(|(key, _)| !listed.contains(*key))
            .map(|(_, object)| Arc::clone(object))
            .collect();
        for object in missing {
            self.deleted(at, &object);
        }
        for object in objects {
            self.lives_from(&object, First::Listed(object::version(&object)));
            self.applied(at, object);
        }
    }

    fn lives_from(&mut self, object: &Value, first: First) {
        let kind = object["kind"].as_str().unwrap_or_default();
        if let Some(id) = ObjectId::of(kind, object) {
            let life = Life { first, gone: None };
            self.lives.entry(id).or_insert(life);
        }
    }

    /// The objects at one revision and at a later one, as far as anything was
    /// written in between; `None` where something was that no watch has shown.
    pub(crate) fn between(
        &self,
        from: Revision,
        until: Revision,
    ) -> Option<(BTreeSet<ObjectId>, BTreeSet<ObjectId>)> {
        let written = until.checked_sub(from)?;
        let range = (Bound::Excluded(from), Bound::Included(until));
        let shown = self.revisions.range(range).count() as u64;
        if shown != written {
            return None;
        }
        Some((self.at(from)?, self.at(until)?))
    }

    /// The objects at a revision; `None` where that is not known of each.
    fn at(&self, revision: Revision) -> Option<BTreeSet<ObjectId>> {
        let lives = self.lives.iter();
        let there = lives.map(|(id, life)| Some((id, life.covers(revision)?)));
        there
            .filter(|it| !matches!(it, Some((_, false))))
            .map(|it| it.map(|(id, _)| id.clone()))
            .collect()
    }

    /// Lets the past go: what is there now is where another play begins.
    pub(crate) fn begin(&mut self) {
        let objects = std::mem::take(&mut self.objects);
        let scopes = std::mem::take(&mut self.scopes);
        *self = Self {
            scopes,
            ..Self::default()
        };
        for object in objects.values() {
            self.uids.insert(object::uid(object).to_owned());
            self.lives_from(object, First::Listed(object::version(object)));
        }
        self.objects = objects;
    }

    /// Forgets a kind that is not watched any more, as far as nothing else shows it.
    pub(crate) fn forgets(&mut self, scope: &WatchScope) {
        self.scopes.remove(scope);
        let mut objects = std::mem::take(&mut self.objects);
        objects.retain(|key, _| key.kind != scope.0 || self.shows(&scope_of(key)));
        self.objects = objects;
    }

    /// Notes an error that the watch survives.
    pub(crate) fn stumbled(&mut self, at: Elapsed, what: String) {
        if self.transient.last().is_none_or(|last| last.what != what) {
            self.transient.push(Moment { at, what });
        }
    }

    /// Whether a scope is taken in, by itself or with all namespaces.
    pub(crate) fn shows(&self, scope: &WatchScope) -> bool {
        let everywhere = (scope.0.clone(), None);
        self.scopes.contains(scope) || self.scopes.contains(&everywhere)
    }

    /// Begins to take in a kind; its first list follows.
    pub(crate) fn watches(&mut self, scope: WatchScope) {
        self.scopes.insert(scope);
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
        if self.shows(&scope_of(&key)) {
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

/// What shows an object of this name.
fn scope_of(key: &ObjectKey) -> WatchScope {
    (key.kind.clone(), key.namespace.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(uid: &str, version: &str) -> Arc<Value> {
        Arc::new(json!({"kind": "Pod", "metadata":
            {"namespace": "n", "name": "p", "uid": uid, "resourceVersion": version}}))
    }

    fn pod_named(name: &str, version: &str) -> Arc<Value> {
        let mut pod = (*pod(name, version)).clone();
        pod["metadata"]["name"] = name.into();
        Arc::new(pod)
    }

    fn pods(namespace: Option<&str>) -> WatchScope {
        ("Pod".to_owned(), namespace.map(str::to_owned))
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
        world.watches(pods(Some("n")));
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
        world.watches(pods(None));
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
        world.relisted(Elapsed::ZERO, &pods(Some("n")), Vec::new());
        assert_eq!(world.of_kind("Pod").count(), 0);
        assert!(world.history().last().unwrap().now.is_none());
    }

    #[test]
    fn what_was_created_has_to_be_seen_first() {
        let mut world = World::default();
        world.watches(pods(None));
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
        world.relisted(Elapsed::ZERO, &pods(Some("n")), vec![pod("a", "7")]);
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
    fn what_is_known_of_a_revision_is_what_was_there_then() {
        let mut world = listed();
        world.applied(Elapsed::ZERO, pod_named("other", "8"));
        world.deleted(Elapsed::ZERO, &pod("a", "9"));
        let names = |(before, now): (BTreeSet<ObjectId>, BTreeSet<ObjectId>)| {
            [before, now].map(|ids| ids.into_iter().map(|it| it.name).collect::<Vec<_>>())
        };
        let between = |from, until| names(world.between(from, until).unwrap());
        assert_eq!(between(7, 8), [vec!["p"], vec!["other", "p"]]);
        assert_eq!(between(8, 9), [vec!["other", "p"], vec!["other"]]);
        assert_eq!(between(9, 9), [vec!["other"], vec!["other"]]);
    }

    #[test]
    fn a_play_that_goes_on_holds_what_was_there_against_itself() {
        let mut world = listed();
        world.applied(Elapsed::ZERO, pod_named("other", "8"));
        world.begin();
        let (before, now) = world.between(8, 8).unwrap();
        assert_eq!((before.len(), &before), (2, &now));
        world.deleted(Elapsed::ZERO, &pod("a", "9"));
        let (before, now) = world.between(8, 9).unwrap();
        assert_eq!((before.len(), now.len()), (2, 1));
    }

    #[test]
    fn a_kind_is_forgotten_as_far_as_no_other_watch_shows_it() {
        let mut world = World::default();
        world.watches(pods(None));
        world.watches(pods(Some("n")));
        world.relisted(Elapsed::ZERO, &pods(None), vec![pod("a", "7")]);
        world.forgets(&pods(Some("n")));
        assert_eq!(world.of_kind("Pod").count(), 1);
        world.forgets(&pods(None));
        assert_eq!(world.of_kind("Pod").count(), 0);
    }

    #[test]
    fn what_is_first_seen_in_a_later_list_has_an_unknown_past() {
        let mut world = listed();
        let mut other = (*pod("b", "8")).clone();
        other["metadata"]["namespace"] = "m".into();
        world.relisted(Elapsed::ZERO, &pods(Some("m")), vec![Arc::new(other)]);
        assert!(world.between(7, 8).is_none());
    }
}
