//! `node: {drain}`: evictions through the API, as far as budgets allow.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stayput_events::{Cost, Elapsed, Failure, Subject};

use crate::{
    api::Eviction,
    halt::Halt,
    object::{self, ObjectKey},
    session::Session,
    watch::{Progress, Reply, World},
};

/// A pod that is to go, and what keeps it.
struct Evicted {
    key: ObjectKey,
    uid: String,
    held: Option<String>,
}

/// Evicts all pods of a cordoned node, and sees each gone by uid.
///
/// As `kubectl drain` does, pods of `DaemonSet`s and those that the kubelet has
/// from files stay: they would be back at once.
pub(crate) async fn drain(session: &mut Session, node: &str) -> Result<(), Halt> {
    let what = format!("node `{node}` drained");
    let (from, deadline) = (session.now(), session.deadline());
    let mut waiting = pods_on(session, node).await?;
    if waiting.is_empty() {
        return Err(Halt::ChangedNothing(format!(
            "node `{node}` has no pod to evict"
        )));
    }
    watch(session, &waiting).await?;
    let all: Vec<_> = waiting
        .iter()
        .map(|pod| (pod.key.clone(), pod.uid.clone()))
        .collect();
    loop {
        let budgets = session.watches.read(budgets).await?;
        waiting = evict(session, waiting).await?;
        if waiting.is_empty() {
            break;
        }
        if session.now() >= deadline {
            let seen: Vec<_> = waiting.iter().map(in_words).collect();
            return Err(stopped(session, &what, &waiting, seen.join("; ")));
        }
        allowed(session, &what, &waiting, budgets, deadline).await?;
    }
    let names: Vec<_> = all.iter().map(|(key, _)| short(key)).collect();
    session.found(format!("evicted from `{node}`: {}", names.join(", ")));
    let within = session.within;
    session.within = deadline - session.now();
    let gone = session.wait_gone(&what, all).await;
    session.within = within;
    session
        .events
        .spent(session.step, Cost::Kubernetes, from, session.now());
    gone
}

async fn pods_on(session: &Session, node: &str) -> Result<Vec<Evicted>, Halt> {
    let kind = session.api.kind("v1/Pod")?;
    let pods = session.api.list(kind, None, None).await?;
    let here = pods.iter().filter(|pod| pod["spec"]["nodeName"] == node);
    let evicted = here.filter(|pod| !stays(pod)).map(|pod| Evicted {
        key: ObjectKey::of(pod),
        uid: object::uid(pod).to_owned(),
        held: None,
    });
    Ok(evicted.collect())
}

fn stays(pod: &Value) -> bool {
    let metadata = &pod["metadata"];
    let owners = metadata["ownerReferences"].as_array();
    let of_daemon_set = owners
        .into_iter()
        .flatten()
        .any(|owner| owner["kind"] == "DaemonSet" && owner["controller"] == true);
    of_daemon_set || !metadata["annotations"]["kubernetes.io/config.mirror"].is_null()
}

async fn watch(session: &Session, pods: &[Evicted]) -> Result<(), Halt> {
    let namespaces: BTreeSet<_> = pods.iter().map(|it| it.key.namespace.as_deref()).collect();
    for namespace in namespaces {
        session.watch("v1/Pod", namespace).await?;
        session
            .watch("policy/v1/PodDisruptionBudget", namespace)
            .await?;
    }
    Ok(())
}

/// The versions of all budgets, to see when one changes.
type Budgets = BTreeMap<ObjectKey, u64>;

fn budgets(world: &World) -> Budgets {
    world
        .of_kind("PodDisruptionBudget")
        .map(|budget| (ObjectKey::of(budget), object::version(budget)))
        .collect()
}

/// Asks for each pod; returns those that a budget holds back.
async fn evict(session: &Session, pods: Vec<Evicted>) -> Result<Vec<Evicted>, Halt> {
    let mut held = Vec::new();
    for mut pod in pods {
        match session.api.evict(&pod.key, &pod.uid).await? {
            Eviction::Accepted => {
                let on = vec![Subject::Object(pod.key.to_string())];
                session.acted("evicted", on);
            }
            Eviction::Gone => {}
            Eviction::HeldBack(why) => {
                pod.held = Some(why);
                held.push(pod);
            }
        }
    }
    Ok(held)
}

/// Waits until it is worth to ask again: a budget has changed, or a pod went.
async fn allowed(
    session: &Session,
    what: &str,
    waiting: &[Evicted],
    before: Budgets,
    deadline: Elapsed,
) -> Result<(), Halt> {
    let pods: Vec<_> = waiting
        .iter()
        .map(|pod| (pod.key.clone(), pod.uid.clone()))
        .collect();
    let held: Vec<_> = waiting.iter().map(in_words).collect();
    let condition = move |world: &World, _| {
        let gone = |(key, uid): &(ObjectKey, String)| {
            world.get(key).is_none_or(|it| object::uid(it) != uid)
        };
        if budgets(world) != before || pods.iter().any(gone) {
            return Progress::Done(());
        }
        let seen = held.iter().cloned().chain(budgets_in_words(world));
        Progress::Wait {
            seen: seen.collect::<Vec<_>>().join("; "),
            wake: None,
        }
    };
    session.awaiting(what);
    match session.watches.until(what, deadline, condition).await? {
        Reply::Done(()) => Ok(()),
        Reply::TimedOut { seen } => Err(stopped(session, what, waiting, seen)),
    }
}

/// What stopped a drain: which pods are left, and which budget holds them.
fn stopped(session: &Session, what: &str, waiting: &[Evicted], seen: String) -> Halt {
    let names: Vec<_> = waiting.iter().map(|pod| short(&pod.key)).collect();
    Halt::TimedOut(Box::new(Failure {
        summary: format!(
            "not within {}s: {what}; budgets hold back {}",
            session.within.as_secs_f64(),
            names.join(", ")
        ),
        expected: what.to_owned(),
        seen,
        hint: Some(
            "more replicas elsewhere, or a budget that allows a disruption, lets them go"
                .to_owned(),
        ),
        ..Failure::default()
    }))
}

fn in_words(pod: &Evicted) -> String {
    let why = pod.held.as_deref().unwrap_or_default();
    format!("{}: {}", short(&pod.key), why.trim_end_matches('.'))
}

/// The budgets that allow nothing now.
fn budgets_in_words(world: &World) -> Vec<String> {
    let tight = world
        .of_kind("PodDisruptionBudget")
        .filter(|it| it["status"]["disruptionsAllowed"] == 0);
    tight
        .map(|budget| {
            let status = &budget["status"];
            format!(
                "{}: 0 disruptions allowed, healthy {} of at least {}",
                ObjectKey::of(budget),
                status["currentHealthy"],
                status["desiredHealthy"]
            )
        })
        .collect()
}

fn short(key: &ObjectKey) -> String {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    format!("{namespace}/{}", key.name)
}
