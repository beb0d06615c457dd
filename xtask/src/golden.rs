//! `golden`: how like a real cluster the embedded one is.

mod api;
mod record;
mod stages;
mod traces;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use stayput_golden::GoldenError;

/// Holds the embedded cluster against what a real one did.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask golden", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    traces: traces::Traces,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scripts on a real cluster by kind: what it does not repeat is expected no more.
    Record(record::Record),
    /// Send requests and hold the answers against a real API server's, word for word.
    Api(api::Api),
}

/// Runs the command with its arguments, without the program's name.
pub(crate) fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let name = std::iter::once("golden".to_owned());
    let arguments = match Arguments::try_parse_from(name.chain(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let code = run(arguments).unwrap_or_else(|error| {
        let shown = stayput::show(&error);
        match error.downcast_ref() {
            Some(GoldenError::Unknown { .. }) => 2,
            _ => shown,
        }
    });
    ExitCode::from(code)
}

fn run(arguments: Arguments) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match arguments.command {
            None => traces::check(arguments.traces).await,
            Some(Command::Record(flags)) => record::record(flags).await,
            Some(Command::Api(flags)) => api::api(flags).await,
        }
    })
}

/// A line of the command's answer.
#[expect(clippy::print_stdout, reason = "a chore's only output")]
fn say(line: &str) {
    println!("{line}");
}
