//! Runs as a person or a CI has them: what fails, what is flaky, what is played again.
//!
//! Every failure is a real one, on an embedded cluster of its own.
//!
//! Invariants:
//! - A test that cannot be done here is shown as ignored, with the reason.

mod again;
mod failures;
mod shared;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use stayput_tests::{trial, why_not_embedded};

fn main() -> ExitCode {
    if let Some(code) = stayput_tests::as_stayput() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // They mostly wait.
    arguments.test_threads.get_or_insert(3);
    let forbidden = why_not_embedded(env!("CARGO_TARGET_TMPDIR"));
    let trials = [again::all(), failures::all(), shared::all()]
        .into_iter()
        .flatten()
        .map(|(name, test)| trial(name, forbidden.as_deref(), test));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
