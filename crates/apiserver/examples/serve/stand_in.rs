//! Stands in for controllers, as far as recordings of the API alone need them.

use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::{
    Api, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Error, ResourceExt as _};
use serde_json::{Value, json};

fn resource(group: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind))
}

const WATCHED: [(&str, &str); 5] = [
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apps", "StatefulSet"),
    ("policy", "PodDisruptionBudget"),
];

/// Acts on what changes, for ever.
pub(crate) async fn act(client: Client) -> Result<(), Error> {
    let mut streams = Vec::new();
    for (group, kind) in WATCHED {
        let all: Api<DynamicObject> = Api::all_with(client.clone(), &resource(group, kind));
        streams.push(all.watch(&WatchParams::default(), "0").await?.boxed());
    }
    let mut changes = futures::stream::select_all(streams);
    while let Some(change) = changes.try_next().await? {
        if let WatchEvent::Added(object) | WatchEvent::Modified(object) = change {
            // Somebody else may have been faster; the next change tells.
            drop(react(&client, &object).await);
        }
    }
    Ok(())
}

async fn react(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    match object.types.as_ref().map(|types| types.kind.as_str()) {
        Some("Namespace") => namespace(client, object).await,
        Some("PersistentVolume") => volume(client, object).await,
        Some("PersistentVolumeClaim") if object.metadata.deletion_timestamp.is_some() => {
            release(client, object, &resource("", "PersistentVolumeClaim")).await
        }
        Some("StatefulSet") => set(client, object).await,
        Some("PodDisruptionBudget") => budget(client, object).await,
        _ => Ok(()),
    }
}

fn api(client: &Client, object: &DynamicObject, resource: &ApiResource) -> Api<DynamicObject> {
    match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    }
}

async fn release(
    client: &Client,
    object: &DynamicObject,
    resource: &ApiResource,
) -> Result<(), Error> {
    let patch = json!({"metadata": {"finalizers": null}});
    api(client, object, resource)
        .patch(
            &object.name_any(),
            &PatchParams::default(),
            &Patch::Merge(patch),
        )
        .await?;
    Ok(())
}

async fn status(
    client: &Client,
    object: &DynamicObject,
    resource: &ApiResource,
    status: Value,
) -> Result<(), Error> {
    let patch = Patch::Merge(json!({"status": status}));
    api(client, object, resource)
        .patch_status(&object.name_any(), &PatchParams::default(), &patch)
        .await?;
    Ok(())
}

async fn namespace(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    let name = object.name_any();
    if object.metadata.deletion_timestamp.is_some() {
        for kind in [
            "Pod",
            "ConfigMap",
            "ServiceAccount",
            "Secret",
            "Service",
            "Endpoints",
            "PersistentVolumeClaim",
        ] {
            let all: Api<DynamicObject> =
                Api::namespaced_with(client.clone(), &name, &resource("", kind));
            all.delete_collection(&kube::api::DeleteParams::default(), &ListParams::default())
                .await?;
        }
        let kept: Vec<&str> = object.data["spec"]["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|one| *one != "kubernetes")
            .collect();
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": kept}});
        let request = http::Request::put(format!("/api/v1/namespaces/{name}/finalize"))
            .header("content-type", "application/json");
        let request = request
            .body(body.to_string().into_bytes())
            .map_err(Error::HttpError)?;
        client.request::<Value>(request).await?;
        return Ok(());
    }
    for (kind, name_in) in [
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
    ] {
        let all: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), &name, &resource("", kind));
        if all.get_opt(name_in).await?.is_none() {
            all.create(
                &PostParams::default(),
                &DynamicObject::new(name_in, &resource("", kind)),
            )
            .await?;
        }
    }
    Ok(())
}

async fn volume(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    let volumes = resource("", "PersistentVolume");
    if object.metadata.deletion_timestamp.is_some() {
        return release(client, object, &volumes).await;
    }
    if object.data["status"]["phase"] == "Pending" {
        return status(client, object, &volumes, json!({"phase": "Available"})).await;
    }
    Ok(())
}

async fn set(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    let sets = resource("apps", "StatefulSet");
    if object.metadata.deletion_timestamp.is_some() {
        return release(client, object, &sets).await;
    }
    if object.data["status"]["observedGeneration"].as_i64() == object.metadata.generation {
        return Ok(());
    }
    let revision = format!("{}-6b6bb7496d", object.name_any());
    let seen = json!({
        "observedGeneration": object.metadata.generation, "replicas": 0, "availableReplicas": 0, "collisionCount": 0,
        "currentRevision": revision, "updateRevision": revision,
    });
    status(client, object, &sets, seen).await
}

async fn budget(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    if object.data["status"]["observedGeneration"].as_i64() == object.metadata.generation {
        return Ok(());
    }
    let seen = json!({"observedGeneration": object.metadata.generation});
    status(
        client,
        object,
        &resource("policy", "PodDisruptionBudget"),
        seen,
    )
    .await
}
