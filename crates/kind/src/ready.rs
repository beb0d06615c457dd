//! Waits until a cluster takes pods, by watching it.
//!
//! Invariants:
//! - A wait that ends without success says what was last seen, of which node.
//! - A node counts when it is Ready *and* no longer tainted for not having been.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryFutureExt};
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::runtime::WatchStreamExt;
use kube::runtime::wait::await_condition;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use stayput_cluster::{ClusterError, NodeName};

use stayput_cluster::Progress;

/// What is waited for, and for how long.
#[derive(Debug)]
pub(crate) struct Awaited<'a> {
    pub(crate) nodes: Vec<NodeName>,
    pub(crate) limit: Duration,
    pub(crate) progress: &'a Progress,
}

/// The nodes as far as they have been seen: what keeps each from taking pods.
#[derive(Debug, Default)]
struct Seen {
    obstacles: BTreeMap<String, Option<String>>,
    trouble: Option<String>,
}

/// Waits until pods can be started on all nodes.
pub(crate) async fn takes_pods(client: &Client, awaited: Awaited<'_>) -> Result<(), ClusterError> {
    tokio::try_join!(
        nodes_ready(client, &awaited),
        default_account(client, awaited.limit)
    )
    .map(|_| ())
}

async fn nodes_ready(client: &Client, awaited: &Awaited<'_>) -> Result<(), ClusterError> {
    let mut seen = Seen::default();
    let watching = watch_nodes(client, awaited, &mut seen);
    if tokio::time::timeout(awaited.limit, watching).await.is_ok() {
        return Ok(());
    }
    let (node, last_seen) = seen
        .first_obstacle(&awaited.nodes)
        .unwrap_or_else(|| ("any".to_owned(), "the watch ended".to_owned()));
    Err(ClusterError::NodeNotReady {
        node,
        waited: awaited.limit,
        last_seen,
    })
}

async fn watch_nodes(client: &Client, awaited: &Awaited<'_>, seen: &mut Seen) {
    let nodes = Api::<Node>::all(client.clone());
    let mut events = watcher(nodes, watcher::Config::default())
        .default_backoff()
        .boxed();
    let mut told = 0;
    while let Some(event) = events.next().await {
        seen.take(event);
        let ready = seen.ready(&awaited.nodes);
        if ready > told {
            told = ready;
            let all = awaited.nodes.len();
            awaited
                .progress
                .say(&format!("{ready} of {all} nodes Ready"));
        }
        if ready == awaited.nodes.len() {
            return;
        }
    }
}

/// Without its account no pod is admitted into a namespace; that the default
/// namespace has one shows that the controllers work.
async fn default_account(client: &Client, limit: Duration) -> Result<(), ClusterError> {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
    let there = |account: Option<&ServiceAccount>| account.is_some();
    let waiting = await_condition(accounts, "default", there).map_err(|error| error.to_string());
    let last_seen = match tokio::time::timeout(limit, waiting).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error,
        Err(_) => "the namespace `default` has no service account `default`".to_owned(),
    };
    Err(ClusterError::NotUsable {
        what: "no pod would be admitted".to_owned(),
        waited: limit,
        last_seen,
    })
}

impl Seen {
    fn take(&mut self, event: Result<Event<Node>, watcher::Error>) {
        match event {
            Ok(Event::Apply(node) | Event::InitApply(node)) => {
                self.trouble = None;
                self.obstacles.insert(node.name_any(), obstacle(&node));
            }
            Ok(Event::Delete(node)) => {
                self.obstacles.remove(&node.name_any());
            }
            Ok(Event::Init) => self.obstacles.clear(),
            Ok(Event::InitDone) => {}
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    fn ready(&self, awaited: &[NodeName]) -> usize {
        let ready = |node: &&NodeName| self.obstacles.get(node.as_str()) == Some(&None);
        awaited.iter().filter(ready).count()
    }

    fn first_obstacle(&self, awaited: &[NodeName]) -> Option<(String, String)> {
        awaited.iter().find_map(|node| {
            let text = match self.obstacles.get(node.as_str()) {
                Some(None) => return None,
                Some(Some(obstacle)) => obstacle.clone(),
                None => "it has not joined".to_owned(),
            };
            let text = match &self.trouble {
                Some(trouble) => format!("{text}; the last watch failed: {trouble}"),
                None => text,
            };
            Some((node.to_string(), text))
        })
    }
}

/// What keeps a node from taking pods.
pub(crate) fn obstacle(node: &Node) -> Option<String> {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "Ready");
    let Some(ready) = ready else {
        return Some("it has no condition Ready yet".to_owned());
    };
    if ready.status != "True" {
        let words = [ready.reason.as_deref(), ready.message.as_deref()];
        let words: Vec<_> = words.into_iter().flatten().collect();
        return Some(format!("Ready is {}: {}", ready.status, words.join(": ")));
    }
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints
        .into_iter()
        .flatten()
        .find(|taint| taint.key == "node.kubernetes.io/not-ready")
        .map(|taint| format!("it is Ready, but still tainted `{}`", taint.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, status: &str, taint: &str) -> Node {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": name},
            "spec": {"taints": [{"key": taint, "effect": "NoSchedule"}]},
            "status": {"conditions": [{
                "type": "Ready", "status": status,
                "reason": "KubeletNotReady", "message": "cni plugin not initialized",
            }]},
        }))
        .unwrap()
    }

    fn check(nodes: Vec<Node>) -> String {
        let awaited = ["a", "b"].map(NodeName::new);
        let mut seen = Seen::default();
        for node in nodes {
            seen.take(Ok(Event::Apply(node)));
        }
        match seen.first_obstacle(&awaited) {
            None => format!("{} ready", seen.ready(&awaited)),
            Some((node, text)) => format!("{node}: {text}"),
        }
    }

    #[test]
    fn the_first_obstacle_is_told() {
        let ready = || node("a", "True", "other");
        insta::assert_snapshot!(check(vec![]), @"a: it has not joined");
        insta::assert_snapshot!(check(vec![ready()]), @"b: it has not joined");
        insta::assert_snapshot!(check(vec![ready(), node("b", "False", "x")]), @"b: Ready is False: KubeletNotReady: cni plugin not initialized");
        insta::assert_snapshot!(check(vec![ready(), node("b", "True", "node.kubernetes.io/not-ready")]), @"b: it is Ready, but still tainted `node.kubernetes.io/not-ready`");
        insta::assert_snapshot!(check(vec![ready(), node("b", "True", "x")]), @"2 ready");
    }
}
