//! Nodes that are on their way: a cluster that has just come up has none that is usable.
//!
//! Invariants:
//! - Only what comes by itself is waited for, and never longer than [`PATIENCE`].
//! - That a node has come is known by a watch; nothing is polled.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, ResourceExt as _,
    api::{ObjectList, WatchEvent, WatchParams},
};
use stayput_cluster::Progress;

use crate::nodes;

/// How long nodes may take to become usable.
const PATIENCE: Duration = Duration::from_mins(1);

/// The nodes of a list once so many of them are usable, or once no more will be.
pub(crate) async fn enough(
    api: &Api<Node>,
    list: ObjectList<Node>,
    wanted: usize,
    progress: &Progress,
) -> Vec<Node> {
    let version = list.metadata.resource_version.unwrap_or_default();
    let named = list.items.into_iter().map(|node| (node.name_any(), node));
    let mut known: BTreeMap<String, Node> = named.collect();
    let watching = watch(api, &version, &mut known, wanted, progress);
    if tokio::time::timeout(PATIENCE, watching).await.is_err() {
        let seconds = PATIENCE.as_secs();
        progress.tell(&format!("waited {seconds}s: {}", in_words(&known, wanted)));
    }
    known.into_values().collect()
}

/// Keeps the nodes as they are, until they are enough. Where the watch ends before, what is
/// known then counts.
async fn watch(
    api: &Api<Node>,
    version: &str,
    known: &mut BTreeMap<String, Node>,
    wanted: usize,
    progress: &Progress,
) {
    if !are_coming(known, wanted) {
        return;
    }
    progress.say(&in_words(known, wanted));
    let Ok(events) = api.watch(&WatchParams::default(), version).await else {
        return;
    };
    let mut events = events.boxed();
    while let Ok(Some(event)) = events.try_next().await {
        match event {
            WatchEvent::Added(node) | WatchEvent::Modified(node) => {
                known.insert(node.name_any(), node);
            }
            WatchEvent::Deleted(node) => {
                known.remove(&node.name_any());
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(_) => return,
        }
        if !are_coming(known, wanted) {
            return;
        }
        progress.say(&in_words(known, wanted));
    }
}

/// Whether there are too few, and more will be.
fn are_coming(known: &BTreeMap<String, Node>, wanted: usize) -> bool {
    let usable = known.values().filter(|node| nodes::is_usable(node));
    usable.count() < wanted && known.values().any(nodes::is_coming)
}

fn in_words(known: &BTreeMap<String, Node>, wanted: usize) -> String {
    let usable = known.values().filter(|node| nodes::is_usable(node)).count();
    let coming = known.iter().filter(|(_, node)| nodes::is_coming(node));
    let coming: Vec<_> = coming.map(|(name, _)| name.as_str()).collect();
    format!(
        "{usable} of {wanted} nodes are usable, not ready yet: {}",
        coming.join(", ")
    )
}
