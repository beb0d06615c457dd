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

/// How often the nodes are deleted while orphans of a killed kind still start some.
const ROUNDS: usize = 8;

/// Deletes the nodes of a claimed cluster and then its files.
pub(crate) async fn remove(tools: &Tools, claim: &Claim) -> Result<(), ClusterError> {
    stop_creator(claim).await;
    let group = claim.record.creator.and_then(Pid::from_raw);
    for _ in 0..ROUNDS {
        delete(tools, claim).await?;
        let nodes = tools.nodes_of(claim.cluster()).await?;
        // The engine's client calls that kind started outlive it, and one of
        // them may be about to start a node.
        let orphans = group.is_some_and(|group| test_kill_process_group(group).is_ok());
        if nodes.is_empty() && !orphans {
            return claim.forget();
        }
    }
    let nodes = tools.nodes_of(claim.cluster()).await?;
    if nodes.is_empty() {
        // What still has that process group's number is none of kind's.
        return claim.forget();
    }
    Err(ClusterError::NotDeleted {
        name: claim.cluster().to_owned(),
        said: format!("these nodes are still there: {}", nodes.join(", ")),
    })
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
