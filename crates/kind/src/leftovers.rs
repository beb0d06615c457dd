//! Finds what killed runs have left, says so, and removes it.
//!
//! Invariants:
//! - A leftover has a lock file of ours that nobody holds, and is not kept.
//! - What another engine has is left alone: it cannot be seen from here.

use stayput_cluster::ClusterError;

use crate::remove::remove;
use crate::state::{Attempt, Claim, Kept, StateDirectory};
use crate::tools::Tools;
use stayput_cluster::Progress;

/// Removes all leftovers that this engine has.
pub(crate) async fn remove_all(
    state: &StateDirectory,
    tools: &Tools,
    progress: &Progress,
) -> Result<(), ClusterError> {
    let leftovers = find(state, tools, progress)?;
    if leftovers.is_empty() {
        return Ok(());
    }
    let existing = tools.clusters().await?;
    for claim in leftovers {
        let name = claim.cluster();
        if existing.iter().any(|cluster| cluster == name) || claim.record.creator.is_some() {
            progress.tell(&format!(
                "found `{name}`, left by a run that was killed: deleting it"
            ));
            remove(tools, &claim).await?;
        } else {
            claim.forget()?;
        }
    }
    Ok(())
}

fn find(
    state: &StateDirectory,
    tools: &Tools,
    progress: &Progress,
) -> Result<Vec<Claim>, ClusterError> {
    let mut leftovers = Vec::new();
    for name in state.names()? {
        let Attempt::Held(claim) = state.claim(&name)? else {
            continue;
        };
        if claim.record.kept != Kept::No {
            continue;
        }
        let engine = &claim.record.engine;
        if !engine.is_empty() && *engine != tools.engine_facts.identity {
            progress.tell(&format!(
                "`{name}` was left on another engine ({engine}): not touched"
            ));
            continue;
        }
        leftovers.push(*claim);
    }
    Ok(leftovers)
}
