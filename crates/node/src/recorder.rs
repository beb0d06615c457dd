//! Events: like ones are counted, many similar ones are combined, as client-go does it.
//!
//! Invariant: one task owns the counts; nobody waits for an event to be written.

use std::collections::HashMap;
use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::mpsc;

use crate::pod::{EventDraft, Level};
use crate::status_time;

/// After so many different texts of one kind they are combined.
const SIMILAR: usize = 10;
const SIMILAR_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// Takes events. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    queue: mpsc::UnboundedSender<(ObjectReference, EventDraft)>,
}

impl Recorder {
    /// A recorder, and the task that writes what it takes.
    pub(crate) fn new(
        client: Client,
        node: &str,
        clock: fn() -> Timestamp,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, receiver) = mpsc::unbounded_channel();
        let keeper = Keeper {
            client,
            node: node.to_owned(),
            clock,
            known: HashMap::new(),
            similar: HashMap::new(),
        };
        (Self { queue }, keeper.run(receiver))
    }

    pub(crate) fn about_pod(&self, pod: &Pod, draft: EventDraft) {
        let meta = &pod.metadata;
        let object = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
            field_path: draft.field_path.clone(),
        };
        let _ = self.queue.send((object, draft));
    }

    pub(crate) fn about_node(&self, node: &str, reason: &'static str, message: String) {
        let object = ObjectReference {
            kind: Some("Node".to_owned()),
            name: Some(node.to_owned()),
            uid: Some(node.to_owned()),
            ..ObjectReference::default()
        };
        let draft = EventDraft {
            level: Level::Normal,
            reason,
            message,
            field_path: None,
        };
        let _ = self.queue.send((object, draft));
    }
}

/// What makes two events one.
type Same = (Option<String>, Option<String>, &'static str, String);
/// What makes two events similar.
type Like = (Option<String>, Option<String>, &'static str);

struct Counted {
    name: String,
    namespace: String,
    count: i32,
}

struct Keeper {
    client: Client,
    node: String,
    clock: fn() -> Timestamp,
    known: HashMap<Same, Counted>,
    similar: HashMap<Like, (Timestamp, Vec<String>)>,
}

impl Keeper {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<(ObjectReference, EventDraft)>) {
        while let Some((object, draft)) = queue.recv().await {
            if let Err(error) = self.record(object, draft).await {
                tracing::debug!(%error, "an event was not written");
            }
        }
    }

    async fn record(
        &mut self,
        object: ObjectReference,
        mut draft: EventDraft,
    ) -> Result<(), kube::Error> {
        let now = (self.clock)();
        if self.is_one_of_many(&object, &draft, now) {
            draft.message = format!("(combined from similar events): {}", draft.message);
        }
        let combined = draft.message.starts_with("(combined");
        let text = if combined {
            String::new()
        } else {
            draft.message.clone()
        };
        let same = (
            object.uid.clone(),
            object.field_path.clone(),
            draft.reason,
            text,
        );
        if let Some(counted) = self.known.get_mut(&same) {
            counted.count += 1;
            let patch = json!({"count": counted.count, "lastTimestamp": status_time(now), "message": draft.message});
            let events = Api::<Event>::namespaced(self.client.clone(), &counted.namespace);
            let patched = events
                .patch(
                    &counted.name,
                    &PatchParams::default(),
                    &Patch::Merge(&patch),
                )
                .await;
            match patched {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                patched => return patched.map(drop),
            }
        }
        let counted = self.create(object, draft, now).await?;
        self.known.insert(same, counted);
        Ok(())
    }

    fn is_one_of_many(
        &mut self,
        object: &ObjectReference,
        draft: &EventDraft,
        now: Timestamp,
    ) -> bool {
        let like = (object.uid.clone(), object.field_path.clone(), draft.reason);
        let (since, texts) = self.similar.entry(like).or_insert((now, Vec::new()));
        if now.duration_since(*since) > SIMILAR_WITHIN {
            (*since, *texts) = (now, Vec::new());
        }
        if !texts.contains(&draft.message) && texts.len() < SIMILAR {
            texts.push(draft.message.clone());
        }
        texts.len() >= SIMILAR
    }

    async fn create(
        &self,
        object: ObjectReference,
        draft: EventDraft,
        now: Timestamp,
    ) -> Result<Counted, kube::Error> {
        let namespace = object
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned());
        let name = format!(
            "{}.{:x}",
            object.name.clone().unwrap_or_default(),
            now.as_nanosecond()
        );
        let time = Some(Time(now));
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            involved_object: object,
            reason: Some(draft.reason.to_owned()),
            message: Some(draft.message),
            source: Some(EventSource {
                component: Some("kubelet".to_owned()),
                host: Some(self.node.clone()),
            }),
            first_timestamp: time.clone(),
            last_timestamp: time,
            count: Some(1),
            type_: Some(draft.level.as_str().to_owned()),
            reporting_component: Some("kubelet".to_owned()),
            reporting_instance: Some(self.node.clone()),
            ..Event::default()
        };
        let events = Api::<Event>::namespaced(self.client.clone(), &namespace);
        events.create(&PostParams::default(), &event).await?;
        Ok(Counted {
            name,
            namespace,
            count: 1,
        })
    }
}
