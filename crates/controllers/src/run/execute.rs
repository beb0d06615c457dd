//! Makes the requests of a job.
//!
//! Invariants:
//! - In order; a refusal ends the job, but for steps that run in any case.
//! - What is gone already counts as deleted, and needs no patch.

use std::time::Duration;

use kube::Client;
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::controller::Ending;
use crate::object::{Key, Object, Unreadable};
use crate::plan::{Always, Propagation, Step, Verb, Write};
use crate::recorder::EventWrite;
use crate::run::manager::{Finished, Job, JobId, Work};

/// How long a request may take.
const LONGEST: Duration = Duration::from_secs(30);

/// What a request answered.
enum Answer {
    Object(Value),
    Nothing,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// Kubernetes said no, in its own words.
    #[error("{}", .0.message)]
    Status(Box<kube::core::Status>),
    #[error("no answer within {} s", LONGEST.as_secs())]
    Late,
    #[error("the owner is alive")]
    Alive,
    #[error("cannot reach the API")]
    Client(#[source] kube::Error),
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl From<kube::Error> for Refused {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Status(status),
            other => Self::Client(other),
        }
    }
}

impl Refused {
    fn is_already_there(&self) -> bool {
        matches!(self, Self::Status(status) if status.reason == "AlreadyExists")
    }

    fn code(&self) -> u16 {
        match self {
            Self::Status(status) => status.code,
            Self::Late | Self::Alive | Self::Client(_) | Self::Json(_) | Self::Unreadable(_) => 0,
        }
    }
}

/// Does a job.
pub(super) async fn execute(client: &Client, job: Job) -> Finished {
    let mut finished = Finished {
        id: job.id,
        objects: Vec::new(),
        gone: Vec::new(),
        said: Vec::new(),
        ending: Ending::Written,
    };
    match job.work {
        Work::Steps(agent, steps) => {
            for step in steps {
                if finished.ending == Ending::Written || step.always == Always::Yes {
                    take(client, agent, step, &mut finished).await;
                }
            }
        }
        Work::Events(events) => {
            for (agent, event) in events {
                if let Err(error) = record(client, agent, &event).await {
                    tracing::debug!(event = %event.key, %error, "an event was not recorded");
                }
            }
        }
    }
    finished
}

async fn take(client: &Client, agent: &'static str, step: Step, finished: &mut Finished) {
    let Some(write) = &step.write else {
        if step.refused.is_some() {
            finished.ending = Ending::Failed;
        }
        finished.said.extend(step.told.or(step.refused));
        return;
    };
    match request(client, agent, write).await {
        Ok(Done::Absent) => {}
        Ok(Done::Written(object)) => {
            finished.objects.extend(object);
            finished.said.extend(step.told);
        }
        Err(error) => {
            if let JobId::Sync(_, key) = &finished.id {
                tracing::debug!(%key, %write, %error, "a write was refused");
            }
            finished.ending = Ending::Failed;
            // What exists already was only not known yet: nothing to tell anybody.
            let refused = step.refused.filter(|_| !error.is_already_there());
            finished
                .said
                .extend(refused.map(|told| told.with(&error.to_string())));
        }
    }
}

/// What became of a request.
enum Done {
    /// It was accepted; the object it answered, if it still exists.
    Written(Option<Object>),
    /// Its object is gone already.
    Absent,
}

async fn request(client: &Client, agent: &'static str, write: &Write) -> Result<Done, Refused> {
    let sent = timeout(LONGEST, send(client, agent, write)).await;
    let answer = match sent.unwrap_or(Err(Refused::Late)) {
        Ok(answer) => answer,
        Err(error) if error.code() == 404 && !matches!(write.verb, Verb::Create(_)) => {
            return Ok(Done::Absent);
        }
        Err(error) => return Err(error),
    };
    match answer {
        Answer::Object(json) => Ok(Done::Written(Object::read(write.key.kind, json)?)),
        Answer::Nothing => Ok(Done::Written(None)),
    }
}

async fn send(client: &Client, agent: &'static str, write: &Write) -> Result<Answer, Refused> {
    let api = api(client, &write.key);
    let name = &write.key.name;
    let posted = PostParams {
        field_manager: Some(agent.to_owned()),
        ..PostParams::default()
    };
    let patched = PatchParams {
        field_manager: Some(agent.to_owned()),
        ..PatchParams::default()
    };
    match &write.verb {
        Verb::Create(body) => {
            let object: DynamicObject = serde_json::from_value(body.clone())?;
            object_answer(api.create(&posted, &object).await?)
        }
        Verb::Patch { subresource, body } => {
            let patch = Patch::Merge(body);
            object_answer(match subresource {
                Some(subresource) => {
                    api.patch_subresource(subresource, name, &patched, &patch)
                        .await?
                }
                None => api.patch(name, &patched, &patch).await?,
            })
        }
        Verb::Replace(body) => {
            let object: DynamicObject = serde_json::from_value(body.clone())?;
            object_answer(api.replace(name, &posted, &object).await?)
        }
        Verb::ConfirmGone(uid) => match api.get_opt(name).await? {
            Some(object) if object.metadata.uid.as_ref() == Some(uid) => Err(Refused::Alive),
            Some(_) | None => Ok(Answer::Nothing),
        },
        Verb::Delete { .. } => delete(&api, name, &write.verb).await,
        Verb::Bind { uid, node } => {
            let binding = json!({
                "apiVersion": "v1", "kind": "Binding",
                "metadata": {"namespace": write.key.namespace, "name": name, "uid": uid},
                "target": {"kind": "Node", "name": node},
            });
            let _: Value = api
                .create_subresource("binding", name, &posted, &binding)
                .await?;
            Ok(Answer::Nothing)
        }
        Verb::Finalize(body) => {
            api.replace_subresource("finalize", name, &posted, body)
                .await?;
            Ok(Answer::Nothing)
        }
        Verb::DeleteAll => {
            api.delete_collection(&DeleteParams::background(), &ListParams::default())
                .await?;
            Ok(Answer::Nothing)
        }
    }
}

async fn delete(api: &Api<DynamicObject>, name: &str, verb: &Verb) -> Result<Answer, Refused> {
    let Verb::Delete {
        uid,
        version,
        grace,
        propagation,
    } = verb
    else {
        return Ok(Answer::Nothing);
    };
    let parameters = DeleteParams {
        grace_period_seconds: *grace,
        propagation_policy: match propagation {
            Propagation::Default => None,
            Propagation::Background => Some(PropagationPolicy::Background),
            Propagation::Foreground => Some(PropagationPolicy::Foreground),
            Propagation::Orphan => Some(PropagationPolicy::Orphan),
        },
        preconditions: uid.is_some().then(|| Preconditions {
            uid: uid.clone(),
            resource_version: version.clone(),
        }),
        ..DeleteParams::default()
    };
    // An object that is answered may be gone all the same; then the watch says so.
    match api.delete(name, &parameters).await?.left().filter(lingers) {
        Some(object) => object_answer(object),
        None => Ok(Answer::Nothing),
    }
}

fn lingers(object: &DynamicObject) -> bool {
    let meta = &object.metadata;
    meta.finalizers.iter().flatten().next().is_some()
        || meta
            .deletion_grace_period_seconds
            .is_some_and(|seconds| seconds > 0)
}

async fn record(client: &Client, agent: &'static str, event: &EventWrite) -> Result<(), Refused> {
    let api = api(client, &event.key);
    let patched = PatchParams {
        field_manager: Some(agent.to_owned()),
        ..PatchParams::default()
    };
    if let Some(update) = &event.update {
        match api
            .patch(&event.key.name, &patched, &Patch::Merge(update))
            .await
        {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
    }
    let posted = PostParams {
        field_manager: Some(agent.to_owned()),
        ..PostParams::default()
    };
    let object: DynamicObject = serde_json::from_value(event.body.clone())?;
    api.create(&posted, &object).await?;
    Ok(())
}

fn object_answer(object: DynamicObject) -> Result<Answer, Refused> {
    Ok(Answer::Object(serde_json::to_value(object)?))
}

fn api(client: &Client, key: &Key) -> Api<DynamicObject> {
    let resource = key.kind.resource();
    if key.kind.descriptor().namespaced {
        Api::namespaced_with(client.clone(), &key.namespace, &resource)
    } else {
        Api::all_with(client.clone(), &resource)
    }
}
