//! `cargo xtask …`: the program, plus the workspace's own chores.

mod codegen;
mod golden;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("codegen") => codegen::main(arguments.next().as_deref()),
        Some("golden") => golden::main(arguments),
        _ => stayput::main(),
    }
}
