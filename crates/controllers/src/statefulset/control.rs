//! Which pods to make and to end.
//!
//! Invariants:
//! - Ordered sets: nothing is done beyond the first ordinal that is not available.
//! - Scaling down goes from the highest ordinal; so does a rolling update, one pod at a time.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use super::members::parent_and_ordinal;
use super::status::{Update, is_available, is_created, is_running_and_ready};
use super::{Done, Revisions, View, claims, pod};
use crate::object::{Cached, Key, Kind};
use crate::plan::{Announcement, Plan, Severity, Step, Write};
use crate::pods;

/// Whether there is more to do.
#[derive(PartialEq)]
enum Next {
    Continue,
    Stop,
}

pub(super) struct Control<'a, 'w> {
    view: &'a View<'w>,
    revisions: &'a Revisions,
    /// By ordinal, those in range.
    wanted: BTreeMap<i32, Option<Arc<Pod>>>,
    /// Those out of range, the highest first.
    condemned: Vec<(i32, Arc<Pod>)>,
    plan: Plan,
    /// What makes each missing pod: the steps for its claims, then its own.
    missing: Vec<(Vec<Step>, Step)>,
    update: Update,
}

impl<'a, 'w> Control<'a, 'w> {
    pub(super) fn new(view: &'a View<'w>, revisions: &'a Revisions) -> Self {
        let range = view.start()..view.start() + view.replicas();
        let mut wanted: BTreeMap<i32, Option<Arc<Pod>>> =
            range.map(|ordinal| (ordinal, None)).collect();
        let mut condemned = Vec::new();
        for pod in &view.pods {
            let Some((_, ordinal)) = parent_and_ordinal(pod) else {
                continue;
            };
            match wanted.get_mut(&ordinal) {
                Some(place) => *place = Some(Arc::clone(pod)),
                None => condemned.push((ordinal, Arc::clone(pod))),
            }
        }
        condemned.sort_by_key(|(ordinal, _)| -ordinal);
        Self {
            view,
            revisions,
            wanted,
            condemned,
            plan: Plan::nothing(),
            missing: Vec::new(),
            update: Update::EndsNone,
        }
    }

    pub(super) fn into_plan(mut self) -> (Plan, Update) {
        let minimum = self.view.minimum_ready();
        let later = self
            .view
            .pods
            .iter()
            .filter_map(|pod| pods::available_at(pod, minimum));
        if let Some(when) = later.filter(|when| *when > self.view.now).min() {
            self.plan.look_again(when);
        }
        (self.plan, self.update)
    }

    pub(super) fn decide(&mut self) {
        if self.view.set.metadata.deletion_timestamp.is_some() {
            return;
        }
        let ordered = self.ordered();
        let wanted: Vec<(i32, Option<Arc<Pod>>)> = self
            .wanted
            .iter()
            .map(|(ordinal, pod)| (*ordinal, pod.clone()))
            .collect();
        for (ordinal, pod) in wanted {
            if self.replica(ordinal, pod.as_deref()) == Next::Stop && ordered {
                self.make_missing();
                return;
            }
        }
        self.make_missing();
        for (ordinal, pod) in self.condemned.clone() {
            for write in claims::ownership(self.view, &pod, ordinal) {
                self.plan.write(write);
            }
        }
        let unhealthy = self.first_unavailable();
        for (_, pod) in self.condemned.clone() {
            if self.condemned(&pod, unhealthy.as_ref()) == Next::Stop && ordered {
                return;
            }
        }
        // A parallel set that has pods to make or to end updates none meanwhile.
        if self.plan.steps.is_empty() {
            self.roll();
        }
    }

    fn ordered(&self) -> bool {
        let policy = self
            .view
            .set
            .spec
            .as_ref()
            .and_then(|spec| spec.pod_management_policy.as_deref());
        policy != Some("Parallel")
    }

    fn replica(&mut self, ordinal: i32, pod: Option<&Pod>) -> Next {
        let Some(pod) = pod.filter(|pod| is_created(pod)) else {
            self.create(ordinal);
            return Next::Stop;
        };
        if pods::is_finished(pod) {
            if !pods::is_terminating(pod) {
                self.delete(pod);
            }
            return Next::Stop;
        }
        if pods::phase(pod) == "Pending" && !pods::is_terminating(pod) {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            match claims::missing(self.view, name, ordinal) {
                Ok(steps) => self.plan.steps.extend(steps),
                Err(_) => return Next::Stop,
            }
        }
        if !pods::is_terminating(pod) {
            for write in claims::ownership(self.view, pod, ordinal) {
                self.plan.write(write);
            }
        }
        if self.ordered() && (pods::is_terminating(pod) || !is_available(self.view, pod)) {
            return Next::Stop;
        }
        if let Some(patch) = pod::identity_patch(pod, ordinal) {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            let step = self
                .view
                .pod_step(Write::patch(pod, patch), Done::Update, name);
            self.plan.steps.push(step);
        }
        Next::Continue
    }

    fn create(&mut self, ordinal: i32) {
        let view = self.view;
        let name = pod::name(view, ordinal);
        // A pod of that name that is not ours, or not yet gone, is in the way.
        if view.world.get::<Pod>(view.namespace(), &name).is_some()
            || claims::stale(view, &name, ordinal)
        {
            return;
        }
        let claims = match claims::missing(view, &name, ordinal) {
            Ok(claims) => claims.into_iter().collect(),
            Err(why) => {
                let text = format!(
                    "create Pod {name} in StatefulSet {} failed error: {why}",
                    view.name()
                );
                self.plan.steps.push(Step {
                    refused: Some(Announcement::about(
                        view.set,
                        Severity::Warning,
                        "FailedCreate",
                        view.version.set_event(&text),
                    )),
                    ..Step::default()
                });
                return;
            }
        };
        let revision = pod::revision_for(view, self.revisions, ordinal);
        let write = Write::create(
            Kind::Pod,
            view.namespace(),
            &name,
            pod::new(view, revision, ordinal),
        );
        let made = view.pod_step(write, Done::Create, &name);
        self.missing.push((claims, made));
    }

    /// Pods are made in batches of one, two, four and so on, as Kubernetes starts slowly;
    /// those of a batch at once, so that their claims come before any of them.
    fn make_missing(&mut self) {
        let mut missing = mem::take(&mut self.missing).into_iter();
        for size in (0..31).map(|doubled| 1 << doubled) {
            let (claims, pods): (Vec<_>, Vec<_>) = missing.by_ref().take(size).unzip();
            if pods.is_empty() {
                return;
            }
            self.plan.steps.extend(claims.into_iter().flatten());
            self.plan.steps.extend(pods);
        }
    }

    fn delete(&mut self, pod: &Pod) {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        self.plan
            .steps
            .push(self.view.pod_step(Write::delete(pod), Done::Delete, name));
    }

    fn condemned(&mut self, pod: &Pod, unhealthy: Option<&Key>) -> Next {
        if pods::is_terminating(pod) {
            return Next::Stop;
        }
        let blocked = !(is_running_and_ready(pod) && is_available(self.view, pod))
            && unhealthy != Some(&Key::of(pod));
        if !(self.ordered() && blocked) {
            self.delete(pod);
        }
        Next::Stop
    }

    /// The lowest pod that is not available: of those wanted, else of those condemned.
    fn first_unavailable(&self) -> Option<Key> {
        let missing = |pod: &Pod| !is_available(self.view, pod) || pods::is_terminating(pod);
        for (ordinal, pod) in &self.wanted {
            match pod {
                Some(pod) if missing(pod) => return Some(Key::of(&**pod)),
                Some(_) => {}
                None => {
                    return Some(Key::new(
                        Pod::KIND,
                        self.view.namespace(),
                        &pod::name(self.view, *ordinal),
                    ));
                }
            }
        }
        let lowest = self.condemned.iter().rev().find(|(_, pod)| missing(pod));
        lowest.map(|(_, pod)| Key::of(&**pod))
    }

    /// Ends the highest pod of an old revision, once all above it are available.
    fn roll(&mut self) {
        let strategy = self
            .view
            .set
            .spec
            .as_ref()
            .and_then(|spec| spec.update_strategy.clone());
        let strategy = strategy.unwrap_or_default();
        if strategy.type_.as_deref() == Some("OnDelete") {
            return;
        }
        let partition = strategy
            .rolling_update
            .and_then(|rolling| rolling.partition)
            .unwrap_or(0);
        let first = self.view.start() + partition;
        let pods: Vec<Arc<Pod>> = self
            .wanted
            .range(first..)
            .rev()
            .filter_map(|(_, pod)| pod.clone())
            .collect();
        for pod in pods {
            if pod::revision(&pod) != self.revisions.update_name() && !pods::is_terminating(&pod) {
                self.update = if pod::revision(&pod) == self.revisions.current_name() {
                    Update::EndsOne
                } else {
                    Update::EndsNone
                };
                self.delete(&pod);
                return;
            }
            if pods::is_terminating(&pod) || !is_available(self.view, &pod) {
                return;
            }
        }
    }
}
