//! The kinds that the control plane knows, and their objects.
//!
//! Invariants:
//! - A kind is one line of the table below: everything else is derived from it.
//! - Objects are immutable and shared.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::{ApiResource, GroupVersionKind};
use serde_json::Value;

use crate::world::{Table, World, version_of};

/// Where and how the API serves a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The name used in `kind:`.
    pub kind: &'static str,
    /// API group, empty for core.
    pub group: &'static str,
    /// The name in URLs.
    pub plural: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// A reference to an object by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, empty for objects of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The object of `kind` named `namespace/name`.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of a typed object.
    pub fn of<T: Cached>(object: &T) -> Self {
        let meta = object.meta();
        Self::new(
            T::KIND,
            meta.namespace.as_deref().unwrap_or_default(),
            meta.name.as_deref().unwrap_or_default(),
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.descriptor().kind;
        if self.namespace.is_empty() {
            write!(f, "{kind} {}", self.name)
        } else {
            write!(f, "{kind} {}/{}", self.namespace, self.name)
        }
    }
}

/// A typed object that the [`World`] holds.
pub trait Cached: Clone + Sized + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Its metadata.
    fn meta(&self) -> &ObjectMeta;
    /// Its table.
    fn table(world: &World) -> &Table<Self>;
    /// The typed object, if `object` is of this kind.
    fn from_object(object: &Object) -> Option<&Arc<Self>>;
    /// As an object of any kind.
    fn into_object(self: Arc<Self>) -> Object;
}

/// An object that could not be read as the kind it claims to be.
#[derive(Debug, thiserror::Error)]
#[error("cannot read an object as `{kind}`")]
pub struct Unreadable {
    kind: &'static str,
    source: serde_json::Error,
}

macro_rules! kinds {
    ($($kind:ident: $type:path, $table:ident, $group:literal, $version:literal, $plural:literal, $namespaced:literal;)*) => {
        /// A kind of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are those of Kubernetes")]
        pub enum Kind { $($kind,)* Event }

        impl Kind {
            /// Every kind that is watched.
            pub const WATCHED: &'static [Self] = &[$(Self::$kind,)*];

            /// Where and how it is served.
            pub fn descriptor(self) -> Descriptor {
                match self {
                    $(Self::$kind => Descriptor {
                        kind: stringify!($kind), group: $group, plural: $plural, namespaced: $namespaced,
                    },)*
                    Self::Event => Descriptor { kind: "Event", group: "", plural: "events", namespaced: true },
                }
            }

            /// The kind that `api_version` and `kind` name, whatever its version.
            pub fn named(api_version: &str, kind: &str) -> Option<Self> {
                let group = api_version.split_once('/').map_or("", |(group, _)| group);
                match (group, kind) {
                    $(($group, stringify!($kind)) => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }

        /// An object of any kind that is watched.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the names are those of Kubernetes")]
        pub enum Object { $($kind(Arc<$type>),)* }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)* }
            }

            /// Its metadata.
            pub fn meta(&self) -> &ObjectMeta {
                match self { $(Self::$kind(object) => &object.metadata,)* }
            }

            /// Reads JSON as an object of `kind`; `None` for kinds that are not watched.
            pub fn read(kind: Kind, json: Value) -> Result<Option<Self>, Unreadable> {
                let unreadable = |source| Unreadable { kind: kind.descriptor().kind, source };
                match kind {
                    $(Kind::$kind => serde_json::from_value::<$type>(json)
                        .map(|object| Some(Self::$kind(Arc::new(lean(object)))))
                        .map_err(unreadable),)*
                    Kind::Event => Ok(None),
                }
            }
        }

        $(impl Cached for $type {
            const KIND: Kind = Kind::$kind;
            fn meta(&self) -> &ObjectMeta { &self.metadata }
            fn table(world: &World) -> &Table<Self> { &world.tables.$table }
            fn from_object(object: &Object) -> Option<&Arc<Self>> {
                match object { Object::$kind(object) => Some(object), _ => None }
            }
            fn into_object(self: Arc<Self>) -> Object { Object::$kind(self) }
        })*

        /// One table a kind.
        #[derive(Debug, Default)]
        pub(crate) struct Tables { $(pub(crate) $table: Table<$type>,)* }

        impl Tables {
            pub(crate) fn put(&mut self, object: &Object) -> Option<Object> {
                match object { $(Object::$kind(object) => self.$table.put(object).map(Object::$kind),)* }
            }

            pub(crate) fn remove(&mut self, key: &Key) -> Option<Object> {
                match key.kind {
                    $(Kind::$kind => self.$table.remove(&key.namespace, &key.name).map(Object::$kind),)*
                    Kind::Event => None,
                }
            }

            pub(crate) fn get(&self, key: &Key) -> Option<Object> {
                match key.kind {
                    $(Kind::$kind => self.$table.get(&key.namespace, &key.name).cloned().map(Object::$kind),)*
                    Kind::Event => None,
                }
            }

            pub(crate) fn all(&self, kind: Kind) -> Vec<Object> {
                match kind {
                    $(Kind::$kind => self.$table.all().cloned().map(Object::$kind).collect(),)*
                    Kind::Event => Vec::new(),
                }
            }

            pub(crate) fn within(&self, kind: Kind, namespace: &str) -> Vec<Object> {
                match kind {
                    $(Kind::$kind => self.$table.within(namespace).cloned().map(Object::$kind).collect(),)*
                    Kind::Event => Vec::new(),
                }
            }
        }

        /// Calls a macro once a kind, with its type.
        macro_rules! for_each_kind {
            ($call:ident) => { $($call!($kind, $type);)* };
        }
        pub(crate) use for_each_kind;
    };
}

kinds! {
    Namespace: k8s_openapi::api::core::v1::Namespace, namespaces, "", "v1", "namespaces", false;
    Node: k8s_openapi::api::core::v1::Node, nodes, "", "v1", "nodes", false;
    Pod: k8s_openapi::api::core::v1::Pod, pods, "", "v1", "pods", true;
    PersistentVolume: k8s_openapi::api::core::v1::PersistentVolume, volumes, "", "v1", "persistentvolumes", false;
    PersistentVolumeClaim: k8s_openapi::api::core::v1::PersistentVolumeClaim, claims, "", "v1", "persistentvolumeclaims", true;
    ConfigMap: k8s_openapi::api::core::v1::ConfigMap, config_maps, "", "v1", "configmaps", true;
    Secret: k8s_openapi::api::core::v1::Secret, secrets, "", "v1", "secrets", true;
    ServiceAccount: k8s_openapi::api::core::v1::ServiceAccount, accounts, "", "v1", "serviceaccounts", true;
    Service: k8s_openapi::api::core::v1::Service, services, "", "v1", "services", true;
    Endpoints: k8s_openapi::api::core::v1::Endpoints, endpoints, "", "v1", "endpoints", true;
    EndpointSlice: k8s_openapi::api::discovery::v1::EndpointSlice, slices, "discovery.k8s.io", "v1", "endpointslices", true;
    StatefulSet: k8s_openapi::api::apps::v1::StatefulSet, sets, "apps", "v1", "statefulsets", true;
    ControllerRevision: k8s_openapi::api::apps::v1::ControllerRevision, revisions, "apps", "v1", "controllerrevisions", true;
    StorageClass: k8s_openapi::api::storage::v1::StorageClass, classes, "storage.k8s.io", "v1", "storageclasses", false;
    PodDisruptionBudget: k8s_openapi::api::policy::v1::PodDisruptionBudget, budgets, "policy", "v1", "poddisruptionbudgets", true;
    Lease: k8s_openapi::api::coordination::v1::Lease, leases, "coordination.k8s.io", "v1", "leases", true;
}

/// The object without what no controller reads and what takes more room than all the rest:
/// who manages which field. A write that does not name it leaves it as it is.
///
/// It is a copy: lists double their room while they are read, a list of one container has
/// some for four, and of a copy they have as much as they need.
pub(crate) fn lean<T: Resource + Clone>(mut object: T) -> T {
    object.meta_mut().managed_fields = None;
    object.clone()
}

impl Kind {
    /// `apiVersion` as written in objects.
    pub fn api_version(self) -> String {
        let Descriptor { group, .. } = self.descriptor();
        if group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{group}/v1")
        }
    }

    /// What kube needs to address it.
    pub fn resource(self) -> ApiResource {
        let Descriptor {
            kind,
            group,
            plural,
            ..
        } = self.descriptor();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind), plural)
    }
}

impl Object {
    /// Its key.
    pub fn key(&self) -> Key {
        let meta = self.meta();
        Key::new(
            self.kind(),
            meta.namespace.as_deref().unwrap_or_default(),
            meta.name.as_deref().unwrap_or_default(),
        )
    }

    /// The number of its version, if that is one.
    pub fn version(&self) -> Option<u64> {
        version_of(self.meta())
    }

    /// As a `T`, if it is one.
    pub fn as_kind<T: Cached>(&self) -> Option<&Arc<T>> {
        T::from_object(self)
    }
}
