//! What is kept for later.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Exec, PodSelection, Script, not_both, verb::OBJECT_NAME};
use crate::spanned::{Spanned, Text};

/// Keeps a value for later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "oneOf" = saved(),
    "not" = not_both("pods", "value"),
))]
pub(crate) struct Save {
    /// Its name: `saved.NAME`.
    pub(crate) r#as: Text,
    /// One object, as it is served; or what `value` makes of it, as `object`.
    pub(crate) object: Option<SavedObject>,
    /// All objects of a selection, as a list; or what `value` makes of it, as `objects`.
    pub(crate) objects: Option<SavedObjects>,
    /// The outcome of a command in a pod: `stdout`, `stderr` and `exitCode`; or what `value`
    /// makes of these.
    pub(crate) exec: Option<Spanned<Exec>>,
    /// The outcome of a script on this machine, in the same way.
    pub(crate) script: Option<Spanned<Script>>,
    /// The log of a container, as text; or what `value` makes of it, as `log`.
    pub(crate) log: Option<SavedLog>,
    /// An expression.
    pub(crate) value: Option<Text>,
    /// The digest of all that is in a directory of a node.
    pub(crate) digest: Option<SavedDigest>,
    /// What tells pods, with their storage, from others.
    pub(crate) pods: Option<PodSelection>,
}

/// One object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SavedObject {
    /// Its kind, as `Pod` or `apps/v1/StatefulSet`.
    pub(crate) kind: Text,
    /// Its namespace.
    pub(crate) r#in: Option<Text>,
    /// Its name.
    pub(crate) name: Text,
}

/// A directory of a node.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SavedDigest {
    /// The node, by the scenario's name.
    #[serde(rename = "node")]
    pub(crate) on_node: Text,
    /// The directory.
    pub(crate) path: Text,
}

/// Objects of one kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SavedObjects {
    /// Their kind, as `Pod` or `apps/v1/StatefulSet`.
    pub(crate) kind: Text,
    /// Their namespace.
    pub(crate) r#in: Option<Text>,
    /// A label selector, as `kubectl -l` takes it.
    pub(crate) labels: Option<Text>,
}

/// The log of a container.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SavedLog {
    /// The pod, `namespace/name`.
    #[schemars(extend("pattern" = OBJECT_NAME))]
    pub(crate) pod: Text,
    /// The container; the first where it is not said.
    pub(crate) container: Option<Text>,
    /// The log of the container before the present one.
    pub(crate) previous: Option<bool>,
}

/// One thing is saved; `value` alone is an expression over the values of the run.
fn saved() -> Value {
    const SUBJECTS: [&str; 7] = [
        "object", "objects", "exec", "script", "log", "digest", "pods",
    ];
    let others: Vec<Value> = SUBJECTS
        .iter()
        .map(|field| json!({"required": [field]}))
        .collect();
    let mut branches = others.clone();
    branches.push(json!({"required": ["value"], "not": {"anyOf": others}}));
    Value::Array(branches)
}
