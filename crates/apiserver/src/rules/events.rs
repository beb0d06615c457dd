//! Events: one object, two views of it.

use serde_json::{Map, Value, json};

use crate::access::{has, text};
use crate::issues::Issues;

/// Fields that are called differently in the two views: stored, shown.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// The view of events.k8s.io.
pub(crate) fn show(stored: &Value) -> Value {
    let Value::Object(map) = stored else {
        return stored.clone();
    };
    let shown = |key: &String| {
        NAMES
            .iter()
            .find(|(name, _)| name == key)
            .map_or(key.clone(), |(_, name)| (*name).to_owned())
    };
    Value::Object(
        map.iter()
            .map(|(key, value)| (shown(key), value.clone()))
            .collect::<Map<_, _>>(),
    )
}

/// Back to what is stored.
pub(crate) fn store(shown: Value) -> Value {
    let Value::Object(map) = shown else {
        return shown;
    };
    let stored = |key: String| {
        NAMES
            .iter()
            .find(|(_, name)| *name == key)
            .map_or(key, |(name, _)| (*name).to_owned())
    };
    Value::Object(
        map.into_iter()
            .map(|(key, value)| (stored(key), value))
            .collect::<Map<_, _>>(),
    )
}

/// An event lives in the namespace of what it is about.
pub(crate) fn validate(value: &Value, issues: &mut Issues) {
    let (own, involved) = (
        text(value, "/metadata/namespace"),
        text(value, "/involvedObject/namespace"),
    );
    let cluster_wide = involved.is_empty() && matches!(own, "default" | "kube-system" | "");
    if !has(value, "/eventTime") && own != involved && !cluster_wide {
        issues.invalid(
            "involvedObject.namespace",
            &json!(involved),
            "does not match event.namespace",
        );
    }
}
