//! Removes a cluster, even one that is being created at this moment.
//!
//! Invariants:
//! - Done means: the engine has no node of it, and no process is left that
//!   could still make one.

use std::fs::File;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use stayput_cluster::ClusterError;

use crate::state::Claim;
use crate::tools::Tools;

/// How long nodes that are still being started may take to be there, and so to
/// be deleted.
const LIMIT: Duration = Duration::from_secs(90);

/// How often nothing must be found while an unknown process still seems to be
/// one of kind's: its group's number may be somebody else's by now.
const ENOUGH: usize = 5;

/// Deletes the nodes of a claimed cluster and then its files.
pub(crate) async fn remove(tools: &Tools, claim: &Claim) -> Result<(), ClusterError> {
    stop_creator(claim).await;
    let deleting = tokio::time::timeout(LIMIT, delete_all(tools, claim));
    if let Ok(deleted) = deleting.await {
        return deleted.and_then(|()| claim.forget());
    }
    let nodes = tools.nodes_of(claim.cluster()).await?;
    Err(ClusterError::NotDeleted {
        name: claim.cluster().to_owned(),
        said: format!("these nodes are still there: {}", nodes.join(", ")),
    })
}

/// Deletes until there is nothing and nobody to make more.
///
/// The engine's clients that a killed kind had started live on. Until they are
/// through, Docker lists the containers that they start, says that there are
/// none when it is to remove them, and has them in the end.
async fn delete_all(tools: &Tools, claim: &Claim) -> Result<(), ClusterError> {
    let group = claim.record.creator.and_then(Pid::from_raw);
    let mut times_empty = 0;
    loop {
        delete(tools, claim).await?;
        let orphans = match group {
            Some(group) => outlive(group, Duration::from_secs(1)).await,
            None => Orphans::Gone,
        };
        let nodes = tools.nodes_of(claim.cluster()).await?;
        times_empty = if nodes.is_empty() { times_empty + 1 } else { 0 };
        if times_empty == ENOUGH || (times_empty > 0 && orphans == Orphans::Gone) {
            return Ok(());
        }
    }
}

/// Whether processes of a killed kind still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Orphans {
    Alive,
    Gone,
}

/// Waits a while for a process group to end. Nothing tells of the end of
/// processes that are not our children: this has to ask.
async fn outlive(group: Pid, limit: Duration) -> Orphans {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let ending = async {
        while test_kill_process_group(group).is_ok() {
            ticks.tick().await;
        }
    };
    match tokio::time::timeout(limit, ending).await {
        Ok(()) => Orphans::Gone,
        Err(_) => Orphans::Alive,
    }
}

async fn delete(tools: &Tools, claim: &Claim) -> Result<(), ClusterError> {
    let deleted = tools.delete(claim.cluster(), &claim.kubeconfig()).await;
    deleted.map_err(|error| match error {
        ClusterError::Failed { said, .. } | ClusterError::TimedOut { said, .. } => {
            ClusterError::NotDeleted {
                name: claim.cluster().to_owned(),
                said,
            }
        }
        other => other,
    })
}

/// Kills the kind that still creates the cluster, and waits for its end.
async fn stop_creator(claim: &Claim) {
    let Some(lock) = claim.held_creation_lock() else {
        return;
    };
    // The lock is held, so that process lives and its number is still its own.
    if let Some(creator) = claim.record.creator.and_then(Pid::from_raw) {
        let killed = kill_process(creator, Signal::KILL);
        tracing::debug!(?creator, ?killed, "killed the kind that was creating");
    }
    let ended = tokio::task::spawn_blocking(move || File::lock(&lock));
    if tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .is_err()
    {
        tracing::warn!(cluster = claim.cluster(), "kind does not end");
    }
}
