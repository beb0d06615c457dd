//! Commands in pods and scripts on this machine, and what they have to come to.

use schemars::JsonSchema;
use serde::Deserialize;

use super::verb::OBJECT_NAME;
use crate::spanned::{Anything, Spanned, Text};

/// Runs a command in a pod.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Exec {
    /// The pod, `namespace/name`.
    #[schemars(extend("pattern" = OBJECT_NAME))]
    pub(crate) pod: Text,
    /// The container; the first where it is not said.
    pub(crate) container: Option<Text>,
    /// The command and its arguments.
    #[schemars(extend("minItems" = 1))]
    pub(crate) command: Vec<Text>,
    /// What its outcome has to be; exit code 0 where nothing is said.
    pub(crate) expect: Option<Outcome>,
    /// In a control: a command whose output has to differ before and after.
    #[schemars(extend("minItems" = 1))]
    pub(crate) changes: Option<Spanned<Vec<Text>>>,
}

/// Runs a shell script on this machine: the way out, where no verb does it.
///
/// Its `KUBECONFIG` names the run's cluster and no other; it starts in the
/// scenario's folder, and is killed, with all that it started, when its time
/// is over or the run ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Script {
    /// The script, for `sh`.
    pub(crate) run: Text,
    /// Variables of its environment, as `NAME: value`.
    #[schemars(extend("type" = "object"))]
    pub(crate) env: Option<Anything>,
    /// What its outcome has to be; exit code 0 where nothing is said.
    pub(crate) expect: Option<Outcome>,
    /// In a control: a script whose output has to differ before and after.
    pub(crate) changes: Option<Text>,
}

/// What a command's outcome has to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Outcome {
    /// Its exit code; 0 where it is not said.
    #[schemars(extend("minimum" = 0, "maximum" = 255))]
    pub(crate) exit_code: Option<i32>,
    /// Text that its standard output contains.
    pub(crate) contains: Option<Text>,
    /// A regular expression that its standard output matches.
    pub(crate) regex: Option<Text>,
    /// A part of the JSON that its standard output is.
    pub(crate) json: Option<Anything>,
    /// A condition over `stdout`, `stderr` and `exitCode`.
    pub(crate) that: Option<Text>,
}

/// A command in a pod that is run again and again until its outcome is as asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExecSays {
    /// The pod, `namespace/name`.
    #[schemars(extend("pattern" = OBJECT_NAME))]
    pub(crate) pod: Text,
    /// The container; the first where it is not said.
    pub(crate) container: Option<Text>,
    /// The command and its arguments; it should change nothing.
    #[schemars(extend("minItems" = 1))]
    pub(crate) command: Vec<Text>,
    /// Its exit code; 0 where it is not said.
    #[schemars(extend("minimum" = 0, "maximum" = 255))]
    pub(crate) exit_code: Option<i32>,
    /// Text that its standard output contains.
    pub(crate) contains: Option<Text>,
    /// A regular expression that its standard output matches.
    pub(crate) regex: Option<Text>,
    /// A part of the JSON that its standard output is.
    pub(crate) json: Option<Anything>,
    /// A condition over `stdout`, `stderr` and `exitCode`.
    pub(crate) that: Option<Text>,
}

/// The log of a container, and how many of its lines are as asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LogsSay {
    /// The pod, `namespace/name`.
    #[schemars(extend("pattern" = OBJECT_NAME))]
    pub(crate) pod: Text,
    /// The container; the first where it is not said.
    pub(crate) container: Option<Text>,
    /// The log of the container before the present one.
    pub(crate) previous: Option<bool>,
    /// Text that a line contains.
    pub(crate) contains: Option<Text>,
    /// A regular expression that a line matches.
    pub(crate) regex: Option<Text>,
    /// How many such lines there have to be; at least one where it is not said.
    #[schemars(extend("type" = super::expect::COUNT_TYPES, "minimum" = 0, "properties" = super::expect::count_bounds()))]
    pub(crate) count: Option<Anything>,
}
