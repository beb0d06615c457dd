//! Runs the control plane against an API.
//!
//! Invariants:
//! - One task owns everything; watches and jobs only send it messages.
//! - Each change is decided on before the next is looked at, however many wait: what a
//!   controller does must not depend on how busy the machine is.
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
use crate::run::manager::{Input, Job, Manager};

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
        let mut start = |todo: Vec<Job>| {
            for job in todo {
                let client = client.clone();
                jobs.spawn(async move { execute::execute(&client, job).await });
            }
        };
        let now = clock();
        manager::in_order(&mut inputs);
        for input in inputs.drain(..) {
            manager.on(input, now);
            start(manager.jobs(now));
        }
        // Something may be due although nothing happened.
        start(manager.jobs(now));
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
        // Each kind has a watch of its own: what they were woken with at once comes at once.
        tokio::task::yield_now().await;
        let waiting = seen.len();
        if waiting > 0 {
            seen.recv_many(&mut inputs, waiting).await;
        }
    }
}
