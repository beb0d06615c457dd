//! Keeps the pods and claims of `StatefulSet`s.
//!
//! Invariants:
//! - Pods are made and ended one ordinal at a time, unless the set is Parallel.
//! - A set that is being deleted changes nothing but its status.

mod claims;
mod control;
mod members;
mod pod;
mod revisions;
mod status;

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::Pod;

use crate::controller::Controller;
use crate::labels::selects;
use crate::object::{Key, Kind};
use crate::owners;
use crate::plan::{Announcement, Plan, Severity, Step, Write};
use crate::version::Version;
use crate::world::{Change, World};

/// The statefulset-controller.
#[derive(Debug)]
pub struct StatefulSets {
    version: Version,
}

impl StatefulSets {
    /// Speaks as `version` does.
    pub fn new(version: Version) -> Self {
        Self { version }
    }
}

/// One set, and all that is known when it is looked at.
struct View<'a> {
    set: &'a StatefulSet,
    world: &'a World,
    now: Timestamp,
    version: Version,
    pods: Vec<Arc<Pod>>,
}

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        if let Some(set) = change.newest::<StatefulSet>() {
            wake.push(Key::of(&**set));
        }
        for object in change.before.iter().chain(&change.after) {
            if object.kind() == Kind::Pod || object.kind() == Kind::ControllerRevision {
                wake.extend(owners::controller_key(
                    object.meta(),
                    Kind::StatefulSet,
                    world,
                ));
            }
        }
        // A pod in the way of a set's own may be anybody's: its name is enough.
        if let Some(pod) = change.newest::<Pod>()
            && let Some((parent, _)) = members::parent_and_ordinal(pod)
        {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            wake.extend(
                world
                    .get::<StatefulSet>(namespace, parent)
                    .map(|set| Key::of(&**set)),
            );
        }
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let Some(set) = world.get::<StatefulSet>(&key.namespace, &key.name) else {
            return Plan::nothing();
        };
        let adoption = members::adoption(set, world);
        if !adoption.is_empty() {
            let mut plan = Plan::nothing();
            for write in adoption {
                plan.write(write);
            }
            plan.look_again(now);
            return plan;
        }
        let view = View {
            set,
            world,
            now,
            version: self.version,
            pods: members::pods(set, world),
        };
        view.plan()
    }
}

impl View<'_> {
    fn plan(&self) -> Plan {
        let history = revisions::history(self.set, self.world);
        let (revisions, collisions) = match revisions::choose(self, &history) {
            revisions::Choice::Known(revisions, collisions) => (revisions, collisions),
            revisions::Choice::Write(write) => {
                let mut plan = Plan::one(*write);
                plan.look_again(self.now);
                return plan;
            }
        };
        let mut control = control::Control::new(self, &revisions);
        control.decide();
        let (mut plan, change) = control.into_plan();
        if let Some(status) = status::patch(self, &revisions, collisions, change) {
            plan.write(Write::patch_status(self.set, &status)).always = crate::plan::Always::Yes;
        }
        for write in revisions::truncation(self, &history, &revisions) {
            plan.write(write);
        }
        plan
    }

    fn namespace(&self) -> &str {
        self.set.metadata.namespace.as_deref().unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.set.metadata.name.as_deref().unwrap_or_default()
    }

    fn replicas(&self) -> i32 {
        self.set
            .spec
            .as_ref()
            .and_then(|spec| spec.replicas)
            .unwrap_or(1)
    }

    fn start(&self) -> i32 {
        let ordinals = self
            .set
            .spec
            .as_ref()
            .and_then(|spec| spec.ordinals.as_ref());
        ordinals.and_then(|ordinals| ordinals.start).unwrap_or(0)
    }

    fn in_range(&self, ordinal: i32) -> bool {
        (self.start()..self.start() + self.replicas()).contains(&ordinal)
    }

    fn minimum_ready(&self) -> i32 {
        self.set
            .spec
            .as_ref()
            .and_then(|spec| spec.min_ready_seconds)
            .unwrap_or(0)
    }

    /// A write, what is said when it succeeds, and what when it fails.
    fn announced(&self, write: Write, verb: Done, done: &str, failed: &str) -> Step {
        let (successful, refused) = verb.reasons();
        let about = |severity, reason, text: &str| {
            Announcement::about(self.set, severity, reason, self.version.set_event(text))
        };
        Step {
            write: Some(write),
            told: Some(about(Severity::Normal, successful, done)),
            refused: Some(about(Severity::Warning, refused, failed)),
            ..Step::default()
        }
    }

    fn pod_step(&self, write: Write, verb: Done, pod: &str) -> Step {
        let (word, set) = (verb.word(), self.name());
        self.announced(
            write,
            verb,
            &format!("{word} Pod {pod} in StatefulSet {set} successful"),
            &format!("{word} Pod {pod} in StatefulSet {set} failed error: "),
        )
    }
}

/// What was done, in the words of events.
#[derive(Clone, Copy)]
enum Done {
    Create,
    Update,
    Delete,
}

impl Done {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    fn reasons(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("SuccessfulCreate", "FailedCreate"),
            Self::Update => ("SuccessfulUpdate", "FailedUpdate"),
            Self::Delete => ("SuccessfulDelete", "FailedDelete"),
        }
    }
}

/// Whether the set's selector chooses these labels.
fn selected(set: &StatefulSet, labels: Option<&crate::labels::Labels>) -> bool {
    set.spec
        .as_ref()
        .is_some_and(|spec| selects(&spec.selector, labels))
}

/// The two revisions that matter to a set.
struct Revisions {
    current: Arc<ControllerRevision>,
    update: Arc<ControllerRevision>,
}

impl Revisions {
    fn current_name(&self) -> &str {
        self.current.metadata.name.as_deref().unwrap_or_default()
    }

    fn update_name(&self) -> &str {
        self.update.metadata.name.as_deref().unwrap_or_default()
    }
}
