//! `cargo xtask …`: the program, plus the workspace's own chores.

use std::process::ExitCode;

fn main() -> ExitCode {
    stayput::main()
}
