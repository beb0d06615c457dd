//! What differs between any two clusters is told alike: uids, times, addresses, generated
//! names and keys, and the name of the cluster itself.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// Fields that tell of nothing but the run itself.
const VOLATILE: [&str; 28] = [
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "observedGeneration",
    "lastTransitionTime",
    "lastProbeTime",
    "lastUpdateTime",
    "lastPhaseTransitionTime",
    "startTime",
    "startedAt",
    "finishedAt",
    "containerID",
    "imageID",
    "podIP",
    "podIPs",
    "hostIP",
    "hostIPs",
    "clusterIP",
    "clusterIPs",
    "selfLink",
    "managedFields",
    "collisionCount",
    "image",
    "currentRevision",
    "updateRevision",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// What a text is made of that differs from run to run, and what stands for it.
static REPLACED: LazyLock<[(Regex, &str); 5]> = LazyLock::new(|| {
    [
        (
            regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            "UID",
        ),
        (regex(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "IP"),
        (regex("kube-api-access-[a-z0-9]{5}"), "kube-api-access-X"),
        (regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
        (
            regex("(?s)-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----"),
            "CERTIFICATE",
        ),
    ]
});
static HASH: LazyLock<Regex> = LazyLock::new(|| regex(r"-[a-f0-9]{8,10}\b"));
static GENERATED: LazyLock<Regex> = LazyLock::new(|| regex(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b"));
static WORKER: LazyLock<Regex> = LazyLock::new(|| regex(r"\bworker\d*\b"));

#[expect(clippy::unwrap_used, reason = "written here, and used by every test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Tells the things of one cluster as any cluster's.
#[derive(Clone, Debug)]
pub(crate) struct Normal {
    /// What its nodes' names begin with.
    prefix: String,
}

impl Normal {
    pub(crate) fn of_cluster(name: &str) -> Self {
        Self {
            prefix: format!("{name}-"),
        }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for node in ["worker", "control-plane"] {
            text = text.replace(&format!("{}{node}", self.prefix), node);
        }
        for (pattern, word) in &*REPLACED {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        // A hash ends a name; what goes on after it is another word of hexadecimal letters.
        let hash = |found: &Captures<'_>| {
            let end = found.get(0).map_or(0, |all| all.end());
            if text[end..].starts_with('-') {
                found[0].to_owned()
            } else {
                "-HASH".to_owned()
            }
        };
        HASH.replace_all(&text, hash).into_owned()
    }

    /// The name of an object, the same for all objects that are made alike.
    pub(crate) fn name(&self, name: &str) -> String {
        GENERATED.replace_all(&self.text(name), "-X").into_owned()
    }

    pub(crate) fn value(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(self.fields(fields)),
            Value::Array(items) => {
                let mut items: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                // A list of named things is a set: its order says nothing.
                let identity = |item: &Value| {
                    let (kind, name) = (item.get("type"), item.get("name"));
                    (kind.is_some() || name.is_some()).then(|| format!("{kind:?} {name:?}"))
                };
                if items.iter().all(|item| identity(item).is_some()) {
                    items.sort_by_cached_key(identity);
                }
                Value::Array(items)
            }
            Value::String(text) => Value::String(self.text(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let lasting = fields
            .iter()
            .filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
        lasting
            .map(|(name, value)| (self.text(name), self.value(value)))
            .collect()
    }
}

/// A text in which one node is as good as another.
pub(crate) fn weak(text: &str) -> String {
    WORKER.replace_all(text, "WORKER").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str) -> String {
        Normal::of_cluster("two").name(text)
    }

    #[test]
    fn what_differs_between_runs_is_told_alike() {
        assert_eq!(check("two-worker3"), "worker3");
        assert_eq!(check("web-5b9fcd6c8d"), "web-HASH");
        assert_eq!(check("web-5b9fcd6c8d-x2b4c"), "web-5b9fcd6c8d-X");
        assert_eq!(check("from 10.244.1.7:80"), "from IP:80");
        assert_eq!(
            check("uid 0e7b2c11-1b1f-4c5f-9a51-0f6d1f0f2c33."),
            "uid UID."
        );
        assert_eq!(
            weak("assigned web-0 to worker3"),
            "assigned web-0 to WORKER"
        );
    }

    #[test]
    fn named_things_are_a_set_and_volatile_fields_are_gone() {
        let conditions = json!([{"type": "b", "lastTransitionTime": 1}, {"type": "a"}]);
        assert_eq!(
            Normal::of_cluster("two").value(&conditions),
            json!([{"type": "a"}, {"type": "b"}])
        );
        let order = json!(["b", "a"]);
        assert_eq!(Normal::of_cluster("two").value(&order), order);
    }
}
