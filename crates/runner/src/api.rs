//! The cluster's API, in JSON as served.
//!
//! Invariant: nothing passes through a typed struct, so nothing is dropped.

use std::sync::Arc;

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Event;
use kube::{
    Client,
    api::{
        DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, PropagationPolicy,
        VersionMatch,
    },
    core::{ApiResource, DynamicObject, Request},
    discovery::{ApiGroup, Discovery, Scope, verbs},
};
use serde_json::{Value, json};

use crate::{
    error::RunError,
    object::{self, ObjectKey},
};

/// The name under which server-side apply records what the harness owns.
pub(crate) const FIELD_MANAGER: &str = "stayput";

/// The number of a write, of all kinds together (kubernetes 1.35 documents that
/// resource versions compare as numbers; etcd made them so before).
pub(crate) type Revision = u64;

/// When objects are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// As they are.
    Now,
    /// As they were.
    Revision(Revision),
}

/// A kind that the cluster serves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kind {
    pub(crate) resource: ApiResource,
    pub(crate) scope: KindScope,
    pub(crate) listed: bool,
}

/// Whether objects of a kind have a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KindScope {
    Namespaced,
    Cluster,
}

/// What one watch shows: a kind by its bare name, in one namespace or in all.
pub(crate) type WatchScope = (String, Option<String>);

impl Kind {
    /// What a watch of this kind shows.
    pub(crate) fn watch_scope(&self, namespace: Option<&str>) -> WatchScope {
        let namespace = namespace.filter(|_| self.scope == KindScope::Namespaced);
        (self.resource.kind.clone(), namespace.map(str::to_owned))
    }

    fn path(&self, namespace: Option<&str>) -> String {
        let namespace = namespace.filter(|_| self.scope == KindScope::Namespaced);
        <DynamicObject as kube::Resource>::url_path(&self.resource, namespace)
    }
}

/// A patch, by the way in which the API reads it.
#[derive(Debug, Clone)]
pub(crate) enum PatchBody {
    Merge(Value),
    Json(Value),
    Strategic(Value),
}

/// The API: a client and the kinds that it serves.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    kinds: Arc<Vec<Kind>>,
}

impl Api {
    /// Asks the cluster which kinds it serves.
    pub(crate) async fn discover(client: Client) -> Result<Self, RunError> {
        let discovery = Discovery::new(client.clone())
            .run_aggregated()
            .await
            .map_err(RunError::api("list the kinds that the API serves"))?;
        let kinds = discovery
            .groups_alphabetical()
            .into_iter()
            .flat_map(ApiGroup::recommended_resources)
            .map(|(resource, capabilities)| Kind {
                resource,
                scope: match capabilities.scope {
                    Scope::Cluster => KindScope::Cluster,
                    Scope::Namespaced => KindScope::Namespaced,
                },
                listed: capabilities.supports_operation(verbs::LIST)
                    && capabilities.supports_operation(verbs::WATCH),
            })
            .collect();
        Ok(Self {
            client,
            kinds: Arc::new(kinds),
        })
    }

    /// An API of which nothing is known, for tests of what comes before it.
    #[cfg(test)]
    pub(crate) fn without_kinds(client: Client) -> Self {
        Self {
            client,
            kinds: Arc::default(),
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// All kinds that can be listed and watched.
    pub(crate) fn listed_kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter().filter(|kind| kind.listed)
    }

    /// The kind that `Pod` or `apps/v1/StatefulSet` names.
    pub(crate) fn kind(&self, name: &str) -> Result<&Kind, RunError> {
        let (api_version, kind) = match name.rsplit_once('/') {
            Some((api_version, kind)) => (Some(api_version), kind),
            None => (None, name),
        };
        let mut found = self.kinds.iter().filter(|candidate| {
            candidate.resource.kind == kind
                && api_version.is_none_or(|wanted| candidate.resource.api_version == wanted)
        });
        // Events are served twice; the core group, which comes first, is what kubectl reads.
        found.next().ok_or_else(|| RunError::UnknownKind {
            kind: name.to_owned(),
        })
    }

    /// The kind of an object, by its own `apiVersion` and `kind`.
    pub(crate) fn kind_of(&self, object: &Value) -> Result<&Kind, RunError> {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        self.kind(&format!("{}/{}", text("apiVersion"), text("kind")))
    }

    /// An object with a namespace where its kind needs one: its own, else the given.
    pub(crate) fn placed(
        &self,
        mut object: Value,
        namespace: Option<&str>,
    ) -> Result<Value, RunError> {
        let namespaced = self.kind_of(&object)?.scope == KindScope::Namespaced;
        if namespaced && object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = namespace.unwrap_or("default").into();
        }
        Ok(object)
    }

    /// Reads one object; `None` where it is not there.
    pub(crate) async fn get(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, RunError> {
        let request = Request::new(kind.path(namespace)).get(name, &GetParams::default());
        match self.send(request).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(source) => Err(RunError::api(format!(
                "read {} `{name}`",
                kind.resource.kind
            ))(source)),
        }
    }

    /// Reads all objects of a kind, in one namespace or in all.
    pub(crate) async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<Value>, RunError> {
        let parameters = ListParams {
            label_selector: labels.map(str::to_owned),
            ..ListParams::default()
        };
        let list = self.list_by(kind, namespace, &parameters).await;
        list.map_err(RunError::api(format!("list {}", kind.resource.plural)))
    }

    /// Reads all objects of a kind as they were at a revision; as they are now
    /// where another server, with revisions of its own, serves the kind.
    pub(crate) async fn list_at(
        &self,
        revision: Revision,
        kind: &Kind,
    ) -> Result<Vec<Value>, RunError> {
        match self.list_by(kind, None, &exactly(revision)).await {
            Ok(objects) => Ok(objects),
            Err(_) => self.list(kind, None, None).await,
        }
    }

    async fn list_by(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        parameters: &ListParams,
    ) -> Result<Vec<Value>, kube::Error> {
        let request = Request::new(kind.path(namespace)).list(parameters);
        Ok(with_types(self.send(request).await?, kind))
    }

    /// Names and labels of all objects of a kind: nothing of what is in them.
    pub(crate) async fn names(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
    ) -> Result<Vec<Value>, RunError> {
        let request = Request::new(kind.path(namespace)).list_metadata(&ListParams::default());
        let list = self
            .send(request)
            .await
            .map_err(RunError::api(format!("list {}", kind.resource.plural)))?;
        Ok(with_types(list, kind))
    }

    /// The revision of the newest write: a number that grows with each.
    pub(crate) async fn revision(&self) -> Result<Revision, RunError> {
        newest_revision(&self.client).await
    }

    /// Names and uids of all objects of all kinds, for the leak check.
    pub(crate) async fn inventory(&self, at: At) -> Result<Vec<Value>, RunError> {
        let parameters = &match at {
            At::Now => ListParams::default(),
            At::Revision(revision) => exactly(revision),
        };
        let lists = self.listed_kinds().map(|kind| async move {
            let request = Request::new(kind.path(None)).list_metadata(parameters);
            match self.send(request).await {
                Ok(list) => Ok(with_types(list, kind)),
                // A kind may be announced by an aggregated API that is not up.
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 405 | 503) => {
                    Ok(Vec::new())
                }
                Err(source) => Err(RunError::api(format!("list {}", kind.resource.plural))(
                    source,
                )),
            }
        });
        Ok(try_join_all(lists).await?.into_iter().flatten().collect())
    }

    /// Server-side apply.
    pub(crate) async fn apply(&self, object: &Value) -> Result<Value, RunError> {
        let kind = self.kind_of(object)?;
        let key = ObjectKey::of(object);
        let request = Request::new(kind.path(key.namespace.as_deref())).patch(
            &key.name,
            &PatchParams::apply(FIELD_MANAGER).force(),
            &Patch::Apply(object),
        );
        self.send(request)
            .await
            .map_err(RunError::api(format!("apply {key}")))
    }

    /// Creates an object that must not exist.
    pub(crate) async fn create(&self, object: &Value) -> Result<Value, RunError> {
        let kind = self.kind_of(object)?;
        let key = ObjectKey::of(object);
        let parameters = PostParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PostParams::default()
        };
        let body = serde_json::to_vec(object).map_err(RunError::json)?;
        let request = Request::new(kind.path(key.namespace.as_deref())).create(&parameters, body);
        self.send(request)
            .await
            .map_err(RunError::api(format!("create {key}")))
    }

    /// Patches an object, or one of its subresources.
    pub(crate) async fn patch(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        subresource: Option<&str>,
        body: PatchBody,
    ) -> Result<Value, RunError> {
        let what = format!("patch {} `{name}`", kind.resource.kind);
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let request = Request::new(kind.path(namespace));
        let patch = match body {
            PatchBody::Merge(value) => Patch::Merge(value),
            PatchBody::Strategic(value) => Patch::Strategic(value),
            PatchBody::Json(value) => {
                Patch::Json::<Value>(serde_json::from_value(value).map_err(RunError::json)?)
            }
        };
        let request = match subresource {
            Some(subresource) => request.patch_subresource(subresource, name, &parameters, &patch),
            None => request.patch(name, &parameters, &patch),
        };
        self.send(request).await.map_err(RunError::api(what))
    }

    /// Deletes an object, and answers what the API says: the object where it
    /// goes on for a while, else a Status; `None` where it was not there.
    pub(crate) async fn delete(
        &self,
        kind: &Kind,
        key: &ObjectKey,
        uid: Option<&str>,
        grace: Grace,
    ) -> Result<Option<Value>, RunError> {
        let parameters = DeleteParams {
            grace_period_seconds: grace.seconds(),
            propagation_policy: Some(grace.propagation()),
            preconditions: uid.map(|uid| kube::api::Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        let request =
            Request::new(kind.path(key.namespace.as_deref())).delete(&key.name, &parameters);
        match self.send(request).await {
            Ok(answer) => Ok(Some(answer)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(source) => Err(RunError::api(format!("delete {key}"))(source)),
        }
    }

    /// Asks for the eviction of a pod, which a budget may refuse for now.
    pub(crate) async fn evict(&self, pod: &ObjectKey, uid: &str) -> Result<Eviction, RunError> {
        let kind = self.kind("v1/Pod")?;
        let body = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": pod.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        });
        let body = serde_json::to_vec(&body).map_err(RunError::json)?;
        let request = Request::new(kind.path(pod.namespace.as_deref())).create_subresource(
            "eviction",
            &pod.name,
            &PostParams::default(),
            body,
        );
        match self.send(request).await {
            Ok(_) => Ok(Eviction::Accepted),
            // Not there any more, or another pod under its name.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(Eviction::Gone),
            Err(kube::Error::Api(status)) if status.code == 429 => {
                Ok(Eviction::HeldBack(status.message.clone()))
            }
            Err(source) => Err(RunError::api(format!("evict {pod}"))(source)),
        }
    }

    fn send(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> impl Future<Output = Result<Value, kube::Error>> {
        send(&self.client, request)
    }
}

async fn send(
    client: &Client,
    request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<Value, kube::Error> {
    let request = request.map_err(kube::Error::BuildRequest)?;
    client.request::<Value>(request).await
}

/// What asks for the state at a revision. Such a list is answered at once; one of
/// the newest state may have to wait until the server's cache is up to date
/// (kubernetes 1.34: seen to take up to 100 ms).
pub(crate) fn exactly(revision: Revision) -> ListParams {
    ListParams {
        resource_version: Some(revision.to_string()),
        version_match: Some(VersionMatch::Exact),
        ..ListParams::default()
    }
}

/// The revision of the newest write: a number that grows with each.
///
/// It is asked of events, which kubernetes 1.34 keeps in no cache: a list of
/// another kind may have to wait until the cache is up to date.
pub(crate) async fn newest_revision(client: &Client) -> Result<Revision, RunError> {
    let events = <Event as kube::Resource>::url_path(&(), None);
    let one = ListParams::default().limit(1);
    let list = send(client, Request::new(events).list_metadata(&one)).await;
    let list = list.map_err(RunError::api("read the newest revision"))?;
    Ok(object::version(&list))
}

/// What the API said to an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// The pod goes.
    Accepted,
    /// It has gone already.
    Gone,
    /// A disruption budget allows none now; in the API's words.
    HeldBack(String),
}

/// How a deletion treats pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grace {
    /// A pod has as long as it asks for; an owner's pods go after it.
    Own,
    /// A pod has this many seconds.
    Seconds(u32),
    /// An owner's pods stay.
    Orphans,
}

impl Grace {
    fn seconds(self) -> Option<u32> {
        match self {
            Self::Own | Self::Orphans => None,
            Self::Seconds(seconds) => Some(seconds),
        }
    }

    fn propagation(self) -> PropagationPolicy {
        match self {
            Self::Own | Self::Seconds(_) => PropagationPolicy::Background,
            Self::Orphans => PropagationPolicy::Orphan,
        }
    }
}

/// The items of a list; the API leaves their `apiVersion` and `kind` out.
fn with_types(list: Value, kind: &Kind) -> Vec<Value> {
    let Value::Object(mut list) = list else {
        return Vec::new();
    };
    let Some(Value::Array(mut items)) = list.remove("items") else {
        return Vec::new();
    };
    for item in &mut items {
        if let Value::Object(fields) = item {
            fields.insert("apiVersion".to_owned(), json!(kind.resource.api_version));
            fields.insert("kind".to_owned(), json!(kind.resource.kind));
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use kube::core::GroupVersionKind;

    use super::*;

    fn api() -> Api {
        let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
            Err::<http::Response<kube::client::Body>, _>("nobody is asked")
        });
        let kind = |name: &str, scope| Kind {
            resource: ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", name)),
            scope,
            listed: true,
        };
        let pod = kind("Pod", KindScope::Namespaced);
        let node = kind("Node", KindScope::Cluster);
        Api {
            client: Client::new(service, "default"),
            kinds: Arc::new(vec![pod, node]),
        }
    }

    fn namespace(kind: &str, own: Option<&str>, given: Option<&str>) -> Value {
        let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
        if let Some(own) = own {
            object["metadata"]["namespace"] = own.into();
        }
        let placed = api().placed(object, given).unwrap();
        placed["metadata"]["namespace"].clone()
    }

    #[tokio::test]
    async fn an_object_goes_where_it_says_else_where_its_release_goes_else_to_default() {
        assert_eq!(namespace("Pod", Some("own"), Some("shop")), "own");
        assert_eq!(namespace("Pod", None, Some("shop")), "shop");
        assert_eq!(namespace("Pod", None, None), "default");
    }

    #[tokio::test]
    async fn what_has_no_namespace_gets_none() {
        assert_eq!(namespace("Node", None, Some("shop")), Value::Null);
    }
}
