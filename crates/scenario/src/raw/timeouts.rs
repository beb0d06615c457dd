//! How long conditions may take, by verb.

use schemars::JsonSchema;
use serde::Deserialize;

use super::verb::DURATION;
use crate::spanned::Text;

/// How long conditions may take, by verb; `within` of a step is stronger. 60s each where
/// nothing is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Timeouts {
    /// `apply`, `create` and `patch`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) apply: Option<Text>,
    /// `delete`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) delete: Option<Text>,
    /// `scale`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) scale: Option<Text>,
    /// `restart`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) restart: Option<Text>,
    /// `exec`, and saving its outcome.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) exec: Option<Text>,
    /// `script`, and saving its outcome.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) script: Option<Text>,
    /// `host`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) host: Option<Text>,
    /// `node`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) node: Option<Text>,
    /// `redis`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) redis: Option<Text>,
    /// `expect`.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) expect: Option<Text>,
}
