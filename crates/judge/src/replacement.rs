//! Whether each deleted pod came back: under its name, with a new uid, Ready.
//!
//! Invariants:
//! - A pod with an old uid never passes, whatever its state.

use std::sync::Arc;

use serde_json::Value;
use stayput_events::Mismatch;

use crate::served;

/// A pod that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The uid that it had.
    pub uid: String,
}

/// Whether all came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Replacement {
    /// Each has a new uid, is Ready and not about to go.
    Done {
        /// The new pods, in the order of the deleted ones.
        pods: Vec<Arc<Value>>,
    },
    /// Not all did.
    NotYet {
        /// As `redis-cluster-0: still the old pod (uid …), terminating, in its
        /// grace period of 600s`.
        summary: String,
        /// What is missing, pod by pod.
        mismatches: Vec<Mismatch>,
    },
}

/// Judges the present pods against the deleted ones.
pub fn replacement(deleted: &[Deleted], present: &[Arc<Value>]) -> Replacement {
    let mut pods = Vec::new();
    let mut missing = Vec::new();
    for old in deleted {
        match look(old, present) {
            Ok(pod) => pods.push(Arc::clone(pod)),
            Err(seen) => missing.push((old, seen)),
        }
    }
    let Some((first, seen)) = missing.first() else {
        return Replacement::Done { pods };
    };
    let summary = if deleted.len() == 1 {
        format!("{}: {seen}", first.name)
    } else {
        let (done, all) = (pods.len(), deleted.len());
        format!("{done} of {all} came back; {}: {seen}", first.name)
    };
    let mismatches = missing
        .into_iter()
        .map(|(old, seen)| Mismatch {
            object: format!("Pod {}/{}", old.namespace, old.name),
            path: String::new(),
            expected: format!("a pod with a uid other than {}, Ready", old.uid),
            seen,
        })
        .collect();
    Replacement::NotYet {
        summary,
        mismatches,
    }
}

/// The new pod, or what is seen in its place.
fn look<'a>(old: &Deleted, present: &'a [Arc<Value>]) -> Result<&'a Arc<Value>, String> {
    let named = |pod: &&Arc<Value>| {
        served::namespace(pod) == Some(&old.namespace) && served::name(pod) == old.name
    };
    let Some(pod) = present.iter().find(named) else {
        return Err("the old pod is gone, no new one is there yet".to_owned());
    };
    let uid = served::uid(pod).unwrap_or("none");
    if uid == old.uid {
        let leaving = if served::is_terminating(pod) {
            format!("terminating, {}", held_by(pod))
        } else {
            "not even terminating".to_owned()
        };
        return Err(format!("still the old pod (uid {uid}), {leaving}"));
    }
    if served::is_terminating(pod) {
        return Err(format!("the new pod (uid {uid}) is terminating already"));
    }
    if !served::is_ready(pod) {
        return Err(format!("the new pod is {}", served::pod_state(pod)));
    }
    Ok(pod)
}

/// What keeps a terminating pod.
fn held_by(pod: &Value) -> String {
    let mut reasons = Vec::new();
    if let Some(seconds @ 1..) = served::number(pod, "/metadata/deletionGracePeriodSeconds") {
        reasons.push(format!("in its grace period of {seconds}s"));
    }
    let finalizers = served::texts(pod, "/metadata/finalizers");
    match finalizers.as_slice() {
        [] => {}
        [one] => reasons.push(format!("held by finalizer {one}")),
        several => reasons.push(format!("held by finalizers {}", several.join(", "))),
    }
    if reasons.is_empty() {
        reasons.push("about to go".to_owned());
    }
    reasons.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    use insta::assert_snapshot;
    use serde_json::json;

    /// Judges pods against `redis-cluster-0`, deleted in the golden flagship at 30 s.
    fn check(present: &[Arc<Value>]) -> String {
        let before = golden::objects_at("flagship", 29.0);
        let deleted = Deleted {
            namespace: "redis".to_owned(),
            name: "redis-cluster-0".to_owned(),
            uid: served::uid(&golden::find(&before, "Pod", "redis-cluster-0"))
                .unwrap()
                .to_owned(),
        };
        match replacement(&[deleted], present) {
            Replacement::Done { pods } => format!("{} came back", pods.len()),
            Replacement::NotYet { summary, .. } => summary,
        }
    }

    fn check_at(seconds: f64) -> String {
        check(&golden::objects_at("flagship", seconds))
    }

    #[test]
    fn the_old_pod_does_not_pass() {
        assert_snapshot!(check_at(30.0), @"redis-cluster-0: still the old pod (uid 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2), not even terminating");
        assert_snapshot!(check_at(30.2), @"redis-cluster-0: still the old pod (uid 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2), terminating, in its grace period of 15s");
        assert_snapshot!(check_at(31.683), @"redis-cluster-0: still the old pod (uid 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2), terminating, about to go");
    }

    #[test]
    fn between_the_two_there_is_none() {
        assert_snapshot!(check_at(31.69), @"redis-cluster-0: the old pod is gone, no new one is there yet");
    }

    #[test]
    fn the_new_pod_has_to_be_ready() {
        assert_snapshot!(check_at(31.75), @"redis-cluster-0: the new pod is Pending, not Ready");
        assert_snapshot!(check_at(32.0), @"redis-cluster-0: the new pod is Pending: waiting (ContainerCreating)");
        assert_snapshot!(check_at(32.7), @"redis-cluster-0: the new pod is Running, not Ready");
        assert_snapshot!(check_at(33.0), @"1 came back");
    }

    #[test]
    fn the_new_pod_has_to_stay() {
        assert_snapshot!(check_at(37.5), @"redis-cluster-0: the new pod (uid 8363cd43-18ff-41fa-951b-7854a873e796) is terminating already");
    }

    #[test]
    fn a_finalizer_that_holds_the_old_pod_is_named() {
        let before = golden::objects_at("flagship", 31.683);
        let mut pod = Value::clone(&golden::find(&before, "Pod", "redis-cluster-0"));
        pod["metadata"]["finalizers"] = json!(["stayput.dev/keep"]);
        assert_snapshot!(check(&[Arc::new(pod)]), @"redis-cluster-0: still the old pod (uid 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2), terminating, held by finalizer stayput.dev/keep");
    }
}
