//! What scenarios share, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ApiVersion, Cluster, Metadata, RedisCluster, Step, Timeouts};
use crate::spanned::{Anything, Spanned, Text};

/// A stayput suite: what is done around each of several scenarios. Each names it as its `suite`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Suite {
    /// The version of the language.
    #[serde(rename = "apiVersion")]
    pub(crate) _api_version: ApiVersion,
    /// What this file is.
    #[serde(rename = "kind")]
    pub(crate) _kind: SuiteKind,
    /// How the suite is called, and the labels of all its scenarios.
    pub(crate) metadata: Metadata,
    /// What its scenarios share.
    pub(crate) spec: SuiteSpec,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) enum SuiteKind {
    Suite,
}

/// What the scenarios share. What one of them says itself is stronger.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SuiteSpec {
    /// What they have in common, in a sentence.
    pub(crate) about: Text,
    /// What each needs of the cluster; a scenario may add to it.
    pub(crate) cluster: Option<Cluster>,
    /// How long conditions may take, by verb.
    pub(crate) timeouts: Option<Timeouts>,
    /// Constants: `${{ values.NAME }}`.
    #[schemars(extend("type" = "object"))]
    pub(crate) values: Option<Anything>,
    /// The Redis Cluster that `redis` steps speak of.
    pub(crate) redis: Option<RedisCluster>,
    /// What is done before the steps of each scenario.
    pub(crate) setup: Option<Vec<Spanned<Step>>>,
    /// What is done after each scenario and its own `finally`, whatever happened.
    pub(crate) finally: Option<Vec<Spanned<Step>>>,
}
