//! The program: flags, wiring, hints, exit codes.
//!
//! Invariants:
//! - Only this crate knows which kinds of cluster there are, reads the
//!   environment, and prints.
//! - Data goes to standard output, everything else to standard error.
//! - Exit codes: 0 passed, 1 failed, 2 usage or scenario, 3 the cluster could
//!   not be had, 4 a bug of ours, 130 interrupted.

mod bench;
mod bundles;
mod choice;
mod cli;
mod clusters;
mod exit;
mod last_run;
mod place;
mod plan;
mod reports;
mod repro;
mod run;
mod scenarios;
mod screen;
mod selection;
mod shared;
mod signals;
mod sources;
mod suite;

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;

pub use cli::command;
pub use clusters::{kind, places};
pub use exit::show;
pub use stayput_scenario::{schema, suite_schema};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

/// Runs the program with these arguments, the first being its name; returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let arguments = match cli::Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A reader that went away is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() {
                exit::USAGE
            } else {
                exit::PASSED
            };
        }
    };
    screen::log_to_stderr(&arguments);
    run_to_end(arguments).unwrap_or_else(|error| exit::show(&error))
}

fn run_to_end(arguments: cli::Arguments) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let code = runtime.block_on(cli::run(arguments));
    // What still hangs in a blocking call must not hold the program up.
    runtime.shutdown_background();
    code
}
