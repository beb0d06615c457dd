//! What tells one pod, with its storage, from another of the same name.
//!
//! Invariants:
//! - Compared by uid wherever there is one: a claim or a volume made anew
//!   under its name is another.
//! - What is not there is never *the same*: a comparison of nothing with
//!   nothing does not pass.

mod table;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stayput_events::Mismatch;
use stayput_scenario::plan::{Identity, Trait};

use crate::served;

/// A pod and its storage, as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodIdentity {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid.
    pub uid: String,
    /// The pod's address; none before it has one.
    pub address: Option<String>,
    /// The pod's node; none before it is scheduled.
    pub node: Option<String>,
    /// Its claims, by name.
    pub claims: Vec<ClaimIdentity>,
    /// Its claims' volumes, by name.
    pub volumes: Vec<VolumeIdentity>,
}

/// A claim of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimIdentity {
    /// Its name.
    pub name: String,
    /// Its uid; none where the claim is not there.
    pub uid: Option<String>,
}

/// A volume of a pod's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeIdentity {
    /// Its name.
    pub name: String,
    /// Its uid; none where the volume is not there.
    pub uid: Option<String>,
    /// Its path on the node, of a local or hostPath volume.
    pub path: Option<String>,
    /// The nodes that its affinity allows, as served.
    pub nodes: Vec<String>,
}

/// Why a pod's identity cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It is no object with a namespace, a name and a uid.
    #[error("a pod without `{field}`")]
    NoField {
        /// The field that is not there.
        field: &'static str,
    },
}

impl PodIdentity {
    /// Reads it from a pod; `claims` and `volumes` may hold others too.
    pub fn of(
        pod: &Value,
        claims: &[Arc<Value>],
        volumes: &[Arc<Value>],
    ) -> Result<Self, IdentityError> {
        let field = |pointer: &str, field: &'static str| {
            let text = served::text(pod, pointer).map(str::to_owned);
            text.ok_or(IdentityError::NoField { field })
        };
        let namespace = field("/metadata/namespace", "metadata.namespace")?;
        let mut claim_names = served::claim_names(pod);
        claim_names.sort();
        let claims: Vec<_> = claim_names
            .into_iter()
            .map(|name| (find(claims, Some(&namespace), &name), name))
            .collect();
        let mut volumes: Vec<VolumeIdentity> = claims
            .iter()
            .filter_map(|(claim, _)| served::text((*claim)?, "/spec/volumeName"))
            .map(|name| volume(name, find(volumes, None, name)))
            .collect();
        volumes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self {
            name: field("/metadata/name", "metadata.name")?,
            uid: field("/metadata/uid", "metadata.uid")?,
            address: served::text(pod, "/status/podIP").map(str::to_owned),
            node: served::text(pod, "/spec/nodeName").map(str::to_owned),
            claims: claims
                .into_iter()
                .map(|(claim, name)| ClaimIdentity {
                    name,
                    uid: claim.and_then(served::uid).map(str::to_owned),
                })
                .collect(),
            volumes,
            namespace,
        })
    }
}

fn find<'a>(objects: &'a [Arc<Value>], namespace: Option<&str>, name: &str) -> Option<&'a Value> {
    objects
        .iter()
        .map(AsRef::as_ref)
        .find(|object| served::namespace(object) == namespace && served::name(object) == name)
}

fn volume(name: &str, volume: Option<&Value>) -> VolumeIdentity {
    let nodes = volume.map(served::volume_nodes).unwrap_or_default();
    VolumeIdentity {
        name: name.to_owned(),
        uid: volume.and_then(served::uid).map(str::to_owned),
        path: volume.and_then(served::volume_path).map(str::to_owned),
        nodes: nodes.into_iter().map(str::to_owned).collect(),
    }
}

/// Before and after, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What is not as asked; none where all is.
    pub mismatches: Vec<Mismatch>,
    /// For people, whether or not it was asked: `uid: changed, address:
    /// 10.244.1.5 → 10.244.1.9, node: same (kind-worker), …`, a line a pod.
    pub table: String,
}

/// Compares a pod with what it was.
pub fn compare(before: &PodIdentity, after: &PodIdentity, asked: &Identity) -> Comparison {
    let object = format!("Pod {}/{}", before.namespace, before.name);
    let mismatch = |what: Trait, expected: String, seen: String| Mismatch {
        object: object.clone(),
        path: table::label(what).to_owned(),
        expected,
        seen,
    };
    let mut mismatches = Vec::new();
    for what in &asked.same {
        if !is_same(*what, before, after) {
            let expected = format!("the same: {}", table::full(*what, before));
            mismatches.push(mismatch(*what, expected, table::full(*what, after)));
        }
    }
    for what in &asked.new {
        if !is_new(*what, before, after) {
            let expected = format!("other than {}", table::full(*what, before));
            mismatches.push(mismatch(*what, expected, table::full(*what, after)));
        }
    }
    Comparison {
        mismatches,
        table: table::line(before, after),
    }
}

/// Compares pods with what they were, by namespace and name; a pod that is not
/// there any more, or was not there before, is a mismatch.
pub fn compare_all(before: &[PodIdentity], after: &[PodIdentity], asked: &Identity) -> Comparison {
    let same_name = |one: &PodIdentity, other: &PodIdentity| {
        (&one.namespace, &one.name) == (&other.namespace, &other.name)
    };
    let mut mismatches = Vec::new();
    let mut lines = Vec::new();
    for old in before {
        if let Some(new) = after.iter().find(|new| same_name(old, new)) {
            let comparison = compare(old, new, asked);
            mismatches.extend(comparison.mismatches);
            lines.push(format!("{}: {}", old.name, comparison.table));
        } else {
            mismatches.push(presence(old, "there, as before", "not there"));
            lines.push(format!("{}: not there any more", old.name));
        }
    }
    for new in after {
        if !before.iter().any(|old| same_name(old, new)) {
            mismatches.push(presence(new, "not there, as before", "there"));
            lines.push(format!("{}: was not there before", new.name));
        }
    }
    Comparison {
        mismatches,
        table: lines.join("\n"),
    }
}

fn presence(pod: &PodIdentity, expected: &str, seen: &str) -> Mismatch {
    Mismatch {
        object: format!("Pod {}/{}", pod.namespace, pod.name),
        path: String::new(),
        expected: expected.to_owned(),
        seen: seen.to_owned(),
    }
}

fn is_same(what: Trait, before: &PodIdentity, after: &PodIdentity) -> bool {
    is_known(what, before) && is_equal(what, before, after)
}

fn is_new(what: Trait, before: &PodIdentity, after: &PodIdentity) -> bool {
    is_known(what, after) && !is_equal(what, before, after)
}

/// Whether there is something that could be compared.
fn is_known(what: Trait, pod: &PodIdentity) -> bool {
    match what {
        Trait::Uid => true,
        Trait::Address => pod.address.is_some(),
        Trait::Node => pod.node.is_some(),
        Trait::Claim => {
            !pod.claims.is_empty() && pod.claims.iter().all(|claim| claim.uid.is_some())
        }
        Trait::Volume => {
            !pod.volumes.is_empty() && pod.volumes.iter().all(|volume| volume.uid.is_some())
        }
    }
}

fn is_equal(what: Trait, before: &PodIdentity, after: &PodIdentity) -> bool {
    match what {
        Trait::Uid => before.uid == after.uid,
        Trait::Address => before.address == after.address,
        Trait::Node => before.node == after.node,
        Trait::Claim => before.claims == after.claims,
        Trait::Volume => before.volumes == after.volumes,
    }
}

#[cfg(test)]
mod tests;
