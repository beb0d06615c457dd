//! `apply`, `create`, `patch`.

use serde_json::Value;
use stayput_events::Cost;
use stayput_expr::Scope;
use stayput_scenario::plan::{Manifest, Patch, Target};

use crate::{
    api::PatchBody,
    error::RunError,
    halt::Halt,
    object::{self, ObjectKey},
    session::{self, Intent, MadeObject, Session},
    watch::{Progress, World},
};

/// Server-side apply, one object after the other, as the manifests have them.
pub(crate) async fn apply(
    session: &mut Session,
    scope: &Scope,
    manifests: &[Manifest],
) -> Result<(), Halt> {
    for manifest in manifests {
        let object = session.rendered(manifest, scope)?;
        account_of(session, &object).await?;
        remember(session, &object)?;
        let before = version_before(session, &object).await?;
        let answer = session
            .api
            .apply(&object)
            .await
            .map_err(|error| refused(&error, manifest))?;
        changed(&ObjectKey::of(&answer), before, &answer)?;
        session.wrote(answer).await?;
    }
    Ok(())
}

/// Creates objects that must not exist.
pub(crate) async fn create(
    session: &mut Session,
    scope: &Scope,
    manifests: &[Manifest],
) -> Result<(), Halt> {
    for manifest in manifests {
        let object = session.rendered(manifest, scope)?;
        account_of(session, &object).await?;
        let answer = session
            .api
            .create(&object)
            .await
            .map_err(|error| refused(&error, manifest))?;
        remember(session, &answer)?;
        session.wrote(answer).await?;
    }
    Ok(())
}

/// Patches one object, which has to become another.
pub(crate) async fn patch(
    session: &mut Session,
    scope: &Scope,
    target: &Target,
    patch: &Patch,
) -> Result<(), Halt> {
    let (namespace, name) = session::name(&target.name, scope)?;
    let body = match patch {
        Patch::Merge(body) => PatchBody::Merge(session::value(body, scope)?),
        Patch::Json(body) => PatchBody::Json(session::value(body, scope)?),
        Patch::Strategic(body) => PatchBody::Strategic(session::value(body, scope)?),
    };
    let kind = session.api.kind(&target.kind)?;
    let before = session.api.get(kind, namespace.as_deref(), &name).await?;
    let answer = session
        .api
        .patch(kind, namespace.as_deref(), &name, None, body)
        .await?;
    changed(
        &ObjectKey::of(&answer),
        before.as_ref().map(object::version),
        &answer,
    )?;
    session.wrote(answer).await?;
    Ok(())
}

/// Waits for the service account of a bare pod in a namespace that this play has made.
///
/// A controller makes the account a moment after the namespace, and without it the API
/// refuses the pod (kubernetes 1.34: `serviceaccount "default" not found`).
async fn account_of(session: &Session, object: &Value) -> Result<(), Halt> {
    let pod = ObjectKey::of(object);
    let account = object["spec"]["serviceAccountName"].as_str();
    let is_default = account.is_none_or(|name| name.is_empty() || name == DEFAULT);
    let Some(namespace) = pod.namespace.filter(|_| pod.kind == "Pod" && is_default) else {
        return Ok(());
    };
    let mut made = session.made_objects.iter();
    if !made.any(|it| it.key == ObjectKey::new("Namespace", None, &namespace)) {
        return Ok(());
    }
    session.watch("v1/ServiceAccount", Some(&namespace)).await?;
    let account = ObjectKey::new("ServiceAccount", Some(&namespace), DEFAULT);
    let what = format!("{account} there");
    let there = move |world: &World, _now| match world.get(&account) {
        Some(_) => Progress::Done(Ok(())),
        None => Progress::Wait {
            seen: "the namespace has none yet".to_owned(),
            wake: None,
        },
    };
    session.wait(&what, Cost::Kubernetes, there).await
}

/// The service account of pods that name none.
const DEFAULT: &str = "default";

/// Remembers an object before it is made: a run that is stopped in between
/// must find it again.
fn remember(session: &mut Session, object: &Value) -> Result<(), RunError> {
    let kind = session.api.kind_of(object)?;
    let resource = &kind.resource;
    let made = MadeObject {
        api_kind: format!("{}/{}", resource.api_version, resource.kind),
        key: ObjectKey::of(object),
    };
    if !session.made_objects.iter().any(|it| it.key == made.key) {
        session.made_objects.push(made);
    }
    Ok(())
}

/// In a sabotage, the version of what is there already.
async fn version_before(session: &Session, object: &Value) -> Result<Option<u64>, RunError> {
    if session.intent == Intent::Play {
        return Ok(None);
    }
    let kind = session.api.kind_of(object)?;
    let key = ObjectKey::of(object);
    let present = session
        .api
        .get(kind, key.namespace.as_deref(), &key.name)
        .await?;
    Ok(present.as_ref().map(object::version))
}

/// A verb that changes something has to be seen to.
fn changed(key: &ObjectKey, before: Option<u64>, after: &Value) -> Result<(), Halt> {
    if before == Some(object::version(after)) {
        return Err(Halt::ChangedNothing(format!("{key} is as it was")));
    }
    Ok(())
}

/// The API's refusal, with the line of the manifest.
fn refused(error: &RunError, manifest: &Manifest) -> Halt {
    let place = &manifest.place;
    Halt::failed(format!(
        "{error}\n  in {}:{}:{}",
        place.file, place.line, place.column
    ))
}
