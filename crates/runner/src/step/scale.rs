//! `scale`: the replicas of a set, seen to come or go.

use serde_json::{Value, json};
use stayput_events::Cost;
use stayput_expr::Scope;
use stayput_expr::Template;
use stayput_scenario::plan::ObjectName;

use crate::{
    api::PatchBody,
    branches::RedisNote,
    halt::Halt,
    object::{self, ObjectKey},
    session::{self, Session},
    watch::{Progress, World},
};

/// Scales, and waits until that many pods are there, Ready, and no other.
pub(crate) async fn scale(
    session: &mut Session,
    scope: &Scope,
    statefulset: &ObjectName,
    to: &Template,
) -> Result<(), Halt> {
    let (namespace, name) = session::name(statefulset, scope)?;
    let to = session::count(to, scope)?;
    session
        .watch("apps/v1/StatefulSet", namespace.as_deref())
        .await?;
    session.watch("v1/Pod", namespace.as_deref()).await?;
    let key = ObjectKey::new("StatefulSet", namespace.as_deref(), &name);
    let before = session.api.get(
        session.api.kind("apps/v1/StatefulSet")?,
        namespace.as_deref(),
        &name,
    );
    if before.await?.is_some_and(|it| it["spec"]["replicas"] == to) {
        return Err(Halt::ChangedNothing(format!("{key} has {to} replicas")));
    }
    let kind = session.api.kind("apps/v1/StatefulSet")?.clone();
    let body = PatchBody::Merge(json!({"spec": {"replicas": to}}));
    let mut answer = session
        .api
        .patch(&kind, namespace.as_deref(), &name, Some("scale"), body)
        .await?;
    // A Scale carries the uid and the version of what it scales.
    answer["kind"] = json!("StatefulSet");
    session.wrote(answer).await?;
    if is_under_test(session, &key)? {
        session.note(RedisNote::Scaled(to));
    }
    let what = format!("{key} has {to} pods, all Ready");
    session
        .wait(&what, Cost::Kubernetes, move |world: &World, _| {
            scaled(world, &key, to)
        })
        .await
}

/// Whether a set is the Redis Cluster that the scenario names.
fn is_under_test(session: &Session, key: &ObjectKey) -> Result<bool, Halt> {
    let Some(redis) = &session.plan.redis else {
        return Ok(false);
    };
    let (namespace, name) = session::name(&redis.statefulset, &session.scope())?;
    Ok(key.namespace == namespace && key.name == name)
}

fn scaled(world: &World, key: &ObjectKey, to: usize) -> Progress<Result<(), Halt>> {
    let Some(set) = world.get(key) else {
        return Progress::Done(Err(Halt::failed(format!("{key} is gone"))));
    };
    let uid = object::uid(set);
    let pods = world.of_kind("Pod").filter(|it| object::owned_by(it, uid));
    let pods: Vec<_> = pods.collect();
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let status = &set["status"];
    let number = |field: &str| status[field].as_u64().unwrap_or_default();
    let observed =
        number("observedGeneration") >= set["metadata"]["generation"].as_u64().unwrap_or_default();
    let to_number = to as u64;
    if observed
        && pods.len() == to
        && ready == to
        && number("replicas") == to_number
        && number("readyReplicas") == to_number
    {
        return Progress::Done(Ok(()));
    }
    let seen = format!("{} pods, {ready} of them Ready", pods.len());
    Progress::Wait { seen, wake: None }
}

/// Whether a pod is Ready and stays.
pub(crate) fn is_ready(pod: &Value) -> bool {
    !object::terminating(pod)
        && pod["status"]["conditions"]
            .as_array()
            .is_some_and(|conditions| {
                conditions
                    .iter()
                    .any(|it| it["type"] == "Ready" && it["status"] == "True")
            })
}
