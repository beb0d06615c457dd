//! A case as it is written: requests that are sent one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml::Value as Yaml;

/// One group's requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What the requests refer to by anchors.
    #[serde(default, rename = "defs")]
    _definitions: Option<IgnoredAny>,
    /// Whether it has a namespace of its own.
    #[serde(default = "yes")]
    pub(super) namespace: bool,
    /// Whether it is about who manages which field.
    #[serde(default, rename = "managedFields")]
    pub(super) managed_fields: bool,
    /// What is done, in order.
    pub(super) requests: Vec<Step>,
}

/// One thing that is done: a request, a watch, the end of a watch that runs, or a pause.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Step {
    /// What its answer is called.
    pub(super) name: String,
    /// Method and path.
    #[serde(default, rename = "do")]
    pub(super) request: Option<String>,
    /// Sent as JSON; a text is sent as it is.
    pub(super) body: Option<Yaml>,
    /// What kind of patch the body is.
    #[serde(rename = "type")]
    pub(super) patch: Option<Patch>,
    /// Headers besides the usual; one without a value is left out.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<String>>,
    /// Repeated until this is so.
    pub(super) until: Option<Until>,
    /// Whether controllers are waited for: the object itself, or the one at a path.
    pub(super) settle: Option<Settle>,
    /// The request is a watch.
    pub(super) watch: Option<Window>,
    /// The watch that is ended.
    pub(super) collect: Option<String>,
    /// Seconds in which nothing is done: for what must not happen.
    pub(super) sleep: Option<f64>,
    /// Whether the answer is compared.
    #[serde(default = "yes")]
    pub(super) record: bool,
    /// What of the answer is compared.
    #[serde(default)]
    pub(super) pick: Vec<String>,
    /// What of it is not.
    #[serde(default)]
    pub(super) volatile: Vec<String>,
    /// Which members of which lists are compared.
    #[serde(default)]
    pub(super) filter: Vec<Filter>,
    /// Only the keys of this object, or the members of this list, are compared.
    pub(super) keys_of: Option<String>,
    /// Patterns of texts that differ each time, and what stands for them.
    #[serde(default)]
    pub(super) sub: Vec<(String, String)>,
    /// What of an error has no order.
    pub(super) unordered: Option<Unordered>,
}

/// The kinds of patch.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Patch {
    /// RFC 6902.
    Json,
    /// RFC 7396.
    Merge,
    /// Kubernetes' own.
    Strategic,
    /// Server-side apply.
    Apply,
}

/// What is waited for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Until {
    /// The status code.
    pub(super) status: Option<u16>,
    /// The field that is looked at.
    pub(super) path: Option<String>,
    /// What it has to be.
    pub(super) equals: Option<serde_json::Value>,
    /// Whether it has to be there.
    pub(super) present: Option<bool>,
}

/// What has to come to rest before the next request.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Settle {
    /// The object that was written.
    Written(bool),
    /// The object of this path.
    At(String),
}

/// How much of a watch is read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// At most so many events.
    #[serde(default = "many")]
    pub(super) events: usize,
    /// For at most so many seconds.
    #[serde(default = "some")]
    pub(super) seconds: f64,
    /// Whether the next requests are sent meanwhile.
    #[serde(default)]
    pub(super) background: bool,
}

/// Members of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Where the list is.
    pub(super) list: String,
    /// The field that tells.
    pub(super) key: String,
    /// What it has to be.
    #[serde(rename = "in")]
    pub(super) values: Vec<String>,
}

/// What of an error comes in any order, for a real server takes it from a hash map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "serde_json::Value")]
pub(super) enum Unordered {
    /// The causes and with them the message.
    Message,
    /// The causes only.
    Causes,
}

impl From<serde_json::Value> for Unordered {
    fn from(value: serde_json::Value) -> Self {
        if value == "causes" {
            Self::Causes
        } else {
            Self::Message
        }
    }
}

impl Patch {
    /// The body's content type.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

impl Window {
    /// How long it is read.
    pub(super) fn time(self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn yes() -> bool {
    true
}

fn many() -> usize {
    1000
}

fn some() -> f64 {
    5.0
}
