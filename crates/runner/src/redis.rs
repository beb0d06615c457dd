//! The Redis Cluster under test: what `redis` steps do.
//!
//! Invariants:
//! - Every pod is asked directly, through the API's port-forward; nobody
//!   answers for another, and nothing is retried behind a step's back.
//! - A link belongs to one uid: a pod that came back is dialled anew.

mod create;
mod healthy;
mod links;
mod prove;
mod state;
mod verify;
mod write;

pub(crate) use links::Links;
pub(crate) use state::RedisState;

use stayput_scenario::plan::RedisWork;

use crate::{halt::Halt, session::Session};

/// Does one `redis` step.
pub(crate) async fn work(session: &mut Session, work: &RedisWork) -> Result<(), Halt> {
    // Out of the session while it works: a step may use both.
    let Some(mut redis) = session.redis.take() else {
        return Err(Halt::failed(
            "the scenario names no Redis Cluster in `spec.redis`",
        ));
    };
    let done = match work {
        RedisWork::Create { replicas } => create::create(session, &mut redis, *replicas).await,
        RedisWork::Check => create::check(session, &redis).await,
        RedisWork::Healthy(span) => healthy::healthy(session, &mut redis, *span).await,
        RedisWork::Write { per_shard } => write::write(session, &mut redis, *per_shard).await,
        RedisWork::Verify => verify::verify(session, &mut redis).await,
        RedisWork::ProveDisks => prove::prove(session, &redis).await,
    };
    session.redis = Some(redis);
    done
}
