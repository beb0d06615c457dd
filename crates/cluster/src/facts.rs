//! What a cluster is, as read from it.

use serde::Serialize;

/// What is known of a cluster once it can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The kind of cluster: `kind`, `context`.
    pub provider: String,
    /// The cluster's name, or its context's.
    pub name: String,
    /// The version that the API server reports, such as `v1.34.4`.
    pub kubernetes: String,
    /// Whether this run made the cluster.
    pub origin: Origin,
    /// Programs and images that the cluster consists of, such as `kind v0.33.0`,
    /// `docker 20.10.24` and `kindest/node:v1.34.4@sha256:…`.
    pub versions: Vec<String>,
    /// The images that were asked for, as they are on the nodes.
    pub images: Vec<ImageDigest>,
}

/// Where a run's cluster came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This run created it.
    Created,
    /// An earlier run created and kept it.
    Reused,
    /// It is somebody else's: never deleted.
    Given,
}

/// An image on the nodes and what exactly it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageDigest {
    /// The name under which pods ask for it.
    pub image: String,
    /// The digest of what the nodes have under that name.
    pub digest: String,
}
