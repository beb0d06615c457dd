//! What the steps of one play share: the cluster, what was saved, what was made.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use camino::Utf8PathBuf;
use serde_json::{Map, Value};
use stayput_cluster::{Cluster, CommandOutput, NodeName};
use stayput_events::{ClaimPart, Cost, Elapsed, Event, Failure, StepId, Subject};
use stayput_expr::{Scope, Template};
use stayput_judge::{count::Count, identity::PodIdentity};
use stayput_scenario::plan::{self, ObjectName, Plan, Selection};
use tempfile::NamedTempFile;

use crate::{
    api::Api,
    branches::RedisNote,
    clock::Clock,
    disk::DisksBefore,
    emit::Emitter,
    error::RunError,
    faults::Faults,
    halt::Halt,
    object::{self, ObjectKey},
    redis::RedisState,
    watch::{Condition, Progress, Reply, Watches},
};

/// How the runner plays, besides what the scenario says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the golden snapshots.
    pub snapshots: Utf8PathBuf,
    /// The folder that scripts run in.
    pub folder: Utf8PathBuf,
    /// The scenario's file as a snapshot's header names it.
    pub source: String,
    /// What becomes of a snapshot that is not the golden one.
    pub update: Update,
    /// The seed of everything random.
    pub seed: u64,
}

/// What becomes of a snapshot that is not the golden one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// It fails, and waits beside the golden file for a review.
    Review,
    /// It becomes the golden one, as insta does with `INSTA_UPDATE=always`.
    Always,
    /// It fails, and nothing is written: there is nobody to review it.
    Never,
}

/// Whether actions are the scenario's or a control's sabotage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// The scenario's own.
    Play,
    /// A sabotage: each action has to change something.
    Sabotage,
}

/// One play's shared state; one owner, lent to one step at a time.
pub(crate) struct Session {
    pub(crate) plan: Arc<Plan>,
    pub(crate) settings: Settings,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) api: Api,
    pub(crate) watches: Watches,
    pub(crate) events: Emitter,
    pub(crate) step: StepId,
    /// The parts of statements that the present step shows.
    pub(crate) shows: Vec<ClaimPart>,
    pub(crate) within: Duration,
    pub(crate) intent: Intent,
    /// Whether a step has failed already: what `finally` knows.
    pub(crate) failed: bool,
    /// When the play began: what was seen before is the cluster's own past.
    pub(crate) begun: Elapsed,
    /// What expressions know from the start: shared, never copied for a step.
    pub(crate) constants: Scope,
    /// Values saved by name, for expressions.
    pub(crate) saved: Map<String, Value>,
    /// Names saved under `forEach`: their values are lists.
    pub(crate) pods_saved: BTreeMap<String, Vec<PodIdentity>>,
    /// Objects that this play made, oldest first.
    pub(crate) made_objects: Vec<MadeObject>,
    /// Directories that this play made and has not removed.
    pub(crate) made_directories: BTreeSet<(NodeName, String)>,
    /// The topmost directories that came to be with them.
    pub(crate) made_tops: BTreeSet<(NodeName, String)>,
    /// Directories that snapshots list, whether or not they are still there.
    pub(crate) listed_directories: BTreeSet<(NodeName, String)>,
    /// Namespaces that this play touched.
    pub(crate) namespaces: BTreeSet<String>,
    /// The nodes' disks before this play.
    pub(crate) disks: DisksBefore,
    /// What this play did to nodes and has not undone.
    pub(crate) faults: Faults,
    /// A kubeconfig for scripts, once one was needed.
    pub(crate) kubeconfig: Option<NamedTempFile>,
    pub(crate) redis: Option<RedisState>,
    /// What the Redis Cluster's state is still to be told.
    pub(crate) redis_notes: Vec<RedisNote>,
    /// The sessions of steps that are done at once.
    pub(crate) branches: Vec<Session>,
}

/// An object that a play made.
#[derive(Debug, Clone)]
pub(crate) struct MadeObject {
    pub(crate) api_kind: String,
    pub(crate) key: ObjectKey,
}

impl Session {
    pub(crate) fn clock(&self) -> Clock {
        self.events.clock()
    }

    /// An object of a manifest as it is to be sent.
    pub(crate) fn rendered(
        &self,
        manifest: &plan::Manifest,
        scope: &Scope,
    ) -> Result<Value, RunError> {
        let object = value(&manifest.object, scope)?;
        self.api.placed(object, manifest.namespace.as_deref())
    }

    pub(crate) fn now(&self) -> Elapsed {
        self.clock().now()
    }

    pub(crate) fn deadline(&self) -> Elapsed {
        self.now().after(self.within)
    }

    /// The names that expressions know, without `item`, `index` and `object`.
    pub(crate) fn scope(&self) -> Scope {
        let saved = Value::Object(self.saved.clone());
        let mut scope = self
            .constants
            .clone()
            .with("saved", saved)
            .with("failed", self.failed);
        if let Some(redis) = self.redis.as_ref().and_then(RedisState::as_value) {
            scope = scope.with("redis", redis);
        }
        scope
    }

    /// The node of this name, the scenario's or the cluster's.
    pub(crate) fn node(&self, name: &str) -> Result<NodeName, RunError> {
        let nodes = self.cluster.nodes();
        if let Some(real) = nodes.real_name(name) {
            return Ok(real.clone());
        }
        let real = nodes.iter().find(|node| node.name.as_str() == name);
        real.map(|node| node.name.clone())
            .ok_or_else(|| RunError::UnknownNode {
                node: name.to_owned(),
                known: self.plan.nodes.join(", "),
            })
    }

    /// Runs a script on a node and wants it to succeed.
    pub(crate) async fn on_node(
        &self,
        node: &NodeName,
        script: &str,
    ) -> Result<CommandOutput, Halt> {
        let output = self.cluster.run_on_node(node, script).await?;
        if output.exit.is_success() {
            return Ok(output);
        }
        Err(Halt::failed(format!(
            "a script on node `{node}` ended with exit code {}: {}",
            output.exit,
            output.stderr_text().trim()
        )))
    }

    /// Tells what a step found.
    pub(crate) fn found(&self, what: impl Into<String>) {
        self.found_of(what, Vec::new());
    }

    /// Tells what a step found of something that can be named.
    pub(crate) fn found_of(&self, what: impl Into<String>, on: Vec<Subject>) {
        self.events.emit(Event::Found {
            step: self.step,
            what: what.into(),
            on,
        });
    }

    /// Tells what a step did that no watch tells the cause of.
    pub(crate) fn acted(&self, what: impl Into<String>, on: Vec<Subject>) {
        self.events.emit(Event::Acted {
            step: self.step,
            what: what.into(),
            on,
        });
    }

    /// Waits for a condition; the time goes to `cost`.
    ///
    /// `failure` makes of what was last seen what a person is shown.
    pub(crate) async fn wait<T: Send + 'static>(
        &self,
        what: &str,
        cost: Cost,
        condition: impl Condition<Result<T, Halt>>,
    ) -> Result<T, Halt> {
        let from = self.now();
        self.awaiting(what);
        let reply = self.watches.until(what, self.deadline(), condition).await?;
        self.events.spent(self.step, cost, from, self.now());
        match reply {
            Reply::Done(result) => result,
            Reply::TimedOut { seen } => Err(self.timed_out(what, seen)),
        }
    }

    /// Tells what is waited for from now on.
    pub(crate) fn awaiting(&self, what: &str) {
        self.events.emit(Event::Awaiting {
            step: self.step,
            what: what.to_owned(),
            seen: String::new(),
        });
    }

    /// What a person is shown when time ran out: never the time-out alone.
    pub(crate) fn timed_out(&self, what: &str, seen: String) -> Halt {
        Halt::TimedOut(Box::new(Failure {
            summary: format!("not within {}s: {what}", self.within.as_secs_f64()),
            expected: what.to_owned(),
            seen,
            ..Failure::default()
        }))
    }

    /// Waits until the objects with these uids are gone.
    pub(crate) async fn wait_gone(
        &self,
        what: &str,
        gone: Vec<(ObjectKey, String)>,
    ) -> Result<(), Halt> {
        if gone.is_empty() {
            return Ok(());
        }
        let condition = move |world: &crate::watch::World, _now| {
            let left: Vec<_> = gone
                .iter()
                .filter_map(|(key, uid)| world.get(key).filter(|it| object::uid(it) == uid))
                .map(|object| still_there(object))
                .collect();
            if left.is_empty() {
                return Progress::Done(Ok(()));
            }
            let seen = left.join("; ");
            Progress::Wait { seen, wake: None }
        };
        self.wait(what, Cost::Kubernetes, condition).await
    }

    /// Sees to it that a kind is watched where a selection looks.
    pub(crate) async fn watch(&self, kind: &str, namespace: Option<&str>) -> Result<(), RunError> {
        let kind = self.api.kind(kind)?;
        self.watches.watch(kind, namespace).await
    }

    /// Remembers an answer to a write, so that nothing older is judged.
    pub(crate) async fn wrote(&mut self, answer: Value) -> Result<(), RunError> {
        if let Some(namespace) = answer["metadata"]["namespace"].as_str() {
            self.namespaces.insert(namespace.to_owned());
        }
        if answer["kind"] == "Namespace" {
            self.namespaces.insert(ObjectKey::of(&answer).name);
        }
        self.watches.wrote(answer).await
    }
}

/// Why an object that should be gone is not.
fn still_there(object: &Value) -> String {
    let key = ObjectKey::of(object);
    let finalizers: Vec<_> = object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match (object::terminating(object), finalizers.is_empty()) {
        (false, _) => format!("{key} is there, and nobody deletes it"),
        (true, true) => format!("{key} is terminating"),
        (true, false) => format!("{key} is terminating, held by {}", finalizers.join(", ")),
    }
}

/// Renders a template that has to be text.
pub(crate) fn text(template: &Template, scope: &Scope) -> Result<String, RunError> {
    template
        .render_text(scope)
        .map_err(|source| RunError::Expression {
            what: "text".to_owned(),
            source,
        })
}

/// Renders a template to whatever it is.
pub(crate) fn value(template: &Template, scope: &Scope) -> Result<Value, RunError> {
    template
        .render(scope)
        .map_err(|source| RunError::Expression {
            what: "a value".to_owned(),
            source,
        })
}

/// Renders a template that has to be a count.
pub(crate) fn count(template: &Template, scope: &Scope) -> Result<usize, RunError> {
    let rendered = value(template, scope)?;
    rendered
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| RunError::Type {
            what: "a count".to_owned(),
            seen: rendered.to_string(),
            wanted: "a number that is not negative",
        })
}

/// Renders a count that is asked for.
pub(crate) fn asked_count(asked: &plan::Count, scope: &Scope) -> Result<Count, RunError> {
    match asked {
        plan::Count::Exactly(number) => Ok(Count::exactly(count(number, scope)?)),
        plan::Count::Between { at_least, at_most } => {
            let bound = |it: &Option<Template>| it.as_ref().map(|it| count(it, scope));
            Ok(Count {
                least: bound(at_least).transpose()?.unwrap_or(0),
                most: bound(at_most).transpose()?,
            })
        }
    }
}

/// Whether a condition holds.
pub(crate) fn holds(condition: &Template, scope: &Scope) -> Result<bool, RunError> {
    match value(condition, scope)? {
        Value::Bool(truth) => Ok(truth),
        other => Err(RunError::Type {
            what: format!("`{}`", expression_text(condition)),
            seen: other.to_string(),
            wanted: "true or false",
        }),
    }
}

/// A bare expression as it was written.
pub(crate) fn expression_text(condition: &Template) -> String {
    let text = condition.source().as_str().unwrap_or_default();
    let inner = text
        .strip_prefix("${{")
        .and_then(|text| text.strip_suffix("}}"));
    inner.map_or(text, str::trim).to_owned()
}

/// How something ended, and after how long.
pub(crate) fn ended_in(how: &str, took: Duration) -> String {
    format!("{how} in {:.1}s", took.as_secs_f64())
}

/// Renders a name with its namespace.
pub(crate) fn name(name: &ObjectName, scope: &Scope) -> Result<(Option<String>, String), RunError> {
    let namespace = name.namespace.as_ref().map(|it| text(it, scope));
    Ok((namespace.transpose()?, text(&name.name, scope)?))
}

/// A selection with all its expressions rendered.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<String>,
    pub(crate) name: Option<String>,
}

/// Renders a selection.
pub(crate) fn selected(selection: &Selection, scope: &Scope) -> Result<Selected, RunError> {
    let maybe = |template: &Option<Template>| template.as_ref().map(|it| text(it, scope));
    Ok(Selected {
        kind: selection.kind.clone(),
        namespace: maybe(&selection.namespace).transpose()?,
        labels: maybe(&selection.labels).transpose()?,
        name: maybe(&selection.name).transpose()?,
    })
}

impl Selected {
    /// The kind alone, without its group.
    pub(crate) fn bare_kind(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or(&self.kind)
    }

    /// Whether an object is one of those meant.
    pub(crate) fn finds(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        object["kind"] == self.bare_kind()
            && self
                .namespace
                .as_deref()
                .is_none_or(|it| metadata["namespace"] == it)
            && self.name.as_deref().is_none_or(|it| metadata["name"] == it)
            && self
                .labels
                .as_deref()
                .is_none_or(|it| crate::labels::matches(it, &metadata["labels"]))
    }
}
