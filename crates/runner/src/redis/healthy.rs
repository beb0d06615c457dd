//! The healthy oracle, from all pods, once or through a window.

use std::time::Duration;

use stayput_events::{Cost, Elapsed, Event, Failure};
use stayput_redis_probe::{
    Ailment, Baseline, Expected, Hold, Member, Stability,
    oracle::{self, Digests, Roles},
};
use stayput_scenario::plan::HealthyFor;
use tokio::time::MissedTickBehavior;

use super::{RedisState, links, state::Shape};
use crate::{halt::Halt, session::Session};

/// How often all pods are asked. There is no event for it: this is a poll.
const EVERY: Duration = Duration::from_millis(100);

/// How often in a row something that cannot mend itself is seen before the
/// step gives up: one look may fall between two writes of a server.
const FINAL_AFTER: u32 = 5;

/// Waits until all pods agree that the cluster is whole, and stays so.
pub(crate) async fn healthy(
    session: &mut Session,
    redis: &mut RedisState,
    span: HealthyFor,
) -> Result<(), Halt> {
    let window = match span {
        HealthyFor::Once => Duration::ZERO,
        HealthyFor::Window => redis.window(),
    };
    let (members, summary) = settle(session, redis, window).await?;
    session.found(summary);
    let now = Baseline::of(&members).map_err(|error| Halt::failed(error.to_string()))?;
    restarts_happened(redis, &now)?;
    if redis.baseline.is_none() {
        redis.baseline = Some(now);
    }
    Ok(())
}

/// Polls until the oracle has held for the window; returns the last views, and
/// how it went in words.
pub(crate) async fn settle(
    session: &Session,
    redis: &mut RedisState,
    window: Duration,
) -> Result<(Vec<Member>, String), Halt> {
    let Some(shape) = redis.shape else {
        return Err(Halt::failed(
            "the Redis Cluster was not created by an earlier step",
        ));
    };
    let started = session.now();
    let deadline = started.after(session.within);
    let what = words(window);
    session.awaiting(&what);
    let mut watcher = Settling {
        stability: Stability::new(window).looked_at_every(Duration::from_secs(2)),
        told: String::new(),
        hopeless: 0,
    };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let pods = links::pods(session, redis).await?;
        let (namespace, port) = (redis.namespace.clone(), redis.port);
        let members = redis
            .links
            .look_at(&session.api, &namespace, port, &pods)
            .await;
        let ailments = judge(redis, shape, &members);
        let now = session.now();
        match watcher.observe(session, &what, now, &ailments) {
            Hold::Held { since } => {
                let since = Elapsed::new(since);
                let (step, events) = (session.step, &session.events);
                events.spent(step, Cost::Redis, started, since);
                events.spent(step, Cost::Window, since, now);
                return Ok((members, watcher.summary(started, since, now)));
            }
            Hold::Settling if watcher.hopeless >= FINAL_AFTER => {
                return Err(Halt::Failed(Box::new(ailing(&what, &ailments))));
            }
            Hold::Settling if now >= deadline => {
                session
                    .events
                    .spent(session.step, Cost::Redis, started, now);
                return Err(Halt::TimedOut(Box::new(ailing(&what, &ailments))));
            }
            Hold::Settling | Hold::Holding { .. } => {}
        }
    }
}

fn words(window: Duration) -> String {
    if window.is_zero() {
        "every pod sees a whole cluster".to_owned()
    } else {
        format!(
            "every pod sees a whole cluster, for {}s",
            window.as_secs_f64()
        )
    }
}

fn judge(redis: &RedisState, shape: Shape, members: &[Member]) -> Vec<Ailment> {
    oracle::judge(
        members,
        &Expected {
            masters: shape.masters,
            replicas_per_master: shape.replicas_per_master,
            baseline: redis.baseline.as_ref(),
            roles: Roles::MayChange,
            digests: Digests::Equal,
        },
    )
}

/// A window that is being watched.
struct Settling {
    stability: Stability,
    told: String,
    hopeless: u32,
}

impl Settling {
    fn observe(
        &mut self,
        session: &Session,
        what: &str,
        now: Elapsed,
        ailments: &[Ailment],
    ) -> Hold {
        let hopeless = ailments.iter().any(cannot_mend);
        self.hopeless = if hopeless { self.hopeless + 1 } else { 0 };
        let seen = match ailments.first() {
            Some(first) if ailments.len() > 1 => {
                format!("{first} (and {} more)", ailments.len() - 1)
            }
            Some(first) => first.to_string(),
            None => "whole".to_owned(),
        };
        if seen != self.told {
            self.told.clone_from(&seen);
            session.events.emit(Event::Awaiting {
                step: session.step,
                what: what.to_owned(),
                seen,
            });
        }
        self.stability.observe(now.since_start(), ailments)
    }

    fn summary(&self, started: Elapsed, since: Elapsed, now: Elapsed) -> String {
        let settled = (since - started).as_secs_f64();
        let held = (now - since).as_secs_f64();
        let broken = match self.stability.broken() {
            0 => String::new(),
            times => format!(", after {times} false starts"),
        };
        format!("whole from every pod after {settled:.1}s, held for {held:.1}s{broken}")
    }
}

/// Whether time can heal it: a node id that is lost never comes back.
fn cannot_mend(ailment: &Ailment) -> bool {
    matches!(ailment, Ailment::NodeId { .. })
}

fn ailing(what: &str, ailments: &[Ailment]) -> Failure {
    let lines: Vec<_> = ailments.iter().map(ToString::to_string).collect();
    Failure {
        summary: format!(
            "the Redis Cluster is not whole: {}",
            lines.first().map_or("", |it| it)
        ),
        expected: what.to_owned(),
        seen: lines.join("\n"),
        ..Failure::default()
    }
}

/// A restart without a new run id never happened.
fn restarts_happened(redis: &RedisState, now: &Baseline) -> Result<(), Halt> {
    let Some(before) = &redis.baseline else {
        return Ok(());
    };
    for pod in &redis.restarted {
        let run = |baseline: &Baseline| baseline.pod(pod).map(|it| it.run_id.clone());
        if let (Some(old), Some(new)) = (run(before), run(now))
            && old == new
        {
            return Err(Halt::failed(format!(
                "{pod} was restarted, but its server is the old one (run id {old})"
            )));
        }
    }
    Ok(())
}
