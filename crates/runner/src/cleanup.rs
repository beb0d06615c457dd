//! Removes what a play that failed or was stopped left behind, and ends the
//! faults of nodes that it began.
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
    faults,
    halt::Halt,
    object::{self, ObjectKey},
    session::Session,
    shell,
    step::{Doomed, delete_all},
};

/// How long objects may take to be gone.
const WITHIN: Duration = Duration::from_mins(1);

/// Removes all objects and directories of this play; returns what could not be removed.
pub(crate) async fn clean_up(session: &mut Session) -> Vec<String> {
    session.within = WITHIN;
    let mut problems = faults::end(session).await;
    // A pod that goes with its owner has the whole grace period that it asks
    // for, and a shorter one cannot be had later (kubernetes 1.34, seen): so
    // the owners go first and leave their pods, and the pods go by themselves.
    let rounds = [Round::Workloads, Round::Pods, Round::Rest];
    for round in rounds {
        if let Err(halt) = remove(session, round).await {
            problems.push(halt.to_string());
        }
    }
    problems.extend(directories(session).await);
    problems
}

/// What is removed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Workloads,
    Pods,
    Rest,
}

impl Round {
    fn grace(self) -> Grace {
        match self {
            Self::Workloads => Grace::Orphans,
            Self::Pods => Grace::Seconds(1),
            Self::Rest => Grace::Own,
        }
    }

    fn of(api_kind: &str) -> Self {
        match api_kind.split_once('/') {
            Some(("apps" | "batch", _)) => Self::Workloads,
            Some(("v1", "Pod")) => Self::Pods,
            _ => Self::Rest,
        }
    }
}

async fn remove(session: &Session, round: Round) -> Result<(), Halt> {
    let mut doomed = made(session, round).await?;
    if round == Round::Pods {
        doomed.extend(pods(session).await?);
    }
    for object in &doomed {
        let namespace = object.key.namespace.as_deref();
        session.watch(&object.kind, namespace).await?;
    }
    delete_all(session, &doomed, round.grace()).await?;
    let gone = doomed.into_iter().map(|it| (it.key, it.uid)).collect();
    session
        .wait_gone("what the scenario made is gone", gone)
        .await
}

/// What is still there of what the play made, newest first.
async fn made(session: &Session, round: Round) -> Result<Vec<Doomed>, RunError> {
    let mut doomed = Vec::new();
    let made = session.made_objects.iter().rev();
    for made in made.filter(|it| Round::of(&it.api_kind) == round) {
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
    Ok(doomed)
}

/// All pods in the scenario's namespaces, whoever made them.
async fn pods(session: &Session) -> Result<Vec<Doomed>, RunError> {
    let kind = session.api.kind("v1/Pod")?;
    let mut doomed = Vec::new();
    for namespace in &session.namespaces {
        let pods = session.api.list(kind, Some(namespace), None).await?;
        doomed.extend(pods.iter().map(|pod| Doomed {
            kind: "v1/Pod".to_owned(),
            key: ObjectKey::of(pod),
            uid: object::uid(pod).to_owned(),
        }));
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
            problems.push(format!("{path} on node `{node}`: {halt}"));
        }
    }
    for (node, root) in disk::new_roots(session) {
        let script = format!("rm -rf {}", shell::quote(&root));
        if let Err(halt) = session.on_node(&node, &script).await {
            problems.push(format!("{root} on node `{node}`: {halt}"));
        }
    }
    problems
}
