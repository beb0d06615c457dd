//! `save`: keep a value for later.

use serde_json::{Value, json};
use stayput_expr::{Scope, Template};
use stayput_judge::outcome::Output;
use stayput_scenario::plan::{Saved, Selection};

use super::{Repeated, exec, files, host, identity, looks, script};
use crate::{
    error::RunError,
    halt::Halt,
    session::{self, Session},
};

/// Keeps a value under a name; under `forEach` the values become a list.
pub(crate) async fn save(
    session: &mut Session,
    scope: &Scope,
    name: &str,
    what: &Saved,
    repeated: Repeated,
) -> Result<(), Halt> {
    let value = match what {
        Saved::Value(value) => session::value(value, scope)?,
        Saved::Object { object, value } => {
            let object = object_of(session, scope, object).await?;
            made_of(value.as_ref(), scope, "object", object)?
        }
        Saved::Objects { objects, value } => {
            let objects = objects_of(session, scope, objects).await?;
            made_of(value.as_ref(), scope, "objects", objects)?
        }
        Saved::Exec { exec, value } => {
            let output = exec::once(session, scope, exec).await?;
            of_output(value.as_ref(), scope, &output)?
        }
        Saved::Script { script, value } => {
            let output = script::once(session, scope, script).await?;
            of_output(value.as_ref(), scope, &output)?
        }
        Saved::Log { log, value } => {
            let log = looks::read_log(session, scope, log).await?;
            made_of(value.as_ref(), scope, "log", json!(log))?
        }
        Saved::Digest { node, path } => {
            let node = session.node(&session::text(node, scope)?)?;
            let path = host::absolute(path, scope)?;
            let digest = files::digest(session, &node, &path).await?;
            let digest = digest.ok_or_else(|| {
                Halt::failed(format!(
                    "there is no `{path}` on node `{node}` to keep the digest of"
                ))
            })?;
            json!(digest)
        }
        Saved::Pods(pods) => {
            let selected = identity::selected(pods, scope)?;
            let pods = identity::identities(session, &selected).await?;
            let value = serde_json::to_value(&pods).map_err(RunError::json)?;
            session.pods_saved.insert(name.to_owned(), pods);
            value
        }
    };
    keep(session, name, value, repeated);
    Ok(())
}

fn keep(session: &mut Session, name: &str, value: Value, repeated: Repeated) {
    match repeated {
        Repeated::Once => {
            session.saved.insert(name.to_owned(), value);
        }
        Repeated::ForEach => {
            let list = session
                .saved
                .entry(name.to_owned())
                .or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(value);
            }
        }
    }
}

/// What is looked at, or what an expression over it makes of it.
fn made_of(
    value: Option<&Template>,
    scope: &Scope,
    name: &'static str,
    looked_at: Value,
) -> Result<Value, RunError> {
    match value {
        Some(value) => session::value(value, &scope.clone().with(name, looked_at)),
        None => Ok(looked_at),
    }
}

fn of_output(value: Option<&Template>, scope: &Scope, output: &Output) -> Result<Value, RunError> {
    match value {
        Some(value) => session::value(value, &output.scope(scope)),
        None => Ok(output.as_value()),
    }
}

async fn objects_of(
    session: &Session,
    scope: &Scope,
    selection: &Selection,
) -> Result<Value, RunError> {
    let selected = session::selected(selection, scope)?;
    let (namespace, labels) = (selected.namespace.as_deref(), selected.labels.as_deref());
    let kind = session.api.kind(&selected.kind)?;
    Ok(Value::Array(
        session.api.list(kind, namespace, labels).await?,
    ))
}

async fn object_of(
    session: &Session,
    scope: &Scope,
    target: &stayput_scenario::plan::Target,
) -> Result<Value, Halt> {
    let (namespace, name) = session::name(&target.name, scope)?;
    let kind = session.api.kind(&target.kind)?;
    let object = session.api.get(kind, namespace.as_deref(), &name).await?;
    object.ok_or_else(|| Halt::failed(format!("there is no {} `{name}`", target.kind)))
}
