//! What `stayput-redis-probe` knows, tried on real Redis servers in containers.
//!
//! Each story makes a cluster of its own, and where it says that something is
//! noticed, it does the damage.
//!
//! Invariants:
//! - Without a container engine every test is shown as ignored, with the
//!   reason; none is `ok` that was not run.
//! - Whatever is started is removed, on failure too; what a killed run leaves
//!   ends and removes itself within minutes.

mod cluster;
mod engine;
mod stories;

use std::{future::Future, process::ExitCode, time::Duration};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::{runtime::Runtime, time::timeout};

/// No story takes a third of this on a slow machine.
const LIMIT: Duration = Duration::from_mins(2);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two clusters at a time: more of them slow each other down until Redis's
    // own timers run out.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let missing = engine::missing();
    let story = |name: &str, story: fn() -> Result<(), Failed>| {
        let missing = missing.clone();
        Trial::ignorable_test(name, move || match missing {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => story().map(|()| Completion::Completed),
        })
    };
    let trials = vec![
        story("a new cluster is healthy to every judge", || {
            play(stories::shape::new_cluster())
        }),
        story("broken slots and a stale address are noticed", || {
            play(stories::shape::broken_slots_and_stale_address())
        }),
        story("a wiped replica is noticed", || {
            play(stories::shape::wiped_replica())
        }),
        story(
            "data survives a cold start, and its loss is noticed",
            || play(stories::data::cold_start()),
        ),
        story("refused writes are never acknowledged", || {
            play(stories::data::refused_writes())
        }),
        story("a fail-over is no fast restart", || {
            play(stories::data::fail_over())
        }),
        story(
            "the volume oracle reads every disk and notices a swap",
            || play(stories::disk::volumes()),
        ),
        story("a server that loads or hangs is a value", || {
            play(stories::answers::loading_and_hanging())
        }),
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    if missing.is_none() {
        engine::remove_leftovers();
    }
    conclusion.exit_code()
}

/// Plays one story on a runtime of its own.
fn play(story: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = Runtime::new()?;
    let played = runtime.block_on(async { timeout(LIMIT, story).await });
    played.map_err(|_| Failed::from(format!("not over after {LIMIT:?}")))
}
