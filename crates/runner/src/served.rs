//! An object exactly as the API served it.

use std::{borrow::Cow, sync::Arc};

use kube::{
    Resource,
    core::{ApiResource, ObjectMeta},
};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

/// JSON as served, with its metadata read once.
///
/// What is judged and snapshotted is [`Served::json`]; the typed metadata is
/// there because kube's watcher asks for it, and is never written back.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) json: Arc<Value>,
    meta: ObjectMeta,
}

impl<'de> Deserialize<'de> for Served {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        let meta = ObjectMeta::deserialize(&json["metadata"]).map_err(D::Error::custom)?;
        Ok(Self {
            json: Arc::new(json),
            meta,
        })
    }
}

impl Resource for Served {
    type DynamicType = ApiResource;
    type Scope = kube::core::DynamicResourceScope;

    fn kind(kind: &ApiResource) -> Cow<'_, str> {
        kind.kind.as_str().into()
    }

    fn group(kind: &ApiResource) -> Cow<'_, str> {
        kind.group.as_str().into()
    }

    fn version(kind: &ApiResource) -> Cow<'_, str> {
        kind.version.as_str().into()
    }

    fn plural(kind: &ApiResource) -> Cow<'_, str> {
        kind.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}
