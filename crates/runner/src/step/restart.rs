//! `restart`: delete pods, and see each come back under a new uid.

use std::sync::Arc;

use stayput_events::{Cost, Failure, Subject};
use stayput_expr::Scope;
use stayput_judge::{
    identity::{self as judge, Comparison, PodIdentity},
    replacement::{self, Deleted, Replacement},
};
use stayput_scenario::plan::{Identity, Pods};

use super::{
    delete::{Doomed, delete_all},
    identity::{identities, selected},
};
use crate::{
    api::Grace,
    branches::RedisNote,
    halt::Halt,
    object::ObjectKey,
    session::Session,
    watch::{Progress, World},
};

/// Deletes pods at once, waits for the replacement of each, and compares.
pub(crate) async fn restart(
    session: &mut Session,
    scope: &Scope,
    pods: &Pods,
    identity: &Identity,
) -> Result<(), Halt> {
    let selected = selected(pods, scope)?;
    session
        .watch("v1/Pod", selected.namespace.as_deref())
        .await?;
    let before = identities(session, &selected).await?;
    if before.is_empty() {
        return Err(Halt::failed("there is no such pod to restart"));
    }
    let doomed: Vec<_> = before.iter().map(doomed).collect();
    let from = session.now();
    delete_all(session, &doomed, Grace::Own).await?;
    session
        .events
        .spent(session.step, Cost::Kubernetes, from, session.now());
    replaced(session, &before).await?;
    let after = identities(session, &selected).await?;
    let names = before.iter().map(|pod| pod.name.clone());
    session.note(RedisNote::Restarted(names.collect()));
    let comparison = judge::compare_all(&before, &after, identity);
    compared(session, &before, comparison)
}

/// Turns a comparison into evidence or into a failure.
pub(crate) fn compared(
    session: &Session,
    before: &[PodIdentity],
    comparison: Comparison,
) -> Result<(), Halt> {
    // A line a pod, those that were there before first.
    let pods = before.iter().map(|pod| vec![subject(pod)]);
    let pods = pods.chain(std::iter::repeat_with(Vec::new));
    for (line, on) in comparison.table.lines().zip(pods) {
        session.found_of(line, on);
    }
    if comparison.mismatches.is_empty() {
        return Ok(());
    }
    let side = |pick: fn(&stayput_events::Mismatch) -> &String| {
        let lines = comparison.mismatches.iter();
        let lines: Vec<_> = lines
            .map(|it| format!("{} {}: {}", it.object, it.path, pick(it)))
            .collect();
        lines.join("\n")
    };
    Err(Halt::Failed(Box::new(Failure {
        summary: "a pod is not what it was, or is what it should not be any more".to_owned(),
        expected: side(|it| &it.expected),
        seen: side(|it| &it.seen),
        mismatches: comparison.mismatches,
        ..Failure::default()
    })))
}

fn subject(pod: &PodIdentity) -> Subject {
    Subject::Object(format!("Pod {}/{}", pod.namespace, pod.name))
}

fn doomed(pod: &PodIdentity) -> Doomed {
    Doomed {
        kind: "v1/Pod".to_owned(),
        key: ObjectKey::new("Pod", Some(&pod.namespace), &pod.name),
        uid: pod.uid.clone(),
    }
}

async fn replaced(session: &Session, before: &[PodIdentity]) -> Result<(), Halt> {
    let deleted: Vec<_> = before
        .iter()
        .map(|pod| Deleted {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
        })
        .collect();
    let names: Vec<_> = before.iter().map(|pod| pod.name.as_str()).collect();
    let what = format!("{} back under a new uid, Ready", names.join(", "));
    let condition = move |world: &World, _| {
        let present: Vec<_> = world.of_kind("Pod").map(Arc::clone).collect();
        match replacement::replacement(&deleted, &present) {
            Replacement::Done { .. } => Progress::Done(Ok(())),
            Replacement::NotYet { summary, .. } => Progress::Wait {
                seen: summary,
                wake: None,
            },
        }
    };
    session.wait(&what, Cost::Kubernetes, condition).await
}
