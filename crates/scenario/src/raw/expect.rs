//! An expectation as it is written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ExecSays, LogsSay, PodSelection, Trait, needs, not_both, verb::DURATION};
use crate::spanned::{Anything, Spanned, Text};

/// Sees that something holds: within the step's time, or `holds` for so long, or `never`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "oneOf" = subjects(),
    "dependentRequired" = needs(&[
        ("all", &["in", "labels", "name", "count", "match", "together", "inOrder"]),
        ("pods", &["comparedTo", "same", "new"]),
    ]),
    "not" = not_both("holds", "never"),
))]
pub(crate) struct Expect {
    /// Objects of this kind, as `Pod` or `apps/v1/StatefulSet`: each has to be as described.
    pub(crate) all: Option<Text>,
    /// Their namespace.
    pub(crate) r#in: Option<Text>,
    /// A label selector, as `kubectl -l` takes it.
    pub(crate) labels: Option<Text>,
    /// One name only.
    pub(crate) name: Option<Text>,
    /// How many there have to be; at least one where it is not said.
    #[schemars(extend("type" = COUNT_TYPES, "minimum" = 0, "properties" = count_bounds()))]
    pub(crate) count: Option<Anything>,
    /// A part of an object that each has to match; `object` is the one looked at. In place of a
    /// list, `$any`, `$every` and `$none` ask for its elements, and `$size` for their number.
    #[schemars(extend("type" = ["object", "string"]))]
    pub(crate) r#match: Option<Anything>,
    /// A condition: over `object`, for each, or over the values of the run.
    pub(crate) that: Option<Text>,
    /// A condition over `objects`, the whole selection.
    pub(crate) together: Option<Text>,
    /// A number for each: one may appear only after all of a lower number match.
    pub(crate) in_order: Option<Text>,
    /// An event.
    pub(crate) event: Option<EventAbout>,
    /// A file or directory on a node.
    pub(crate) files: Option<Spanned<FilesThere>>,
    /// Lines of a container's log.
    pub(crate) logs: Option<Spanned<LogsSay>>,
    /// The outcome of a command in a pod, run every quarter of a second.
    pub(crate) exec: Option<Spanned<ExecSays>>,
    /// Pods, compared with what was saved of them.
    pub(crate) pods: Option<PodSelection>,
    /// The name under which they were saved.
    pub(crate) compared_to: Option<Text>,
    /// What has to be as it was saved.
    pub(crate) same: Option<Vec<Spanned<Trait>>>,
    /// What must not be as it was saved.
    pub(crate) new: Option<Vec<Spanned<Trait>>>,
    /// It has to stay so for so long without a break.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) holds: Option<Text>,
    /// At no moment for so long.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) never: Option<Text>,
}

/// A count: a number, an expression, or its bounds.
pub(super) const COUNT_TYPES: [&str; 3] = ["integer", "string", "object"];

/// The bounds of a count.
pub(super) fn count_bounds() -> Value {
    let bound =
        |words: &str| json!({"description": words, "type": ["integer", "string"], "minimum": 0});
    json!({"atLeast": bound("Not fewer."), "atMost": bound("Not more.")})
}

/// One thing is looked at; `that` alone looks at the values of the run.
fn subjects() -> Value {
    const SUBJECTS: [&str; 6] = ["all", "event", "files", "logs", "exec", "pods"];
    let others: Vec<Value> = SUBJECTS
        .iter()
        .map(|field| json!({"required": [field]}))
        .collect();
    let mut branches = others.clone();
    branches.push(json!({"required": ["that"], "not": {"anyOf": others}}));
    Value::Array(branches)
}

/// An event about an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventAbout {
    /// About which objects.
    pub(crate) about: About,
    /// Its reason, as `FailedMount`.
    pub(crate) reason: Option<Text>,
    /// Text that its message contains.
    pub(crate) message: Option<Text>,
}

/// Objects that an event is about.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct About {
    /// Their kind, as `Pod`.
    pub(crate) kind: Text,
    /// Their namespace.
    pub(crate) r#in: Option<Text>,
    /// One name only.
    pub(crate) name: Option<Text>,
    /// A label selector, as `kubectl -l` takes it.
    pub(crate) labels: Option<Text>,
}

/// A file or directory on a node.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FilesThere {
    /// The node, by the scenario's name.
    #[serde(rename = "node")]
    pub(crate) on_node: Text,
    /// The path.
    pub(crate) path: Text,
    /// Whether it has to be there; `there` where it is not said.
    pub(crate) presence: Option<Presence>,
    /// The digest of all that is in it, as it was saved.
    pub(crate) digest: Option<Text>,
}

/// Whether something has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Presence {
    /// It is there.
    There,
    /// It is not.
    Absent,
}
