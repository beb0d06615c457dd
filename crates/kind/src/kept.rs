//! Takes a kept cluster when it is exactly what would be made.
//!
//! Invariants:
//! - A kept cluster is used again only when its name (configuration and node
//!   image), what that image is, its health and its emptiness agree; otherwise
//!   it is said why not, and it is deleted to be made anew.
//! - One kept to be looked at is never used, and never deleted here.

use std::time::Duration;

use stayput_cluster::{ClusterError, Origin};

use crate::create::Order;
use crate::remove::remove;
use crate::running::{self, KindCluster};
use crate::state::{Attempt, Claim, Kept, PREFIX, StateDirectory};

/// How long a kept cluster may take to show that its nodes are Ready.
const HEALTH_LIMIT: Duration = Duration::from_secs(15);

/// The names under which a cluster as ordered is kept: the second and further
/// ones are for runs side by side. Another state directory has other names, or
/// it would meet clusters that are not its own.
pub(crate) fn names(state: &StateDirectory, order: &Order) -> Vec<String> {
    let image = order.node_image.name().unwrap_or("");
    let text = [
        order.options.config.as_str(),
        image,
        &order.tools.engine_facts.identity,
        &state.identity(),
    ];
    let hash = hash(&text.join("\0"));
    let first = format!("{PREFIX}{hash:016x}");
    let others = (2..10).map(|number| format!("{first}-{number}"));
    std::iter::once(first.clone()).chain(others).collect()
}

/// The first kept cluster that fits and is free.
pub(crate) async fn take(
    state: &StateDirectory,
    order: &Order,
) -> Result<Option<KindCluster>, ClusterError> {
    let progress = &order.options.progress;
    for name in names(state, order) {
        let Attempt::Held(claim) = state.claim(&name)? else {
            continue;
        };
        if claim.record.kept == Kept::ForInspection {
            continue;
        }
        match fitting(order, &claim).await {
            Ok(parts) => {
                progress.tell(&format!("using the kept cluster `{name}`"));
                return Ok(Some(KindCluster::new(parts, order.tools.clone(), *claim)));
            }
            Err(why) => {
                progress.tell(&format!("not using the kept cluster `{name}`: {why}"));
                remove(&order.tools, &claim).await?;
            }
        }
    }
    Ok(None)
}

/// The parts of a kept cluster, or why it does not fit.
async fn fitting(order: &Order, claim: &Claim) -> Result<running::Parts, String> {
    if claim.record.node_image_id != order.node_image_id {
        return Err("its node image has changed since".to_owned());
    }
    let nodes = order.tools.nodes_of(claim.cluster()).await;
    let nodes = nodes.map_err(|error| error.to_string())?;
    if nodes.len() < order.config.size() {
        return Err(format!(
            "it has {} of {} nodes",
            nodes.len(),
            order.config.size()
        ));
    }
    let parts = Box::pin(running::assemble(
        order,
        claim,
        Origin::Reused,
        HEALTH_LIMIT,
    ))
    .await;
    let parts = parts.map_err(|error| error.to_string())?;
    let rests = stayput_cluster::rests_of(&parts.client).await;
    match rests.map_err(|error| error.to_string())?.as_slice() {
        [] => Ok(parts),
        rests => Err(format!("it is not empty: {}", rests.join(", "))),
    }
}

/// FNV-1a: the same on every machine and in every version of Rust.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(super::hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
