//! Who pods are, with their claims and volumes.

use std::sync::Arc;

use serde_json::Value;
use stayput_expr::Scope;
use stayput_judge::identity::PodIdentity;
use stayput_scenario::plan::Pods;

use crate::{
    error::RunError,
    halt::Halt,
    object,
    session::{self, Selected, Session},
};

/// The pods meant, as a selection.
pub(crate) fn selected(pods: &Pods, scope: &Scope) -> Result<Selected, RunError> {
    match pods {
        Pods::All(selection) => session::selected(selection, scope),
        Pods::One(name) => {
            let (namespace, name) = session::name(name, scope)?;
            Ok(Selected {
                kind: "Pod".to_owned(),
                namespace,
                labels: None,
                name: Some(name),
            })
        }
    }
}

/// The pods meant, with their storage, as the API has them now.
pub(crate) async fn identities(
    session: &Session,
    selected: &Selected,
) -> Result<Vec<PodIdentity>, Halt> {
    let namespace = selected.namespace.as_deref();
    let list = async |kind: &str, namespace: Option<&str>, labels: Option<&str>| {
        let kind = session.api.kind(kind)?;
        let list = session.api.list(kind, namespace, labels).await?;
        Ok::<Vec<Arc<Value>>, RunError>(list.into_iter().map(Arc::new).collect())
    };
    let (pods, claims, volumes) = futures::try_join!(
        list("v1/Pod", namespace, selected.labels.as_deref()),
        list("v1/PersistentVolumeClaim", namespace, None),
        list("v1/PersistentVolume", None, None),
    )?;
    pods.iter()
        .filter(|pod| selected.finds(pod) && !object::terminating(pod))
        .map(|pod| {
            PodIdentity::of(pod, &claims, &volumes).map_err(|error| Halt::failed(error.to_string()))
        })
        .collect()
}
