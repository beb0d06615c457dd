//! What a watch of one kind shows: first what is there, then every change.

use std::{future, iter, sync::Arc};

use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use kube::{
    Api, Client,
    api::{WatchEvent, WatchParams},
    core::ApiResource,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use serde_json::Value;

use crate::{
    api::{Kind, Revision, exactly},
    served::Served,
};

/// What one watch shows.
pub(crate) type Events = BoxStream<'static, watcher::Result<Event<Served>>>;

/// Shows a kind for as long as somebody looks, from a revision where one is given.
pub(super) fn events(
    client: Client,
    kind: &Kind,
    namespace: Option<&str>,
    from: Option<Revision>,
) -> Events {
    let api: Api<Served> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &kind.resource),
        None => Api::all_with(client, &kind.resource),
    };
    let go_on = watcher::watcher(api.clone(), watcher::Config::default()).default_backoff();
    let begin = from.map(|from| since(api, from));
    stream::iter(begin).flatten().map(Ok).chain(go_on).boxed()
}

/// What is there at a revision, and what comes after it, for as long as one watch
/// lasts; nothing where the server does not know that revision any more.
fn since(api: Api<Served>, from: Revision) -> impl Stream<Item = Event<Served>> {
    let begin = async move {
        let version = from.to_string();
        let (at, changes) = (exactly(from), WatchParams::default());
        let begun = futures::try_join!(api.list(&at), api.watch(&changes, &version));
        let Ok((list, changes)) = begun else {
            return stream::empty().boxed();
        };
        let there = list.items.into_iter().map(Event::InitApply);
        let known = iter::once(Event::Init)
            .chain(there)
            .chain([Event::InitDone]);
        stream::iter(known).chain(until_it_ends(changes)).boxed()
    };
    stream::once(begin).flatten()
}

/// The changes that a watch shows until it ends, for whatever reason.
fn until_it_ends(
    changes: impl Stream<Item = kube::Result<WatchEvent<Served>>>,
) -> impl Stream<Item = Event<Served>> {
    let shown = |(): &mut (), change| {
        future::ready(match change {
            Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
                Some(Some(Event::Apply(object)))
            }
            Ok(WatchEvent::Deleted(object)) => Some(Some(Event::Delete(object))),
            Ok(WatchEvent::Bookmark(_)) => Some(None),
            Ok(WatchEvent::Error(_)) | Err(_) => None,
        })
    };
    changes.scan((), shown).filter_map(future::ready)
}

/// The object with its `apiVersion` and `kind`, which lists leave out.
pub(super) fn typed(mut object: Arc<Value>, kind: &ApiResource) -> Arc<Value> {
    if object.get("kind").is_none()
        && let Value::Object(fields) = Arc::make_mut(&mut object)
    {
        fields.insert("apiVersion".to_owned(), kind.api_version.clone().into());
        fields.insert("kind".to_owned(), kind.kind.clone().into());
    }
    object
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::{client::Body, core::GroupVersionKind};
    use serde_json::json;

    use super::*;
    use crate::api::KindScope;

    /// A server whose newest state is of revision 9, and that knows those since one.
    fn server(oldest: Revision) -> Client {
        let answer = move |request: Request<Body>| async move {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let asked = |text: &str| query.contains(text);
            let (code, body) = match () {
                () if asked("watch=true") && asked("resourceVersion=7") => {
                    (200, json!({"type": "MODIFIED", "object": pod(8)}))
                }
                () if asked("watch=true") => (200, json!({"type": "MODIFIED", "object": pod(10)})),
                () if asked("Exact") && oldest <= 7 => (200, list(7)),
                () if asked("Exact") => (410, json!({"kind": "Status", "code": 410})),
                () => (200, list(9)),
            };
            let body = Body::from(body.to_string().into_bytes());
            Response::builder().status(code).body(body)
        };
        Client::new(tower::service_fn(answer), "default")
    }

    fn pod(version: u64) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "p", "uid": "u", "resourceVersion": version.to_string()}})
    }

    fn list(version: u64) -> Value {
        json!({"kind": "PodList", "apiVersion": "v1",
            "metadata": {"resourceVersion": version.to_string()}, "items": [pod(version)]})
    }

    async fn first(count: usize, oldest: Revision) -> Vec<String> {
        let kind = Kind {
            resource: ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Pod")),
            scope: KindScope::Namespaced,
            listed: true,
        };
        let events = events(server(oldest), &kind, None, Some(7)).take(count);
        let version = |it: &Served| crate::object::version(&it.json);
        let events = events.map(|event| match event {
            Ok(Event::Init) => "list".to_owned(),
            Ok(Event::InitApply(object)) => format!("there: {}", version(&object)),
            Ok(Event::InitDone) => "all".to_owned(),
            Ok(Event::Apply(object)) => format!("now: {}", version(&object)),
            Ok(Event::Delete(object)) => format!("gone: {}", version(&object)),
            Err(error) => error.to_string(),
        });
        events.collect().await
    }

    #[tokio::test]
    async fn it_begins_at_the_revision_and_goes_on_with_the_newest_state() {
        let seen = first(8, 7).await.join(", ");
        assert_eq!(
            seen,
            "list, there: 7, all, now: 8, list, there: 9, all, now: 10"
        );
    }

    #[tokio::test]
    async fn it_begins_with_the_newest_state_where_the_revision_is_not_known_any_more() {
        let seen = first(4, 8).await.join(", ");
        assert_eq!(seen, "list, there: 9, all, now: 10");
    }
}
