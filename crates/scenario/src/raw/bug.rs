//! A bug report as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::verb::DURATION;
use crate::spanned::{Anything, Text};

/// A bug report: with the values of `values` the scenario passes, with these it fails.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Bug {
    /// Where it was reported: addresses.
    pub(crate) reports: Option<Vec<Text>>,
    /// What `values` are where the bug is: those that are other than in the fixed variant.
    #[schemars(extend("type" = "object"))]
    pub(crate) broken: Anything,
    /// The step that has to fail with them, or `leak check`.
    pub(crate) fails_at: Text,
    /// A time for that step in the broken variant, shorter than its own.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) within: Option<Text>,
    /// The cause that has to be named first for it, as `volume-held`.
    pub(crate) cause: Option<Text>,
    /// Words that its failure has to say.
    pub(crate) says: Option<Text>,
}
