//! How many pods of a `PodDisruptionBudget` may be evicted.
//!
//! Invariants:
//! - A pod that was evicted less than two minutes ago and still exists counts as unhealthy.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value, json};

use crate::controller::Controller;
use crate::labels::selects;
use crate::object::{Key, Kind};
use crate::owners;
use crate::plan::{Announcement, Plan, Severity, Write};
use crate::pods;
use crate::times::{after, stamp};
use crate::world::{Change, World};

const EVICTION_TIMEOUT: SignedDuration = SignedDuration::from_mins(2);

/// The disruption controller.
#[derive(Debug, Default)]
pub struct Budgets;

impl Controller for Budgets {
    fn name(&self) -> &'static str {
        "controllermanager"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        if change.after.is_some()
            && let Some(budget) = change.newest::<PodDisruptionBudget>()
        {
            wake.push(Key::of(&**budget));
        }
        if let Some((before, after)) = change.of::<Pod>() {
            for pod in before.into_iter().chain(after) {
                let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
                let budgets = world
                    .within::<PodDisruptionBudget>(namespace)
                    .filter(|budget| covers(budget, pod));
                wake.extend(budgets.map(|budget| Key::of(&**budget)));
            }
        }
        if let Some(set) = change.newest::<StatefulSet>() {
            let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
            wake.extend(
                world
                    .within::<PodDisruptionBudget>(namespace)
                    .map(|budget| Key::of(&**budget)),
            );
        }
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let Some(budget) = world.get::<PodDisruptionBudget>(&key.namespace, &key.name) else {
            return Plan::nothing();
        };
        let pods: Vec<&Arc<Pod>> = world
            .within::<Pod>(&key.namespace)
            .filter(|pod| covers(budget, pod))
            .collect();
        let mut plan = Plan::nothing();
        if pods.is_empty() {
            let text = "No matching pods found";
            plan.tell(Announcement::about(
                &**budget,
                Severity::Normal,
                "NoPods",
                text,
            ));
        }
        if let Some(said) = unmanaged(budget, &pods) {
            plan.tell(said);
        }
        let evicted = evicted(budget, &pods, now);
        if let Some(first) = evicted.values().min() {
            plan.look_again(after(*first, EVICTION_TIMEOUT));
        }
        if let Some(status) = status(budget, &pods, &evicted, world, now) {
            plan.write(Write::patch_status(&**budget, &status));
        } else if pods.is_empty() {
            // Said when the status changed.
            plan.steps.clear();
        }
        plan
    }
}

fn covers(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    selector.is_some_and(|selector| selects(selector, pod.metadata.labels.as_ref()))
}

/// The pods that were evicted and are not yet gone.
fn evicted(
    budget: &PodDisruptionBudget,
    pods: &[&Arc<Pod>],
    now: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let known = budget
        .status
        .as_ref()
        .and_then(|status| status.disrupted_pods.clone());
    let known = known
        .unwrap_or_default()
        .into_iter()
        .map(|(name, time)| (name, time.0));
    known
        .filter(|(name, time)| {
            let pod = pods
                .iter()
                .find(|pod| pod.metadata.name.as_ref() == Some(name));
            pod.is_some_and(|pod| !pods::is_terminating(pod))
                && after(*time, EVICTION_TIMEOUT) > now
        })
        .collect()
}

fn status(
    budget: &PodDisruptionBudget,
    pods: &[&Arc<Pod>],
    evicted: &BTreeMap<String, Timestamp>,
    world: &World,
    now: Timestamp,
) -> Option<Value> {
    let (expected, desired) = expected(budget, pods, world);
    let healthy = |pod: &&&Arc<Pod>| {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        pods::is_ready(pod) && !pods::is_terminating(pod) && !evicted.contains_key(name)
    };
    let healthy = count(pods.iter().filter(healthy).count());
    let allowed = if expected > 0 {
        (healthy - desired).max(0)
    } else {
        0
    };
    let known = json!(budget.status);
    let mut status = Map::new();
    for (field, value) in [
        ("observedGeneration", json!(budget.metadata.generation)),
        ("disruptionsAllowed", json!(allowed)),
        ("currentHealthy", json!(healthy)),
        ("desiredHealthy", json!(desired)),
        ("expectedPods", json!(expected)),
    ] {
        if known.get(field) != Some(&value) {
            status.insert(field.to_owned(), value);
        }
    }
    let kept: Map<String, Value> = evicted
        .iter()
        .map(|(name, time)| (name.clone(), json!(stamp(*time))))
        .collect();
    let recorded = known
        .get("disruptedPods")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if recorded.len() != kept.len() {
        let mut patch: Map<String, Value> = recorded
            .keys()
            .map(|name| (name.clone(), Value::Null))
            .collect();
        patch.extend(kept.clone());
        let value = if kept.is_empty() {
            Value::Null
        } else {
            Value::Object(patch)
        };
        status.insert("disruptedPods".to_owned(), value);
    }
    if status.is_empty() {
        return None;
    }
    status.insert("conditions".to_owned(), conditions(budget, allowed, now));
    Some(Value::Object(status))
}

fn conditions(budget: &PodDisruptionBudget, allowed: i32, now: Timestamp) -> Value {
    let (value, reason) = if allowed > 0 {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    let mut known = budget
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let before =
        known.find(|condition| condition.type_ == "DisruptionAllowed" && condition.status == value);
    let since = before.map_or_else(
        || stamp(now),
        |condition| stamp(condition.last_transition_time.0),
    );
    json!([{
        "type": "DisruptionAllowed",
        "status": value,
        "observedGeneration": budget.metadata.generation,
        "lastTransitionTime": since,
        "reason": reason,
        "message": "",
    }])
}

/// How many pods there should be, and how many must be healthy.
fn expected(budget: &PodDisruptionBudget, pods: &[&Arc<Pod>], world: &World) -> (i32, i32) {
    let spec = budget.spec.clone().unwrap_or_default();
    let scale = || scale(pods, world);
    match (spec.max_unavailable, spec.min_available) {
        (Some(most), _) => {
            let expected = scale();
            (expected, (expected - share(&most, expected)).max(0))
        }
        (None, Some(IntOrString::Int(least))) => (count(pods.len()), least),
        (None, Some(least)) => {
            let expected = scale();
            (expected, share(&least, expected))
        }
        (None, None) => (count(pods.len()), 0),
    }
}

/// The replicas of all sets that control the pods.
fn scale(pods: &[&Arc<Pod>], world: &World) -> i32 {
    let sets = pods.iter().filter_map(|pod| set_of(pod, world));
    let replicas: BTreeMap<_, _> = sets
        .map(|set| {
            let replicas = set.spec.as_ref().and_then(|spec| spec.replicas);
            (set.metadata.uid.clone(), replicas.unwrap_or(1))
        })
        .collect();
    replicas.values().sum()
}

fn set_of<'a>(pod: &Pod, world: &'a World) -> Option<&'a Arc<StatefulSet>> {
    let key = owners::controller_key(&pod.metadata, Kind::StatefulSet, world)?;
    world.get::<StatefulSet>(&key.namespace, &key.name)
}

/// What is said when pods without a set are covered by a budget that counts sets.
fn unmanaged(budget: &PodDisruptionBudget, pods: &[&Arc<Pod>]) -> Option<Announcement> {
    let spec = budget.spec.as_ref()?;
    let counts_pods = spec.max_unavailable.is_none()
        && matches!(spec.min_available, None | Some(IntOrString::Int(_)));
    let alone = pods
        .iter()
        .any(|pod| owners::controller(&pod.metadata).is_none());
    if counts_pods || !alone {
        return None;
    }
    let selector = spec.selector.as_ref().map(go_selector).unwrap_or_default();
    let text = format!(
        "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, \
         the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for \
         these pods please set \".spec.minAvailable\" field of the PDB to an integer value."
    );
    Some(Announcement::about(
        budget,
        Severity::Warning,
        "UnmanagedPods",
        text,
    ))
}

/// A selector as Go prints it.
fn go_selector(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().flatten();
    let labels: String = labels.fold(String::new(), |text, (key, value)| {
        text + &format!("{key}: {value},")
    });
    let expressions = selector.match_expressions.iter().flatten();
    let expressions = expressions.fold(String::new(), |text, expression| {
        let values = expression.values.as_deref().unwrap_or_default().join(" ");
        let (key, operator) = (&expression.key, &expression.operator);
        text + &format!(
            "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},"
        )
    });
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

/// A number, or a percentage rounded up.
fn share(value: &IntOrString, of: i32) -> i32 {
    match value {
        IntOrString::Int(number) => *number,
        IntOrString::String(text) => {
            let percent: i32 = text.trim_end_matches('%').parse().unwrap_or(0);
            (of * percent + 99) / 100
        }
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
