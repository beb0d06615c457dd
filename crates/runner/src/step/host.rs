//! `host`: directories and scripts on a node.

use stayput_cluster::{CommandOutput, NodeName};
use stayput_events::Subject;
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::HostWork;

use crate::{
    disk,
    halt::Halt,
    session::{self, Intent, Session},
    shell,
};

/// Works on the node's disk, or runs a script there.
pub(crate) async fn work(
    session: &mut Session,
    scope: &Scope,
    node: &Template,
    work: &HostWork,
) -> Result<(), Halt> {
    let node = session.node(&session::text(node, scope)?)?;
    match work {
        HostWork::Make(path) => make(session, &node, &absolute(path, scope)?).await,
        HostWork::Remove(path) => remove(session, &node, &absolute(path, scope)?).await,
        HostWork::Empty(path) => empty(session, &node, &absolute(path, scope)?).await,
        HostWork::Run { script, changes } => {
            run(session, scope, &node, script, changes.as_ref()).await
        }
    }
}

/// A path that is safe to make and to remove.
pub(crate) fn absolute(path: &Template, scope: &Scope) -> Result<String, Halt> {
    let path = session::text(path, scope)?;
    let path = path.trim_end_matches('/');
    let parts: Vec<_> = path.split('/').collect();
    if !path.starts_with('/') || parts.len() < 3 || parts.contains(&"..") {
        return Err(Halt::failed(format!(
            "`{path}` is not a path that the harness will touch: it has to be absolute, \
             below a directory of the root, and without `..`"
        )));
    }
    Ok(path.to_owned())
}

fn directory(node: &NodeName, path: &str) -> Subject {
    Subject::Path {
        node: node.as_str().to_owned(),
        path: path.to_owned(),
    }
}

async fn make(session: &mut Session, node: &NodeName, path: &str) -> Result<(), Halt> {
    disk::before_touching(session, node, path).await?;
    let top = session.on_node(node, &shell::make(path)).await?;
    let top = top.stdout_text().into_owned();
    session.made_tops.insert((node.clone(), top));
    let at = (node.clone(), path.to_owned());
    session.made_directories.insert(at.clone());
    session.listed_directories.insert(at);
    session.acted("made", vec![directory(node, path)]);
    Ok(())
}

async fn remove(session: &mut Session, node: &NodeName, path: &str) -> Result<(), Halt> {
    disk::before_touching(session, node, path).await?;
    let script = shell::remove(path, disk::top_of(session, node, path));
    session.on_node(node, &script).await?;
    session
        .made_directories
        .remove(&(node.clone(), path.to_owned()));
    session.acted("removed", vec![directory(node, path)]);
    Ok(())
}

async fn empty(session: &mut Session, node: &NodeName, path: &str) -> Result<(), Halt> {
    let output = session.on_node(node, &shell::empty(path)).await?;
    if output.stdout_text().trim() == "0" {
        return Err(Halt::ChangedNothing(format!("{path} was empty")));
    }
    session.acted("emptied", vec![directory(node, path)]);
    Ok(())
}

async fn run(
    session: &mut Session,
    scope: &Scope,
    node: &NodeName,
    script: &Template,
    changes: Option<&Template>,
) -> Result<(), Halt> {
    let script = session::text(script, scope)?;
    let on = Subject::Object(format!("Node {node}"));
    session.acted(format!("ran `{script}`"), vec![on]);
    let changes = changes.filter(|_| session.intent == Intent::Sabotage);
    let Some(changes) = changes else {
        session.on_node(node, &script).await?;
        return Ok(());
    };
    let probe = session::text(changes, scope)?;
    let before = session.on_node(node, &probe).await?;
    session.on_node(node, &script).await?;
    let after = session.on_node(node, &probe).await?;
    unchanged(&before, &after)
}

fn unchanged(before: &CommandOutput, after: &CommandOutput) -> Result<(), Halt> {
    if before.stdout == after.stdout {
        let same = before.stdout_text().trim().to_owned();
        return Err(Halt::ChangedNothing(format!("still `{same}`")));
    }
    Ok(())
}
