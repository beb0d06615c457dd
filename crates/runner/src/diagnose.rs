//! What a person needs beside a failure: causes, transitions, events, logs, and
//! what is on the disks.

mod gather;

use std::{collections::BTreeSet, time::Duration};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api as KubeApi, api::LogParams};
use serde_json::Value;
use stayput_events::{Elapsed, Failure, LogExcerpt, Moment};
use stayput_judge::{
    causes::{self, Seen},
    change, event, leak,
};

use crate::{
    object::ObjectKey,
    session::Session,
    watch::{Change, World},
};

/// How many transitions, events and lines of logs are shown: the latest.
const TRANSITIONS: usize = 40;
const EVENTS: usize = 20;
const LOG_LINES: i64 = 20;
const PODS: usize = 4;
/// How long a log is waited for.
const LOG_PATIENCE: Duration = Duration::from_secs(3);

/// Adds to a failure what led there.
pub(crate) async fn explain(session: &Session, failure: &mut Failure) {
    let objects = gather::objects(session).await;
    let words = words(failure);
    let seen = Seen {
        objects: &objects,
        failure: &words,
        ..Seen::default()
    };
    let concerned = Concerned::of(session, causes::concerned(&seen));
    let read = move |world: &World| Context::of(world, &concerned);
    let Ok(context) = session.watches.read(read).await else {
        return;
    };
    failure.transitions = context.transitions;
    failure.events = context.events;
    failure.transient_errors = context.transient;
    for (key, containers) in context.pods {
        for container in containers {
            failure.logs.extend(logs(session, &key, &container).await);
        }
    }
    failure.directories = gather::directories(session, &objects).await;
    failure.causes = causes::causes(&Seen {
        directories: &failure.directories,
        logs: &failure.logs,
        ..seen
    });
}

/// What a failure is about: what it names, else all that the play touched.
struct Concerned {
    titles: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    made: BTreeSet<ObjectKey>,
    /// When the play began: what was seen before is the cluster's own past.
    begun: Elapsed,
}

impl Concerned {
    fn of(session: &Session, titles: BTreeSet<String>) -> Self {
        let made = session.made_objects.iter().map(|it| it.key.clone());
        Self {
            titles,
            namespaces: session.namespaces.clone(),
            made: made.collect(),
            begun: session.begun,
        }
    }

    fn has(&self, object: &Value) -> bool {
        let about = &object["involvedObject"];
        let key = if about.is_object() {
            let text = |field: &str| about[field].as_str();
            let name = text("name").unwrap_or_default();
            ObjectKey::new(text("kind").unwrap_or_default(), text("namespace"), name)
        } else {
            ObjectKey::of(object)
        };
        if !self.titles.is_empty() {
            return self.titles.contains(&key.to_string());
        }
        match &key.namespace {
            Some(namespace) => self.namespaces.contains(namespace),
            None => self.made.contains(&key),
        }
    }
}

/// All that a failure says of objects.
fn words(failure: &Failure) -> String {
    let told = [&failure.summary, &failure.expected, &failure.seen];
    let told = told.into_iter().cloned();
    let differs = failure.mismatches.iter();
    let differs = differs.map(|it| format!("{} {}", it.object, it.path));
    told.chain(differs).collect::<Vec<_>>().join("\n")
}

struct Context {
    transitions: Vec<Moment>,
    events: Vec<Moment>,
    transient: Vec<Moment>,
    pods: Vec<(ObjectKey, Vec<String>)>,
}

impl Context {
    fn of(world: &World, concerned: &Concerned) -> Self {
        let shown = |change: &&Change| {
            let object = change.now.as_ref().or(change.before.as_ref());
            object.is_some_and(|object| concerned.has(object))
        };
        let history = world.history().iter();
        let since = history.filter(|change| change.at > concerned.begun);
        let changes = since.filter(shown);
        let (events, others): (Vec<_>, Vec<_>) = changes.partition(|it| it.key.kind == "Event");
        let transitions = others.into_iter().flat_map(transitions).collect();
        let events = events.into_iter().filter_map(|change| {
            let what = event::line(change.now.as_ref()?);
            Some(Moment {
                at: change.at,
                what,
            })
        });
        let mut pods: Vec<_> = world
            .of_kind("Pod")
            .filter(|pod| concerned.has(pod))
            .collect();
        // Those in trouble first.
        pods.sort_by_key(|pod| crate::step::is_ready(pod));
        let pods = pods.into_iter().take(PODS);
        Self {
            transitions: last(transitions, TRANSITIONS),
            events: last(events.collect(), EVENTS),
            transient: world.transient_errors().to_vec(),
            pods: pods
                .map(|pod| (ObjectKey::of(pod), containers(pod)))
                .collect(),
        }
    }
}

/// A change in words, for a report; none where nothing that matters changed.
pub(crate) fn transitions(change: &Change) -> Vec<Moment> {
    if leak::comes_with_a_namespace(&change.key.kind, &change.key.name) {
        return Vec::new();
    }
    let lines = change::describe(change.before.as_deref(), change.now.as_deref());
    let lines = lines.into_iter().map(|line| Moment {
        at: change.at,
        what: format!("{} ({}): {line}", change.key, short(&change.uid)),
    });
    lines.collect()
}

fn short(uid: &str) -> &str {
    uid.get(..8).unwrap_or(uid)
}

fn last<T>(mut all: Vec<T>, count: usize) -> Vec<T> {
    all.split_off(all.len().saturating_sub(count))
}

fn containers(pod: &Value) -> Vec<String> {
    let names = |field: &str| {
        let list = pod["spec"][field].as_array().into_iter().flatten();
        list.filter_map(|it| it["name"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let mut all = names("initContainers");
    all.extend(names("containers"));
    all
}

/// The ends of a container's logs, the previous run's first.
async fn logs(session: &Session, pod: &ObjectKey, container: &str) -> Vec<LogExcerpt> {
    let namespace = pod.namespace.clone().unwrap_or_default();
    let pods: KubeApi<Pod> = KubeApi::namespaced(session.api.client(), &namespace);
    let mut excerpts = Vec::new();
    for previous in [true, false] {
        let parameters = LogParams {
            container: Some(container.to_owned()),
            previous,
            tail_lines: Some(LOG_LINES),
            ..LogParams::default()
        };
        // A container that never ran, or ran once only, has no such log.
        // Nor does a node that is down give one.
        let asked = tokio::time::timeout(LOG_PATIENCE, pods.logs(&pod.name, &parameters));
        let Ok(Ok(text)) = asked.await else {
            continue;
        };
        excerpts.push(LogExcerpt {
            pod: format!("{namespace}/{}", pod.name),
            container: container.to_owned(),
            previous,
            text,
        });
    }
    excerpts
}
