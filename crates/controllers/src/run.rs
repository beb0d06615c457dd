//! Runs the control plane against an API.
//!
//! Invariants:
//! - One task owns everything; watches and jobs only send it messages.
//! - This is the only place with timers; no task outlives [`run`].

pub mod manager;
pub mod queue;

mod execute;
mod watch;

use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Options;
use crate::object::{Object, for_each_kind};
use crate::run::manager::{Input, Manager};

/// How many messages of watches wait for the owner.
const WAITING: usize = 1024;
/// How long the owner waits when nothing is due.
const IDLE: Duration = Duration::from_mins(1);

/// Runs every controller until `stop`; `clock` tells the time of the cluster.
pub async fn run(
    client: Client,
    clock: impl Fn() -> Timestamp + Send + Sync,
    options: Options,
    stop: CancellationToken,
) {
    let (watches, mut seen) = mpsc::channel(WAITING);
    let mut watching = JoinSet::new();
    macro_rules! watch {
        ($kind:ident, $type:path) => {
            watching.spawn(watch::watch::<$type>(
                client.clone(),
                |object| Object::$kind(std::sync::Arc::new(object)),
                watches.clone(),
            ));
        };
    }
    for_each_kind!(watch);
    let mut manager = Manager::new(crate::controllers(options));
    let mut jobs = JoinSet::new();
    let mut inputs = Vec::new();
    loop {
        let now = clock();
        for input in inputs.drain(..) {
            manager.on(input, now);
        }
        for job in manager.jobs(now) {
            let client = client.clone();
            jobs.spawn(async move { execute::execute(&client, job).await });
        }
        let wait = manager.deadline().map_or(IDLE, |deadline| {
            Duration::try_from(deadline.duration_since(clock())).unwrap_or_default()
        });
        tokio::select! {
            () = stop.cancelled() => return,
            received = timeout(wait.min(IDLE), seen.recv_many(&mut inputs, WAITING)) => {
                if received.is_ok_and(|count| count == 0) {
                    return;
                }
            }
            Some(finished) = jobs.join_next(), if !jobs.is_empty() => match finished {
                Ok(finished) => inputs.push(Input::Finished(finished)),
                Err(panic) => tracing::error!(%panic, "a job of the control plane died"),
            },
        }
    }
}
