//! `snapshot`: the inventory now, against the golden one.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use camino::Utf8Path;
use futures::future::try_join_all;
use serde_json::Value;
use stayput_cluster::NodeCommands;
use stayput_events::{Event, Failure};
use stayput_judge::{
    inventory::{self, Seen},
    snapshot::{self, Comparison, Snapshot},
};

use tokio::time::MissedTickBehavior;

use crate::{
    disk,
    error::RunError,
    halt::Halt,
    session::{Session, Update},
};

/// The kinds that a snapshot looks at in the scenario's namespaces, whoever
/// made the objects; those of the manifests come on top.
const KINDS: [&str; 12] = [
    "v1/ConfigMap",
    "v1/Endpoints",
    "v1/PersistentVolumeClaim",
    "v1/Pod",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
    "apps/v1/ControllerRevision",
    "apps/v1/StatefulSet",
    "discovery.k8s.io/v1/EndpointSlice",
    "policy/v1/PodDisruptionBudget",
    "v1/Namespace",
];

/// How long what follows by itself from the step before may take: endpoints,
/// revisions and what collectors remove come a moment later.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);

/// Compares what is there with the golden file; a difference that stays is
/// left beside it for `cargo insta review`.
pub(crate) async fn snapshot(session: &mut Session, name: &str) -> Result<(), Halt> {
    let path = session.settings.snapshots.join(snapshot::file_name(name));
    let pending = session
        .settings
        .snapshots
        .join(snapshot::pending_file_name(name));
    let golden = read(&path)?;
    let golden = golden.as_deref().map(Snapshot::parse).transpose();
    let golden = golden.map_err(|error| Halt::failed(format!("`{path}`: {error}")))?;
    let accepted = golden.as_ref().map_or("", |golden| &golden.contents);
    let (text, comparison) = settled(session, accepted).await?;
    match comparison {
        Comparison::Same => {
            remove_if_there(&pending)?;
            Ok(())
        }
        Comparison::Differs { diff } => {
            let new = Snapshot {
                source: Some(session.settings.source.clone()),
                line: None,
                description: None,
                expression: Some(format!("snapshot: {name}")),
                contents: text,
            };
            if session.settings.update == Update::Always {
                write(&path, &new.accepted_text())?;
                tell_written(session, &path);
                return remove_if_there(&pending).map_err(Halt::from);
            }
            let mut failure = differs(name, golden.as_ref(), diff);
            if session.settings.update == Update::Review {
                write(&pending, &new.pending_text())?;
                tell_written(session, &pending);
                failure.hint = Some(format!(
                    "look at it with `cargo insta review`, and accept it only if it should be so ({pending})"
                ));
            }
            Err(Halt::Failed(Box::new(failure)))
        }
    }
}

fn tell_written(session: &Session, path: &Utf8Path) {
    session.events.emit(Event::FilesWritten {
        files: vec![path.to_owned()],
    });
}

/// The inventory once it is the accepted one, or once it had time to become it.
async fn settled(session: &Session, accepted: &str) -> Result<(String, Comparison), Halt> {
    session.awaiting("the inventory is the golden one");
    let deadline = session.now().after(SETTLES_WITHIN);
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let text = text(session).await?;
        let comparison = snapshot::compare(accepted, &text);
        if comparison == Comparison::Same || session.now() >= deadline {
            return Ok((text, comparison));
        }
    }
}

fn differs(name: &str, golden: Option<&Snapshot>, diff: String) -> Failure {
    let summary = if golden.is_some() {
        format!("snapshot `{name}` is not what it was")
    } else {
        format!("snapshot `{name}` is new: nobody has accepted it yet")
    };
    Failure {
        summary,
        seen: diff,
        ..Failure::default()
    }
}

async fn text(session: &Session) -> Result<String, Halt> {
    let objects = objects(session).await?;
    let listings = match session.cluster.capabilities().node_commands {
        NodeCommands::Supported => disk::listings(session).await?,
        NodeCommands::Unsupported => Vec::new(),
    };
    let nodes: BTreeMap<_, _> = session
        .cluster
        .nodes()
        .iter()
        .filter_map(|node| {
            let scenario = node.scenario_name.clone()?;
            Some((node.name.as_str().to_owned(), scenario))
        })
        .collect();
    inventory::text(&Seen {
        objects: &objects,
        listings: &listings,
        roles: &session.plan.files,
        nodes: &nodes,
    })
    .map_err(|error| Halt::failed(error.to_string()))
}

/// All objects of one moment in the scenario's namespaces, and those without a namespace
/// that the scenario made.
async fn objects(session: &Session) -> Result<Vec<Arc<Value>>, RunError> {
    let mut kinds: Vec<&str> = KINDS.to_vec();
    for made in &session.made_objects {
        if !kinds.contains(&made.api_kind.as_str()) {
            kinds.push(&made.api_kind);
        }
    }
    let now = session.api.revision().await?;
    let lists = kinds.into_iter().map(|kind| async move {
        // A kind that is not served has no objects.
        match session.api.kind(kind) {
            Ok(kind) => session.api.list_at(now, kind).await,
            Err(_) => Ok(Vec::new()),
        }
    });
    let all = try_join_all(lists).await?;
    Ok(all
        .into_iter()
        .flatten()
        .filter(|object| belongs(session, object))
        .map(Arc::new)
        .collect())
}

fn belongs(session: &Session, object: &Value) -> bool {
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => session.namespaces.contains(namespace),
        None => session.made_objects.iter().any(|made| {
            object["metadata"]["name"] == made.key.name && object["kind"] == made.key.kind
        }),
    }
}

fn read(path: &Utf8Path) -> Result<Option<String>, RunError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file("read", path, source)),
    }
}

fn write(path: &Utf8Path, text: &str) -> Result<(), RunError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| file("make", folder, source))?;
    }
    std::fs::write(path, text).map_err(|source| file("write", path, source))
}

fn remove_if_there(path: &Utf8Path) -> Result<(), RunError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(file("remove", path, source)),
    }
}

fn file(what: &'static str, path: &Utf8Path, source: io::Error) -> RunError {
    RunError::File {
        what,
        path: path.to_owned(),
        source,
    }
}
