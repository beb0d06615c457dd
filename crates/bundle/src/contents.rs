//! What is in a bundle.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use stayput_events::{ClusterFacts, Provider};

use crate::Ending;

/// The version of the format; it grows when a reader of the older one could
/// misread the newer.
pub const SCHEMA_VERSION: u32 = 1;

/// The folder of the scenario's own files.
pub const SCENARIO: &str = "scenario";

/// The folder of the run's reports.
pub const REPORT: &str = "report";

/// The configuration of the kind cluster, where it was one.
pub const CONFIG: &str = "kind-config.yaml";

/// The user's table of images, where there was one.
pub const IMAGES: &str = "images.yaml";

/// The folder of what programs rendered.
pub const RENDERED: &str = "rendered";

/// A run, packed or unpacked.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// What it is about.
    pub about: About,
    /// Its files by their names in it, `bundle.json` apart.
    pub files: BTreeMap<Utf8PathBuf, Vec<u8>>,
}

/// `bundle.json`: what was played, on what, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The version of this format.
    pub schema_version: u32,
    /// The version of the program that played it.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's file, below `scenario/`.
    pub file: Utf8PathBuf,
    /// What of it was played.
    pub selection: Selection,
    /// The seed of everything random.
    pub seed: u64,
    /// The kind of cluster.
    pub provider: Provider,
    /// The cluster, with the versions of all that it is made of; none if it
    /// was never ready.
    pub cluster: Option<ClusterFacts>,
    /// How it ended.
    pub ending: Ending,
    /// Files of which secrets were taken out: with them it may end otherwise.
    pub redacted: Vec<Utf8PathBuf>,
    /// What programs rendered, in the order in which the scenario asks for it: it is
    /// played as it was, without the programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rendered: Vec<Rendered>,
    /// The SHA-256 of every file; filled in when it is packed.
    #[serde(default)]
    pub digests: BTreeMap<Utf8PathBuf, String>,
}

/// Manifests that a program rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// The folder or the chart, by its name, and the program.
    pub of: String,
    /// The file, below `rendered/`.
    pub file: Utf8PathBuf,
}

/// What of a scenario is played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Selection {
    /// Its steps.
    Steps,
    /// All of its controls.
    Controls,
    /// The controls whose names contain this.
    Control(String),
}
