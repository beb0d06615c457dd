//! Removes what a play that failed or was stopped left behind.
//!
//! Invariants:
//! - Only what this play made is touched.
//! - One thing that cannot be removed does not keep the rest from it; it is told.

use std::time::Duration;

use stayput_cluster::NodeCommands;

use crate::{
    api::Grace,
    disk,
    error::RunError,
    object::{self, ObjectKey},
    session::Session,
    shell,
    step::{Doomed, delete_all},
};

/// How long objects may take to be gone.
const WITHIN: Duration = Duration::from_mins(1);

/// Removes all objects and directories of this play; returns what could not be removed.
pub(crate) async fn clean_up(session: &mut Session) -> Vec<String> {
    let mut problems = Vec::new();
    session.within = WITHIN;
    let mut gone = Vec::new();
    match doomed(session).await {
        Ok(doomed) => {
            for object in doomed {
                gone.push((object.key.clone(), object.uid.clone()));
                let _ = session
                    .watch(&object.kind, object.key.namespace.as_deref())
                    .await;
                let grace = match object.key.kind.as_str() {
                    "Pod" => Grace::Seconds(1),
                    _ => Grace::Own,
                };
                if let Err(error) = delete_all(session, &[object], grace).await {
                    problems.push(error.to_string());
                }
            }
        }
        Err(error) => problems.push(error.to_string()),
    }
    if session
        .wait_gone("all that the scenario made is gone", gone)
        .await
        .is_err()
    {
        problems.push(format!(
            "objects are still there after {}s",
            WITHIN.as_secs()
        ));
    }
    problems.extend(directories(session).await);
    problems
}

/// What is to go: the objects that the play made, newest first, and then the
/// pods in its namespaces, which else would take their whole grace period.
async fn doomed(session: &Session) -> Result<Vec<Doomed>, RunError> {
    let mut doomed = Vec::new();
    for made in session.made_objects.iter().rev() {
        let kind = session.api.kind(&made.api_kind)?;
        let (namespace, name) = (made.key.namespace.as_deref(), &made.key.name);
        if let Some(present) = session.api.get(kind, namespace, name).await? {
            doomed.push(Doomed {
                kind: made.api_kind.clone(),
                key: made.key.clone(),
                uid: object::uid(&present).to_owned(),
            });
        }
    }
    let pods = session.api.kind("v1/Pod")?;
    for namespace in &session.namespaces {
        for pod in session.api.list(pods, Some(namespace), None).await? {
            doomed.push(Doomed {
                kind: "v1/Pod".to_owned(),
                key: ObjectKey::of(&pod),
                uid: object::uid(&pod).to_owned(),
            });
        }
    }
    Ok(doomed)
}

async fn directories(session: &mut Session) -> Vec<String> {
    if session.cluster.capabilities().node_commands == NodeCommands::Unsupported {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (node, path) in std::mem::take(&mut session.made_directories) {
        let script = shell::remove(&path, disk::top_of(session, &node, &path));
        if let Err(halt) = session.on_node(&node, &script).await {
            problems.push(format!("{path} on node `{node}`: {halt:?}"));
        }
    }
    for (node, root) in disk::new_roots(session) {
        let script = format!("rm -rf {}", shell::quote(&root));
        if let Err(halt) = session.on_node(&node, &script).await {
            problems.push(format!("{root} on node `{node}`: {halt:?}"));
        }
    }
    problems
}
