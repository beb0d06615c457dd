//! The program: flags, wiring, hints, exit codes.
//!
//! Invariants:
//! - Only this crate knows which kinds of cluster there are, reads the
//!   environment, and prints.
//! - Data goes to standard output, everything else to standard error.
//! - Exit codes: 0 passed, 1 failed, 2 usage or scenario, 3 the cluster could
//!   not be had, 4 a bug of ours, 130 interrupted.

mod choice;
mod cli;
mod clusters;
mod exit;
mod place;
mod reports;
mod run;
mod scenarios;
mod screen;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

pub use cli::command;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::PASSED };
            // A reader that went away is no reason to fail.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    screen::log_to_stderr(&arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return exit::show(&anyhow::Error::from(error)),
    };
    let code = runtime.block_on(cli::run(arguments));
    // What still hangs in a blocking call must not hold the program up.
    runtime.shutdown_background();
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => exit::show(&error),
    }
}
