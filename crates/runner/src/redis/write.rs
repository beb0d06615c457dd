//! Keys over every shard, acknowledged, into the ledger.

use std::time::Duration;

use stayput_events::{Cost, Failure};
use stayput_redis_probe::{
    Baseline, Ledger,
    ledger::{self, Reads},
};

use super::{RedisState, healthy};
use crate::{halt::Halt, session::Session};

/// How long WAIT may take for the replicas of one batch.
const WAIT: Duration = Duration::from_secs(5);

/// Writes and remembers; every single entry has to be acknowledged.
pub(crate) async fn write(
    session: &Session,
    redis: &mut RedisState,
    per_shard: usize,
) -> Result<(), Halt> {
    let (Some(shape), Some(baseline)) = (redis.shape, redis.baseline.as_ref()) else {
        return Err(Halt::failed(
            "nothing is written before the cluster was seen healthy",
        ));
    };
    let shards = baseline.shards().to_vec();
    let mut ledger = Ledger::plan(session.settings.seed, per_shard, &shards);
    let from = session.now();
    for (index, shard) in shards.iter().enumerate() {
        let entries = ledger.shard(index);
        let Some(connection) = redis.links.connection(&shard.master) else {
            return Err(Halt::failed(format!("no connection to {}", shard.master)));
        };
        let replicas = shape.replicas_per_master as u64;
        ledger.record(ledger::write(connection, &entries, replicas, WAIT).await);
    }
    session
        .events
        .spent(session.step, Cost::Redis, from, session.now());
    let written = ledger.written();
    if !written.all_acknowledged() {
        return Err(Halt::Failed(Box::new(Failure {
            summary: "not every write was acknowledged".to_owned(),
            expected: format!("{} of {}", written.planned, written.planned),
            seen: written.to_string(),
            ..Failure::default()
        })));
    }
    session.found(format!(
        "{written} writes acknowledged, by master and replicas"
    ));
    redis.ledger = Some(ledger);
    // From now on these are the digests that every restart has to bring back.
    let (members, _) = healthy::settle(session, redis, Duration::ZERO).await?;
    let baseline = Baseline::of(&members).map_err(|error| Halt::failed(error.to_string()))?;
    redis.baseline = Some(baseline);
    redis.restarted.clear();
    Ok(())
}

/// Reads the whole ledger back, each shard from its master.
pub(crate) async fn read_back(
    redis: &mut RedisState,
    ledger: &Ledger,
    now: &Baseline,
) -> Result<Reads, Halt> {
    let mut reads = Reads::default();
    for (index, shard) in now.shards().iter().enumerate() {
        let entries = ledger.shard(index);
        let Some(connection) = redis.links.connection(&shard.master) else {
            return Err(Halt::failed(format!("no connection to {}", shard.master)));
        };
        reads.extend(ledger::read(connection, index, &entries).await);
    }
    Ok(reads)
}
