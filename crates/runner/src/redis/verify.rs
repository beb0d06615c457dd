//! The ledger by exact value, and every digest against the baseline.

use std::time::Duration;

use stayput_events::{Cost, Event, Failure, Subject};
use stayput_redis_probe::{
    Baseline, Recovery,
    ledger::{Comparison, Verdict},
    recovery,
};

use super::{RedisState, healthy, write::read_back};
use crate::{halt::Halt, session::Session};

/// Sees that nothing acknowledged is lost, and that no pod holds other data.
pub(crate) async fn verify(session: &Session, redis: &mut RedisState) -> Result<(), Halt> {
    let (Some(baseline), Some(ledger)) = (redis.baseline.clone(), redis.ledger.clone()) else {
        return Err(Halt::failed(
            "there is no ledger: no earlier step wrote one",
        ));
    };
    let (members, _) = healthy::settle(session, redis, Duration::ZERO).await?;
    let now = Baseline::of(&members).map_err(|error| Halt::failed(error.to_string()))?;
    let from = session.now();
    let reads = read_back(redis, &ledger, &now).await?;
    session
        .events
        .spent(session.step, Cost::Redis, from, session.now());
    let comparison = ledger.compare(&reads);
    let mut problems = comparison.problems();
    problems.extend(other_data(&baseline, &now));
    if comparison.verdict() != Verdict::Kept || !problems.is_empty() {
        return Err(Halt::Failed(Box::new(Failure {
            summary: format!("data is not what it was: {}", problems.join("; ")),
            expected: format!("all of {} keys by exact value", ledger.entries().len()),
            seen: problems.join("\n"),
            ..Failure::default()
        })));
    }
    let found = format!(
        "{} keys by exact value, every digest as before",
        kept(&comparison)
    );
    let pods = now.pods();
    let pods = pods.map(|(pod, _)| Subject::Object(format!("Pod {}/{pod}", redis.namespace)));
    session.found_of(found, pods.collect());
    by_disk_or_by_memory(session, &recovery::classify(&baseline, &now));
    Ok(())
}

fn kept(comparison: &Comparison) -> usize {
    comparison.shards.iter().map(|shard| shard.kept).sum()
}

fn other_data(before: &Baseline, now: &Baseline) -> Vec<String> {
    let differs = before.pods().filter_map(|(pod, was)| {
        let is = now.pod(pod)?;
        (is.digest != was.digest).then(|| {
            format!(
                "{pod} holds other data: digest {} before, {} now",
                was.digest, is.digest
            )
        })
    });
    differs.collect()
}

/// After a fail-over the data says nothing about a disk.
fn by_disk_or_by_memory(session: &Session, recovery: &Recovery) {
    match recovery {
        Recovery::FastRestart => {}
        Recovery::FailOver { .. } => {
            for part in &session.shows {
                session.events.emit(Event::Withheld {
                    step: session.step,
                    part: part.clone(),
                    reason: "a replica took over: the data came from its memory, not from the disk"
                        .to_owned(),
                });
            }
        }
    }
}
