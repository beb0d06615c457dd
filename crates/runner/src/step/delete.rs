//! `delete`: by uid, and seen gone.

use futures::future::try_join_all;
use serde_json::Value;
use stayput_events::{Cost, Subject};
use stayput_expr::Scope;
use stayput_scenario::plan::{Deletion, Gone};

use crate::{
    api::Grace,
    error::RunError,
    halt::Halt,
    object::{self, ObjectKey},
    session::{self, Selected, Session},
};

/// An object that is to go, as it was when that was decided.
pub(crate) struct Doomed {
    pub(crate) kind: String,
    pub(crate) key: ObjectKey,
    pub(crate) uid: String,
}

/// Deletes, and waits until each uid is gone unless told otherwise.
pub(crate) async fn delete(
    session: &mut Session,
    scope: &Scope,
    what: &Deletion,
    wait: Gone,
) -> Result<(), Halt> {
    let doomed = match what {
        Deletion::Manifests(manifests) => {
            let objects = manifests.iter().map(|it| session.rendered(it, scope));
            of_manifests(session, objects.collect::<Result<_, _>>()?).await?
        }
        Deletion::Selection(selection) => {
            of_selection(session, &session::selected(selection, scope)?).await?
        }
    };
    for object in &doomed {
        session
            .watch(&object.kind, object.key.namespace.as_deref())
            .await?;
    }
    let from = session.now();
    delete_all(session, &doomed, Grace::Own).await?;
    session
        .events
        .spent(session.step, Cost::Kubernetes, from, session.now());
    if wait == Gone::Wait {
        let gone: Vec<_> = doomed.into_iter().map(|it| (it.key, it.uid)).collect();
        let names: Vec<_> = gone.iter().map(|(key, _)| key.to_string()).collect();
        session
            .wait_gone(&format!("{} gone", names.join(", ")), gone)
            .await?;
    }
    Ok(())
}

/// Asks for all deletions at once; an object of another uid is left alone.
pub(crate) async fn delete_all(
    session: &Session,
    doomed: &[Doomed],
    grace: Grace,
) -> Result<(), RunError> {
    let objects = doomed.iter();
    let objects = objects.map(|object| Subject::Object(object.key.to_string()));
    session.acted("deleted", objects.collect());
    let deletions = doomed.iter().map(|object| async move {
        let kind = session.api.kind(&object.kind)?;
        let answer = session
            .api
            .delete(kind, &object.key, Some(&object.uid), grace)
            .await?;
        match answer {
            Some(last) if object::uid(&last) == object.uid => session.watches.wrote(last).await,
            Some(_) | None => {
                let (key, uid) = (object.key.clone(), object.uid.clone());
                session.watches.removed(key, uid).await
            }
        }
    });
    try_join_all(deletions).await?;
    Ok(())
}

async fn of_manifests(session: &Session, objects: Vec<Value>) -> Result<Vec<Doomed>, Halt> {
    let found = try_join_all(objects.iter().map(|object| async move {
        let key = ObjectKey::of(object);
        let kind = session.api.kind_of(object)?;
        let present = session
            .api
            .get(kind, key.namespace.as_deref(), &key.name)
            .await?;
        Ok::<_, RunError>((key, kind, present))
    }))
    .await?;
    let mut doomed = Vec::new();
    for (key, kind, present) in found {
        let Some(present) = present else {
            return Err(Halt::failed(format!(
                "{key} is to be deleted, and is not there"
            )));
        };
        doomed.push(Doomed {
            kind: format!("{}/{}", kind.resource.api_version, kind.resource.kind),
            key,
            uid: object::uid(&present).to_owned(),
        });
    }
    Ok(doomed)
}

async fn of_selection(session: &Session, selected: &Selected) -> Result<Vec<Doomed>, Halt> {
    let kind = session.api.kind(&selected.kind)?;
    let present = session
        .api
        .list(
            kind,
            selected.namespace.as_deref(),
            selected.labels.as_deref(),
        )
        .await?;
    let doomed: Vec<_> = present
        .iter()
        .filter(|object| selected.finds(object))
        .map(|object| Doomed {
            kind: selected.kind.clone(),
            key: ObjectKey::of(object),
            uid: object::uid(object).to_owned(),
        })
        .collect();
    if doomed.is_empty() {
        return Err(Halt::failed(format!(
            "no {} to delete: nothing is like that",
            selected.bare_kind()
        )));
    }
    Ok(doomed)
}
