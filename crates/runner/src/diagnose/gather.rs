//! What causes are looked for in: objects as served now, and the volumes' paths.
//!
//! Invariants:
//! - What cannot be had is left out: a failure is never hidden by another.
//! - Of a Secret nothing is read but its name.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::Value;
use stayput_cluster::{NodeCommands, NodeName};
use stayput_events::{AtPath, Directory};
use stayput_judge::causes::{self, PathOnNode};

use crate::{session::Session, shell};

/// How long anybody waits for an explanation.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many paths are looked at.
const PATHS: usize = 8;

/// Kinds that have no namespace, and those that have one.
const WIDE: [&str; 3] = [
    "v1/Node",
    "v1/PersistentVolume",
    "storage.k8s.io/v1/StorageClass",
];
const NARROW: [&str; 6] = [
    "v1/Pod",
    "v1/PersistentVolumeClaim",
    "v1/ConfigMap",
    "v1/Event",
    "apps/v1/StatefulSet",
    "policy/v1/PodDisruptionBudget",
];

/// All objects that a cause can be seen in.
pub(super) async fn objects(session: &Session) -> Vec<Arc<Value>> {
    let namespaces: BTreeSet<&str> = session.namespaces.iter().map(String::as_str).collect();
    let mut wanted: Vec<_> = WIDE.iter().map(|kind| (*kind, None)).collect();
    // Events about objects without a namespace are in `default`.
    wanted.push(("v1/Event", Some("default")));
    for namespace in &namespaces {
        wanted.extend(NARROW.iter().map(|kind| (*kind, Some(*namespace))));
    }
    wanted.dedup();
    let lists = join_all(wanted.into_iter().map(|(kind, namespace)| async move {
        let kind = session.api.kind(kind).ok()?;
        let list = session.api.list(kind, namespace, None);
        tokio::time::timeout(PATIENCE, list).await.ok()?.ok()
    }));
    let secrets = join_all(namespaces.iter().map(|namespace| async move {
        let kind = session.api.kind("v1/Secret").ok()?;
        let names = session.api.names(kind, Some(namespace));
        tokio::time::timeout(PATIENCE, names).await.ok()?.ok()
    }));
    let (lists, secrets) = futures::join!(lists, secrets);
    let lists = lists.into_iter().chain(secrets).flatten();
    lists.flatten().map(Arc::new).collect()
}

/// What is at the paths of the volumes involved.
pub(super) async fn directories(session: &Session, objects: &[Arc<Value>]) -> Vec<Directory> {
    if session.cluster.capabilities().node_commands == NodeCommands::Unsupported {
        return Vec::new();
    }
    let paths = causes::paths(objects).into_iter().take(PATHS);
    join_all(paths.map(|it| directory(session, it))).await
}

async fn directory(session: &Session, at: PathOnNode) -> Directory {
    let node = NodeName::new(&at.node);
    let script = shell::look(&at.path);
    let looked = session.cluster.run_on_node(&node, &script);
    let (is, listing) = match tokio::time::timeout(PATIENCE, looked).await {
        Ok(Ok(output)) => read(&output.stdout_text()),
        Ok(Err(error)) => (AtPath::Unknown, error.to_string()),
        Err(_) => (AtPath::Unknown, "the node does not answer".to_owned()),
    };
    Directory {
        node: at.node,
        path: at.path,
        is,
        listing,
    }
}

/// The output of [`shell::look`].
fn read(output: &str) -> (AtPath, String) {
    let (first, rest) = output.split_once('\n').unwrap_or((output, ""));
    let is = match first {
        "missing" => AtPath::Missing,
        "directory" => AtPath::Directory,
        "other" => AtPath::Other,
        _ => AtPath::Unknown,
    };
    (is, rest.trim_end().to_owned())
}
