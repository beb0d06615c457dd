//! The leak check: the cluster and the nodes' disks are as before the scenario.

mod before;

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use stayput_events::Failure;
use stayput_judge::leak::{self, Everything, Leaks, ObjectId};
use tokio::time::MissedTickBehavior;

pub(crate) use self::before::Before;
use crate::{
    api::{At, Revision},
    disk,
    error::RunError,
    halt::Halt,
    session::Session,
    watch::{Progress, Reply, World},
};

/// How long what was deleted may take to be gone: collectors work by themselves.
const SETTLES_WITHIN: Duration = Duration::from_secs(10);
/// The same where the check has failed already, for a fault that lasts.
const SETTLES_BESIDE_A_FAULT: Duration = Duration::from_secs(2);

/// How long watches may take to show what was written already.
const SHOWN_WITHIN: Duration = Duration::from_millis(100);

fn ids(objects: &[Value]) -> BTreeSet<ObjectId> {
    let id = |object: &Value| ObjectId::of(object["kind"].as_str().unwrap_or_default(), object);
    objects.iter().filter_map(id).collect()
}

/// Sees that nothing is left, nothing is missing and nothing was replaced; tells
/// up to which revision the watches have shown every write, if they have.
pub(crate) async fn check(session: &Session, before: &Before) -> Result<Option<Revision>, Halt> {
    session.awaiting("the cluster and the disks are as before the scenario");
    // Nobody else ends them: what is waited for is only what else there is to tell.
    let faults = session.faults.lines();
    let deadline = session.now().after(if faults.is_empty() {
        SETTLES_WITHIN
    } else {
        SETTLES_BESIDE_A_FAULT
    });
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (mut leaks, seen) = match leaks(session, before).await {
            // A node that is off says nothing of its disk.
            Err(_) if !faults.is_empty() => Default::default(),
            leaks => leaks?,
        };
        if !faults.is_empty() && (leaks.is_clean() || session.now() >= deadline) {
            leaks.left_over.splice(..0, faults);
            return Err(Halt::Failed(Box::new(failure(&leaks))));
        }
        if leaks.is_clean() {
            for line in &leaks.churned {
                session.found(format!("not held against it: {line}"));
            }
            return Ok(seen);
        }
        if session.now() >= deadline {
            return Err(Halt::Failed(Box::new(failure(&leaks))));
        }
    }
}

async fn leaks(session: &Session, before: &Before) -> Result<(Leaks, Option<Revision>), Halt> {
    let (disks, objects) = futures::try_join!(disk::compared(session), objects(session, before))?;
    let (disks_before, disks_now) = disks;
    let before = Everything {
        objects: concerned(session, &objects.before),
        paths: disks_before,
    };
    let now = Everything {
        objects: concerned(session, &objects.now),
        paths: disks_now,
    };
    Ok((leak::compare(&before, &now), objects.seen_until))
}

/// The objects before and now: all there are, or all that the watches know.
struct Objects {
    before: BTreeSet<ObjectId>,
    now: BTreeSet<ObjectId>,
    /// Up to which revision the watches have shown every write, if they have.
    seen_until: Option<Revision>,
}

async fn objects(session: &Session, before: &Before) -> Result<Objects, Halt> {
    if !before.is_listed()
        && let Some(seen) = all_seen(session, before.revision).await?
    {
        return Ok(seen);
    }
    let (then, now) = futures::try_join!(before.objects(), session.api.inventory(At::Now))?;
    Ok(Objects {
        before: then.clone(),
        now: ids(&now),
        seen_until: None,
    })
}

/// What the watches know, if they have shown every single write since a
/// revision: then nothing else can have changed. Each write has a revision of
/// its own, so one that no watch has shown is a number that is missing.
async fn all_seen(session: &Session, from: Revision) -> Result<Option<Objects>, RunError> {
    let until = session.api.revision().await?;
    let seen = move |world: &World, _now| match world.between(from, until) {
        Some((before, now)) => Progress::Done(Objects {
            before,
            now,
            seen_until: Some(until),
        }),
        None => Progress::Wait {
            seen: "not all that was written".to_owned(),
            wake: None,
        },
    };
    let deadline = session.now().after(SHOWN_WITHIN);
    let what = "every write was seen";
    match session.watches.until(what, deadline, seen).await? {
        Reply::Done(known) => Ok(Some(known)),
        Reply::TimedOut { .. } => Ok(None),
    }
}

/// What the run could have touched: its own namespaces, and all that has none.
fn concerned(session: &Session, objects: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    objects
        .iter()
        .filter(|object| {
            let namespace = object.namespace.as_ref();
            namespace.is_none_or(|it| session.namespaces.contains(it))
        })
        .cloned()
        .map(|object| known_by_name(session, object))
        .collect()
}

/// A node that the scenario deleted is another one when it is back, with all
/// that has its name: that it is there again is what counts.
fn known_by_name(session: &Session, object: ObjectId) -> ObjectId {
    let of_a_node = ["Node", "CSINode"].contains(&object.kind.as_str());
    if of_a_node && session.faults.was_deleted(&object.name) {
        let uid = String::new();
        return ObjectId { uid, ..object };
    }
    object
}

fn failure(leaks: &Leaks) -> Failure {
    let lines = |prefix: &str, lines: &[String]| -> Vec<String> {
        lines
            .iter()
            .map(|line| format!("{prefix} {line}"))
            .collect()
    };
    let mut seen = lines("left over:", &leaks.left_over);
    seen.extend(lines("missing:", &leaks.missing));
    seen.extend(lines("replaced:", &leaks.replaced));
    let first = seen.first().map_or("", |it| it);
    let more = match seen.len() {
        0 | 1 => String::new(),
        all => format!(" and {} more", all - 1),
    };
    Failure {
        summary: format!("the scenario left traces: {first}{more}"),
        expected: "the cluster and the nodes' disks as they were before".to_owned(),
        seen: seen.join("\n"),
        ..Failure::default()
    }
}
