//! A step as it is written: the common fields, and one `Option` for each verb.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Delete, Exec, Expect, Host, NodeVerb, Patch, Redis, Restart, Save, Scale, Script, Sources,
    one_of,
};
use crate::spanned::{Anything, Spanned, Text};

/// The verbs, in the order of the documentation.
pub(crate) const VERBS: [&str; 17] = [
    "apply", "create", "patch", "delete", "scale", "restart", "exec", "script", "host", "node",
    "redis", "expect", "snapshot", "save", "log", "parallel", "steps",
];

/// A step: exactly one verb, and what is said about it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&VERBS)))]
pub(crate) struct Step {
    /// Its name; without one it is called by its verb.
    pub(crate) name: Option<Text>,
    /// The parts of statements that it shows when it passes.
    pub(crate) shows: Option<Vec<Text>>,
    /// How long its condition may take; what `timeouts` says of its verb where it is not said.
    #[schemars(extend("pattern" = super::verb::DURATION))]
    pub(crate) within: Option<Text>,
    /// A condition: where it does not hold the step is skipped, and shown as skipped.
    pub(crate) when: Option<Text>,
    /// A list: the step is done for each `item` in turn, with its `index`.
    #[schemars(extend("type" = ["array", "string"]))]
    pub(crate) for_each: Option<Anything>,
    /// Where the cluster cannot do it, it is not tried, and the run goes on.
    pub(crate) optional: Option<bool>,

    /// Server-side apply of manifests.
    pub(crate) apply: Option<Sources>,
    /// Create the objects of manifests; fails where one exists.
    pub(crate) create: Option<Sources>,
    /// Patch one object; has to change it.
    pub(crate) patch: Option<Spanned<Patch>>,
    /// Delete, and see it gone by uid.
    pub(crate) delete: Option<Spanned<Delete>>,
    /// Set the replicas of a `StatefulSet` and see pods come or go.
    pub(crate) scale: Option<Scale>,
    /// Delete pods at once and see each come back under a new uid, Ready.
    pub(crate) restart: Option<Restart>,
    /// Run a command in a pod.
    pub(crate) exec: Option<Spanned<Exec>>,
    /// Run a shell script on this machine, with the run's cluster as its `KUBECONFIG`.
    pub(crate) script: Option<Spanned<Script>>,
    /// Work on a node's disk, or run a command there.
    pub(crate) host: Option<Spanned<Host>>,
    /// A fault of a node, or its end.
    #[serde(rename = "node")]
    pub(crate) on_node: Option<NodeVerb>,
    /// Something about the Redis Cluster under test.
    pub(crate) redis: Option<Spanned<Redis>>,
    /// See that something holds.
    pub(crate) expect: Option<Spanned<Expect>>,
    /// Compare the inventory of objects and files with the golden one of this name.
    #[schemars(extend("pattern" = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub(crate) snapshot: Option<Text>,
    /// Keep a value for later, as `saved.NAME`.
    pub(crate) save: Option<Save>,
    /// Write a text into the report.
    pub(crate) log: Option<Text>,
    /// Several steps at once. Each comes to its end, also where another fails; all outcomes
    /// are shown.
    #[schemars(extend("minItems" = 2))]
    pub(crate) parallel: Option<Vec<Spanned<Step>>>,
    /// Several actions under one name, in order.
    pub(crate) steps: Option<Vec<Spanned<Step>>>,
}
