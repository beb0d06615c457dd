//! The arguments of the verbs.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Source, needs, one_of};
use crate::spanned::{Anything, Spanned, Text};

/// A time, as `2s`, `3m` or `500ms`.
pub(crate) const DURATION: &str = "^([0-9]+(ms|s|m|h))+$";
/// `namespace/name`; either may hold an expression.
pub(crate) const OBJECT_NAME: &str = "^.+/.+$";

/// Patches one object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&["merge", "json", "strategic"])))]
pub(crate) struct Patch {
    /// The object's kind, as `Pod` or `apps/v1/StatefulSet`.
    pub(crate) kind: Text,
    /// Its namespace.
    pub(crate) r#in: Option<Text>,
    /// Its name.
    pub(crate) name: Text,
    /// A merge patch (RFC 7386).
    #[schemars(extend("type" = "object"))]
    pub(crate) merge: Option<Anything>,
    /// A list of operations (RFC 6902).
    #[schemars(extend("type" = "array"))]
    pub(crate) json: Option<Anything>,
    /// Kubernetes' own strategic merge patch.
    #[schemars(extend("type" = "object"))]
    pub(crate) strategic: Option<Anything>,
}

/// What to delete.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "oneOf" = one_of(&["file", "files", "kind"]),
    "dependentRequired" = needs(&[("kind", &["in", "name", "labels"])]),
))]
pub(crate) struct Delete {
    /// The objects of this manifest.
    pub(crate) file: Option<Source>,
    /// The objects of these manifests.
    pub(crate) files: Option<Vec<Source>>,
    /// Objects of this kind; there has to be one.
    pub(crate) kind: Option<Text>,
    /// Their namespace.
    pub(crate) r#in: Option<Text>,
    /// One name only.
    pub(crate) name: Option<Text>,
    /// A label selector, as `kubectl -l` takes it.
    pub(crate) labels: Option<Text>,
    /// Until when the step waits; `gone` where it is not said.
    pub(crate) wait: Option<Gone>,
}

/// Until when a deletion waits.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Gone {
    /// Until each uid is gone.
    Gone,
    /// Until the API has accepted it.
    Accepted,
}

/// Sets the replicas of a `StatefulSet`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Scale {
    /// The `StatefulSet`, `namespace/name`.
    #[schemars(extend("pattern" = OBJECT_NAME))]
    pub(crate) statefulset: Text,
    /// How many replicas.
    #[schemars(extend("type" = ["integer", "string"], "minimum" = 0))]
    pub(crate) to: Anything,
}

/// Some pods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PodSelection {
    /// Their namespace.
    pub(crate) r#in: Option<Text>,
    /// A label selector, as `kubectl -l` takes it.
    pub(crate) labels: Option<Text>,
}

/// Deletes pods and sees them come back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&["pod", "pods"])))]
pub(crate) struct Restart {
    /// One pod, `namespace/name`.
    #[schemars(extend("pattern" = OBJECT_NAME))]
    pub(crate) pod: Option<Text>,
    /// All pods of a selection, at once.
    pub(crate) pods: Option<PodSelection>,
    /// What has to be as before.
    pub(crate) same: Option<Vec<Spanned<Trait>>>,
    /// What must not be as before.
    pub(crate) new: Option<Vec<Spanned<Trait>>>,
}

/// What tells one pod, with its storage, from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Trait {
    /// The pod's uid.
    Uid,
    /// The pod's address.
    Address,
    /// The pod's node.
    Node,
    /// The claims, by name and uid.
    Claim,
    /// The volumes, by name, uid and path.
    Volume,
}

/// Works on a node.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "oneOf" = one_of(&["make", "remove", "empty", "run"]),
    "dependentRequired" = needs(&[("run", &["changes"])]),
))]
pub(crate) struct Host {
    /// The node, by the scenario's name.
    #[serde(rename = "node")]
    pub(crate) on_node: Text,
    /// Make this directory; it must not be there.
    pub(crate) make: Option<Text>,
    /// Remove this file or directory with all that is in it.
    pub(crate) remove: Option<Text>,
    /// Remove all that is in this directory; there has to be something.
    pub(crate) empty: Option<Text>,
    /// Run this shell script.
    pub(crate) run: Option<Text>,
    /// In a control: a script whose output has to differ before and after.
    pub(crate) changes: Option<Text>,
}

/// A fault of a node, or its end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NodeVerb {
    /// No new pods on this node.
    Cordon(Text),
    /// New pods again.
    Uncordon(Text),
    /// Cordon this node and evict all its pods but those of `DaemonSet`s, as far as their
    /// disruption budgets allow; there has to be one.
    Drain(Text),
    /// Keep pods away that do not tolerate this.
    Taint(Taint),
    /// Take a taint away; it has to be there.
    Untaint(Untaint),
    /// Switch the machine off.
    Stop(Text),
    /// Switch it on.
    Start(Text),
    /// Delete its `Node` object; it comes back when the machine is switched off and on.
    Delete(Text),
}

/// A taint of a node.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Taint {
    /// The node, by the scenario's name.
    #[serde(rename = "node")]
    pub(crate) on_node: Text,
    /// Its key, as `example.com/broken`.
    pub(crate) key: Text,
    /// Its value.
    pub(crate) value: Option<Text>,
    /// What it does to pods that do not tolerate it.
    pub(crate) effect: TaintEffect,
}

/// A taint that goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Untaint {
    /// The node, by the scenario's name.
    #[serde(rename = "node")]
    pub(crate) on_node: Text,
    /// Its key.
    pub(crate) key: Text,
    /// One effect only; every taint of the key where it is not said.
    pub(crate) effect: Option<TaintEffect>,
}

/// What a taint does, in Kubernetes' own words.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) enum TaintEffect {
    /// Pods are not scheduled there.
    NoSchedule,
    /// Pods are scheduled there only where nothing else is left.
    PreferNoSchedule,
    /// Pods are not scheduled there, and those that are there have to go.
    NoExecute,
}

/// Something about the Redis Cluster under test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Redis {
    /// Form the cluster over all pods.
    Create(RedisCreate),
    /// `redis-cli --cluster check`, parsed.
    Check,
    /// All pods agree that it is healthy: `once`, or for a whole `window`.
    Healthy(HealthyFor),
    /// Write keys over every shard, acknowledged.
    Write(RedisWrite),
    /// Every key that was written is there, with its value.
    Verify,
    /// The data is on the disks, while no pod runs.
    Prove,
}

/// Forms the cluster.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RedisCreate {
    /// Replicas for each master.
    pub(crate) replicas: usize,
}

/// How long all pods have to agree.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HealthyFor {
    /// Once.
    Once,
    /// For the node timeout and 3 s more, without a break.
    Window,
}

/// Writes keys.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RedisWrite {
    /// Keys for each shard.
    #[schemars(extend("minimum" = 1))]
    pub(crate) keys_per_shard: usize,
}
