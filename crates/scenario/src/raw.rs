//! A scenario file as it is written.
//!
//! These types are the schema, too: what the editor shows is their comments,
//! and what it accepts is what the parser accepts. Nothing is resolved here.

mod bug;
mod command;
mod control;
mod expect;
mod save;
mod source;
mod step;
mod suite;
mod timeouts;
mod verb;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) use bug::Bug;
pub(crate) use command::{Exec, ExecSays, LogsSay, Outcome, Script};
pub(crate) use control::{Control, Skip};
pub(crate) use expect::{EventAbout, Expect, FilesThere, Presence};
pub(crate) use save::Save;
pub(crate) use source::{Helm, Rendered, Source, Sources};
pub(crate) use step::Step;
pub(crate) use suite::{Suite, SuiteSpec};
pub(crate) use timeouts::Timeouts;
pub(crate) use verb::{
    DURATION, Delete, Gone, HealthyFor, Host, NodeVerb, Patch, PodSelection, Redis, Restart, Scale,
    TaintEffect, Trait,
};

use crate::spanned::{Anything, Spanned, Text};

/// A stayput scenario: what a stateful workload has to do, step by step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Scenario {
    /// The version of the language.
    #[serde(rename = "apiVersion")]
    pub(crate) _api_version: ApiVersion,
    /// What this file is.
    #[serde(rename = "kind")]
    pub(crate) _kind: ScenarioKind,
    /// How the scenario is called.
    pub(crate) metadata: Metadata,
    /// What it does.
    pub(crate) spec: Spec,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) enum ApiVersion {
    #[serde(rename = "stayput.dev/v1alpha1")]
    V1Alpha1,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) enum ScenarioKind {
    Scenario,
}

/// How the scenario is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Its name, in lower case, as `local-pv-redis`.
    pub(crate) name: Text,
    /// Labels, by which it can be chosen: `--label KEY=VALUE`.
    #[schemars(extend("type" = "object"))]
    pub(crate) labels: Option<Anything>,
}

/// What the scenario does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("anyOf" = one_of(&["cluster", "suite"])))]
pub(crate) struct Spec {
    /// What it is about, in a sentence.
    pub(crate) about: Text,
    /// A file with set-up and tear-down that it shares with other scenarios.
    pub(crate) suite: Option<Text>,
    /// A file of statements whose parts the steps show.
    pub(crate) claims: Option<Text>,
    /// What it needs of the cluster.
    pub(crate) cluster: Option<Cluster>,
    /// A condition: where it does not hold the whole scenario is skipped, and shown as skipped.
    pub(crate) when: Option<Text>,
    /// How long conditions may take, by verb.
    pub(crate) timeouts: Option<Timeouts>,
    /// Its constants: `${{ values.NAME }}`.
    #[schemars(extend("type" = "object"))]
    pub(crate) values: Option<Anything>,
    /// The Redis Cluster that `redis` steps speak of.
    pub(crate) redis: Option<RedisCluster>,
    /// How snapshots are written.
    pub(crate) snapshots: Option<Snapshots>,
    /// What is done, in order.
    pub(crate) steps: Vec<Spanned<Step>>,
    /// What is done at the end, whatever happened: also after a failure and when the run is
    /// stopped. It counts: a scenario whose `finally` fails has failed.
    pub(crate) finally: Option<Vec<Spanned<Step>>>,
    /// Sabotages that have to be noticed.
    pub(crate) controls: Option<Vec<Spanned<Control>>>,
    /// A bug report: `repro` plays the scenario broken, which has to fail, and fixed, which has
    /// to pass.
    pub(crate) bug: Option<Spanned<Bug>>,
}

/// What the scenario needs of the cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cluster {
    /// The nodes that it speaks of, by its own names.
    pub(crate) nodes: Vec<Text>,
    /// Images that have to be on the nodes.
    pub(crate) images: Option<Vec<Text>>,
}

/// The Redis Cluster under test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RedisCluster {
    /// Its `StatefulSet`, `namespace/name`.
    pub(crate) statefulset: Text,
    /// The port that clients use; 6379 where it is not said.
    #[schemars(extend("minimum" = 1, "maximum" = 65535))]
    pub(crate) port: Option<u16>,
    /// `cluster-node-timeout`, in milliseconds or as `2s`; windows follow from it.
    #[schemars(extend("type" = ["integer", "string"]))]
    pub(crate) node_timeout: Anything,
    /// The image of the helper pods that prove the disks.
    pub(crate) image: Text,
    /// The claim template whose volume holds `nodes.conf` and the append-only file.
    pub(crate) claim: Text,
}

/// How snapshots are written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Snapshots {
    /// How files on nodes appear; the first line that fits a file counts.
    pub(crate) files: Vec<Spanned<FileRole>>,
}

/// How files on nodes appear in snapshots.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&["role", "roleAlone", "omit"])))]
pub(crate) struct FileRole {
    /// The path below a directory that a step made; `*` stops at `/`.
    pub(crate) glob: Text,
    /// Shown by this role, and whether the file holds anything.
    pub(crate) role: Option<Text>,
    /// Shown by this role only: whether it holds anything differs between runs.
    pub(crate) role_alone: Option<Text>,
    /// Left out, for this reason.
    pub(crate) omit: Option<Text>,
}

/// A statement of a published text, in a file of claims.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Statement {
    /// Its number, as the text counts.
    #[schemars(extend("maximum" = 9999))]
    pub(crate) id: Spanned<u32>,
    /// What it says.
    pub(crate) says: Text,
    /// What has to be shown, part by part.
    pub(crate) parts: Vec<StatementPart>,
}

/// A part of a statement that is shown by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StatementPart {
    /// Its name, as steps give it in `shows`.
    pub(crate) id: Text,
    /// What a passing step proves about it.
    pub(crate) verdict: ClaimVerdict,
    /// What was shown, in words; for `more-exactly`, what was never said.
    pub(crate) shown: Text,
}

/// What a passing step proves.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ClaimVerdict {
    /// It is as the text says.
    Confirmed,
    /// It is not as the text says.
    Refuted,
    /// It is as the text says, and there is something that it never says.
    MoreExactly,
}

/// Exactly one of these fields has to be there.
pub(crate) fn one_of(fields: &[&str]) -> Value {
    fields
        .iter()
        .map(|field| json!({"required": [field]}))
        .collect()
}

/// Each of `fields` makes sense beside `with` only.
pub(crate) fn needs(pairs: &[(&str, &[&str])]) -> Value {
    let mut entries = Map::new();
    for (with, fields) in pairs {
        for field in *fields {
            entries.insert((*field).to_owned(), json!([with]));
        }
    }
    Value::Object(entries)
}

/// The two exclude each other.
pub(crate) fn not_both(one: &str, other: &str) -> Value {
    json!({"required": [one, other]})
}
