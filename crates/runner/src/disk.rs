//! What is on the nodes' disks: for the leak check, and for snapshots.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use stayput_cluster::{NodeCommands, NodeName};
use stayput_judge::{
    inventory::{FileKind, FoundFile, Listing},
    leak::DiskPath,
};

use crate::{halt::Halt, session::Session, shell};

/// The disks as they were before the run touched them.
#[derive(Debug, Clone, Default)]
pub(crate) struct DisksBefore {
    /// The root directory's entries, by node.
    roots: BTreeMap<NodeName, BTreeSet<String>>,
    /// All below a root that the run touched and that was there before.
    below: BTreeSet<(NodeName, String)>,
    touched: BTreeSet<(NodeName, String)>,
}

impl DisksBefore {
    /// What another session has seen before it touched it.
    pub(crate) fn join(&mut self, other: Self) {
        self.below.extend(other.below);
        self.touched.extend(other.touched);
    }
}

/// Looks at every node's root directory before anything is done.
pub(crate) async fn before(session: &Session) -> Result<DisksBefore, Halt> {
    let mut disks = DisksBefore::default();
    for (node, paths) in all(session, &BTreeMap::new()).await? {
        disks.roots.insert(node, paths);
    }
    Ok(disks)
}

/// Looks below a directory of the root before the run first touches it.
pub(crate) async fn before_touching(
    session: &mut Session,
    node: &NodeName,
    path: &str,
) -> Result<(), Halt> {
    let root = root_of(path);
    let at = (node.clone(), root.clone());
    if session.disks.touched.contains(&at) {
        return Ok(());
    }
    let there = session.disks.roots.get(node);
    if there.is_some_and(|roots| roots.contains(&root)) {
        let output = session.on_node(node, &shell::disk(&[root])).await?;
        let paths = paths(&output.stdout).into_iter();
        session
            .disks
            .below
            .extend(paths.map(|path| (node.clone(), path)));
    }
    session.disks.touched.insert(at);
    Ok(())
}

/// The disks before and now, as far as the run could have changed them.
pub(crate) async fn compared(
    session: &Session,
) -> Result<(BTreeSet<DiskPath>, BTreeSet<DiskPath>), Halt> {
    let disks = &session.disks;
    let mut roots: BTreeMap<NodeName, Vec<String>> = BTreeMap::new();
    for (node, root) in &disks.touched {
        roots.entry(node.clone()).or_default().push(root.clone());
    }
    let path_on = |node: &NodeName, path: &String| DiskPath {
        node: node.as_str().to_owned(),
        path: path.clone(),
    };
    let mut before = BTreeSet::new();
    for (node, paths) in &disks.roots {
        before.extend(paths.iter().map(|path| path_on(node, path)));
    }
    before.extend(disks.below.iter().map(|(node, path)| path_on(node, path)));
    let mut now = BTreeSet::new();
    for (node, paths) in all(session, &roots).await? {
        now.extend(paths.iter().map(|path| path_on(&node, path)));
    }
    Ok((before, now))
}

/// The directories that snapshots show, with what is in them.
pub(crate) async fn listings(session: &Session) -> Result<Vec<Listing>, Halt> {
    let each = session
        .listed_directories
        .iter()
        .map(|(node, path)| listing(session, node, path));
    try_join_all(each).await
}

async fn listing(session: &Session, node: &NodeName, path: &str) -> Result<Listing, Halt> {
    let output = session
        .cluster
        .run_on_node(node, &shell::list(path))
        .await?;
    let files = match output.exit.0 {
        0 => Some(
            output
                .stdout
                .split(|byte| *byte == 0)
                .filter_map(found)
                .collect(),
        ),
        3 => None,
        _ => {
            return Err(Halt::failed(format!(
                "cannot list `{path}` on node `{node}`: {}",
                output.stderr_text().trim()
            )));
        }
    };
    Ok(Listing {
        node: node.as_str().to_owned(),
        directory: path.to_owned(),
        files,
    })
}

/// One entry of [`shell::list`].
fn found(entry: &[u8]) -> Option<FoundFile> {
    let entry = String::from_utf8_lossy(entry);
    let mut parts = entry.splitn(3, ' ');
    let kind = match parts.next()? {
        "f" => FileKind::File,
        "d" => FileKind::Directory,
        _ => FileKind::Other,
    };
    let size = parts.next()?.parse().ok()?;
    let path = parts.next()?.to_owned();
    Some(FoundFile { path, kind, size })
}

async fn all(
    session: &Session,
    roots: &BTreeMap<NodeName, Vec<String>>,
) -> Result<Vec<(NodeName, BTreeSet<String>)>, Halt> {
    if session.cluster.capabilities().node_commands == NodeCommands::Unsupported {
        return Ok(Vec::new());
    }
    let nodes = session.cluster.nodes().iter().map(|node| async {
        let roots = roots.get(&node.name).cloned().unwrap_or_default();
        let output = session.on_node(&node.name, &shell::disk(&roots)).await?;
        Ok::<_, Halt>((node.name.clone(), paths(&output.stdout)))
    });
    try_join_all(nodes).await
}

fn paths(output: &[u8]) -> BTreeSet<String> {
    output
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}

/// The directory of the root that a path is below.
fn root_of(path: &str) -> String {
    let first = path.trim_start_matches('/').split('/').next();
    format!("/{}", first.unwrap_or_default())
}

/// The topmost directory above a path, or the path itself, that this play made:
/// up to there what is empty is removed with it.
pub(crate) fn top_of<'a>(session: &'a Session, node: &NodeName, path: &str) -> Option<&'a str> {
    let above = |top: &&(NodeName, String)| {
        let rest = path.strip_prefix(top.1.as_str());
        top.0 == *node && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let tops = session.made_tops.iter().filter(above);
    tops.map(|(_, top)| top.as_str())
        .min_by_key(|top| top.len())
}

/// Directories of the root that the play works in, on every node on which
/// they were not before: a kubelet may have made them there.
pub(crate) fn new_roots(session: &Session) -> Vec<(NodeName, String)> {
    let disks = &session.disks;
    let roots: BTreeSet<_> = disks.touched.iter().map(|(_, root)| root).collect();
    let mut new = Vec::new();
    for (node, before) in &disks.roots {
        for root in roots.iter().filter(|root| !before.contains(**root)) {
            new.push((node.clone(), (*root).clone()));
        }
    }
    new
}
