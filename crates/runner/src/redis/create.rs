//! `redis-cli --cluster create` and `--cluster check`, parsed.

use std::time::Duration;

use stayput_events::{Cost, Event, Failure};
use stayput_judge::outcome::Output;
use stayput_redis_probe::cli;
use tokio::time::MissedTickBehavior;

use super::{RedisState, links, state::Shape};
use crate::{
    halt::Halt,
    pod_exec::{self, ExecTarget},
    session::Session,
};

/// Forms the cluster out of all pods of the set.
pub(crate) async fn create(
    session: &Session,
    redis: &mut RedisState,
    replicas: usize,
) -> Result<(), Halt> {
    let pods = links::pods(session, redis).await?;
    let shape = Shape {
        masters: pods.len() / (replicas + 1),
        replicas_per_master: replicas,
    };
    let addresses: Vec<_> = pods
        .iter()
        .map(|pod| format!("{}:{}", pod.address, redis.port))
        .collect();
    let output = redis_cli(session, redis, cli::create::argv(&addresses, replicas)).await?;
    let report = cli::create::parse(&output.stdout, &output.stderr);
    let problems = cli::create::judge(&report, shape.masters, replicas);
    if !problems.is_empty() {
        return Err(complaint("the cluster was not formed", &problems, &output));
    }
    redis.shape = Some(shape);
    session.found(format!(
        "{} masters with {replicas} replica each, by redis-cli's own account",
        shape.masters
    ));
    Ok(())
}

/// Asks `redis-cli --cluster check` until it finds nothing.
pub(crate) async fn check(session: &Session, redis: &RedisState) -> Result<(), Halt> {
    let Some(shape) = redis.shape else {
        return Err(Halt::failed(
            "the Redis Cluster was not created by an earlier step",
        ));
    };
    let what = "redis-cli --cluster check finds nothing";
    session.awaiting(what);
    let deadline = session.deadline();
    let address = format!("127.0.0.1:{}", redis.port);
    let argv = ["--cluster".to_owned(), "check".to_owned(), address];
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let output = redis_cli(session, redis, argv.to_vec()).await?;
        let report = cli::check::parse(&output.stdout, &output.stderr);
        let problems = cli::check::judge(&report, shape.masters, shape.replicas_per_master);
        if problems.is_empty() {
            session.found("all 16384 slots are covered, and all nodes agree about them");
            return Ok(());
        }
        if session.now() >= deadline {
            return Err(complaint(
                "redis-cli finds fault with the cluster",
                &problems,
                &output,
            ));
        }
        session.events.emit(Event::Awaiting {
            step: session.step,
            what: what.to_owned(),
            seen: problems.join("; "),
        });
    }
}

async fn redis_cli(
    session: &Session,
    redis: &RedisState,
    argv: Vec<String>,
) -> Result<Output, Halt> {
    let seconds = session.within.as_secs().max(1);
    // Bounded inside the pod too: a create whose bus is broken prints dots for ever.
    let mut command = vec!["timeout".to_owned(), seconds.to_string()];
    command.push("redis-cli".to_owned());
    // Its answers are read, not its colours.
    command.splice(0..0, ["env".to_owned(), "TERM=dumb".to_owned()]);
    command.extend(argv);
    let pod = format!("{}-0", redis.set);
    let target = ExecTarget {
        namespace: &redis.namespace,
        pod: &pod,
        container: None,
    };
    let from = session.now();
    let output = pod_exec::run(&session.api, &target, &command);
    let output = tokio::time::timeout(session.within, output)
        .await
        .map_err(|_| session.timed_out("redis-cli --cluster", "it still runs".to_owned()))??;
    session
        .events
        .spent(session.step, Cost::Redis, from, session.now());
    Ok(output)
}

fn complaint(summary: &str, problems: &[String], output: &Output) -> Halt {
    Halt::Failed(Box::new(Failure {
        summary: format!("{summary}: {}", problems.join("; ")),
        seen: format!(
            "exit code {}\n{}{}",
            output.exit_code, output.stdout, output.stderr
        ),
        ..Failure::default()
    }))
}
