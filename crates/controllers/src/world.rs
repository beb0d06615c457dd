//! What the controllers know: the newest version seen of every object.
//!
//! Invariants:
//! - A version never goes back: an older one, or one of an object known to be
//!   gone, changes nothing.
//! - Objects enter by [`World::apply`] only, be it a watch or the answer to a write.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::object::{Cached, Key, Kind, Object, Tables};

/// How many uids of deleted objects are remembered against late watch events.
const REMEMBERED_DELETIONS: usize = 8192;

/// The objects of one kind, by namespace and name.
#[derive(Debug)]
pub struct Table<T> {
    objects: BTreeMap<String, BTreeMap<String, Arc<T>>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
        }
    }
}

impl<T: Cached> Table<T> {
    pub(crate) fn put(&mut self, object: &Arc<T>) -> Option<Arc<T>> {
        let meta = object.meta();
        let (namespace, name) = (
            meta.namespace.as_deref().unwrap_or_default(),
            meta.name.clone().unwrap_or_default(),
        );
        self.objects
            .entry(namespace.to_owned())
            .or_default()
            .insert(name, Arc::clone(object))
    }

    pub(crate) fn remove(&mut self, namespace: &str, name: &str) -> Option<Arc<T>> {
        let names = self.objects.get_mut(namespace)?;
        let removed = names.remove(name);
        if names.is_empty() {
            self.objects.remove(namespace);
        }
        removed
    }

    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        self.objects.get(namespace)?.get(name)
    }

    pub(crate) fn within<'a>(
        &'a self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        self.objects
            .get(namespace)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.objects.values().flat_map(BTreeMap::values)
    }
}

/// What an object was, and what it is.
pub type Versions<'a, T> = (Option<&'a Arc<T>>, Option<&'a Arc<T>>);

/// One step in the life of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it was; `None` if it is new.
    pub before: Option<Object>,
    /// What it is; `None` if it is gone.
    pub after: Option<Object>,
}

impl Change {
    /// The object as last seen.
    pub fn latest(&self) -> Option<&Object> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Both versions as `T`, if the change is about a `T`.
    pub fn of<T: Cached>(&self) -> Option<Versions<'_, T>> {
        let before = self.before.as_ref().and_then(Object::as_kind);
        let after = self.after.as_ref().and_then(Object::as_kind);
        (before.is_some() || after.is_some()).then_some((before, after))
    }

    /// The newest version as `T`.
    pub fn newest<T: Cached>(&self) -> Option<&Arc<T>> {
        self.latest().and_then(Object::as_kind)
    }
}

/// The newest version seen of every object, and who owns or runs what.
#[derive(Debug, Default)]
pub struct World {
    pub(crate) tables: Tables,
    by_uid: BTreeMap<String, Key>,
    dependents: BTreeMap<String, BTreeSet<Key>>,
    by_node: BTreeMap<String, BTreeSet<Key>>,
    gone: BTreeSet<String>,
    gone_order: VecDeque<String>,
}

impl World {
    /// The object `namespace/name` of kind `T`.
    pub fn get<T: Cached>(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        T::table(self).get(namespace, name)
    }

    /// The objects of kind `T` in a namespace, by name.
    pub fn within<'a, T: Cached>(
        &'a self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        T::table(self).within(namespace)
    }

    /// All objects of kind `T`, by namespace and name.
    pub fn all<T: Cached>(&self) -> impl Iterator<Item = &Arc<T>> {
        T::table(self).all()
    }

    /// The object of that key, whatever its kind.
    pub fn object(&self, key: &Key) -> Option<Object> {
        self.tables.get(key)
    }

    /// All objects of a kind in a namespace.
    pub fn objects_within(&self, kind: Kind, namespace: &str) -> Vec<Object> {
        self.tables.within(kind, namespace)
    }

    /// All objects of a kind.
    pub fn objects(&self, kind: Kind) -> Vec<Object> {
        self.tables.all(kind)
    }

    /// The object with that uid.
    pub fn by_uid(&self, uid: &str) -> Option<&Key> {
        self.by_uid.get(uid)
    }

    /// Whether the object with that uid was seen to go.
    pub fn is_gone(&self, uid: &str) -> bool {
        self.gone.contains(uid)
    }

    /// The objects that name `uid` as an owner.
    pub fn dependents(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// The pods placed on a node.
    pub fn pods_on<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<Pod>> + use<'a> {
        self.by_node
            .get(node)
            .into_iter()
            .flatten()
            .filter_map(|key| self.get::<Pod>(&key.namespace, &key.name))
    }

    /// Takes in a version of an object; `None` if it says nothing new.
    pub fn apply(&mut self, object: Object) -> Option<Change> {
        let key = object.key();
        if self.gone.contains(uid(object.meta())) {
            return None;
        }
        let known = self.tables.get(&key);
        if known
            .as_ref()
            .is_some_and(|known| !newer(object.meta(), known.meta()))
        {
            return None;
        }
        if let Some(known) = &known {
            self.forget(&key, known);
            if uid(known.meta()) != uid(object.meta()) {
                self.bury(uid(known.meta()));
            }
        }
        self.tables.put(&object);
        self.remember(&key, &object);
        Some(Change {
            before: known,
            after: Some(object),
        })
    }

    /// Takes in the end of an object; `None` if it was not known.
    pub fn delete(&mut self, object: &Object) -> Option<Change> {
        self.bury(uid(object.meta()));
        let key = object.key();
        let known = self.tables.get(&key)?;
        if uid(known.meta()) != uid(object.meta()) {
            return None;
        }
        self.drop_key(&key)
    }

    /// Takes in a whole list of a kind: what is not in it is gone.
    pub fn replace(&mut self, kind: Kind, objects: Vec<Object>) -> Vec<Change> {
        let listed: BTreeSet<Key> = objects.iter().map(Object::key).collect();
        let absent: Vec<Key> = self
            .objects(kind)
            .iter()
            .map(Object::key)
            .filter(|key| !listed.contains(key))
            .collect();
        let mut changes: Vec<Change> = absent.iter().filter_map(|key| self.drop_key(key)).collect();
        changes.extend(objects.into_iter().filter_map(|object| self.apply(object)));
        changes
    }

    fn drop_key(&mut self, key: &Key) -> Option<Change> {
        let known = self.tables.remove(key)?;
        self.forget(key, &known);
        Some(Change {
            before: Some(known),
            after: None,
        })
    }

    fn bury(&mut self, uid: &str) {
        if self.gone.insert(uid.to_owned()) {
            self.gone_order.push_back(uid.to_owned());
        }
        if self.gone_order.len() > REMEMBERED_DELETIONS
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    fn remember(&mut self, key: &Key, object: &Object) {
        let meta = object.meta();
        self.by_uid.insert(uid(meta).to_owned(), key.clone());
        for owner in meta.owner_references.iter().flatten() {
            self.dependents
                .entry(owner.uid.clone())
                .or_default()
                .insert(key.clone());
        }
        if let Some(node) = node_of(object) {
            self.by_node
                .entry(node.to_owned())
                .or_default()
                .insert(key.clone());
        }
    }

    fn forget(&mut self, key: &Key, object: &Object) {
        let meta = object.meta();
        self.by_uid.remove(uid(meta));
        for owner in meta.owner_references.iter().flatten() {
            remove_from(&mut self.dependents, &owner.uid, key);
        }
        if let Some(node) = node_of(object) {
            remove_from(&mut self.by_node, node, key);
        }
    }
}

fn remove_from(index: &mut BTreeMap<String, BTreeSet<Key>>, entry: &str, key: &Key) {
    if let Some(keys) = index.get_mut(entry) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(entry);
        }
    }
}

fn node_of(object: &Object) -> Option<&str> {
    object.as_kind::<Pod>()?.spec.as_ref()?.node_name.as_deref()
}

fn uid(meta: &ObjectMeta) -> &str {
    meta.uid.as_deref().unwrap_or_default()
}

/// Whether `new` is a later version than `known`. Versions are numbers that only
/// grow; one that is no number is believed.
fn newer(new: &ObjectMeta, known: &ObjectMeta) -> bool {
    match (version_of(new), version_of(known)) {
        (Some(new), Some(known)) => new > known,
        _ => true,
    }
}

pub(crate) fn version_of(meta: &ObjectMeta) -> Option<u64> {
    meta.resource_version.as_deref()?.parse().ok()
}
