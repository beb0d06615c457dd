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
                // Somebody else wrote in between: look again.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
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
            let Some(present) = pods.get_opt(&write.name).await? else {
                return Ok(());
            };
            let Some(patch) = patch_of(write, status, &present) else {
                return Ok(());
            };
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

/// The status as it is to be, with the conditions of others as they are; `None` where it
/// is another pod's.
fn patch_of(write: &Write, status: &Value, present: &Pod) -> Option<Value> {
    if present.metadata.uid.as_ref() != Some(&write.uid) {
        return None;
    }
    let mut status = status.clone();
    let own = status.get_mut("conditions").and_then(Value::as_array_mut)?;
    let theirs = present
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    for condition in theirs {
        if !own
            .iter()
            .any(|own| own["type"] == condition.type_.as_str())
        {
            own.push(serde_json::to_value(condition).ok()?);
        }
    }
    let revision = &present.metadata.resource_version;
    Some(json!({"metadata": {"uid": write.uid, "resourceVersion": revision}, "status": status}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conditions_of_others_are_kept() {
        let text = "{metadata: {name: p, uid: u, resourceVersion: '7'}, status: {conditions: [\
            {type: Ready, status: 'True'}, {type: DisruptionTarget, status: 'True'}]}}";
        let present = serde_saphyr::from_str::<Pod>(text).unwrap();
        let status = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        let write = Write::status(&present, status.clone());
        let patch = patch_of(&write, &status, &present).unwrap();
        let conditions = patch["status"]["conditions"].as_array().unwrap();
        let said = conditions
            .iter()
            .map(|one| format!("{}={}", one["type"], one["status"]))
            .collect::<Vec<_>>();
        assert_eq!(
            said.join(" ").replace('"', ""),
            "Ready=False DisruptionTarget=True"
        );
        let other = Write {
            uid: "v".to_owned(),
            ..write
        };
        assert_eq!(patch_of(&other, &status, &present), None);
    }
}
