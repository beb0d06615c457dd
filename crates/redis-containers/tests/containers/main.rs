//! What `stayput-redis-probe` knows, tried on real Redis servers in containers.
//!
//! Each story has a new cluster, and where it says that something is
//! noticed, it does the damage.
//!
//! Invariants:
//! - Without a container engine every test is shown as ignored, with the
//!   reason; none is `ok` that was not run.
//! - Whatever is started is removed, on failure too; what a killed run leaves
//!   ends and removes itself within minutes.

mod cluster;
mod engine;
mod stage;
mod stories;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use stage::{Stage, Story, play};

/// The stories, by what they show.
const STORIES: [(&str, Story); 7] = [
    ("a new cluster is healthy to every judge", |cluster| {
        Box::pin(stories::shape::new_cluster(cluster))
    }),
    ("broken slots and a stale address are noticed", |cluster| {
        Box::pin(stories::shape::broken_slots_and_stale_address(cluster))
    }),
    ("a wiped replica is noticed", |cluster| {
        Box::pin(stories::shape::wiped_replica(cluster))
    }),
    (
        "data survives a cold start, and its loss is noticed",
        |cluster| Box::pin(stories::data::cold_start(cluster)),
    ),
    ("refused writes are never acknowledged", |cluster| {
        Box::pin(stories::data::refused_writes(cluster))
    }),
    ("a fail-over is no fast restart", |cluster| {
        Box::pin(stories::data::fail_over(cluster))
    }),
    (
        "the volume oracle reads every disk and notices a swap",
        |cluster| Box::pin(stories::disk::volumes(cluster)),
    ),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two clusters at a time: more of them slow each other down until Redis's
    // own timers run out.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let missing = engine::missing();
    let stages = [Stage::open(), Stage::open()];
    let mut trials = vec![trial(
        "a server that loads or hangs is a value",
        missing.as_ref(),
        stories::answers::loading_and_hanging,
    )];
    for (number, (name, story)) in STORIES.into_iter().enumerate() {
        let stage = stages[number % stages.len()].entrance();
        trials.push(trial(name, missing.as_ref(), move || play(&stage, story)));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    stages.into_iter().for_each(Stage::close);
    if missing.is_none() {
        engine::remove_leftovers();
    }
    conclusion.exit_code()
}

/// A test that is shown as ignored where something is missing.
fn trial(
    name: &str,
    missing: Option<&String>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let missing = missing.cloned();
    Trial::ignorable_test(name, move || match missing {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => test().map(|()| Completion::Completed),
    })
}
