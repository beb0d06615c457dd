//! What a server takes from clients that mean harm, or that do not read. Each test has a server
//! in a process of its own, whose memory and open files the system itself tells.

#![expect(
    clippy::unwrap_used,
    reason = "a test without libtest: clippy does not see that it is one"
)]

#[path = "abuse/crowd.rs"]
mod crowd;
#[path = "abuse/resets.rs"]
mod resets;
#[path = "abuse/server.rs"]
mod server;
#[path = "abuse/slow.rs"]
mod slow;
#[path = "abuse/wire.rs"]
mod wire;

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

/// How long a test may take on any machine.
const LONGEST: Duration = Duration::from_mins(3);

fn main() -> ExitCode {
    if server::played() {
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    // Each takes the whole machine.
    arguments.test_threads = Some(1);
    let few = server::raise_files(crowd::FILES).err();
    let trials = vec![
        trial("streams_that_are_reset_at_once", None, resets::at_once),
        trial("four_thousand_connections", few, crowd::four_thousand),
        trial("who_is_idle_makes_room", None, crowd::idle),
        trial("when_all_are_busy_it_is_said", None, crowd::busy),
        trial("watchers_that_do_not_read", None, slow::watchers),
        trial("lists_that_nobody_reads", None, slow::lists),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test, or why it cannot be played here: then it is shown as ignored, and never as `ok`.
fn trial<F>(title: &str, why_not: Option<String>, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    if let Some(why) = why_not {
        return Trial::test(format!("{title} ({why})"), || Ok(())).with_ignored_flag(true);
    }
    Trial::test(title, move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build()?;
        let test = runtime.block_on(async { tokio::time::timeout(LONGEST, test()).await });
        test.map_err(|_| format!("it takes longer than {LONGEST:?}").into())
    })
}
