//! Tells the API what becomes of pods, in order.
//!
//! Invariants:
//! - One pod's status never overtakes an earlier one.
//! - Only ever the pod with that uid is touched.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How often a write is tried that the server did not answer.
const TRIES: u32 = 10;

/// One write.
#[derive(Debug)]
pub(crate) struct Write {
    namespace: String,
    name: String,
    uid: String,
    what: What,
}

#[derive(Debug)]
enum What {
    Status(Value),
    Delete,
}

impl Write {
    pub(crate) fn status(pod: &Pod, status: Value) -> Self {
        Self::of(pod, What::Status(status))
    }

    pub(crate) fn delete(pod: &Pod) -> Self {
        Self::of(pod, What::Delete)
    }

    fn of(pod: &Pod, what: What) -> Self {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let meta = &pod.metadata;
        Self {
            namespace: text(&meta.namespace),
            name: text(&meta.name),
            uid: text(&meta.uid),
            what,
        }
    }
}

/// Writes until nobody can ask for more.
pub(crate) async fn run(client: Client, mut queue: mpsc::UnboundedReceiver<Write>) {
    while let Some(write) = queue.recv().await {
        for attempt in 1..=TRIES {
            match perform(&client, &write).await {
                Ok(()) => break,
                // Gone, or another pod of that name, or refused: nothing to be done.
                Err(kube::Error::Api(status)) if status.code < 500 && status.code != 429 => {
                    tracing::debug!(pod = write.name, ?status, "a write was refused");
                    break;
                }
                Err(error) => {
                    tracing::debug!(pod = write.name, %error, attempt, "a write failed");
                    sleep_until(Instant::now() + Duration::from_millis(50) * attempt).await;
                }
            }
        }
    }
}

async fn perform(client: &Client, write: &Write) -> Result<(), kube::Error> {
    let pods = Api::<Pod>::namespaced(client.clone(), &write.namespace);
    match &write.what {
        What::Status(status) => {
            let patch = json!({"metadata": {"uid": write.uid}, "status": status});
            pods.patch_status(&write.name, &PatchParams::default(), &Patch::Merge(&patch))
                .await
                .map(drop)
        }
        What::Delete => {
            let only = Preconditions {
                uid: Some(write.uid.clone()),
                resource_version: None,
            };
            let parameters = DeleteParams {
                preconditions: Some(only),
                ..DeleteParams::default().grace_period(0)
            };
            pods.delete(&write.name, &parameters).await.map(drop)
        }
    }
}
