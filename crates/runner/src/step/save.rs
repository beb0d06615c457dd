//! `save`: keep a value for later.

use serde_json::{Value, json};
use stayput_expr::Scope;
use stayput_scenario::plan::Saved;

use super::{Repeated, files, host, identity};
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
        Saved::Value { object, value } => {
            let scope = match object {
                Some(target) => scope
                    .clone()
                    .with("object", object_of(session, scope, target).await?),
                None => scope.clone(),
            };
            session::value(value, &scope)?
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
