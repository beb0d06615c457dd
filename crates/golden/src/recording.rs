//! Every change that a cluster's API tells of.

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use http::Request;
use kube::{Client, core::WatchEvent};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use crate::GoldenError;

/// The kinds that are watched where the cluster serves them.
const KINDS: [(&str, &str); 17] = [
    ("namespaces", "/api/v1"),
    ("nodes", "/api/v1"),
    ("pods", "/api/v1"),
    ("persistentvolumes", "/api/v1"),
    ("persistentvolumeclaims", "/api/v1"),
    ("events", "/api/v1"),
    ("configmaps", "/api/v1"),
    ("services", "/api/v1"),
    ("endpoints", "/api/v1"),
    ("endpointslices", "/apis/discovery.k8s.io/v1"),
    ("statefulsets", "/apis/apps/v1"),
    ("controllerrevisions", "/apis/apps/v1"),
    ("storageclasses", "/apis/storage.k8s.io/v1"),
    ("deployments", "/apis/apps/v1"),
    ("replicasets", "/apis/apps/v1"),
    ("poddisruptionbudgets", "/apis/policy/v1"),
    ("jobs", "/apis/batch/v1"),
];

/// Namespaces of the cluster's own, whose things differ from one kind of cluster to another.
const OWN: [&str; 4] = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "local-path-storage",
];

/// How long nothing must have happened for everything to have been seen.
const QUIET: Duration = Duration::from_secs(2);
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was made, or it is another than before.
    Set,
    /// It is gone; this is how it was last.
    Deleted,
}

/// One change, as served.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The kind's name in the API's paths.
    pub kind: String,
    /// What happened.
    pub change: Change,
    /// The object.
    pub object: Value,
}

/// All changes, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The changes.
    pub seen: Vec<Seen>,
}

/// Watches that run.
pub(crate) struct Watching {
    watches: JoinSet<Result<(), GoldenError>>,
    changes: mpsc::UnboundedReceiver<Seen>,
    recording: Recording,
}

impl Watching {
    /// Watches every kind that the cluster serves, from now on.
    pub(crate) async fn start(client: &Client) -> Result<Self, GoldenError> {
        let mut watches = JoinSet::new();
        let (sender, changes) = mpsc::unbounded_channel();
        for (kind, group) in KINDS {
            let path = format!("{group}/{kind}");
            if let Some(revision) = revision(client, &path).await? {
                let path = format!("{path}?watch=1&resourceVersion={revision}");
                watches.spawn(watch(client.clone(), kind.into(), path, sender.clone()));
            }
        }
        Ok(Self {
            watches,
            changes,
            recording: Recording::default(),
        })
    }

    /// Takes down what comes until a watch breaks; that is how this ends.
    pub(crate) async fn run(&mut self) -> GoldenError {
        loop {
            tokio::select! {
                Some(seen) = self.changes.recv() => self.recording.seen.push(seen),
                Some(ended) = self.watches.join_next() => match ended {
                    Ok(Err(error)) => return error,
                    Ok(Ok(())) | Err(_) => return GoldenError::Watch {
                        kind: "some kind".to_owned(),
                        said: "nothing".to_owned(),
                    },
                },
            }
        }
    }

    /// Takes down the rest, until nothing more happens.
    pub(crate) async fn finish(mut self) -> Recording {
        let rest = async {
            while let Ok(Some(seen)) = timeout(QUIET, self.changes.recv()).await {
                self.recording.seen.push(seen);
            }
        };
        // What goes on for ever is none of the script's.
        let _ = timeout(PATIENCE, rest).await;
        self.recording
    }
}

/// The revision from which a kind can be watched; none where it is not served.
async fn revision(client: &Client, path: &str) -> Result<Option<String>, GoldenError> {
    let list = client.request::<Value>(get(&format!("{path}?limit=1")));
    match list.await {
        Ok(list) => {
            let revision = list["metadata"]["resourceVersion"].as_str();
            Ok(Some(revision.unwrap_or_default().to_owned()))
        }
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(source) => Err(GoldenError::Api {
            what: format!("list `{path}`"),
            source: Box::new(source),
        }),
    }
}

async fn watch(
    client: Client,
    kind: Arc<str>,
    path: String,
    changes: mpsc::UnboundedSender<Seen>,
) -> Result<(), GoldenError> {
    let broken = |source| GoldenError::Api {
        what: format!("watch `{path}`"),
        source: Box::new(source),
    };
    let stream = client.request_events::<Value>(get(&path));
    let mut events = std::pin::pin!(stream.await.map_err(broken)?);
    let mut ended = "it was closed".to_owned();
    while let Some(event) = events.try_next().await.map_err(broken)? {
        let (change, object) = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => (Change::Set, object),
            WatchEvent::Deleted(object) => (Change::Deleted, object),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(status) => {
                ended.clone_from(&status.message);
                break;
            }
        };
        let meta = &object["metadata"];
        let own = |field: &str| meta[field].as_str().is_some_and(|it| OWN.contains(&it));
        if own("namespace") || own("name") {
            continue;
        }
        let kind = kind.to_string();
        if changes
            .send(Seen {
                kind,
                change,
                object,
            })
            .is_err()
        {
            break;
        }
    }
    Err(GoldenError::Watch {
        kind: kind.to_string(),
        said: ended,
    })
}

#[expect(clippy::unwrap_used, reason = "paths are those written above")]
fn get(path: &str) -> Request<Vec<u8>> {
    Request::get(path).body(Vec::new()).unwrap()
}
